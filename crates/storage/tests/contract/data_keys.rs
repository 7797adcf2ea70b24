//! Data keys, and the sealed columns that are sealed again under a new one.

use std::collections::BTreeSet;

use vestibule_model::{
    UserId,
    sealed::{SealedColumn, StoredDataKey},
    user::User,
};
use vestibule_storage::{
    Conn, Db, StorageError, client, data_key, encryption_key, outbox,
    resealing::{self, NOT_RESEALED, SealedRow},
    signing_key,
    testing::TestDatabase,
    totp_device, user, verification,
};

use crate::{
    fixtures::{
        NOW, a_client, a_data_key, a_key, a_mail, a_totp_device, a_user, a_verification,
        an_encryption_key, read, write,
    },
    parity::shape,
};

on_both!(
    a_data_key_lives_through_its_stages,
    two_instances_make_one_first_key,
    every_sealed_column_has_its_place,
    every_row_is_on_one_page,
    a_text_is_replaced_only_as_long_as_it_is_the_old_one,
);

fn a_data_key_lives_through_its_stages(database: &TestDatabase) {
    let db = database.open();
    write(&db, |conn| {
        data_key::insert(conn, &a_data_key("newer", NOW.plus(5)))?;
        data_key::insert(conn, &a_data_key("older", NOW))
    });
    let keys = read(&db, data_key::list);
    assert_eq!(keys, [a_data_key("older", NOW), a_data_key("newer", NOW.plus(5))]);
    let twice = db.write(|conn| data_key::insert(conn, &a_data_key("older", NOW))).wait();
    assert_eq!(twice, Err(StorageError::Duplicate { what: "data key" }));

    let retire = |at| write(&db, move |conn| data_key::retire(conn, "older", at));
    let erase = |until| write(&db, move |conn| data_key::erase(conn, "older", until));
    assert!(!erase(NOW.plus(1_000)), "a key that was not retired stays");
    assert!(retire(NOW.plus(50)));
    assert!(!retire(NOW.plus(60)));
    let retired = StoredDataKey { retired_at: Some(NOW.plus(50)), ..a_data_key("older", NOW) };
    assert_eq!(read(&db, data_key::list)[0], retired);
    assert!(!erase(NOW.plus(49)), "it was retired later");
    assert!(erase(NOW.plus(50)));
    assert!(!erase(NOW.plus(50)));
    assert_eq!(read(&db, data_key::list), [a_data_key("newer", NOW.plus(5))]);
}

/// Two instances both ask "is there a key?" and make one if not. With the lock only one does.
fn two_instances_make_one_first_key(database: &TestDatabase) {
    let instances = [database.open(), database.open()];
    let pending: Vec<_> = (0..20)
        .map(|number| {
            instances[number % 2].write(move |conn| {
                data_key::lock(conn)?;
                let first = data_key::list(conn)?.is_empty();
                if first {
                    data_key::insert(conn, &a_data_key(&format!("k{number}"), NOW))?;
                }
                Ok::<bool, StorageError>(first)
            })
        })
        .collect();
    let made = pending.into_iter().map(|one| one.wait().unwrap());
    assert_eq!(made.filter(|made| *made).count(), 1);
    assert_eq!(read(&instances[0], data_key::list).len(), 1);
}

/// Asks the database itself, so that a new sealed column cannot be forgotten.
fn every_sealed_column_has_its_place(database: &TestDatabase) {
    let shape = shape(&mut database.connect().unwrap());
    let there: BTreeSet<&str> = shape
        .iter()
        .filter_map(|line| line.strip_prefix("column ")?.split(' ').next())
        .filter(|name| name.contains(".sealed_"))
        .collect();
    let resealed = SealedColumn::ALL.map(SealedColumn::name);
    let known: BTreeSet<&str> = resealed.iter().chain(&NOT_RESEALED).copied().collect();
    assert_eq!(there, known, "a sealed column is in SealedColumn::ALL or in NOT_RESEALED");
    assert_eq!(known.len(), resealed.len() + NOT_RESEALED.len(), "and not in both");
}

/// A row in every sealed column; its primary key is `id`.
fn insert_sealed(conn: &mut Conn, id: &str, text: &str) -> Result<(), StorageError> {
    let mut key = a_key(id, NOW);
    key.sealed_private_jwk = text.to_owned();
    signing_key::insert(conn, &key)?;
    let sealed_profile = Some(text.to_owned());
    user::insert(conn, &User { sealed_profile, ..a_user(id, id, &format!("{id}@example.org")) })?;
    let mut device = a_totp_device(id);
    (device.sealed_secret, device.user_id) = (text.to_owned(), UserId::new(id));
    totp_device::insert(conn, &device)?;
    let mut mail = a_mail(id);
    mail.sealed_message = text.to_owned();
    outbox::insert(conn, &mail)?;
    let mut sent = a_verification(id);
    (sent.sealed_data, sent.user_id) = (Some(text.to_owned()), Some(UserId::new(id)));
    verification::insert(conn, &sent)?;
    let mut client = a_client(id);
    client.sealed_secret = Some(text.to_owned());
    client::insert(conn, &client)?;
    let mut key = an_encryption_key(id, NOW);
    key.sealed_private_jwk = text.to_owned();
    encryption_key::insert(conn, &key)
}

fn page(db: &Db, column: SealedColumn, after: &str, limit: i64) -> Vec<SealedRow> {
    let after = after.to_owned();
    read(db, move |conn| resealing::page(conn, column, &after, limit))
}

fn row(id: &str, text: Option<&str>) -> SealedRow {
    SealedRow { id: id.to_owned(), text: text.map(str::to_owned) }
}

fn every_row_is_on_one_page(database: &TestDatabase) {
    let db = database.open();
    write(&db, |conn| {
        for number in [3, 1, 2] {
            insert_sealed(conn, &format!("r{number}"), &format!("v1.text-{number}"))?;
        }
        Ok(())
    });
    for column in SealedColumn::ALL {
        let first = page(&db, column, "", 2);
        assert_eq!(first, [row("r1", Some("v1.text-1")), row("r2", Some("v1.text-2"))]);
        assert_eq!(page(&db, column, "r2", 2), [row("r3", Some("v1.text-3"))], "{column:?}");
        assert_eq!(page(&db, column, "r3", 2), []);
    }
    // Rows without a text do not end a page early.
    write(&db, |conn| {
        let mut forgotten = a_key("r0", NOW);
        forgotten.sealed_private_jwk = String::new();
        signing_key::insert(conn, &forgotten)?;
        user::insert(conn, &a_user("r0", "r0", "r0@example.org"))
    });
    for column in [SealedColumn::SigningKey, SealedColumn::Profile] {
        assert_eq!(page(&db, column, "", 1), [row("r0", None)], "{column:?}");
    }
}

fn a_text_is_replaced_only_as_long_as_it_is_the_old_one(database: &TestDatabase) {
    let db = database.open();
    write(&db, |conn| {
        insert_sealed(conn, "r1", "v1.old")?;
        insert_sealed(conn, "r2", "v1.old")
    });
    for column in SealedColumn::ALL {
        let replace = |old: &'static str, new: &'static str| {
            write(&db, move |conn| resealing::replace(conn, column, "r1", old, new))
        };
        assert!(replace("v1.old", "v2.new"), "{column:?}");
        assert!(!replace("v1.old", "v2.other"), "{column:?}: it changed meanwhile");
        let rows = page(&db, column, "", 9);
        assert_eq!(rows, [row("r1", Some("v2.new")), row("r2", Some("v1.old"))], "{column:?}");
        let gone = write(&db, move |conn| {
            resealing::replace(conn, column, "no such row", "v1.old", "v2.new")
        });
        assert!(!gone, "{column:?}");
    }
}
