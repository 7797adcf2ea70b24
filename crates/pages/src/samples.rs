//! Every view in every state worth seeing: for tests, the gallery, and whoever changes a page.

use vestibule_model::Timestamp;

use crate::{
    AccountPage, Consent, ErrorIndex, ErrorPage, ErrorReference, FormPost, Home, Login,
    LogoutConfirm, Person, RenderError, Returning, SelectAccount, Setup, Shell, SignedOut, Stale,
    View,
};

/// The frame of every sample.
pub const SHELL: Shell<'static> =
    Shell { site: "Example ID", lang: "en", request_id: "01JD7K3V9QZ4M8R2T6W0XYB5CF", base: "" };

/// The person of every sample.
pub const ANA: Person<'static> =
    Person { name: "Ana Lima", username: "ana", email: "ana.lima@mail.example" };

/// The time of every sample: 2026-11-21T14:05:09Z.
pub const NOW: Timestamp = Timestamp(1_795_269_909);

/// A rendered sample.
#[derive(Clone, Debug)]
pub struct Sample {
    /// The view and its state, such as `login-error`.
    pub name: &'static str,
    /// The page.
    pub html: String,
}

/// Renders every sample of every view.
///
/// # Errors
/// A template that fails to render.
pub fn all() -> Result<Vec<Sample>, RenderError> {
    let groups = [
        render(Login::samples())?,
        render(SelectAccount::samples())?,
        render(Consent::samples())?,
        render(Returning::samples())?,
        render(FormPost::samples())?,
        render(ErrorPage::samples())?,
        render(Stale::samples())?,
        render(LogoutConfirm::samples())?,
        render(SignedOut::samples())?,
        render(AccountPage::samples())?,
        render(Setup::samples())?,
        render(Home::samples())?,
        render(ErrorReference::samples())?,
        render(ErrorIndex::samples())?,
    ];
    Ok(groups.into_iter().flatten().collect())
}

fn render<V: View>(samples: Vec<(&'static str, V)>) -> Result<Vec<Sample>, RenderError> {
    samples.into_iter().map(|(name, view)| Ok(Sample { name, html: view.render()? })).collect()
}
