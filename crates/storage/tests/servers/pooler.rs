//! A pooler in transaction mode is in between: the session after a transaction is somebody else's.
//! What the repositories promise is held through it too, see `contract/`.

use diesel::{Connection, PgConnection, RunQueryDsl, sql_types::Text};
use vestibule_storage::{Conn, StorageError, testing::TestDatabase, user};

use crate::cluster::{is_marked, mark};

#[derive(diesel::QueryableByName)]
struct Session {
    #[diesel(sql_type = Text)]
    said: String,
}

/// What a session is set to: time limits, whether it may write, how many statements it knows.
const ASK: &str = "SELECT concat_ws(' ', current_setting('statement_timeout'),
        current_setting('lock_timeout'), current_setting('transaction_read_only'),
        (SELECT count(*) FROM pg_prepared_statements)) AS said";

fn session(conn: &mut PgConnection) -> String {
    diesel::sql_query(ASK).get_result::<Session>(conn).unwrap().said
}

#[test]
fn each_transaction_has_its_limits_and_leaves_nothing_behind() {
    let database = TestDatabase::pooled();
    let db = database.open();
    for number in 0..20 {
        let jti = format!("{number}");
        mark(&db, &jti).wait().unwrap();
        assert_eq!(is_marked(&db, &jti), Ok(true));
        db.read(user::has_admin).wait().unwrap();
    }
    let inside = |conn: &mut Conn| match conn {
        Conn::Postgres(conn) => Ok::<_, StorageError>(session(conn)),
        Conn::Sqlite(_) => unreachable!(),
    };
    assert_eq!(db.read(inside).wait().unwrap(), "10s 2s on 0");
    assert_eq!(db.write(inside).wait().unwrap(), "10s 2s off 0");
    for _ in 0..20 {
        let mut other = PgConnection::establish(&database.url()).unwrap();
        assert_eq!(session(&mut other), "0 0 off 0");
    }
    let refused = db.read(|conn| {
        vestibule_storage::revoked_token::insert(
            conn,
            "a read does not write",
            vestibule_model::Timestamp(1),
        )
    });
    assert!(refused.wait().is_err());
}
