use std::collections::HashMap;

use proptest::prelude::*;
use serde_json::json;

use super::*;

/// 2027-01-15T08:00:00Z.
const NOW: Timestamp = Timestamp(1_800_000_000);

fn outcome(field: Field, value: &str) -> String {
    check(field, value, NOW).unwrap_or_else(|why| why.key.to_owned())
}

/// Each row: what is typed, and what comes of it.
fn table(field: Field, rows: &[(&str, &str)]) {
    for (typed, expected) in rows {
        assert_eq!(outcome(field, typed), *expected, "{field}: {typed:?}");
    }
}

#[test]
fn names_and_short_texts() {
    let long = "é".repeat(120);
    let longer = "x".repeat(121);
    for field in
        ["name", "given_name", "family_name", "middle_name", "nickname", "locality", "country"]
    {
        table(
            field,
            &[
                ("Ana Lima", "Ana Lima"),
                ("张伟", "张伟"),
                (&long, &long),
                (&longer, "profile-text-too-long"),
                ("a\tb", "profile-text-control"),
                ("a\nb", "profile-text-control"),
                ("a\u{0}b", "profile-text-control"),
            ],
        );
    }
    let sixty_one = "x".repeat(61);
    table("gender", &[("non-binary", "non-binary"), (&sixty_one, "profile-text-too-long")]);
}

#[test]
fn web_addresses_are_https() {
    let long = format!("https://example.org/{}", "x".repeat(493));
    for field in ["profile", "website", "picture"] {
        table(
            field,
            &[
                ("https://example.org", "https://example.org/"),
                ("HTTPS://Example.org/Ana?x=1", "https://example.org/Ana?x=1"),
                ("https://bücher.example/", "https://xn--bcher-kva.example/"),
                ("http://example.org/", "profile-url-look"),
                ("javascript:alert(1)", "profile-url-look"),
                ("data:image/png;base64,AAAA", "profile-url-look"),
                ("example.org", "profile-url-look"),
                ("https://ana:pw@example.org/", "profile-url-look"),
                ("https://ana@example.org/", "profile-url-look"),
                ("https://example.org/a b", "profile-url-look"),
                ("https://exa\tmple.org/", "profile-url-look"),
                ("https://", "profile-url-look"),
                (&long, "profile-url-too-long"),
            ],
        );
    }
    // Short as typed, long as written out.
    let grows = format!("https://example.org/{}", "ü".repeat(100));
    table("website", &[(&grows, "profile-url-look")]);
}

#[test]
fn birthdates_are_days_that_were() {
    let look = "profile-birthdate-look";
    let none = "profile-birthdate-no-such-day";
    table(
        "birthdate",
        &[
            ("1984-02-29", "1984-02-29"),
            ("1984", "1984"),
            ("0000-02-29", "0000-02-29"),
            ("0000-12-24", "0000-12-24"),
            ("2027-01-15", "2027-01-15"),
            ("2027", "2027"),
            ("2027-01-16", "profile-birthdate-future"),
            ("2028", "profile-birthdate-future"),
            ("1983-02-29", none),
            ("1984-04-31", none),
            ("1984-13-01", none),
            ("1984-00-10", none),
            ("0000", look),
            ("84", look),
            ("1984-2-29", look),
            ("1984-02", look),
            ("1984-02-29-01", look),
            ("1984-02-29T00:00", look),
            ("29.02.1984", look),
            ("-984-02-29", look),
            ("+984-02-29", look),
            ("1984-200-1", look),
            ("1984/02/29", look),
        ],
    );
}

#[test]
fn zones_are_names_of_the_time_zone_database() {
    let unknown = "profile-zoneinfo-unknown";
    table(
        "zoneinfo",
        &[
            ("Europe/Berlin", "Europe/Berlin"),
            ("america/argentina/buenos_aires", "America/Argentina/Buenos_Aires"),
            ("UTC", "UTC"),
            ("Europe/Hamburg", unknown),
            ("+01:00", unknown),
            ("../etc/passwd", unknown),
        ],
    );
}

#[test]
fn locales_are_language_tags() {
    let look = "profile-locale-look";
    table(
        "locale",
        &[
            ("de", "de"),
            ("DE-at", "de-AT"),
            ("fr_CA", "fr-CA"),
            ("zh-hant-tw", "zh-Hant-TW"),
            ("und", look),
            ("german", look),
            ("d", look),
            ("de-", look),
            // Its variants of four letters would become a script when read again.
            ("aa-h0aa-aaaa", look),
            ("de AT", look),
        ],
    );
}

#[test]
fn telephone_numbers_become_e164() {
    let look = "profile-phone-look";
    table(
        "phone_number",
        &[
            ("+49 (170) 123-45.67", "+491701234567"),
            ("+1 202/555–0123", "+12025550123"),
            ("+1234567", "+1234567"),
            ("+123456789012345", "+123456789012345"),
            ("+123456", "profile-phone-length"),
            ("+1234567890123456", "profile-phone-length"),
            ("0170 1234567", "profile-phone-country"),
            ("0049 170 1234567", "profile-phone-country"),
            ("+049 170 1234567", look),
            ("+49 170 CALLME", look),
            ("+49+170 1234567", look),
            ("+٤٩١٧٠١٢٣٤٥٦٧", look),
            ("+", "profile-phone-length"),
        ],
    );
}

#[test]
fn addresses_may_have_lines() {
    let long = "x".repeat(501);
    for field in ["formatted", "street_address"] {
        table(
            field,
            &[
                ("Hauptstr. 1\r\nHinterhaus", "Hauptstr. 1\nHinterhaus"),
                ("Hauptstr. 1\rHinterhaus", "profile-text-control"),
                (&long, "profile-text-too-long"),
            ],
        );
    }
}

#[test]
fn a_field_that_there_is_not_is_refused() {
    table("sub", &[("x", "profile-unknown-field")]);
}

fn form(fields: &[(&str, &str)]) -> Result<Profile, Vec<(Field, Message)>> {
    let fields: HashMap<String, String> =
        fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    read(&|name| fields.get(name).cloned(), NOW)
}

#[test]
fn the_form_becomes_a_profile_without_what_is_empty() {
    let typed = [
        ("name", "  Ana Lima "),
        ("nickname", "   "),
        ("phone_number", "+49 170 1234567"),
        ("phone_number_verified", "true"),
        ("street_address", "Hauptstr. 1"),
        ("country", "DE"),
        ("sub", "somebody else"),
    ];
    let expected = Profile {
        name: Some("Ana Lima".to_owned()),
        phone_number: Some("+491701234567".to_owned()),
        address: Some(json!({"street_address": "Hauptstr. 1", "country": "DE"})),
        ..Profile::default()
    };
    assert_eq!(form(&typed), Ok(expected));
    assert_eq!(form(&[]), Ok(Profile::default()));
}

#[test]
fn every_claim_of_the_profile_can_be_typed() {
    let typed = [
        ("name", "Ana Maria Lima"),
        ("given_name", "Ana"),
        ("family_name", "Lima"),
        ("middle_name", "Maria"),
        ("nickname", "Nia"),
        ("profile", "https://example.org/profile"),
        ("picture", "https://example.org/picture"),
        ("website", "https://example.org/website"),
        ("gender", "female"),
        ("birthdate", "1984-02-29"),
        ("zoneinfo", "Europe/Lisbon"),
        ("locale", "pt-PT"),
        ("phone_number", "+351211234567"),
        ("formatted", "Rua 1"),
    ];
    let mut whole = serde_json::to_value(form(&typed).unwrap()).unwrap();
    let members = whole.as_object_mut().unwrap();
    assert_eq!(members.remove("address"), Some(json!({"formatted": "Rua 1"})));
    assert_eq!(members.len(), typed.len() - 1);
    for (name, value) in &typed[..13] {
        assert_eq!(members[*name], *value, "{name}");
    }
}

#[test]
fn every_problem_of_the_form_is_told_at_once() {
    let typed = [("name", "a\nb"), ("website", "nowhere"), ("country", "DE"), ("locale", "?")];
    let problems = form(&typed).unwrap_err();
    let told: Vec<_> = problems.iter().map(|(field, why)| (*field, why.key)).collect();
    let expected = [
        ("name", "profile-text-control"),
        ("website", "profile-url-look"),
        ("locale", "profile-locale-look"),
    ];
    assert_eq!(told, expected);
}

#[test]
fn a_proved_number_stays_proved_as_long_as_it_is_the_same() {
    let with = |number: Option<&str>, verified| Profile {
        phone_number: number.map(str::to_owned),
        phone_number_verified: verified,
        ..Profile::default()
    };
    let old = with(Some("+491701234567"), Some(true));
    let rows =
        [(Some("+491701234567"), Some(true)), (Some("+491701234568"), Some(false)), (None, None)];
    for (number, verified) in rows {
        assert_eq!(merge(&old, with(number, None)), with(number, verified));
    }
    let first = merge(&Profile::default(), with(Some("+491701234567"), None));
    assert_eq!(first.phone_number_verified, Some(false));
}

#[test]
fn parts_of_the_address_that_the_form_does_not_show_are_kept() {
    let of = |address| Profile { address, ..Profile::default() };
    let old = of(Some(json!({"country": "DE", "floor": 3})));
    let rows = [
        (Some(json!({"country": "AT"})), Some(json!({"country": "AT", "floor": 3}))),
        (None, Some(json!({"floor": 3}))),
    ];
    for (typed, kept) in rows {
        assert_eq!(merge(&old, of(typed)), of(kept));
    }
    assert_eq!(merge(&of(Some(json!({"country": "DE"}))), of(None)), of(None));
}

proptest! {
    #[test]
    fn whatever_is_taken_is_taken_again_unchanged(
        field in prop::sample::select(vec![
            "name", "gender", "profile", "birthdate", "zoneinfo", "locale", "phone_number",
            "formatted", "postal_code",
        ]),
        value in prop_oneof![
            ".{1,40}",
            "https://[a-zé./?#@: ]{1,20}",
            "[0-9]{4}(-[0-9]{2}-[0-9]{2})?",
            "[a-zA-Z]{2,3}([-_][a-zA-Z0-9]{2,8}){0,3}",
            "\\+[0-9 ().-]{6,20}",
        ],
    ) {
        if let Ok(once) = check(field, &value, NOW) {
            prop_assert_eq!(check(field, &once, NOW), Ok(once));
        }
    }
}
