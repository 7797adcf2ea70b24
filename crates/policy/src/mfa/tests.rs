//! Who must, and with what.

use vestibule_model::{
    DeviceId, Timestamp, TokenHash,
    claims::ClaimRequest,
    factor::{Passkey, TotpDevice},
};

use super::*;
use crate::samples::{self, NOW, scope};

fn totp() -> TotpDevice {
    TotpDevice {
        id: "t".to_owned(),
        user_id: samples::user().id,
        name: "Phone".to_owned(),
        sealed_secret: String::new(),
        created_at: NOW,
        confirmed_at: Some(NOW),
        last_used_at: None,
        last_step: None,
    }
}

fn passkey() -> Passkey {
    Passkey {
        id: "p".to_owned(),
        user_id: samples::user().id,
        name: "Key".to_owned(),
        credential: String::new(),
        aaguid: None,
        backed_up: false,
        created_at: NOW,
        last_used_at: None,
    }
}

fn device(trusted_until: Option<Timestamp>) -> Device {
    Device {
        id: DeviceId::new("d"),
        token_hash: TokenHash::new("00"),
        user_id: samples::user().id,
        user_agent: String::new(),
        ip: None,
        created_at: NOW,
        last_seen_at: NOW,
        trusted_until,
        expires_at: NOW.plus(1_000),
    }
}

#[test]
fn people_must_by_rule_group_and_office() {
    let mut user = samples::user();
    user.groups = vec!["staff".to_owned()];
    let none = MfaRules::default();
    let rows = [
        (none.clone(), Level::Password),
        (MfaRules { required: MfaRequired::Everyone, ..none.clone() }, Level::Mfa),
        (MfaRules { groups: vec!["staff".to_owned()], ..none.clone() }, Level::Mfa),
        (MfaRules { groups: vec!["Staff".to_owned()], ..none.clone() }, Level::Password),
        (MfaRules { required: MfaRequired::Administrators, ..none.clone() }, Level::Password),
    ];
    for (rules, level) in rows {
        assert_eq!(required(&user, None, &rules), level, "{rules:?}");
    }
    user.is_admin = true;
    assert_eq!(
        required(&user, None, &MfaRules { required: MfaRequired::Administrators, ..none }),
        Level::Mfa
    );
}

#[test]
fn a_request_asks_for_the_most_that_client_scope_and_wish_ask_for() {
    let user = samples::user();
    let rules = MfaRules { scopes: vec!["payments".to_owned()], ..MfaRules::default() };
    let level = |required: Option<&str>, scopes: &str, acr_values: &[&str], acr: Option<&str>| {
        let mut client = samples::client();
        client.metadata.required_acr = required.map(str::to_owned);
        let mut request = samples::request();
        request.scope = scope(scopes);
        request.acr_values = acr_values.iter().map(|&value| value.to_owned()).collect();
        if let Some(acr) = acr {
            let claim = ClaimRequest { value: Some(acr.into()), ..ClaimRequest::default() };
            request.claims.id_token.insert("acr".to_owned(), Some(claim));
        }
        super::required(&user, Some((&request, &client)), &rules)
    };
    let (mfa, mail, phr) = (Level::Mfa.acr(), Level::Mail.acr(), Level::PhishingResistant.acr());
    assert_eq!(level(None, "openid", &[], None), Level::Password);
    assert_eq!(level(Some(mfa), "openid", &[], None), Level::Mfa);
    assert_eq!(level(None, "openid payments", &[], None), Level::Mfa);
    assert_eq!(level(None, "openid", &[phr], None), Level::PhishingResistant);
    // Best first, but the weakest that was named is enough.
    assert_eq!(level(None, "openid", &[phr, mail], None), Level::Mail);
    assert_eq!(level(None, "openid", &["unheard-of"], None), Level::Password);
    assert_eq!(level(None, "openid", &["unheard-of", mfa], None), Level::Mfa);
    assert_eq!(level(None, "openid", &[], Some(phr)), Level::PhishingResistant);
    assert_eq!(level(Some(phr), "openid payments", &[mail], None), Level::PhishingResistant);
}

#[test]
fn whoever_enrolled_is_asked_except_on_a_remembered_device() {
    let enrolled = Factors { totp: vec![totp()], ..Factors::default() };
    let ask = |factors: &Factors, until: Option<Timestamp>| {
        asks_second_factor(factors, Some(&device(until)), NOW)
    };
    assert!(!asks_second_factor(&Factors::default(), None, NOW));
    assert!(asks_second_factor(&enrolled, None, NOW));
    assert!(ask(&enrolled, None));
    assert!(!ask(&enrolled, Some(NOW.plus(1))));
    assert!(ask(&enrolled, Some(NOW)));
    // Recovery codes alone are no factor.
    assert!(!ask(&Factors { recovery_codes_left: 9, ..Factors::default() }, None));
}

#[test]
fn methods_are_those_that_suffice_and_mail_is_no_way_around_a_better_one() {
    let mut user = samples::user();
    user.email_verified = true;
    let rules = MfaRules::default();
    let with = |factors: &Factors, level| methods(factors, &user, level, &rules, true);
    let nothing = Factors { recovery_codes_left: 3, ..Factors::default() };
    assert_eq!(with(&nothing, Level::Password), [Method::Email]);
    assert_eq!(with(&nothing, Level::Mfa), []);
    let app = Factors { totp: vec![totp()], recovery_codes_left: 3, ..Factors::default() };
    assert_eq!(with(&app, Level::Password), [Method::Totp, Method::RecoveryCode]);
    assert_eq!(with(&app, Level::PhishingResistant), []);
    let spent = Factors { recovery_codes_left: 0, ..app.clone() };
    assert_eq!(with(&spent, Level::Mfa), [Method::Totp]);
    let both = Factors { passkeys: vec![passkey()], ..app };
    assert_eq!(with(&both, Level::Mfa), [Method::Passkey, Method::Totp, Method::RecoveryCode]);
    assert_eq!(with(&both, Level::PhishingResistant), [Method::Passkey]);
}

#[test]
fn mail_needs_a_proved_address_a_rule_and_a_way_to_send() {
    let mut user = samples::user();
    let rules = MfaRules::default();
    let none = Factors::default();
    for (verified, allowed, mail, offered) in [
        (true, true, true, true),
        (false, true, true, false),
        (true, false, true, false),
        (true, true, false, false),
    ] {
        user.email_verified = verified;
        let rules = MfaRules { email_code: allowed, ..rules.clone() };
        let methods = methods(&none, &user, Level::Mail, &rules, mail);
        assert_eq!(methods.contains(&Method::Email), offered, "{verified} {allowed} {mail}");
    }
}

#[test]
fn methods_go_by_their_names() {
    for method in Method::ALL {
        assert_eq!(Method::of_name(method.as_str()), Some(method));
    }
    assert_eq!(Method::of_name("Totp"), None);
}
