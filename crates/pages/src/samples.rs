//! Every view in every state worth seeing: for tests, the gallery, and whoever changes a page.

use vestibule_model::{Timestamp, interaction::Display};
use vestibule_text::Lang;

use crate::{Person, RenderError, Shell, View as _};

/// The frame of every sample.
pub const SHELL: Shell<'static> = Shell {
    site: "Example ID",
    lang: Lang::En,
    request_id: "01JD7K3V9QZ4M8R2T6W0XYB5CF",
    base: "",
    here: "/account?a=b&c",
    display: Display::Page,
};

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

/// Renders every sample of each view that is named, in one language.
macro_rules! render {
    ($lang:expr, [$($view:ident),+ $(,)?]) => {{
        let mut samples = Vec::new();
        $(for (name, mut view) in crate::$view::samples() {
            view.shell.lang = $lang;
            samples.push(Sample { name, html: view.render()? });
        })+
        samples
    }};
}

/// Renders every sample of every view.
///
/// # Errors
/// A template that fails to render.
pub fn all() -> Result<Vec<Sample>, RenderError> {
    all_in(Lang::En)
}

/// Renders every sample of every view in that language.
///
/// # Errors
/// A template that fails to render.
pub fn all_in(lang: Lang) -> Result<Vec<Sample>, RenderError> {
    Ok(render!(
        lang,
        [
            Login,
            SelectAccount,
            Consent,
            Returning,
            FormPost,
            ErrorPage,
            Stale,
            LogoutConfirm,
            SignedOut,
            AccountPage,
            ProfilePage,
            EmailPage,
            PasswordPage,
            SessionsPage,
            AppsPage,
            ActivityPage,
            DataPage,
            Setup,
            Verify,
            Enrol,
            RecoveryCodes,
            MfaPage,
            TotpPage,
            PasskeysPage,
            Register,
            MailCode,
            EmailCode,
            FindAccount,
            RecoverPassword,
            LinkConfirm,
            Notice,
            TermsPage,
            Home,
            ErrorReference,
            ErrorIndex,
            Mailbox,
            MailboxMail,
            Playground,
            PlaygroundCheck,
            PlaygroundAnswer,
            PlaygroundTokens,
        ]
    ))
}
