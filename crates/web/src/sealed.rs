//! Opening what rests sealed, also under a data key that another instance made a moment ago.

use vestibule_keys::{KeyError, Sealer};
use vestibule_model::OAuthError;
use vestibule_storage::{Conn, StorageError, data_key};

use crate::state::AppState;

impl AppState {
    /// Decrypts what [`Sealer::seal`] made for the same purpose. Handlers call this rather than
    /// [`Sealer::open`]: a key that is not known here is looked for in the database first.
    pub async fn open_sealed(&self, purpose: &str, text: &str) -> Result<Vec<u8>, OAuthError> {
        match self.sealer.open(purpose, text) {
            Err(KeyError::DataKeyUnknown(_)) => {}
            opened => return Ok(opened?),
        }
        let sealer = self.sealer.clone();
        self.read(move |conn| refresh::<OAuthError>(conn, &sealer)).await?;
        Ok(self.sealer.open(purpose, text)?)
    }
}

/// The same where there is a connection at hand.
pub fn open<E>(conn: &mut Conn, sealer: &Sealer, purpose: &str, text: &str) -> Result<Vec<u8>, E>
where
    E: From<StorageError> + From<KeyError>,
{
    match sealer.open(purpose, text) {
        Err(KeyError::DataKeyUnknown(_)) => {}
        opened => return Ok(opened?),
    }
    refresh::<E>(conn, sealer)?;
    Ok(sealer.open(purpose, text)?)
}

/// Takes over the stored data keys. `true` if another one seals now than before.
pub fn refresh<E>(conn: &mut Conn, sealer: &Sealer) -> Result<bool, E>
where
    E: From<StorageError> + From<KeyError>,
{
    Ok(sealer.load(&data_key::list(conn)?)?)
}
