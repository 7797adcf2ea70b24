//! Second factors in the hands of tests.

use vestibule_identity::{recovery_code, totp::Totp};
use vestibule_model::{
    Clock, UserId,
    factor::{Passkey, TotpDevice},
};
use vestibule_server::entropy::OsEntropy;

use crate::{Browser, Page, TestApp};

impl TestApp {
    /// Gives `name` an authenticator app, as if it had been set up long ago.
    pub async fn give_totp(&self, name: &str) -> Totp {
        let totp = Totp::generate(&OsEntropy);
        let id = format!("totp-{name}");
        let sealed = self.state.sealer.seal(&format!("totp/{id}"), totp.secret_bytes(), &OsEntropy);
        let device = TotpDevice {
            id,
            user_id: UserId::new(format!("user-{name}")),
            name: "Phone".to_owned(),
            sealed_secret: sealed.expect("a sealed secret"),
            created_at: self.clock.now(),
            confirmed_at: Some(self.clock.now()),
            last_used_at: None,
            last_step: None,
        };
        self.rows(move |conn| Ok(vestibule_storage::totp_device::insert(conn, &device)?)).await;
        totp
    }

    /// Gives `name` recovery codes.
    pub async fn give_recovery_codes(&self, name: &str) -> Vec<String> {
        let user = UserId::new(format!("user-{name}"));
        let codes = recovery_code::generate(&OsEntropy, recovery_code::COUNT);
        let hash = |code: &vestibule_model::Secret| recovery_code::hash(&user, code.expose());
        let hashes: Vec<_> = codes.iter().filter_map(hash).collect();
        let now = self.clock.now();
        self.rows(move |conn| {
            Ok(vestibule_storage::recovery_code::replace_all(conn, &user, &hashes, now)?)
        })
        .await;
        codes.iter().map(|code| code.expose().to_owned()).collect()
    }

    /// What the app shows now.
    #[must_use]
    pub fn code(&self, totp: &Totp) -> String {
        totp.code_at(self.clock.now())
    }

    /// The passkeys of `name`.
    pub async fn passkeys(&self, name: &str) -> Vec<Passkey> {
        let user = UserId::new(format!("user-{name}"));
        self.rows(move |conn| Ok(vestibule_storage::passkey::list_of_user(conn, &user)?)).await
    }
}

impl Browser {
    /// Answers the page that asks for a second factor with a code, and on to where it leads.
    pub async fn verify(&self, page: &Page, code: &str) -> Page {
        assert_eq!(page.url.path(), "/login/verify", "{page:#?}");
        self.follow(self.submit(page, "/login/verify", &[("code", code)]).await).await
    }
}
