//! What only the pages of the account ask.

use vestibule_model::{GrantId, UserId, grant::Grant, mail::OutboxMail, user::User};
use vestibule_storage::{grant, outbox, refresh_token, testing::TestDatabase, user};

use crate::fixtures::{
    NOW, a_grant, a_mail, a_refresh_token, a_use, a_user, hash, read, with_grant, write,
};

on_both!(
    a_grant_was_last_used_when_its_newest_token_was_issued,
    the_mails_to_one_person_are_listed_newest_first,
    only_an_administrator_who_can_and_will_act_is_another_one,
);

fn a_grant_was_last_used_when_its_newest_token_was_issued(database: &TestDatabase) {
    let db = with_grant(database);
    write(&db, |conn| {
        grant::insert(conn, &Grant { id: GrantId::new("g2"), ..a_grant("g2") })?;
        refresh_token::insert(conn, &a_refresh_token("r0", 0))?;
        refresh_token::rotate(conn, &hash("r0"), &a_use("r1"))?;
        let mut second = a_refresh_token("r1", 1);
        second.created_at = NOW.plus(5);
        refresh_token::insert(conn, &second)
    });
    let asked = ["g1", "g2", "unknown"].map(GrantId::new);
    let found = read(&db, move |conn| refresh_token::last_issued(conn, &asked));
    assert_eq!(found, [(GrantId::new("g1"), NOW.plus(5))]);
    assert!(read(&db, |conn| refresh_token::last_issued(conn, &[])).is_empty());
}

fn the_mails_to_one_person_are_listed_newest_first(database: &TestDatabase) {
    let db = with_grant(database);
    write(&db, |conn| {
        for (id, user, later) in [("a", "u1", 0), ("b", "u1", 2), ("c", "u1", 1), ("d", "u2", 3)] {
            let user_id = Some(UserId::new(user));
            outbox::insert(
                conn,
                &OutboxMail { user_id, created_at: NOW.plus(later), ..a_mail(id) },
            )?;
        }
        outbox::insert(conn, &OutboxMail { user_id: None, ..a_mail("e") })
    });
    let listed = |limit| {
        let mails = read(&db, move |conn| outbox::list_of_user(conn, &UserId::new("u1"), limit));
        mails.into_iter().map(|mail| mail.id).collect::<Vec<_>>()
    };
    assert_eq!(listed(9), ["b", "c", "a"]);
    assert_eq!(listed(1), ["b"]);
}

fn only_an_administrator_who_can_and_will_act_is_another_one(database: &TestDatabase) {
    let db = with_grant(database);
    let other = || read(&db, |conn| user::has_other_admin(conn, &UserId::new("a1")));
    let insert = |user: User| write(&db, move |conn| user::insert(conn, &user));
    insert(User { is_admin: true, ..a_user("a1", "one", "one@example.org") });
    assert!(!other());
    insert(User {
        is_admin: true,
        disabled_at: Some(NOW),
        ..a_user("a2", "two", "two@example.org")
    });
    insert(User {
        is_admin: true,
        deletion_at: Some(NOW),
        ..a_user("a3", "three", "3@example.org")
    });
    assert!(!other());
    write(&db, |conn| user::set_deletion(conn, &UserId::new("a3"), None));
    assert!(other());
}
