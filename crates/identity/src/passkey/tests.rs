//! Every ceremony with a browser and a security key in software.

mod refusals;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use uuid::Uuid;
use vestibule_model::{Timestamp, UserId, factor::Passkey};

use super::*;
use crate::testing::{BACKED_UP, BACKUP_ELIGIBLE, PRESENT, SoftAuthenticator, VERIFIED};

const NOW: Timestamp = Timestamp(1_800_000_000);
const ORIGIN: &str = "https://id.example.org";

fn passkeys() -> Passkeys {
    Passkeys::new(&Url::parse("https://id.example.org/auth").unwrap(), "Example ID").unwrap()
}

fn ana() -> UserId {
    UserId::new("ana")
}

fn owner(user: &UserId) -> Owner<'_> {
    Owner { user, username: "ana@example.org", display_name: "Ana" }
}

fn key() -> SoftAuthenticator {
    SoftAuthenticator::new(ORIGIN, 1)
}

fn json_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn register(key: &mut SoftAuthenticator, user: &UserId) -> Result<NewPasskey, PasskeyError> {
    let challenge = passkeys().begin_registration(&owner(user), &[], NOW).unwrap();
    let response = key.create(&challenge.options);
    passkeys().finish_registration(user, &response, &challenge.state, NOW)
}

fn row(user: &UserId, new: NewPasskey) -> Passkey {
    Passkey {
        id: new.id,
        user_id: user.clone(),
        name: String::new(),
        credential: new.credential,
        aaguid: new.aaguid,
        backed_up: new.backed_up,
        created_at: NOW,
        last_used_at: None,
    }
}

/// A key of `user` and its row.
fn enrolled(mut key: SoftAuthenticator, user: &UserId) -> (SoftAuthenticator, Passkey) {
    let new = register(&mut key, user).unwrap();
    (key, row(user, new))
}

fn second_factor(passkey: &Passkey) -> Challenge {
    let allow = std::slice::from_ref(passkey);
    passkeys().begin_authentication(&passkey.user_id, allow, Verification::Preferred, NOW).unwrap()
}

fn finish(response: &str, state: &str, passkey: &Passkey) -> Result<Used, PasskeyError> {
    passkeys().finish_authentication(response, state, std::slice::from_ref(passkey), NOW)
}

/// One use as second factor; the row keeps what it has to.
fn use_once(key: &mut SoftAuthenticator, passkey: &mut Passkey) -> Result<Used, PasskeyError> {
    let challenge = second_factor(passkey);
    let response = key.get(&challenge.options);
    let used = finish(&response, &challenge.state, passkey)?;
    passkey.credential.clone_from(&used.credential);
    Ok(used)
}

/// One sign-in without a user name.
fn sign_in(key: &mut SoftAuthenticator, passkey: &Passkey) -> Result<Used, PasskeyError> {
    let challenge = passkeys().begin_discoverable(NOW).unwrap();
    let response = key.get(&challenge.options);
    passkeys().finish_discoverable(&response, &challenge.state, passkey, NOW)
}

#[test]
fn a_host_name_on_https_or_localhost_has_passkeys() {
    let cases = [
        ("https://id.example.org", None),
        ("https://id.example.org:8443/auth", None),
        ("http://localhost:8080", None),
        ("http://demo.localhost:8080", None),
        ("http://127.0.0.1:8080", Some(Unavailable::IpAddress)),
        ("https://[::1]:8080", Some(Unavailable::IpAddress)),
        ("http://id.example.org", Some(Unavailable::Insecure)),
        ("http://notlocalhost", Some(Unavailable::Insecure)),
        ("ftp://localhost", Some(Unavailable::Insecure)),
        ("data:text/plain,x", Some(Unavailable::NoHost)),
    ];
    for (issuer, expected) in cases {
        let made = Passkeys::new(&Url::parse(issuer).unwrap(), "Example ID");
        assert_eq!(made.err(), expected, "{issuer}");
    }
}

#[test]
fn the_creation_options_ask_for_what_sign_in_needs() {
    let challenge = passkeys().begin_registration(&owner(&ana()), &[], NOW).unwrap();
    let options = &json_of(&challenge.options)["publicKey"];
    assert_eq!(options["rp"], json!({ "id": "id.example.org", "name": "Example ID" }));
    assert_eq!(options["user"]["id"], json!(user_handle(&ana())));
    assert_eq!(options["user"]["name"], "ana@example.org");
    assert_eq!(options["user"]["displayName"], "Ana");
    assert_eq!(options["attestation"], "none");
    assert_eq!(options["timeout"], 300_000);
    assert_eq!(options["excludeCredentials"], json!([]));
    assert_eq!(options["extensions"], json!({ "credProps": true }));
    let selection = &options["authenticatorSelection"];
    assert_eq!(selection["residentKey"], "preferred");
    assert_eq!(selection["requireResidentKey"], false);
    assert_eq!(selection["userVerification"], "preferred");
    let algorithms: Vec<_> =
        options["pubKeyCredParams"].as_array().unwrap().iter().map(|one| &one["alg"]).collect();
    assert_eq!(algorithms, [-7, -35, -257]);
}

#[test]
fn direct_attestation_is_asked_for_where_it_is_wanted() {
    let direct = passkeys().with_attestation(Attestation::Direct);
    let challenge = direct.begin_registration(&owner(&ana()), &[], NOW).unwrap();
    assert_eq!(json_of(&challenge.options)["publicKey"]["attestation"], "direct");
}

#[test]
fn the_same_authenticator_is_kept_from_being_added_twice() {
    let (key, passkey) = enrolled(key(), &ana());
    let challenge = passkeys().begin_registration(&owner(&ana()), &[passkey], NOW).unwrap();
    let excluded = &json_of(&challenge.options)["publicKey"]["excludeCredentials"];
    assert_eq!(excluded[0]["id"], json!(key.credential_id()));
    assert_eq!(excluded[0]["transports"], json!(["usb", "nfc"]));
}

#[test]
fn a_name_that_is_missing_is_the_user_name() {
    let user = ana();
    let nameless = Owner { display_name: "", ..owner(&user) };
    let challenge = passkeys().begin_registration(&nameless, &[], NOW).unwrap();
    let user = &json_of(&challenge.options)["publicKey"]["user"];
    assert_eq!(user["displayName"], "ana@example.org");
}

#[test]
fn a_passkey_is_added_with_what_its_device_told() {
    let mut key = key();
    key.flags |= BACKUP_ELIGIBLE | BACKED_UP;
    key.aaguid = *Uuid::parse_str("fbfc3007-154e-4ecc-8c0b-6e020557d7bd").unwrap().as_bytes();
    let new = register(&mut key, &ana()).unwrap();
    assert_eq!(new.id, key.credential_id());
    assert_eq!(new.aaguid.as_deref().and_then(model_name), Some("iCloud Keychain"));
    assert!(new.backed_up && new.user_verified);
    assert_eq!(new.transports, ["usb", "nfc"], "what nobody knows is left out");
    assert_eq!(new.discoverable, Some(true));
}

#[test]
fn a_device_that_does_not_tell_its_model_has_none() {
    let new = register(&mut key(), &ana()).unwrap();
    assert_eq!(new.aaguid, None);
    assert!(!new.backed_up);
}

#[test]
fn a_passkey_is_a_second_factor_and_signs_in_alone() {
    let (mut key, mut passkey) = enrolled(key(), &ana());
    let used = use_once(&mut key, &mut passkey).unwrap();
    assert_eq!(used.id, passkey.id);
    assert!(used.user_verified && !used.backed_up);
    assert_eq!(amr(&used), ["hwk", "user", "mfa"]);
    let used = sign_in(&mut key, &passkey).unwrap();
    assert!(used.user_verified);
}

#[test]
fn amr_tells_the_truth() {
    let used = |backup_eligible, backed_up, user_verified| Used {
        id: String::new(),
        credential: String::new(),
        user_verified,
        backup_eligible,
        backed_up,
    };
    assert_eq!(amr(&used(false, false, false)), ["hwk", "user"]);
    assert_eq!(amr(&used(false, false, true)), ["hwk", "user", "mfa"]);
    assert_eq!(amr(&used(true, false, false)), ["swk", "user"]);
    assert_eq!(amr(&used(true, true, true)), ["swk", "user", "mfa"]);
}

#[test]
fn the_request_options_name_the_passkeys_or_nobody() {
    let (key, passkey) = enrolled(key(), &ana());
    let known = &json_of(&second_factor(&passkey).options)["publicKey"];
    assert_eq!(known["rpId"], "id.example.org");
    assert_eq!(known["timeout"], 300_000);
    assert_eq!(known["allowCredentials"][0]["id"], json!(key.credential_id()));
    assert_eq!(known["allowCredentials"][0]["transports"], json!(["usb", "nfc"]));
    let anybody = json_of(&passkeys().begin_discoverable(NOW).unwrap().options);
    assert_eq!(anybody["publicKey"]["allowCredentials"], json!([]));
    assert_eq!(anybody["publicKey"]["userVerification"], "required");
}

#[test]
fn verification_is_required_where_every_passkey_did_it_before() {
    let (_, verifying) = enrolled(key(), &ana());
    let mut plain = SoftAuthenticator::new(ORIGIN, 2);
    plain.flags = PRESENT;
    let (_, plain) = enrolled(plain, &ana());
    let cases = [
        (vec![verifying.clone()], Verification::Preferred, "required"),
        (vec![plain.clone()], Verification::Preferred, "preferred"),
        (vec![verifying, plain.clone()], Verification::Preferred, "preferred"),
        (vec![plain], Verification::Required, "required"),
    ];
    for (allow, verification, expected) in cases {
        let challenge = passkeys().begin_authentication(&ana(), &allow, verification, NOW).unwrap();
        let asked = &json_of(&challenge.options)["publicKey"]["userVerification"];
        assert_eq!(asked, expected, "{verification:?} of {}", allow.len());
    }
}

#[test]
fn a_model_that_does_not_count_is_used_again_and_again() {
    let mut countless = key();
    countless.counter = None;
    let (mut key, mut passkey) = enrolled(countless, &ana());
    for _ in 0..3 {
        use_once(&mut key, &mut passkey).unwrap();
    }
}

#[test]
fn a_key_that_learns_to_synchronise_is_told_apart_from_then_on() {
    let (mut key, mut passkey) = enrolled(key(), &ana());
    key.flags |= BACKUP_ELIGIBLE;
    let used = use_once(&mut key, &mut passkey).unwrap();
    assert!(used.backup_eligible && !used.backed_up);
    key.flags |= BACKED_UP;
    assert!(use_once(&mut key, &mut passkey).unwrap().backed_up);
    assert_eq!(json_of(&passkey.credential)["backup_state"], true);
    key.flags = PRESENT | VERIFIED;
    assert_eq!(use_once(&mut key, &mut passkey).unwrap_err(), PasskeyError::Backup);
}

#[test]
fn identify_reads_credential_and_owner() {
    let (mut key, passkey) = enrolled(key(), &ana());
    let challenge = passkeys().begin_discoverable(NOW).unwrap();
    let named = identify(&key.get(&challenge.options)).unwrap();
    assert_eq!(named.credential_id, passkey.id);
    assert_eq!(named.user_handle, Some(user_handle(&ana())));
    key.discoverable = false;
    let nameless = key.get(&challenge.options);
    assert_eq!(identify(&nameless).unwrap().user_handle, None);
    let without = nameless.replace(",\"userHandle\":null", "");
    assert_ne!(without, nameless);
    assert_eq!(identify(&without).unwrap().user_handle, None);
}

#[test]
fn the_user_handle_is_steady_and_tells_nothing() {
    assert_eq!(user_handle(&ana()), "X1Ne7HBTMlMk4cBe0zuW2w");
    assert_ne!(user_handle(&ana()), user_handle(&UserId::new("ben")));
    assert_eq!(URL_SAFE_NO_PAD.decode(user_handle(&ana())).unwrap().len(), 16);
}

#[test]
fn somebody_without_passkeys_is_asked_for_none() {
    let nothing = passkeys().begin_authentication(&ana(), &[], Verification::Required, NOW);
    assert_eq!(nothing.unwrap_err(), PasskeyError::NoPasskeys);
}

#[test]
fn an_authenticator_may_attest_itself() {
    let mut key = key();
    key.attests = true;
    let direct = passkeys().with_attestation(Attestation::Direct);
    let challenge = direct.begin_registration(&owner(&ana()), &[], NOW).unwrap();
    let response = key.create(&challenge.options);
    let new = direct.finish_registration(&ana(), &response, &challenge.state, NOW).unwrap();
    assert_eq!(json_of(&new.credential)["attestation_format"], "packed");
    let passkey = row(&ana(), new);
    assert!(sign_in(&mut key, &passkey).is_ok());

    let mut forged = json_of(&response);
    let object = forged["response"]["attestationObject"].as_str().unwrap();
    let mut bytes = URL_SAFE_NO_PAD.decode(object).unwrap();
    let at = bytes.windows(4).position(|four| four == b"\x63sig").unwrap() + 12;
    bytes[at] ^= 1;
    forged["response"]["attestationObject"] = json!(URL_SAFE_NO_PAD.encode(bytes));
    let refused = direct.finish_registration(&ana(), &forged.to_string(), &challenge.state, NOW);
    assert!(refused.is_err());
}
