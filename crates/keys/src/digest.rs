//! Keyed MACs: HMAC-SHA256 (RFC 2104), each use under its own subkey of the master key.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac, digest::Key};
use secrecy::{ExposeSecret, SecretBox};
use sha2::Sha256;
use vestibule_model::{Secret, TokenHash, secret::hex};

use crate::MasterKey;

/// Makes and checks keyed MACs.
#[derive(Clone)]
pub struct Digester {
    client_secret: Hmac<Sha256>,
    csrf: Hmac<Sha256>,
    doctor: Hmac<Sha256>,
    guess: Hmac<Sha256>,
    one_time_code: Hmac<Sha256>,
    pairwise_subject: Hmac<Sha256>,
}

impl Digester {
    /// A digester under `master`.
    #[must_use]
    pub fn new(master: &MasterKey) -> Self {
        Self {
            client_secret: keyed(&master.subkey("vestibule client secret v1")),
            csrf: keyed(&master.subkey("vestibule csrf v1")),
            doctor: keyed(&master.subkey("vestibule doctor v1")),
            guess: keyed(&master.subkey("vestibule guess v1")),
            one_time_code: keyed(&master.subkey("vestibule one-time code v1")),
            pairwise_subject: keyed(&master.subkey("vestibule pairwise subject v1")),
        }
    }

    /// The form in which a client's secret rests. Keyed, because a secret may have been chosen by a
    /// person: the database alone must not do for guessing it.
    #[must_use]
    pub fn client_secret(&self, secret: &Secret) -> TokenHash {
        TokenHash::new(hex(&mac(&self.client_secret, secret.expose())))
    }

    /// The token that our forms carry for the browser whose cookie is `browser_id`.
    #[must_use]
    pub fn csrf(&self, browser_id: &str) -> String {
        URL_SAFE_NO_PAD.encode(mac(&self.csrf, browser_id))
    }

    /// What `vestibule doctor` shows a running server beside `message`, to be told how requests
    /// arrive there: nobody who lacks the master key learns that.
    #[must_use]
    pub fn doctor(&self, message: &str) -> String {
        URL_SAFE_NO_PAD.encode(mac(&self.doctor, message))
    }

    /// Whether `given` is that; in constant time.
    #[must_use]
    pub fn check_doctor(&self, message: &str, given: &str) -> bool {
        Secret::new(self.doctor(message)).matches(given)
    }

    /// The name under which wrong guesses are counted. Keyed, because a subject is an address or a
    /// name that somebody typed, and the database need not know it.
    #[must_use]
    pub fn guess_subject(&self, subject: &str) -> String {
        hex(&mac(&self.guess, subject))
    }

    /// The form in which a six-digit code rests. Keyed, because there are only a million, and bound
    /// to the `verification` it was sent for.
    #[must_use]
    pub fn one_time_code(&self, verification: &str, code: &Secret) -> TokenHash {
        let message = format!("{verification}.{}", code.expose());
        TokenHash::new(hex(&mac(&self.one_time_code, &message)))
    }

    /// The `sub` under which the clients of `sector` (a host, OIDC Core §8.1) know `user_id`: 43
    /// characters of base64url. Whoever lacks the key can neither work the user out of it nor tell
    /// whether those of two sectors are one person's. It hangs on nothing that rotates, so it stays
    /// the same for as long as the installation has its master key.
    #[must_use]
    pub fn pairwise_subject(&self, sector: &str, user_id: &str) -> String {
        // No host has a line break in it, so no two pairs are written alike.
        URL_SAFE_NO_PAD.encode(mac(&self.pairwise_subject, &format!("{sector}\n{user_id}")))
    }

    /// Whether `given` is that token; in constant time.
    #[must_use]
    pub fn check_csrf(&self, browser_id: &str, given: &str) -> bool {
        Secret::new(self.csrf(browser_id)).matches(given)
    }
}

impl std::fmt::Debug for Digester {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Digester([REDACTED])")
    }
}

/// HMAC with `key`, which RFC 2104 §2 pads with zeros to a block of the hash.
fn keyed(key: &SecretBox<[u8; 32]>) -> Hmac<Sha256> {
    let mut block = Key::<Hmac<Sha256>>::default();
    for (to, from) in block.iter_mut().zip(key.expose_secret()) {
        *to = *from;
    }
    Hmac::new(&block)
}

fn mac(keyed: &Hmac<Sha256>, message: &str) -> [u8; 32] {
    keyed.clone().chain_update(message.as_bytes()).finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::master;

    fn digester() -> Digester {
        let bytes: Vec<u8> = (0..32).collect();
        Digester::new(&MasterKey::from_hex(&hex(&bytes)).unwrap())
    }

    /// Computed with Python's hmac: what is stored must keep matching.
    #[test]
    fn known_answers() {
        let secret = digester().client_secret(&Secret::new("s3cret"));
        let expected = "a16b6001f4ff7075b8da36f216561b24ce991b721b5afd41b5e47b5887fd830a";
        assert_eq!(secret.as_str(), expected);
        let token = digester().csrf("browser");
        assert_eq!(token, "BqXMxy3Ydi10aJE5QlKlrouXN1_q2rhHHf5-yNd8CXk");
        let subject = digester().pairwise_subject("app.example", "0190a1b2");
        assert_eq!(subject, "iEDtICmb0y04cPRf-XWfslbT4xPlXWyeeq997TOR9HE");
    }

    #[test]
    fn a_csrf_token_is_good_for_its_browser_only() {
        let digester = digester();
        let token = digester.csrf("browser");
        assert!(digester.check_csrf("browser", &token));
        for wrong in
            ["", "x", token.trim_end_matches("Xk"), &format!("{token}A"), &token.to_lowercase()]
        {
            assert!(!digester.check_csrf("browser", wrong), "{wrong}");
        }
        assert!(!digester.check_csrf("another", &token));
        assert!(!digester.check_csrf("", &token));
        assert!(!Digester::new(&master()).check_csrf("browser", &token));
    }

    #[test]
    fn a_doctor_shows_the_same_key_and_the_same_message() {
        let shown = digester().doctor("1795000000");
        assert!(digester().check_doctor("1795000000", &shown));
        assert!(!digester().check_doctor("1795000001", &shown));
        assert!(!Digester::new(&master()).check_doctor("1795000000", &shown));
        assert_ne!(shown, digester().csrf("1795000000"), "nor is it another MAC");
    }

    // spec: OIDC Core 8.1 MUST: different sectors see different subjects of one person @ keys/src/digest.rs
    // spec: OIDC Core 8.1 MUST: the algorithm is deterministic @ keys/src/digest.rs
    #[test]
    fn pairwise_subjects_differ_by_sector_user_and_installation() {
        let of = |sector: &str, user: &str| digester().pairwise_subject(sector, user);
        let subject = of("a.example", "user");
        assert_eq!(subject, of("a.example", "user"));
        assert_eq!(subject.len(), 43);
        assert_ne!(subject, of("b.example", "user"));
        assert_ne!(subject, of("a.example", "another"));
        assert_ne!(subject, of("a.exampleu", "ser"));
        assert_ne!(subject, of("user", "a.example"));
        assert_ne!(subject, Digester::new(&master()).pairwise_subject("a.example", "user"));
        // Nor is it another MAC of the same text.
        assert_ne!(subject, digester().csrf("a.example\nuser"));
    }

    #[test]
    fn client_secrets_differ_with_key_and_text() {
        let of = |digester: &Digester, text: &str| digester.client_secret(&Secret::new(text));
        assert_eq!(of(&digester(), "a"), of(&digester(), "a"));
        assert_ne!(of(&digester(), "a"), of(&digester(), "b"));
        assert_ne!(of(&digester(), "a"), of(&Digester::new(&master()), "a"));
    }
}
