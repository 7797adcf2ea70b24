//! A restore while people are on their way to an app: with `--end-sessions` nobody arrives.

use crate::restore_drill::{House, PASSWORD};
use crate::visitor::{Answer, Visitor};

/// Ana as far as the page at `path`.
fn as_far_as(path: &str, visitor: &mut Visitor, code: &str) -> Answer {
    let mut page = visitor.come();
    for _ in 0..5 {
        if page.url.path() == path {
            return page;
        }
        page = visitor.go_on(&page, "ana", PASSWORD, code);
    }
    panic!("no way to {path}: {page:?}");
}

/// Restores what was there while Ana had one code that no app had asked with yet, one page of consent
/// open, and in another browser one page of the second factor.
fn restored(house: &House, line: &str) -> [bool; 3] {
    let server = house.serve();
    let totp = house.settle_in();
    let (mut ana, mut elsewhere) = (house.visitor(), house.visitor());
    let consent = as_far_as("/consent", &mut ana, &totp.code_at(house.now()));
    let code = ana.go_on(&consent, "ana", PASSWORD, "").code().unwrap();
    let consent = as_far_as("/consent", &mut ana, "");
    let factor = as_far_as("/login/verify", &mut elsewhere, "");
    house.json("backup b");
    server.signal("KILL");
    server.wait();
    house.json(line);

    let _server = house.serve();
    let redeemed = ana.redeem(&code);
    let consented = ana.go_on(&consent, "ana", PASSWORD, "");
    let verified = elsewhere.go_on(&factor, "ana", PASSWORD, &totp.code_at(house.now().plus(30)));
    let goes_on = [
        redeemed.status == 200,
        consented.code().is_some(),
        verified.status == 200 && verified.url.path() == "/consent",
    ];
    assert_eq!([ana.is_signed_in(), elsewhere.is_signed_in()], [goes_on[1], goes_on[2]]);
    if !goes_on[0] {
        assert_eq!(redeemed.json()["error"], "invalid_grant");
    }
    for answer in [consented, verified].iter().filter(|answer| answer.code().is_none()) {
        assert!(!answer.body.contains("code="), "{answer:?}");
    }
    goes_on
}

#[test]
fn who_was_on_the_way_to_an_app_begins_anew_if_every_session_ends() {
    for house in [House::on_sqlite(), House::on_postgres()] {
        assert_eq!(restored(&house, "restore b --yes --end-sessions"), [false; 3]);
    }
}

/// Or else the test above would show nothing.
#[test]
fn who_was_on_the_way_to_an_app_gets_there_if_sessions_go_on() {
    for house in [House::on_sqlite(), House::on_postgres()] {
        assert_eq!(restored(&house, "restore b --yes"), [true; 3]);
    }
}
