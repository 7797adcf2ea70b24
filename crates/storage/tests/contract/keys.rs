//! Signing and encryption keys.

use vestibule_model::{
    client::SigningAlg, encryption_key::EncryptionKeyType, signing_key::StoredKey,
};
use vestibule_storage::{Db, StorageError, encryption_key, signing_key, testing::TestDatabase};

use crate::fixtures::{NOW, a_key, an_encryption_key, read, write};

on_both!(
    a_key_lives_through_its_stages,
    an_encryption_key_lives_through_its_stages,
    two_instances_take_turns
);

fn the_key(db: &Db, kid: &str) -> StoredKey {
    read(db, signing_key::list).into_iter().find(|key| key.kid == kid).unwrap()
}

fn a_key_lives_through_its_stages(database: &TestDatabase) {
    let db = database.open();
    write(&db, |conn| {
        signing_key::insert(conn, &a_key("newer", NOW.plus(5)))?;
        signing_key::insert(conn, &a_key("older", NOW))
    });
    let keys = read(&db, signing_key::list);
    let kids: Vec<&str> = keys.iter().map(|key| key.kid.as_str()).collect();
    assert_eq!(kids, ["older", "newer"]);
    assert_eq!((keys[0].alg, keys[0].active_at), (SigningAlg::EdDSA, None));
    let twice = db.write(|conn| signing_key::insert(conn, &a_key("older", NOW))).wait();
    assert_eq!(twice, Err(StorageError::Duplicate { what: "kid" }));

    let activate = |at| write(&db, move |conn| signing_key::activate(conn, "older", at));
    let forget = || write(&db, |conn| signing_key::forget(conn, "older"));
    let retire = |at| write(&db, move |conn| signing_key::retire(conn, "older", at, NOW.plus(100)));
    assert!(activate(NOW.plus(1)));
    assert!(!activate(NOW.plus(2)), "it signs since the first time");
    assert!(!forget(), "a key that may sign keeps its private part");
    assert!(retire(NOW.plus(50)));
    assert!(!retire(NOW.plus(60)));
    assert!(!activate(NOW.plus(70)), "a retired key stays so");
    let key = the_key(&db, "older");
    assert_eq!(key.active_at, Some(NOW.plus(1)));
    assert_eq!((key.retired_at, key.expires_at), (Some(NOW.plus(50)), Some(NOW.plus(100))));
    assert_eq!(key.sealed_private_jwk, "v1.sealed");
    assert!(forget());
    assert!(!forget());
    let key = the_key(&db, "older");
    assert_eq!((key.sealed_private_jwk.as_str(), key.public_jwk.as_str()), ("", "{}"));
    assert!(!write(&db, |conn| signing_key::forget(conn, "unknown")));
}

fn an_encryption_key_lives_through_its_stages(database: &TestDatabase) {
    let db = database.open();
    write(&db, |conn| {
        encryption_key::insert(conn, &an_encryption_key("newer", NOW.plus(5)))?;
        encryption_key::insert(conn, &an_encryption_key("older", NOW))
    });
    let keys = read(&db, encryption_key::list);
    let kids: Vec<&str> = keys.iter().map(|key| key.kid.as_str()).collect();
    assert_eq!(kids, ["older", "newer"]);
    assert_eq!((keys[0].key_type, keys[0].retired_at), (EncryptionKeyType::EcP256, None));
    let again = an_encryption_key("older", NOW);
    let twice = db.write(move |conn| encryption_key::insert(conn, &again)).wait();
    assert_eq!(twice, Err(StorageError::Duplicate { what: "kid" }));

    let forget = || write(&db, |conn| encryption_key::forget(conn, "older"));
    let retire =
        |at| write(&db, move |conn| encryption_key::retire(conn, "older", at, NOW.plus(100)));
    assert!(!forget(), "a key that clients use keeps its private part");
    assert!(retire(NOW.plus(50)));
    assert!(!retire(NOW.plus(60)), "it is retired since the first time");
    let key = read(&db, encryption_key::list).remove(0);
    assert_eq!((key.retired_at, key.expires_at), (Some(NOW.plus(50)), Some(NOW.plus(100))));
    assert_eq!(key.sealed_private_jwk, "v1.sealed");
    assert!(forget());
    assert!(!forget());
    let key = read(&db, encryption_key::list).remove(0);
    assert_eq!((key.sealed_private_jwk.as_str(), key.public_jwk.as_str()), ("", "{}"));
    assert!(!write(&db, |conn| encryption_key::forget(conn, "unknown")));
}

/// Two instances both ask "is there a key?" and make one if not. With the lock only one does.
fn two_instances_take_turns(database: &TestDatabase) {
    let instances = [database.open(), database.open()];
    let pending: Vec<_> = (0..20)
        .map(|number| {
            instances[number % 2].write(move |conn| {
                signing_key::lock(conn)?;
                let first = signing_key::list(conn)?.is_empty();
                if first {
                    signing_key::insert(conn, &a_key(&format!("k{number}"), NOW))?;
                }
                Ok::<bool, StorageError>(first)
            })
        })
        .collect();
    let made = pending.into_iter().map(|one| one.wait().unwrap());
    assert_eq!(made.filter(|made| *made).count(), 1);
    assert_eq!(read(&instances[0], signing_key::list).len(), 1);
}
