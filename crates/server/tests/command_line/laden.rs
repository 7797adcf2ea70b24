//! An account with everything an account can have, and what commands leave of it.

use serde_json::{Value, json};
use vestibule_model::browser_session::BrowserSession;
use vestibule_model::claims::ClaimsRequest;
use vestibule_model::device::Device;
use vestibule_model::factor::{Passkey, TotpDevice};
use vestibule_model::grant::Grant;
use vestibule_model::guess::Counter;
use vestibule_model::sealed::SealedColumn;
use vestibule_model::user::{Profile, User};
use vestibule_model::{
    ClientId, DeviceId, GrantId, ScopeSet, Secret, SessionId, Timestamp, UserId,
};
use vestibule_policy::guessing::{Limits, Subject};
use vestibule_server::config::{self, Environment};
use vestibule_server::entropy::OsEntropy;
use vestibule_server::premises::Premises;
use vestibule_storage::{Conn, StorageError};
use vestibule_web::guessing::Watch;

use crate::site::Site;

const ID: &str = "sub-of-ana";
/// Never to be seen outside of the database.
const HIDDEN: [&str; 4] = ["hash-of-password", "sealed-secret", "public-key", "hash-of-session"];

impl Site {
    /// The same installation as the commands', from within.
    fn premises(&self) -> Premises {
        let data = self.path("data");
        let variables = [("VESTIBULE__DATA_DIR", data.to_str().unwrap())];
        let file = self.path("vestibule.toml");
        Premises::open(config::load(Some(&file), &Environment::of(variables)).unwrap().config)
            .unwrap()
    }

    /// Runs a job on its database.
    pub fn rows<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Conn) -> Result<T, StorageError> + Clone + Send + 'static,
    ) -> T {
        self.premises().db.write(job).wait().unwrap()
    }

    /// Ana with two sessions, two apps, a device, every factor, wrong guesses and a private phone.
    fn ana(&self) {
        self.json("client create --client-id app --redirect-uri https://app.example/cb");
        let premises = self.premises();
        let (now, id) = (premises.now(), UserId::new(ID));
        let private = json!({ "phone_number": "+351 210 000 000" }).to_string();
        let purpose = SealedColumn::Profile.purpose(ID);
        let sealed = premises.sealer().seal(&purpose, private.as_bytes(), &OsEntropy).unwrap();
        let user = User {
            sealed_profile: Some(sealed),
            profile: Profile { name: Some("Ana".to_owned()), ..Profile::default() },
            ..User::new(id.clone(), "ana", "ana@example.com", HIDDEN[0], now)
        };
        let guesses = guesses(&premises, &id);
        let stored = premises.db.write(move |conn| {
            vestibule_storage::user::insert(conn, &user)?;
            sign_in(conn, &id, now)?;
            add_factors(conn, &id, now)?;
            for name in &guesses {
                vestibule_storage::guess::update(conn, name, |_| now.plus(900), |_| locked(now))?;
            }
            Ok::<_, StorageError>(())
        });
        stored.wait().unwrap();
    }

    /// How much is left: sessions, apps, factors, trusted devices, subjects of guesses.
    fn left(&self) -> [usize; 5] {
        let premises = self.premises();
        let (now, id) = (premises.now(), UserId::new(ID));
        let guesses = guesses(&premises, &id);
        let read = premises.db.read(move |conn| {
            let factors = vestibule_storage::factor::of_user(conn, &id)?;
            let codes = usize::try_from(factors.recovery_codes_left).unwrap_or_default();
            let devices = vestibule_storage::device::list_of_user(conn, &id)?;
            Ok::<_, StorageError>([
                vestibule_storage::browser_session::list_of_user(conn, &id)?.len(),
                vestibule_storage::grant::list_of_user(conn, &id, now)?.len(),
                factors.totp.len() + factors.passkeys.len() + codes,
                devices.iter().filter(|device| device.trusted_until.is_some()).count(),
                vestibule_storage::guess::load(conn, &guesses)?.len(),
            ])
        });
        read.wait().unwrap()
    }
}

fn locked(now: Timestamp) -> Counter {
    Counter { failures: 3, first_at: now, last_at: now, locked_until: Some(now.plus(30)) }
}

/// Where wrong guesses at Ana's account are counted.
fn guesses(premises: &Premises, id: &UserId) -> Vec<String> {
    let account = id.as_str().to_owned();
    let device = "device".to_owned();
    let subjects = [
        Subject::Account(account.clone()),
        Subject::Device { account: account.clone(), device },
        Subject::Code { kind: "totp", owner: account.clone() },
        Subject::Code { kind: "recovery", owner: account.clone() },
        Subject::Code { kind: "email", owner: account },
    ];
    let limit = Limits::default().account;
    let watched = subjects.into_iter().map(|subject| (subject, limit)).collect();
    Watch::over(&premises.digester(), watched).names()
}

fn sign_in(conn: &mut Conn, id: &UserId, now: Timestamp) -> Result<(), StorageError> {
    for (number, scope) in ["openid", "openid offline_access"].into_iter().enumerate() {
        let session = BrowserSession {
            id: SessionId::new(format!("session-{number}")),
            token_hash: Secret::new(format!("{}{number}", HIDDEN[3])).token_hash(),
            user_id: id.clone(),
            auth_time: now,
            amr: vec!["pwd".to_owned()],
            acr: "urn:vestibule:acr:pwd".to_owned(),
            created_at: now,
            last_seen_at: now,
            expires_at: now.plus(3_600),
            device_id: Some(DeviceId::new("device")),
            ip: Some("192.0.2.7".to_owned()),
            user_agent: Some("Firefox on Linux".to_owned()),
        };
        let grant = Grant {
            id: GrantId::new(format!("grant-{number}")),
            client_id: ClientId::new("app"),
            user_id: id.clone(),
            session_id: session.id.clone(),
            scope: ScopeSet::parse(scope).unwrap(),
            claims: ClaimsRequest::default(),
            auth_time: now,
            acr: session.acr.clone(),
            amr: session.amr.clone(),
            created_at: now,
            expires_at: now.plus(86_400),
            revoked_at: None,
            session_ended_at: None,
        };
        vestibule_storage::browser_session::insert(conn, &session)?;
        vestibule_storage::grant::insert(conn, &grant)?;
    }
    Ok(())
}

fn add_factors(conn: &mut Conn, id: &UserId, now: Timestamp) -> Result<(), StorageError> {
    let device = Device {
        id: DeviceId::new("device"),
        token_hash: Secret::new("device").token_hash(),
        user_id: id.clone(),
        user_agent: "Firefox on Linux".to_owned(),
        ip: None,
        created_at: now,
        last_seen_at: now,
        trusted_until: Some(now.plus(86_400)),
        expires_at: now.plus(86_400),
    };
    let app = TotpDevice {
        id: "totp".to_owned(),
        user_id: id.clone(),
        name: "Phone".to_owned(),
        sealed_secret: HIDDEN[1].to_owned(),
        created_at: now,
        confirmed_at: Some(now),
        last_used_at: None,
        last_step: Some(1),
    };
    let passkey = Passkey {
        id: "passkey".to_owned(),
        user_id: id.clone(),
        name: "Key".to_owned(),
        credential: json!({ "key": HIDDEN[2] }).to_string(),
        aaguid: None,
        backed_up: false,
        created_at: now,
        last_used_at: None,
    };
    let codes = ["one", "two"].map(|code| Secret::new(code).token_hash());
    vestibule_storage::device::insert(conn, &device)?;
    vestibule_storage::totp_device::insert(conn, &app)?;
    vestibule_storage::passkey::insert(conn, &passkey)?;
    vestibule_storage::recovery_code::replace_all(conn, id, &codes, now)
}

#[test]
fn locking_ends_what_was_signed_in_to_and_takes_no_factor() {
    let site = Site::new();
    site.ana();
    assert_eq!(site.left(), [2, 2, 4, 1, 5]);
    let locked = site.json("user lock ana");
    let ended = (&locked["sessions_ended"], &locked["grants_revoked"]);
    assert_eq!(ended, (&json!(2), &json!(2)), "{locked}");
    assert_eq!(site.left(), [0, 0, 4, 1, 5]);
}

#[test]
fn unlocking_forgets_the_wrong_guesses_and_signs_nobody_out() {
    let site = Site::new();
    site.ana();
    site.json("user unlock ana");
    assert_eq!(site.left(), [2, 2, 4, 1, 0]);
}

#[test]
fn a_reset_takes_every_factor_and_ends_what_they_opened() {
    let site = Site::new();
    site.ana();
    let reset = site.json("user reset-mfa ana");
    let removed = ["totp_removed", "passkeys_removed", "recovery_codes_removed"];
    assert_eq!(removed.map(|name| reset[name].as_i64()), [Some(1), Some(1), Some(2)], "{reset}");
    assert_eq!(site.left(), [0, 0, 0, 0, 5]);
    assert_eq!(reset["state"], "active");
}

#[test]
fn an_export_of_everything_opens_what_is_sealed_and_shows_no_secret() {
    let site = Site::new();
    site.ana();
    let export = site.json("user export ana");
    assert_eq!(export["profile"]["phone_number"], "+351 210 000 000");
    let count = |list: &Value| list.as_array().map(Vec::len);
    assert_eq!(count(&export["sessions"]), Some(2));
    assert_eq!(count(&export["devices"]), Some(1));
    assert_eq!(count(&export["apps"]["connected"]), Some(2));
    assert_eq!(export["sign_in"]["authenticator_apps"][0]["name"], "Phone");
    assert_eq!(export["sign_in"]["passkeys"][0]["name"], "Key");
    assert_eq!(export["sign_in"]["recovery_codes_left"], 2);
    assert_eq!(export["sessions"][0]["ip"], "192.0.2.7");
    let text = export.to_string();
    for hidden in HIDDEN {
        let digest = Secret::new(format!("{hidden}0")).token_hash();
        assert!(!text.contains(hidden) && !text.contains(digest.as_str()), "{hidden} in {text}");
    }
    assert!(!text.contains("v2."), "a sealed text in {text}");
}

#[test]
fn erasing_leaves_no_row_of_the_person_but_the_pseudonym() {
    let site = Site::new();
    site.ana();
    site.json("user erase ana@example.com --yes");
    assert_eq!(site.left()[..4], [0; 4]);
    let lines = site.rows(|conn| vestibule_storage::audit::list_recent(conn, 100));
    let last = lines.first().unwrap();
    assert_eq!(last.event, "account.erased");
    assert_eq!(last.user_id.as_ref().map(UserId::as_str), Some(ID));
    assert!(lines.iter().all(|line| line.ip.is_none() && !line.detail.contains("ana")));
}
