//! A look at a PostgreSQL replica.

use diesel::{
    PgConnection, QueryableByName, RunQueryDsl, sql_query,
    sql_types::{BigInt, Bool, Nullable, Text},
};

use crate::StorageError;

/// How far a replica is.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct ReplicaFacts {
    /// Whether it is a replica at all.
    #[diesel(sql_type = Bool)]
    pub in_recovery: bool,
    /// Up to where it has carried out the primary's log, such as `0/3000148`.
    #[diesel(sql_type = Nullable<Text>)]
    pub replayed: Option<String>,
    /// How many seconds ago the last transaction that it carried out was committed. Grows while the
    /// primary rests.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub seconds: Option<i64>,
}

#[derive(QueryableByName)]
struct Position {
    #[diesel(sql_type = Nullable<Text>)]
    position: Option<String>,
}

pub(super) fn facts(conn: &mut PgConnection) -> Result<ReplicaFacts, StorageError> {
    Ok(sql_query(
        "SELECT pg_is_in_recovery() AS in_recovery,
                pg_last_wal_replay_lsn()::text AS replayed,
                extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp())::bigint
                    AS seconds",
    )
    .get_result(conn)?)
}

pub(super) fn log_position(conn: &mut PgConnection) -> Result<Option<String>, StorageError> {
    let row: Position = sql_query(
        "SELECT CASE WHEN pg_is_in_recovery() THEN NULL ELSE pg_current_wal_lsn()::text END
             AS position",
    )
    .get_result(conn)?;
    Ok(row.position)
}
