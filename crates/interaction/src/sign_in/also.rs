//! Work that joins a transaction which somebody else begins.

use vestibule_model::OAuthError;
use vestibule_storage::Conn;

/// Something to store together with the session, or not at all. A clone of it runs again when the
/// server undid the transaction.
#[derive(Clone)]
pub struct Also(Box<dyn Work>);

impl Also {
    /// Boxes `work`.
    #[must_use]
    pub fn new<F>(work: F) -> Self
    where
        F: FnOnce(&mut Conn) -> Result<(), OAuthError> + Clone + Send + 'static,
    {
        Self(Box::new(work))
    }

    /// Does it.
    pub fn run(self, conn: &mut Conn) -> Result<(), OAuthError> {
        self.0.run(conn)
    }
}

/// A closure that is boxed and cloned all the same.
trait Work: Send {
    fn run(self: Box<Self>, conn: &mut Conn) -> Result<(), OAuthError>;
    fn copy(&self) -> Box<dyn Work>;
}

impl<F> Work for F
where
    F: FnOnce(&mut Conn) -> Result<(), OAuthError> + Clone + Send + 'static,
{
    fn run(self: Box<Self>, conn: &mut Conn) -> Result<(), OAuthError> {
        self(conn)
    }

    fn copy(&self) -> Box<dyn Work> {
        Box::new(self.clone())
    }
}

impl Clone for Box<dyn Work> {
    fn clone(&self) -> Self {
        (**self).copy()
    }
}
