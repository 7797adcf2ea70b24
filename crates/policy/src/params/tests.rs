use proptest::prelude::*;
use vestibule_model::ErrorCode;

use super::{MAX_VALUE, Params};

fn refused(bytes: &[u8]) -> (ErrorCode, String) {
    let error = Params::parse(bytes).expect_err("refused");
    (error.code, error.description)
}

#[test]
fn pairs_are_decoded_and_kept_in_order() {
    let params = Params::parse(b"b=1+2%2B&a=%C3%A9&&c=x=y&d").expect("well-formed");
    let pairs: Vec<_> = params.iter().collect();
    assert_eq!(pairs, [("b", "1 2+"), ("a", "\u{e9}"), ("c", "x=y")]);
    assert_eq!(params.get("c"), Some("x=y"));
    assert_eq!(params.get("d"), None);
    assert!(!params.is_empty());
    assert!(Params::parse(b"").expect("empty").is_empty());
}

#[test]
fn an_empty_value_is_as_if_it_were_not_there() {
    let params = Params::parse(b"state=&scope=&state=x").expect("RFC 6749 3.1");
    assert_eq!((params.get("scope"), params.get("state")), (None, Some("x")));
}

#[test]
fn a_repeated_name_is_refused_by_name() {
    let (code, text) = refused(b"state=a&scope=b&state=a");
    assert_eq!(code, ErrorCode::ParameterRepeated);
    assert_eq!(text, "The parameter state is given more than once");
    // Encoding does not hide it.
    assert_eq!(refused(b"state=a&st%61te=b").0, ErrorCode::ParameterRepeated);
    // A name that could say something odd is not repeated to anybody.
    let (_, text) = refused(b"%3Cb%3E=a&%3Cb%3E=a");
    assert_eq!(text, "A parameter is given more than once");
    // RFC 8707 §2.
    assert_eq!(Params::parse(b"resource=a&resource=b").expect("may repeat").iter().count(), 2);
}

#[test]
fn broken_bytes_are_refused() {
    for bytes in [
        &b"a=%"[..],
        b"a=%4",
        b"a=%zz",
        b"a=%%41",
        b"%=a",
        b"a=%ff",
        b"a=\xff",
        b"\xc3=a",
        b"a=%c3",
        b"a=%00",
        b"%00=a",
        b"a=x\0y",
        b"a=%ed%a0%80",
        b"a=%c0%80",
    ] {
        assert_eq!(refused(bytes).0, ErrorCode::RequestMalformed, "{bytes:?}");
    }
    let (_, text) = refused(b"state=%zz");
    assert_eq!(text, "The parameter state has a % that two hex digits do not follow");
}

#[test]
fn a_long_value_is_refused_at_its_decoded_length() {
    let fits = format!("a={}", "%41".repeat(MAX_VALUE));
    Params::parse(fits.as_bytes()).expect("as long as allowed");
    let (code, text) = refused(format!("a={}", "x".repeat(MAX_VALUE + 1)).as_bytes());
    assert_eq!(code, ErrorCode::ParameterTooLong);
    assert_eq!(text, "The parameter a is too long");
}

/// What is left of a spoilt request, by name, and the code of its first fault.
fn salvaged(bytes: &[u8]) -> (Vec<String>, Option<ErrorCode>) {
    let (params, fault) = Params::salvage(bytes);
    (params.iter().map(|(name, _)| name.to_owned()).collect(), fault.map(|fault| fault.code))
}

#[test]
fn what_is_whole_and_there_once_survives_the_faults_of_the_rest() {
    let (repeated, malformed) = (ErrorCode::ParameterRepeated, ErrorCode::RequestMalformed);
    for (text, left, fault) in [
        ("client_id=a&state=b", &["client_id", "state"][..], None),
        ("client_id=a&state=b&state=b&x=y", &["client_id", "x"], Some(repeated)),
        ("state=b&client_id=a&state=&state=c&state=d", &["client_id"], Some(repeated)),
        ("client_id=a&state=%zz", &["client_id"], Some(malformed)),
        // A value that cannot be read is a value: the readable one is not the only one.
        ("client_id=a&client_id=%zz", &[], Some(malformed)),
        ("client_id=%zz&client_id=a", &[], Some(malformed)),
        ("client_id=a&client_id=", &["client_id"], None),
        ("%zz=x&client_id=a", &["client_id"], Some(malformed)),
        ("a=1&a=2&b=%ff", &[], Some(repeated)),
        ("b=%ff&a=1&a=2", &[], Some(malformed)),
    ] {
        let (kept, code) = salvaged(text.as_bytes());
        assert_eq!(
            (kept, code),
            (left.iter().map(|&name| name.to_owned()).collect(), fault),
            "{text}"
        );
    }
    let long = format!("client_id=a&x={}", "y".repeat(MAX_VALUE + 1));
    let expected = (vec!["client_id".to_owned()], Some(ErrorCode::ParameterTooLong));
    assert_eq!(salvaged(long.as_bytes()), expected);
}

#[test]
fn pairs_from_elsewhere_keep_to_the_same_rules() {
    let made = |pairs: &[(&str, &str)]| {
        let owned = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Params::from_pairs(owned).map_err(|error| error.code)
    };
    let params = made(&[("state", "a&b=c %+\u{e9}"), ("scope", "")]).expect("right");
    assert_eq!((params.get("state"), params.get("scope")), (Some("a&b=c %+\u{e9}"), None));
    for (pairs, code) in [
        (&[("state", "a\0")][..], ErrorCode::RequestMalformed),
        (&[("state", &"x".repeat(MAX_VALUE + 1))], ErrorCode::ParameterTooLong),
    ] {
        assert_eq!(made(pairs).expect_err("wrong"), code);
    }
}

#[test]
fn debug_shows_no_value() {
    let params = Params::parse(b"code=s3cret&client_secret=hush").expect("well-formed");
    assert_eq!(format!("{params:?}"), r#"["code", "client_secret"]"#);
}

/// RFC 6749 §5.2: what `error_description` may be made of.
fn is_describable(text: &str) -> bool {
    text.bytes().all(|b| matches!(b, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e))
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic_or_speak_out_of_turn(
        bytes in proptest::collection::vec(any::<u8>(), 0..200)
    ) {
        if let Err(error) = Params::parse(&bytes) {
            prop_assert!(is_describable(&error.description), "{}", error.description);
        }
        let (params, _) = Params::salvage(&bytes);
        let mut names: Vec<_> = params.iter().map(|(name, _)| name).collect();
        names.sort_unstable();
        prop_assert!(names.windows(2).all(|two| two[0] != two[1] || two[0] == "resource"));
    }

    #[test]
    fn what_is_encoded_comes_back(
        pairs in proptest::collection::btree_map("[a-z_]{1,8}", "[^\0]{1,20}", 0..6)
    ) {
        let text = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&pairs).finish();
        let params = Params::parse(text.as_bytes()).expect("well-formed");
        prop_assert_eq!(params.iter().count(), pairs.len());
        for (name, value) in &pairs {
            prop_assert_eq!(params.get(name), Some(value.as_str()));
        }
    }
}
