use proptest::prelude::*;
use vestibule_model::message::Value;

use super::*;

const ANA: Person<'_> = Person {
    username: "ana.lima",
    email: "ana.maria@example.org",
    name: Some("Ána María Lóbrega"),
};

/// Rules that only look at length, so that one rule at a time can be tried.
const LOOSE: Rules =
    Rules { min: 1, max: 128, min_strength: 0, classes: 0, refuse_breached: false };

fn keys(messages: &[Message]) -> Vec<&'static str> {
    messages.iter().map(|message| message.key).collect()
}

fn refused(password: &str, rules: &Rules) -> Vec<&'static str> {
    keys(&check(password, &ANA, rules))
}

#[test]
fn ordinary_passphrases_are_taken() {
    let rules = Rules::default();
    for fine in [
        "try-vestibule-today",
        "correct horse battery",
        "twelve chars",
        "one-two-three",
        "orange-bicycle",
        "a long enough password",
        "meine Katze schläft gern",
        "le chat dort sous la table",
        "mi perro come de noche",
        "кошка спит на окне",
        "猫は窓辺で静かに眠っている",
        "Tr0ub4dor&3xyz",
        "k7Vq2mXw9Lp4",
    ] {
        assert_eq!(check(fine, &ANA, &rules), [], "{fine}");
    }
}

#[test]
fn nothing_typed_has_one_reason() {
    assert_eq!(refused("", &Rules::default()), ["password-empty"]);
}

#[test]
fn too_short_and_too_long_say_by_how_much() {
    let rules = Rules { min: 12, max: 20, ..LOOSE };
    let said = |password: &str| check(password, &ANA, &rules);
    let numbers = |edge, at, has| vec![(edge, Value::Number(at)), ("has", Value::Number(has))];
    let short = Message { key: "password-too-short", args: numbers("min", 12, 11) };
    assert_eq!(said("elevenchars"), [short]);
    assert_eq!(said("twelve chars"), []);
    assert_eq!(said("ßßßßßßßßßßßßßßßßßßßß"), []);
    let long = Message { key: "password-too-long", args: numbers("max", 20, 21) };
    assert_eq!(said(&"x".repeat(21)), [long]);
}

#[test]
fn an_accent_typed_apart_is_no_character_of_its_own() {
    assert_eq!(characters("é"), 1);
    assert_eq!(characters("e\u{301}"), 1);
    assert_eq!(characters("ﬁ"), 1, "what looks alike stays what it is");
}

#[test]
fn classes_are_counted_when_asked_for() {
    let rows = [
        ("abc", 1, true),
        ("abc", 2, false),
        ("aBc", 2, true),
        ("aBc1", 3, true),
        ("aBc1", 4, false),
        ("aB 1", 4, true),
        ("aB 1", 9, true),
    ];
    for (password, classes, fine) in rows {
        let reasons = refused(password, &Rules { classes, ..LOOSE });
        let expected: &[&str] = if fine { &[] } else { &["password-few-classes"] };
        assert_eq!(reasons, expected, "{password}, {classes}");
    }
}

#[test]
fn ones_own_name_and_mail_are_found_whatever_case_and_accents() {
    let rows = [
        ("xx ana.lima xx", "password-has-username", "ana.lima"),
        ("xx ANA.LÍMA xx", "password-has-username", "ana.lima"),
        ("the LIMA bean", "password-has-username", "lima"),
        ("ana.maria@example.org", "password-has-email", "ana.maria@example.org"),
        ("so lobrega so", "password-has-name", "Lóbrega"),
        ("so ＬＯＢＲＥＧＡ so", "password-has-name", "Lóbrega"),
    ];
    for (password, key, part) in rows {
        let messages = check(password, &ANA, &LOOSE);
        let expected = Message::new(key).with("part", part);
        assert!(messages.contains(&expected), "{password}: {messages:?}");
    }
    let both = refused("ana.maria", &LOOSE);
    assert_eq!(both, ["password-has-email", "password-has-name"], "each kind once");
}

#[test]
fn short_parts_and_a_person_without_a_name_are_in_nothing() {
    assert_eq!(refused("banana bread is fine", &LOOSE), [""; 0], "`ana` has three letters");
    let nobody = Person::default();
    assert_eq!(check("whatever it may be", &nobody, &Rules::default()), []);
    let user = Person { username: "anna", email: "anna@example.org", name: Some("Anna") };
    let once = check("hannah und anna", &user, &LOOSE);
    assert_eq!(keys(&once), ["password-has-username"], "the same part is told once");
}

#[test]
fn a_common_password_is_called_that_and_nothing_more() {
    let rules = Rules::default();
    for common in ["Password12345", "qwertyuiop123", "iloveyou1234", "123456789012"] {
        assert_eq!(refused(common, &rules), ["password-common"], "{common}");
    }
    let asked_not_to = Rules { refuse_breached: false, ..rules };
    assert!(!refused("Password12345", &asked_not_to).contains(&"password-common"));
    let both = refused("letmein1", &rules);
    assert_eq!(both, ["password-too-short", "password-common"]);
}

#[test]
fn a_weak_password_gets_its_reason_and_what_would_help() {
    let strict = Rules { min_strength: 3, refuse_breached: false, ..LOOSE };
    let rows: &[(&str, &[&str])] = &[
        (
            "aaaaaaaaaaaaa",
            &["password-guessable-repeat", "password-hint-more", "password-hint-repeats"],
        ),
        (
            "abcdefghijkl",
            &["password-guessable-sequence", "password-hint-more", "password-hint-sequences"],
        ),
        ("administrator", &["password-guessable-word", "password-hint-more"]),
        (
            "p4ssw0rd",
            &["password-guessable-similar", "password-hint-more", "password-hint-substitutes"],
        ),
        ("12/03/1984", &["password-guessable-date", "password-hint-more", "password-hint-dates"]),
        (
            "hjuygvbnm,.",
            &["password-guessable-keyboard", "password-hint-more", "password-hint-keyboard"],
        ),
    ];
    for (password, expected) in rows {
        assert_eq!(refused(password, &strict), *expected, "{password}");
    }
}

#[test]
fn a_fair_password_that_is_not_strong_enough_gets_a_hint_as_well() {
    let strictest = Rules { min_strength: 4, ..LOOSE };
    assert_eq!(
        refused("orange-bicycle", &strictest),
        ["password-guessable", "password-hint-words"]
    );
    assert_eq!(refused("try-vestibule-today", &strictest), [""; 0]);
}

#[test]
fn the_persons_own_words_make_a_password_weaker() {
    let rules = Rules { min_strength: 3, ..LOOSE };
    let stranger = Person { username: "quibblesnort", ..Person::default() };
    assert_eq!(check("quibblesnort", &Person::default(), &rules), []);
    let known = keys(&check("quibblesnort", &stranger, &rules));
    assert!(known.len() > 1 && known[0] == "password-has-username", "{known:?}");
}

#[test]
fn the_rules_are_told_before_anything_is_typed() {
    let default = rules_shown(&Rules::default());
    let expected = [
        "password-rule-length",
        "password-rule-strength",
        "password-rule-own",
        "password-rule-common",
    ];
    assert_eq!(keys(&default), expected);
    assert_eq!(default[0].args, [("min", Value::Number(12)), ("max", Value::Number(128))]);
    let with_classes = rules_shown(&Rules { classes: 3, ..LOOSE });
    let expected = ["password-rule-length", "password-rule-classes", "password-rule-own"];
    assert_eq!(keys(&with_classes), expected);
    assert_eq!(reused(5), Message::new("password-reused").with("last", 5));
    assert_eq!(reuse_rule_shown(5).key, "password-rule-reused");
}

/// What bounds zxcvbn's work: 30 ms instead of seconds for a password made to be slow.
#[test]
fn only_the_first_thirty_two_characters_have_to_be_strong() {
    let strength_only = Rules { max: 10_000, min_strength: 3, ..LOOSE };
    let strong = "k7Vq2mXw9Lp4";
    let late = format!("{}{strong}", "a".repeat(32));
    assert_eq!(refused(&late, &strength_only)[0], "password-guessable-repeat");
    let early = format!("{strong}{}", "4@8({[<369&1!0$5+7%2".repeat(400));
    assert_eq!(refused(&early, &strength_only), [""; 0]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_text_is_judged_without_a_panic(password in ".{0,200}", name in ".{0,20}") {
        let person = Person { username: &name, email: &name, name: Some(&name) };
        let rules = Rules { classes: 4, min_strength: 4, ..Rules::default() };
        for rules in [rules, Rules::default()] {
            let reasons = check(&password, &person, &rules);
            let length = characters(&password);
            let by_length = reasons
                .iter()
                .any(|why| ["password-empty", "password-too-short", "password-too-long"].contains(&why.key));
            prop_assert_eq!(by_length, !(rules.min..=rules.max).contains(&length));
        }
    }

    /// Stricter rules never take what laxer ones refuse.
    #[test]
    fn stricter_rules_refuse_no_less(password in "[a-zA-Z0-9 !-]{0,24}", min_strength in 0..4_u8) {
        let lax = Rules { min_strength, ..Rules::default() };
        let strict = Rules { min: 14, min_strength: min_strength + 1, classes: 2, ..lax };
        if check(&password, &ANA, &strict).is_empty() {
            prop_assert_eq!(check(&password, &ANA, &lax), vec![]);
        }
    }
}
