//! A look at a PostgreSQL server.

use diesel::{
    PgConnection, QueryableByName, RunQueryDsl, sql_query,
    sql_types::{BigInt, Bool, Text},
};

use crate::StorageError;

/// What can be said of a PostgreSQL server and of our role there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostgresFacts {
    /// The server.
    pub server: ServerFacts,
    /// Tables of ours in which the role may not do what the server does; empty if there are none.
    pub closed: Vec<String>,
    /// Tables with more dead rows than live ones, worst first.
    pub bloated: Vec<Bloated>,
}

/// One row of the server's own views.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
#[expect(clippy::struct_excessive_bools, reason = "they are answers to questions of their own")]
pub struct ServerFacts {
    /// Such as `17.5 (Debian 17.5-1)`.
    #[diesel(sql_type = Text)]
    pub version: String,
    /// Such as 170005.
    #[diesel(sql_type = BigInt)]
    pub version_number: i64,
    /// Whether it is a standby.
    #[diesel(sql_type = Bool)]
    pub in_recovery: bool,
    /// Whether transactions may only read unless they ask for more.
    #[diesel(sql_type = Bool)]
    pub read_only: bool,
    /// Such as `on`.
    #[diesel(sql_type = Text)]
    pub synchronous_commit: String,
    /// Whether a commit waits for the disk at all.
    #[diesel(sql_type = Bool)]
    pub fsync: bool,
    /// Whether half-written pages can be mended.
    #[diesel(sql_type = Bool)]
    pub full_page_writes: bool,
    /// Such as `UTF8`.
    #[diesel(sql_type = Text)]
    pub encoding: String,
    /// How many connections there may be that are not a superuser's.
    #[diesel(sql_type = BigInt)]
    pub connection_limit: i64,
    /// How many there are.
    #[diesel(sql_type = BigInt)]
    pub connections: i64,
    /// Whether the server is on this machine: over a socket, or a loopback address.
    #[diesel(sql_type = Bool)]
    pub is_local: bool,
    /// `TLSv1.3` and the like; empty if the connection is not encrypted.
    #[diesel(sql_type = Text)]
    pub tls: String,
    /// Whether the role may make tables.
    #[diesel(sql_type = Bool)]
    pub may_create: bool,
    /// Whether the role may do everything.
    #[diesel(sql_type = Bool)]
    pub is_superuser: bool,
    /// The server's clock, in Unix time.
    #[diesel(sql_type = BigInt)]
    pub now: i64,
    /// For how many seconds the oldest transaction in this database has been open.
    #[diesel(sql_type = BigInt)]
    pub longest_transaction: i64,
}

/// A table that holds more dead rows than live ones.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct Bloated {
    /// The table.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// Rows.
    #[diesel(sql_type = BigInt)]
    pub live: i64,
    /// Rows that are gone, and still take up space.
    #[diesel(sql_type = BigInt)]
    pub dead: i64,
}

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

const SERVER: &str = "
SELECT current_setting('server_version') AS version,
       current_setting('server_version_num')::bigint AS version_number,
       pg_is_in_recovery() AS in_recovery,
       current_setting('default_transaction_read_only')::bool AS read_only,
       current_setting('synchronous_commit') AS synchronous_commit,
       current_setting('fsync')::bool AS fsync,
       current_setting('full_page_writes')::bool AS full_page_writes,
       current_setting('server_encoding') AS encoding,
       current_setting('max_connections')::bigint
           - current_setting('superuser_reserved_connections')::bigint
           - coalesce(current_setting('reserved_connections', true), '0')::bigint
           AS connection_limit,
       (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend')
           AS connections,
       coalesce(inet_server_addr() <<= '127.0.0.0/8' OR inet_server_addr() = '::1', true)
           AS is_local,
       coalesce((SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid() AND ssl), '') AS tls,
       coalesce(has_schema_privilege(current_schema(), 'CREATE'), false) AS may_create,
       coalesce((SELECT rolsuper FROM pg_roles WHERE rolname = current_user), false)
           AS is_superuser,
       extract(epoch FROM clock_timestamp())::bigint AS now,
       coalesce((SELECT max(extract(epoch FROM clock_timestamp() - xact_start))
                 FROM pg_stat_activity
                 WHERE datname = current_database() AND pid <> pg_backend_pid()
                     AND backend_type = 'client backend'), 0)::bigint AS longest_transaction";

/// Whoever keeps the audit log from being changed means it.
const CLOSED: &str = "
SELECT relname::text AS name
FROM pg_class
WHERE oid IN (to_regclass('users'), to_regclass('clients'), to_regclass('browser_sessions'),
              to_regclass('grants'), to_regclass('authorization_codes'),
              to_regclass('refresh_tokens'), to_regclass('outbox'), to_regclass('audit_events'))
    AND NOT (has_table_privilege(oid, 'SELECT') AND has_table_privilege(oid, 'INSERT')
        AND (relname = 'audit_events'
            OR has_table_privilege(oid, 'UPDATE') AND has_table_privilege(oid, 'DELETE')))
ORDER BY relname";

/// Fewer dead rows than that are nothing to speak of.
const BLOATED: &str = "
SELECT relname::text AS name, n_live_tup AS live, n_dead_tup AS dead
FROM pg_stat_user_tables
WHERE n_dead_tup > 10000 AND n_dead_tup > n_live_tup
ORDER BY n_dead_tup DESC
LIMIT 3";

pub(super) fn facts(conn: &mut PgConnection) -> Result<PostgresFacts, StorageError> {
    let server = sql_query(SERVER).get_result(conn)?;
    let closed: Vec<Name> = sql_query(CLOSED).load(conn)?;
    let bloated = sql_query(BLOATED).load(conn)?;
    let closed = closed.into_iter().map(|table| table.name).collect();
    Ok(PostgresFacts { server, closed, bloated })
}
