//! The table of pages: what is registered, and who may see it. Tests walk the same table, so that no
//! page can be forgotten.

/// A page's row.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    /// Its path under the issuer's, as actix writes patterns.
    pub path: &'static str,
    /// Who may see it.
    pub access: Access,
    /// The methods it answers, in lower case.
    pub methods: &'static [&'static str],
}

/// Who may see a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Everybody.
    Public,
    /// Whoever has a client's request to answer, and what that request needs next.
    Request,
    /// Whoever has proved one factor and has to prove another.
    HalfSignedIn,
    /// Whoever holds the secret in its path.
    Link,
    /// Whoever is signed in, with every factor that policy or they themselves ask for.
    Account,
}

impl Access {
    /// Whether other windows are kept from reaching into the page (Cross-Origin-Opener-Policy). The
    /// pages of a client's request must stay reachable: clients open them in popups.
    #[must_use]
    pub const fn is_isolated(self) -> bool {
        matches!(self, Self::Link | Self::Account)
    }
}

/// Writes the table `PAGES` and the function `routes` that registers it. Each page is a resource,
/// for only a resource answers another method by 405 (RFC 9110 §15.5.6).
macro_rules! pages {
    ($($path:expr => $access:ident { $($method:ident $handler:path),+ })+) => {
        /// Every page of this crate.
        pub const PAGES: &[Page] = &[
            $(Page { path: $path, access: Access::$access, methods: &[$(stringify!($method)),+] }),+
        ];

        /// Registers every page of this crate.
        pub fn routes(config: &mut actix_web::web::ServiceConfig) {
            use actix_web::{middleware::{Condition, from_fn}, web};
            $(
                config.service(
                    web::resource($path)
                        .wrap(Condition::new(
                            Access::$access.is_isolated(),
                            from_fn(vestibule_web::headers::isolate),
                        ))
                        $(.route(web::$method().to($handler)))+,
                );
            )+
        }
    };
}

pub(crate) use pages;
