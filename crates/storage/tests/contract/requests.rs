//! Interactions.

use vestibule_model::{InteractionId, SessionId, interaction::Progress};
use vestibule_storage::{StorageError, interaction, testing::TestDatabase};

use crate::fixtures::{NOW, a_request, an_interaction, read, with_grant, write};

on_both!(
    a_request_comes_back_as_it_was_checked,
    progress_is_kept,
    a_request_of_no_client_is_refused
);

fn a_request_comes_back_as_it_was_checked(database: &TestDatabase) {
    let db = with_grant(database);
    write(&db, |conn| interaction::insert(conn, &an_interaction("i1")));
    let found = read(&db, |conn| interaction::find(conn, &InteractionId::new("i1"))).unwrap();
    assert_eq!(found.request, a_request(), "with the U+0000 in its state");
    assert_eq!(found.progress, Progress::default());
    assert_eq!((found.created_at, found.expires_at), (NOW, NOW.plus(1_800)));
    for unknown in ["i2", "", "\0"] {
        let found = read(&db, move |conn| interaction::find(conn, &InteractionId::new(unknown)));
        assert!(found.is_none());
    }
}

fn progress_is_kept(database: &TestDatabase) {
    let db = with_grant(database);
    let id = || InteractionId::new("i1");
    write(&db, |conn| interaction::insert(conn, &an_interaction("i1")));
    let progress = Progress {
        signed_in: Some(SessionId::new("s1")),
        consented: Some(SessionId::new("s2")),
        denied: true,
        ..Progress::default()
    };
    let same = progress.clone();
    assert!(write(&db, move |conn| interaction::save_progress(conn, &id(), &progress)));
    assert_eq!(read(&db, move |conn| interaction::find(conn, &id())).unwrap().progress, same);
    let gone = InteractionId::new("gone");
    assert!(!write(&db, move |conn| interaction::save_progress(conn, &gone, &same)));
}

fn a_request_of_no_client_is_refused(database: &TestDatabase) {
    let db = database.open();
    let refused = db.write(|conn| interaction::insert(conn, &an_interaction("i1"))).wait();
    assert!(matches!(refused, Err(StorageError::Inconsistent(_))), "{refused:?}");
}
