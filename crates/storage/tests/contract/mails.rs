//! Links and codes that travel by mail, and the outbox they travel from.

use vestibule_model::{
    Timestamp, UserId,
    mail::OutboxMail,
    verification::{Verification, VerificationKind},
};
use vestibule_storage::{StorageError, outbox, testing::TestDatabase, verification};

use crate::fixtures::{NOW, a_mail, a_verification, hash, read, with_grant, write};

const RESET: VerificationKind = VerificationKind::ResetPassword;

on_both!(
    a_verification_of_each_kind_comes_back,
    a_verification_works_once_and_not_after_its_end,
    a_newer_verification_voids_the_older_of_its_kind_and_subject,
    verifications_can_be_voided,
    those_of_a_user_can_be_voided_from_a_moment_on,
    sent_mails_are_counted_from_a_moment_on,
    wrong_codes_are_counted,
    a_mail_comes_back_as_it_was_put_in,
    due_mails_are_claimed_by_one_for_a_while,
    a_mail_that_left_stays_gone,
    a_mail_that_failed_comes_again_or_is_given_up,
    the_newest_mails_are_listed_first,
);

fn a_verification_of_each_kind_comes_back(database: &TestDatabase) {
    let db = with_grant(database);
    for kind in VerificationKind::ALL {
        let name = kind.as_str();
        let bare = Verification {
            kind,
            user_id: None,
            subject: "new@example.org".to_owned(),
            code_hash: None,
            sealed_data: None,
            ..a_verification(name)
        };
        write(&db, move |conn| verification::insert(conn, &bare));
        let found = read(&db, move |conn| verification::find(conn, name)).unwrap();
        assert_eq!((found.kind, found.user_id, found.code_hash), (kind, None, None));
        assert_eq!((found.subject.as_str(), found.sealed_data), ("new@example.org", None));
    }
    write(&db, |conn| verification::insert(conn, &a_verification("v1")));
    let found = read(&db, |conn| verification::find_by_token(conn, &hash("v1"))).unwrap();
    assert_eq!((found.id.as_str(), found.user_id), ("v1", Some(UserId::new("u1"))));
    assert_eq!((found.code_hash, found.attempts), (Some(hash("code")), 0));
    assert_eq!(found.sealed_data.as_deref(), Some("v2.sealed"));
    assert_eq!((found.created_at, found.expires_at), (NOW, NOW.plus(900)));
    assert_eq!(found.consumed_at, None);
    assert!(read(&db, |conn| verification::find_by_token(conn, &hash("v2"))).is_none());
    assert!(read(&db, |conn| verification::find(conn, "\0")).is_none());
    assert!(read(&db, |conn| verification::latest(conn, RESET, "\0")).is_none());
}

fn a_verification_works_once_and_not_after_its_end(database: &TestDatabase) {
    let db = with_grant(database);
    write(&db, |conn| {
        verification::insert(conn, &a_verification("v1"))?;
        let late = Verification { subject: "late".to_owned(), ..a_verification("late") };
        verification::insert(conn, &late)
    });
    let consume = |id, at| write(&db, move |conn| verification::consume(conn, id, at));
    assert!(!consume("late", NOW.plus(900)), "its end is the first moment it does not work");
    assert!(!consume("unknown", NOW));
    assert!(consume("v1", NOW.plus(899)));
    assert!(!consume("v1", NOW.plus(899)));
    let found = read(&db, |conn| verification::find(conn, "v1")).unwrap();
    assert_eq!(found.consumed_at, Some(NOW.plus(899)));
}

fn a_newer_verification_voids_the_older_of_its_kind_and_subject(database: &TestDatabase) {
    let db = with_grant(database);
    write(&db, |conn| {
        let other_kind =
            Verification { kind: VerificationKind::Unlock, ..a_verification("other kind") };
        let other_subject =
            Verification { subject: "u2".to_owned(), ..a_verification("other subject") };
        for older in [a_verification("old"), other_kind, other_subject] {
            verification::insert(conn, &older)?;
        }
        let newer = Verification { created_at: NOW.plus(60), ..a_verification("new") };
        verification::insert(conn, &newer)
    });
    let latest = read(&db, |conn| verification::latest(conn, RESET, "u1")).unwrap();
    assert_eq!((latest.id.as_str(), latest.consumed_at), ("new", None));
    let void = read(&db, |conn| verification::find(conn, "old")).unwrap();
    assert_eq!(void.consumed_at, Some(NOW.plus(60)), "found still, to be told from nonsense");
    let consume = |id| write(&db, move |conn| verification::consume(conn, id, NOW.plus(61)));
    assert!(!consume("old"));
    assert!(consume("other kind") && consume("other subject") && consume("new"));

    // Two in one second: the one that works is the latest.
    for id in ["b", "a", "c"] {
        let same = Verification { subject: "hasty".to_owned(), ..a_verification(id) };
        write(&db, move |conn| verification::insert(conn, &same));
        let latest = read(&db, |conn| verification::latest(conn, RESET, "hasty")).unwrap();
        assert_eq!(latest.id, id);
    }
}

fn verifications_can_be_voided(database: &TestDatabase) {
    let db = with_grant(database);
    write(&db, |conn| {
        verification::insert(conn, &a_verification("v1"))?;
        verification::void(conn, RESET, "u2", NOW)?;
        verification::void(conn, VerificationKind::Unlock, "u1", NOW)
    });
    let is_void =
        || read(&db, |conn| verification::find(conn, "v1")).unwrap().consumed_at.is_some();
    assert!(!is_void());
    write(&db, |conn| verification::void(conn, RESET, "u1", NOW));
    assert!(is_void());
    assert!(!write(&db, |conn| verification::consume(conn, "v1", NOW)));
}

fn those_of_a_user_can_be_voided_from_a_moment_on(database: &TestDatabase) {
    let db = with_grant(database);
    write(&db, |conn| {
        for (id, at) in [("old", 0), ("new", 10), ("other kind", 20), ("of nobody", 30)] {
            let mut sent = Verification { created_at: NOW.plus(at), ..a_verification(id) };
            sent.subject = id.to_owned();
            if id == "other kind" {
                sent.kind = VerificationKind::Unlock;
            }
            sent.user_id = sent.user_id.filter(|_| id != "of nobody");
            verification::insert(conn, &sent)?;
        }
        verification::void_of_user(conn, RESET, &UserId::new("u1"), NOW.plus(10), NOW.plus(40))
    });
    for (id, works) in [("old", true), ("new", false), ("other kind", true), ("of nobody", true)] {
        assert_eq!(write(&db, move |conn| verification::consume(conn, id, NOW)), works, "{id}");
    }
}

fn sent_mails_are_counted_from_a_moment_on(database: &TestDatabase) {
    let db = with_grant(database);
    write(&db, |conn| {
        for at in [0, 10, 20] {
            let sent = Verification { created_at: NOW.plus(at), ..a_verification(&at.to_string()) };
            verification::insert(conn, &sent)?;
        }
        Ok(())
    });
    let since = |subject, at| {
        read(&db, move |conn| verification::sent_since(conn, RESET, subject, NOW.plus(at)))
    };
    assert_eq!((since("u1", 0), since("u1", 10), since("u1", 11), since("u1", 21)), (3, 2, 1, 0));
    assert_eq!((since("u2", 0), since("\0", 0)), (0, 0));
}

fn wrong_codes_are_counted(database: &TestDatabase) {
    let db = with_grant(database);
    write(&db, |conn| verification::insert(conn, &a_verification("v1")));
    let count = |id| write(&db, move |conn| verification::count_attempt(conn, id));
    assert_eq!((count("v1"), count("v1")), (1, 2));
    assert_eq!(read(&db, |conn| verification::find(conn, "v1")).unwrap().attempts, 2);
    assert_eq!(count("unknown"), i64::MAX, "more than any limit");
}

fn a_mail_comes_back_as_it_was_put_in(database: &TestDatabase) {
    let db = with_grant(database);
    let mail = OutboxMail { user_id: None, last_error: Some("a\0b".to_owned()), ..a_mail("m1") };
    write(&db, move |conn| outbox::insert(conn, &mail));
    let found = read(&db, |conn| outbox::list_recent(conn, 9)).remove(0);
    assert_eq!((found.id.as_str(), found.kind.as_str()), ("m1", "reset-password"));
    assert_eq!((found.user_id, found.sealed_message.as_str()), (None, "v2.sealed mail"));
    assert_eq!((found.created_at, found.next_attempt_at), (NOW, Some(NOW)));
    assert_eq!((found.attempts, found.leased_until, found.sent_at), (0, None, None));
    assert_eq!(found.last_error.as_deref(), Some("a\u{fffd}b"));
    assert_eq!(found.expires_at, NOW.plus(30 * 86_400));
    let twice = db.write(|conn| outbox::insert(conn, &a_mail("m1"))).wait();
    assert_eq!(twice, Err(StorageError::Duplicate { what: "mail" }));
}

/// The names of what is claimed at `NOW + at`, leased for 60 seconds.
fn claim(db: &vestibule_storage::Db, at: i64, limit: i64) -> Vec<String> {
    let now = NOW.plus(at);
    let mails = write(db, move |conn| outbox::claim(conn, now, now.plus(60), limit));
    mails.into_iter().map(|mail| mail.id).collect()
}

fn due_mails_are_claimed_by_one_for_a_while(database: &TestDatabase) {
    let db = with_grant(database);
    assert_eq!(read(&db, outbox::next_due), None);
    write(&db, |conn| {
        for (id, due) in [("late", 30), ("b", 10), ("a", 10), ("first", 5)] {
            let mail = OutboxMail { next_attempt_at: Some(NOW.plus(due)), ..a_mail(id) };
            outbox::insert(conn, &mail)?;
        }
        Ok(())
    });
    assert_eq!(read(&db, outbox::next_due), Some(NOW.plus(5)));
    assert_eq!(read(&db, outbox::waiting), 4);
    assert!(claim(&db, 4, 9).is_empty());
    assert_eq!(claim(&db, 5, 9), ["first"], "due is due");
    assert_eq!(claim(&db, 10, 9), ["a", "b"]);
    assert!(claim(&db, 10, 9).is_empty(), "leased");
    assert_eq!(claim(&db, 65, 1), ["first"], "whoever had it is late: the longest due first");
    assert_eq!(claim(&db, 99, 9), ["a", "b", "late"]);
    let mails = read(&db, |conn| outbox::list_recent(conn, 9));
    let attempts: Vec<_> = mails.iter().map(|mail| (mail.id.as_str(), mail.attempts)).collect();
    assert_eq!(attempts, [("a", 2), ("b", 2), ("first", 2), ("late", 1)]);
    assert_eq!(mails[0].leased_until, Some(NOW.plus(159)));
}

fn a_mail_that_left_stays_gone(database: &TestDatabase) {
    let db = with_grant(database);
    write(&db, |conn| outbox::insert(conn, &a_mail("m1")));
    assert_eq!(claim(&db, 0, 9), ["m1"]);
    write(&db, |conn| outbox::sent(conn, "m1", NOW.plus(3)));
    // Another one, whose lease had ended, comes late with bad news.
    write(&db, |conn| outbox::failed(conn, "m1", Some(NOW.plus(4)), "no answer"));
    let mail = read(&db, |conn| outbox::list_recent(conn, 9)).remove(0);
    assert_eq!((mail.sent_at, mail.next_attempt_at), (Some(NOW.plus(3)), None));
    assert_eq!((mail.leased_until, mail.last_error), (None, None));
    assert!(claim(&db, 999, 9).is_empty());
    assert_eq!(read(&db, outbox::next_due), None);
    assert_eq!(read(&db, outbox::waiting), 0);
}

fn a_mail_that_failed_comes_again_or_is_given_up(database: &TestDatabase) {
    let db = with_grant(database);
    write(&db, |conn| outbox::insert(conn, &a_mail("m1")));
    let fail = |next: Option<Timestamp>| {
        write(&db, move |conn| outbox::failed(conn, "m1", next, "no an\0swer"));
        read(&db, |conn| outbox::list_recent(conn, 9)).remove(0)
    };
    assert_eq!(claim(&db, 0, 9), ["m1"]);
    let mail = fail(Some(NOW.plus(30)));
    assert_eq!((mail.next_attempt_at, mail.leased_until), (Some(NOW.plus(30)), None));
    assert_eq!((mail.attempts, mail.last_error.as_deref()), (1, Some("no an\u{fffd}swer")));
    assert!(claim(&db, 29, 9).is_empty());
    assert_eq!(claim(&db, 30, 9), ["m1"]);
    let mail = fail(None);
    assert_eq!((mail.next_attempt_at, mail.sent_at, mail.attempts), (None, None, 2));
    assert!(claim(&db, 9_999, 9).is_empty());
}

fn the_newest_mails_are_listed_first(database: &TestDatabase) {
    let db = with_grant(database);
    write(&db, |conn| {
        for (id, at) in [("b", 1), ("a", 1), ("new", 2), ("old", 0)] {
            outbox::insert(conn, &OutboxMail { created_at: NOW.plus(at), ..a_mail(id) })?;
        }
        Ok(())
    });
    let mails = read(&db, |conn| outbox::list_recent(conn, 3));
    let ids: Vec<&str> = mails.iter().map(|mail| mail.id.as_str()).collect();
    assert_eq!(ids, ["new", "a", "b"]);
}
