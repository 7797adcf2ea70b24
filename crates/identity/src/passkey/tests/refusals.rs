//! What must not pass, and what must not break.

use std::{
    io::Write,
    sync::{Arc, Mutex},
};

use proptest::prelude::*;
use tracing_subscriber::fmt::MakeWriter;

use super::*;

#[test]
fn a_key_without_a_pin_is_a_second_factor_and_never_the_only_one() {
    let mut plain = key();
    plain.flags = PRESENT;
    let (mut key, mut passkey) = enrolled(plain, &ana());
    let used = use_once(&mut key, &mut passkey).unwrap();
    assert_eq!(amr(&used), ["hwk", "user"]);
    assert_eq!(sign_in(&mut key, &passkey).unwrap_err(), PasskeyError::NotVerified);
    let allow = std::slice::from_ref(&passkey);
    let challenge =
        passkeys().begin_authentication(&ana(), allow, Verification::Required, NOW).unwrap();
    let response = key.get(&challenge.options);
    let refused = finish(&response, &challenge.state, &passkey).unwrap_err();
    assert_eq!(refused, PasskeyError::NotVerified);
}

#[test]
fn a_passkey_that_verified_its_person_has_to_do_so_ever_after() {
    let (mut key, mut passkey) = enrolled(key(), &ana());
    key.flags = PRESENT;
    assert_eq!(use_once(&mut key, &mut passkey).unwrap_err(), PasskeyError::NotVerified);
    key.flags = VERIFIED;
    assert_eq!(use_once(&mut key, &mut passkey).unwrap_err(), PasskeyError::NotPresent);
}

#[test]
fn an_answer_from_elsewhere_is_refused() {
    type Change = fn(&mut SoftAuthenticator);
    let elsewhere: [(&str, PasskeyError, Change); 7] = [
        ("look-alike", PasskeyError::Origin, |key| key.origin = "https://id.examp1e.org".into()),
        ("subdomain", PasskeyError::Origin, |key| key.origin = "https://x.id.example.org".into()),
        ("parent", PasskeyError::Origin, |key| key.origin = "https://example.org".into()),
        ("port", PasskeyError::Origin, |key| key.origin = format!("{ORIGIN}:8443")),
        ("scheme", PasskeyError::Origin, |key| key.origin = "http://id.example.org".into()),
        ("frame", PasskeyError::Origin, |key| key.framed = true),
        ("RP ID", PasskeyError::RelyingParty, |key| key.rp_id = Some("example.org".into())),
    ];
    for (what, expected, change) in elsewhere {
        let mut new = SoftAuthenticator::new(ORIGIN, 2);
        change(&mut new);
        assert_eq!(register(&mut new, &ana()).unwrap_err(), expected, "{what}, adding");
        let (mut key, mut passkey) = enrolled(key(), &ana());
        change(&mut key);
        assert_eq!(use_once(&mut key, &mut passkey).unwrap_err(), expected, "{what}, second");
        assert_eq!(sign_in(&mut key, &passkey).unwrap_err(), expected, "{what}, alone");
    }
}

#[test]
fn an_answer_to_one_challenge_is_worth_nothing_for_another() {
    let (mut key, passkey) = enrolled(key(), &ana());
    let (first, second) = (second_factor(&passkey), second_factor(&passkey));
    let response = key.get(&first.options);
    let replayed = finish(&response, &second.state, &passkey).unwrap_err();
    assert_eq!(replayed, PasskeyError::Challenge);
    assert!(finish(&response, &first.state, &passkey).is_ok());

    let begin = || passkeys().begin_registration(&owner(&ana()), &[], NOW).unwrap();
    let response = key.create(&begin().options);
    let replayed = passkeys().finish_registration(&ana(), &response, &begin().state, NOW);
    assert_eq!(replayed.unwrap_err(), PasskeyError::Challenge);
}

/// Else an answer without user verification, given beside a password, would sign in alone.
#[test]
fn a_state_serves_its_own_ceremony_only() {
    let (mut key, passkey) = enrolled(key(), &ana());
    let second = second_factor(&passkey);
    let alone = passkeys().begin_discoverable(NOW).unwrap();
    let adding = passkeys().begin_registration(&owner(&ana()), &[], NOW).unwrap();

    let response = key.get(&second.options);
    for state in [&second.state, &adding.state] {
        let refused = passkeys().finish_discoverable(&response, state, &passkey, NOW);
        assert_eq!(refused.unwrap_err(), PasskeyError::OtherCeremony);
    }
    for state in [&alone.state, &adding.state] {
        let refused = finish(&response, state, &passkey);
        assert_eq!(refused.unwrap_err(), PasskeyError::OtherCeremony);
    }
    let response = key.create(&adding.options);
    for state in [&alone.state, &second.state] {
        let refused = passkeys().finish_registration(&ana(), &response, state, NOW);
        assert_eq!(refused.unwrap_err(), PasskeyError::OtherCeremony);
    }
    let ben = UserId::new("ben");
    let refused = passkeys().finish_registration(&ben, &response, &adding.state, NOW);
    assert_eq!(refused.unwrap_err(), PasskeyError::OtherCeremony);
}

#[test]
fn a_challenge_is_open_for_five_minutes() {
    let (mut key, passkey) = enrolled(key(), &ana());
    let challenge = second_factor(&passkey);
    let response = key.get(&challenge.options);
    let stored = std::slice::from_ref(&passkey);
    let at = |seconds| {
        let now = NOW.plus(seconds);
        passkeys().finish_authentication(&response, &challenge.state, stored, now).err()
    };
    assert_eq!(at(300), Some(PasskeyError::Expired));
    assert_eq!(at(299), None);
}

#[test]
fn a_counter_that_does_not_go_up_is_told() {
    let (mut key, mut passkey) = enrolled(key(), &ana());
    let mut copy = key.clone();
    for _ in 0..3 {
        use_once(&mut key, &mut passkey).unwrap();
    }
    copy.counter = Some(1);
    let told = PasskeyError::CounterWentBack { id: key.credential_id(), stored: 3, sent: 2 };
    assert_eq!(use_once(&mut copy, &mut passkey).unwrap_err(), told);
    // The same again, and the copy's answer to a sign-in alone.
    let told = PasskeyError::CounterWentBack { id: key.credential_id(), stored: 3, sent: 3 };
    assert_eq!(sign_in(&mut copy, &passkey).unwrap_err(), told);
    assert!(use_once(&mut key, &mut passkey).is_ok(), "the row did not change");
}

#[test]
fn a_passkey_of_somebody_else_is_refused() {
    let ben = UserId::new("ben");
    let (mut anas, anas_row) = enrolled(key(), &ana());
    let (mut bens, bens_row) = enrolled(SoftAuthenticator::new(ORIGIN, 2), &ben);

    let challenge = second_factor(&anas_row);
    let response = bens.get(&challenge.options);
    let both = [anas_row.clone(), bens_row.clone()];
    let refused = passkeys().finish_authentication(&response, &challenge.state, &both, NOW);
    assert_eq!(refused.unwrap_err(), PasskeyError::OtherOwner, "its handle is Ben's");
    bens.discoverable = false;
    let response = bens.get(&challenge.options);
    for stored in [&both[..], &both[..1]] {
        let refused = passkeys().finish_authentication(&response, &challenge.state, stored, NOW);
        assert_eq!(refused.unwrap_err(), PasskeyError::Unknown);
    }

    bens.discoverable = true;
    assert_eq!(sign_in(&mut bens, &anas_row).unwrap_err(), PasskeyError::Unknown);
    let stolen = Passkey { user_id: ben, ..anas_row.clone() };
    assert_eq!(sign_in(&mut anas, &stolen).unwrap_err(), PasskeyError::OtherOwner);
    anas.discoverable = false;
    let nameless = sign_in(&mut anas, &anas_row).unwrap_err();
    assert_eq!(nameless, PasskeyError::OtherOwner, "alone, it has to say whose it is");
}

#[test]
fn another_key_under_the_same_id_signs_wrongly() {
    let (mut key, passkey) = enrolled(key(), &ana());
    let (_, other) = enrolled(SoftAuthenticator::new(ORIGIN, 2), &ana());
    let mut credential = json_of(&other.credential);
    credential["cred_id"] = json!(passkey.id);
    let swapped = Passkey { credential: credential.to_string(), ..passkey };
    assert_eq!(sign_in(&mut key, &swapped).unwrap_err(), PasskeyError::Signature);
}

#[test]
fn a_changed_answer_is_refused() {
    let (mut key, passkey) = enrolled(key(), &ana());
    let challenge = second_factor(&passkey);
    let response = key.get(&challenge.options);
    // The last byte of the signature, a byte of the counter, and white space of no meaning.
    for (member, at) in [("signature", 69), ("authenticatorData", 34)] {
        let refused = finish(&flipped(&response, member, at), &challenge.state, &passkey);
        assert_eq!(refused.unwrap_err(), PasskeyError::Signature, "{member}");
    }
    let mut answer = json_of(&response);
    let client = URL_SAFE_NO_PAD.decode(answer["response"]["clientDataJSON"].as_str().unwrap());
    let spaced = [client.unwrap(), b" ".to_vec()].concat();
    answer["response"]["clientDataJSON"] = json!(URL_SAFE_NO_PAD.encode(spaced));
    let refused = finish(&answer.to_string(), &challenge.state, &passkey);
    assert_eq!(refused.unwrap_err(), PasskeyError::Signature);
}

#[test]
fn broken_rows_and_states_are_faults_of_ours() {
    let (mut key, passkey) = enrolled(key(), &ana());
    let challenge = second_factor(&passkey);
    let response = key.get(&challenge.options);
    let broken = Passkey { credential: "{}".to_owned(), ..passkey.clone() };
    let stored = PasskeyError::Stored { id: passkey.id.clone() };
    assert_eq!(finish(&response, &challenge.state, &broken).unwrap_err(), stored);
    let begun = passkeys().begin_registration(&owner(&ana()), &[broken], NOW);
    assert_eq!(begun.unwrap_err(), stored);
    let cut = challenge.state.replace('}', "");
    for state in ["", "null", "{}", &cut] {
        let refused = finish(&response, state, &passkey).unwrap_err();
        assert_eq!(refused, PasskeyError::State, "{state}");
    }
}

#[test]
fn what_no_browser_sends_is_malformed() {
    let (mut key, passkey) = enrolled(key(), &ana());
    let (second, adding) =
        (second_factor(&passkey), passkeys().begin_registration(&owner(&ana()), &[], NOW).unwrap());
    let deep = "[".repeat(10_000);
    let other_kind = key.create(&adding.options);
    let padded = |answer: String| format!("{answer}{}", " ".repeat(MAX_RESPONSE));
    let huge = padded(key.get(&second.options));
    for response in ["", "null", "{}", "[]", "\u{0}", &huge, &deep, &other_kind] {
        let refused = finish(response, &second.state, &passkey).unwrap_err();
        assert_eq!(refused, PasskeyError::Malformed, "{response:.40}");
        assert_eq!(identify(response).unwrap_err(), PasskeyError::Malformed);
    }
    let other_kind = key.get(&second.options);
    let huge = padded(key.create(&adding.options));
    for response in ["", "null", "{}", "[]", &huge, &deep, &other_kind] {
        let refused = passkeys().finish_registration(&ana(), response, &adding.state, NOW);
        assert_eq!(refused.unwrap_err(), PasskeyError::Malformed, "{response:.40}");
    }
}

#[test]
fn an_assertion_is_no_registration_in_its_client_data_either() {
    let (mut key, passkey) = enrolled(key(), &ana());
    let challenge = second_factor(&passkey);
    let mut answer = json_of(&key.get(&challenge.options));
    let client = json!({
        "type": "webauthn.create",
        "challenge": json_of(&challenge.options)["publicKey"]["challenge"],
        "origin": ORIGIN,
    });
    answer["response"]["clientDataJSON"] = json!(URL_SAFE_NO_PAD.encode(client.to_string()));
    let refused = finish(&answer.to_string(), &challenge.state, &passkey);
    assert_eq!(refused.unwrap_err(), PasskeyError::Malformed);
}

/// Changes one byte of a base64url member of the answer.
fn flipped(response: &str, member: &str, at: usize) -> String {
    let mut answer = json_of(response);
    let mut bytes = URL_SAFE_NO_PAD.decode(answer["response"][member].as_str().unwrap()).unwrap();
    let at = at % bytes.len();
    bytes[at] ^= 1;
    answer["response"][member] = json!(URL_SAFE_NO_PAD.encode(bytes));
    answer.to_string()
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

/// The library would print them at level error, a line as long as somebody likes.
#[test]
fn broken_answers_do_not_fill_the_log() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(log.clone())
        .with_max_level(tracing::Level::TRACE)
        .finish();
    tracing::subscriber::with_default(subscriber, || {
        let (mut key, passkey) = enrolled(key(), &ana());
        let challenge = second_factor(&passkey);
        let mut answer = json_of(&key.get(&challenge.options));
        answer["response"]["authenticatorData"] = json!("AAAA");
        let refused = finish(&answer.to_string(), &challenge.state, &passkey);
        assert_eq!(refused.unwrap_err(), PasskeyError::Malformed);
        let challenge = passkeys().begin_registration(&owner(&ana()), &[], NOW).unwrap();
        let mut answer = json_of(&key.create(&challenge.options));
        answer["response"]["attestationObject"] = json!("AAAA");
        let text = answer.to_string();
        let refused = passkeys().finish_registration(&ana(), &text, &challenge.state, NOW);
        assert_eq!(refused.unwrap_err(), PasskeyError::Malformed);
        tracing::error!("the log is open");
    });
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(text.contains("the log is open"));
    assert!(!text.contains("webauthn"), "{text}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Whatever byte of an answer is changed, it is refused, and nothing breaks.
    #[test]
    fn no_flipped_byte_passes(
        at in 0_usize..400,
        member in prop::sample::select(vec!["authenticatorData", "clientDataJSON", "signature"]),
    ) {
        let (mut key, passkey) = enrolled(key(), &ana());
        let challenge = second_factor(&passkey);
        let response = flipped(&key.get(&challenge.options), member, at);
        prop_assert!(finish(&response, &challenge.state, &passkey).is_err());
    }

    /// An attestation object of any bytes is refused or holds, and nothing breaks.
    #[test]
    fn no_attestation_object_breaks_it(
        at in 0_usize..400,
        with in prop::collection::vec(any::<u8>(), 0..20),
    ) {
        let challenge = passkeys().begin_registration(&owner(&ana()), &[], NOW).unwrap();
        let mut answer = json_of(&key().create(&challenge.options));
        let object = answer["response"]["attestationObject"].as_str().unwrap();
        let mut bytes = URL_SAFE_NO_PAD.decode(object).unwrap();
        let at = at % bytes.len();
        bytes.splice(at..(at + with.len()).min(bytes.len()), with);
        answer["response"]["attestationObject"] = json!(URL_SAFE_NO_PAD.encode(bytes));
        let text = answer.to_string();
        let _ = passkeys().finish_registration(&ana(), &text, &challenge.state, NOW);
    }

    #[test]
    fn no_text_breaks_it(text in "\\PC{0,60}") {
        let (_, passkey) = enrolled(key(), &ana());
        let challenge = second_factor(&passkey);
        prop_assert!(finish(&text, &challenge.state, &passkey).is_err());
        prop_assert!(identify(&text).is_err());
    }
}
