//! Up, down and up again.

use diesel::connection::SimpleConnection;
use vestibule_model::UserId;
use vestibule_storage::{Db, StorageError, testing::TestDatabase, user};

use crate::{
    fixtures::{read, with_grant},
    parity::shape,
};

on_both!(
    up_down_and_up_again_gives_the_same_tables,
    running_them_twice_changes_nothing,
    a_newer_programs_database_is_refused,
);

fn up_down_and_up_again_gives_the_same_tables(database: &TestDatabase) {
    let before = shape(&mut database.connect().unwrap());
    assert!(before.len() > 80, "{before:#?}");
    database.revert().unwrap();
    assert!(shape(&mut database.connect().unwrap()).is_empty());
    database.migrate().unwrap();
    assert_eq!(shape(&mut database.connect().unwrap()), before);
    drop(with_grant(database));
}

fn running_them_twice_changes_nothing(database: &TestDatabase) {
    drop(with_grant(database));
    database.migrate().unwrap();
    let db = database.open();
    assert!(read(&db, |conn| user::find(conn, &UserId::new("u1"))).is_some());
}

fn a_newer_programs_database_is_refused(database: &TestDatabase) {
    let insert = "INSERT INTO __diesel_schema_migrations (version) VALUES ('29990101000000')";
    database.connect().unwrap().batch_execute(insert).unwrap();
    let refused = Db::open(database.settings()).unwrap_err();
    assert!(matches!(&refused, StorageError::Migration(why) if why.contains("29990101000000")));
}
