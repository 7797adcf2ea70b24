//! Everything that Diesel cannot say for both databases at once: the only file that asks which of
//! them a connection leads to.

use diesel::{
    QueryResult,
    connection::{AnsiTransactionManager, SimpleConnection},
    prelude::*,
    upsert::excluded,
};
use vestibule_model::Timestamp;

use crate::{
    Conn, client_assertion, consent, guess, lease, logout_delivery, revoked_token,
    schema::{
        browser_sessions, client_assertions, consents, guesses, leases, logout_deliveries,
        outbox as mails, revoked_tokens, session_clients, spent_challenges, terms_acceptances,
        users,
    },
    session_client, spent_challenge, terms,
};

/// Names of PostgreSQL's advisory locks, which are numbers: "vsti" in ASCII, then a count. 1 and 5
/// are those of `migrations`.
const SIGNING_KEY_LOCK: i64 = 0x7673_7469_0002;
// 3 keeps tests from making the same template database.
const DATA_KEY_LOCK: i64 = 0x7673_7469_0004;

/// Checks one body against each backend.
macro_rules! on_each {
    ($conn:expr, $inner:ident => $body:expr) => {
        match $conn {
            Conn::Sqlite($inner) => $body,
            Conn::Postgres($inner) => $body,
        }
    };
}

/// The keys of the rows that `$query` selects, held until the transaction ends. PostgreSQL passes over
/// those that somebody else holds; SQLite lets one write at a time.
macro_rules! hold_free {
    ($conn:expr, $query:expr) => {
        match $conn {
            crate::Conn::Sqlite(inner) => $query.load(inner),
            crate::Conn::Postgres(inner) => $query.for_update().skip_locked().load(inner),
        }
    };
}
pub(crate) use hold_free;

pub(crate) mod migrations;

/// Begins a transaction for one job, with `limits` as statements of its own: time limits that end
/// with it. Without `writes` it refuses to.
pub(crate) fn begin_limited(conn: &mut Conn, writes: bool, limits: &str) -> QueryResult<()> {
    let Conn::Postgres(inner) = conn else { return begin_write(conn) };
    let mode = if writes { "" } else { " READ ONLY" };
    let begin = format!("BEGIN ISOLATION LEVEL READ COMMITTED{mode}; {limits}");
    AnsiTransactionManager::begin_transaction_sql(inner, &begin)
}

/// Begins a transaction that will write. SQLite takes its one write lock now, while it may still
/// wait for it: a transaction that first reads and then wants to write may not.
pub(crate) fn begin_write(conn: &mut Conn) -> QueryResult<()> {
    let begin = match conn {
        Conn::Sqlite(_) => "BEGIN IMMEDIATE",
        Conn::Postgres(_) => "BEGIN",
    };
    on_each!(conn, inner => AnsiTransactionManager::begin_transaction_sql(inner, begin))
}

/// Holds off every other instance's rotation of signing keys until this transaction ends.
pub(crate) fn lock_signing_keys(conn: &mut Conn) -> QueryResult<()> {
    lock(conn, SIGNING_KEY_LOCK)
}

/// Holds off every other instance's change to the data keys until this transaction ends.
pub(crate) fn lock_data_keys(conn: &mut Conn) -> QueryResult<()> {
    lock(conn, DATA_KEY_LOCK)
}

/// Takes a lock that ends with the transaction. SQLite's write lock already is one.
fn lock(conn: &mut Conn, name: i64) -> QueryResult<()> {
    match conn {
        Conn::Sqlite(_) => Ok(()),
        Conn::Postgres(inner) => {
            inner.batch_execute(&format!("SELECT pg_advisory_xact_lock({name})"))
        }
    }
}

/// Inserts unless it is there. The count tells which.
pub(crate) fn insert_client_assertion(
    conn: &mut Conn,
    row: &client_assertion::Row,
) -> QueryResult<usize> {
    on_each!(conn, inner => diesel::insert_into(client_assertions::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(inner))
}

/// Inserts unless it is there. The count tells which.
pub(crate) fn insert_spent_challenge(
    conn: &mut Conn,
    row: &spent_challenge::Row,
) -> QueryResult<usize> {
    on_each!(conn, inner => diesel::insert_into(spent_challenges::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(inner))
}

/// Inserts unless it is there.
pub(crate) fn insert_revoked_token(
    conn: &mut Conn,
    row: &revoked_token::Row,
) -> QueryResult<usize> {
    on_each!(conn, inner => diesel::insert_into(revoked_tokens::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(inner))
}

/// Inserts, or takes the place of what is there.
pub(crate) fn upsert_consent(conn: &mut Conn, row: &consent::Row) -> QueryResult<usize> {
    on_each!(conn, inner => diesel::insert_into(consents::table)
        .values(row)
        .on_conflict((consents::user_id, consents::client_id))
        .do_update()
        .set((
            consents::scope.eq(excluded(consents::scope)),
            consents::claims.eq(excluded(consents::claims)),
            consents::granted_at.eq(excluded(consents::granted_at)),
            consents::declined.eq(excluded(consents::declined)),
            consents::wording.eq(excluded(consents::wording)),
        ))
        .execute(inner))
}

/// Inserts unless it is there.
pub(crate) fn insert_acceptance(conn: &mut Conn, row: &terms::Row) -> QueryResult<usize> {
    on_each!(conn, inner => diesel::insert_into(terms_acceptances::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(inner))
}

/// The mails that are due, held until the transaction ends. PostgreSQL passes over rows that somebody
/// else holds; SQLite lets one write at a time.
pub(crate) fn hold_due_mails(
    conn: &mut Conn,
    now: Timestamp,
    limit: i64,
) -> QueryResult<Vec<String>> {
    let due = mails::table
        .filter(mails::next_attempt_at.le(now.0))
        .filter(mails::leased_until.is_null().or(mails::leased_until.le(now.0)))
        .order(mails::next_attempt_at)
        .limit(limit)
        .select(mails::id);
    hold_free!(conn, due)
}

/// The logout tokens that are due to clients other than `busy`, held as [`hold_due_mails`] does.
pub(crate) fn hold_due_logouts(
    conn: &mut Conn,
    now: Timestamp,
    busy: &[&str],
    limit: i64,
) -> QueryResult<Vec<String>> {
    let due = logout_deliveries::table
        .filter(logout_deliveries::next_attempt_at.le(now.0))
        .filter(
            logout_deliveries::leased_until.is_null().or(logout_deliveries::leased_until.le(now.0)),
        )
        .filter(logout_deliveries::client_id.ne_all(busy))
        .order(logout_deliveries::next_attempt_at)
        .limit(limit)
        .select(logout_deliveries::id);
    hold_free!(conn, due)
}

/// Inserts those that are not there.
pub(crate) fn insert_logout_deliveries(
    conn: &mut Conn,
    rows: &[logout_delivery::Row],
) -> QueryResult<usize> {
    let mut count = 0;
    for row in rows {
        count += on_each!(conn, inner => diesel::insert_into(logout_deliveries::table)
            .values(row)
            .on_conflict_do_nothing()
            .execute(inner))?;
    }
    Ok(count)
}

/// Inserts unless it is there.
pub(crate) fn insert_session_client(
    conn: &mut Conn,
    row: &session_client::Row,
) -> QueryResult<usize> {
    on_each!(conn, inner => diesel::insert_into(session_clients::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(inner))
}

/// Whether the session is there; then nobody ends it before this transaction ends. SQLite's write
/// lock already sees to that.
pub(crate) fn keep_session(conn: &mut Conn, id: &str) -> QueryResult<bool> {
    let session = browser_sessions::table.find(id).select(browser_sessions::id);
    let found: Option<String> = match conn {
        Conn::Sqlite(inner) => session.first(inner).optional()?,
        Conn::Postgres(inner) => session.for_key_share().first(inner).optional()?,
    };
    Ok(found.is_some())
}

/// Those of the sessions that are there, by id, held until the transaction ends: whoever is just
/// noting a client of one is waited for, and nobody notes another.
pub(crate) fn hold_sessions(conn: &mut Conn, ids: &[&str]) -> QueryResult<Vec<String>> {
    let sessions = browser_sessions::table
        .filter(browser_sessions::id.eq_any(ids))
        .order(browser_sessions::id)
        .select(browser_sessions::id);
    match conn {
        Conn::Sqlite(inner) => sessions.load(inner),
        Conn::Postgres(inner) => sessions.for_update().load(inner),
    }
}

/// The subject's row, `placeholder` if it had none, held until the transaction ends: PostgreSQL
/// locks a row that an upsert meets, and waits for one that another transaction is just making.
pub(crate) fn hold_guess(conn: &mut Conn, placeholder: &guess::Row) -> QueryResult<guess::Row> {
    on_each!(conn, inner => diesel::insert_into(guesses::table)
        .values(placeholder)
        .on_conflict(guesses::subject)
        .do_update()
        .set(guesses::subject.eq(excluded(guesses::subject)))
        .returning(guess::Row::as_returning())
        .get_result(inner))
}

/// Holds a user's row until the transaction ends. SQLite's write lock already does.
pub(crate) fn hold_user(conn: &mut Conn, id: &str) -> QueryResult<()> {
    match conn {
        Conn::Sqlite(_) => Ok(()),
        Conn::Postgres(inner) => {
            let row = users::table.find(id).select(users::id).for_update();
            row.first::<String>(inner).optional().map(drop)
        }
    }
}

/// Inserts the lease, or takes it if it is over. It is over at its end, if its end cannot be
/// (`impossible`), and if it was given back, except when whoever did was done after `rested`. Returns
/// its fence, which grows; `None` if nothing was changed.
pub(crate) fn upsert_lease(
    conn: &mut Conn,
    row: &lease::Row,
    impossible: i64,
    rested: Timestamp,
) -> QueryResult<Option<i64>> {
    use diesel::query_dsl::methods::FilterDsl;
    let now = row.renewed_at;
    let over = leases::expires_at.le(now).or(leases::expires_at.gt(impossible));
    let rests = leases::done_at.gt(rested.0).and(leases::done_at.le(now));
    let free = over.and(leases::done_at.is_null().or(diesel::dsl::not(rests)));
    on_each!(conn, inner => {
        let upsert = diesel::insert_into(leases::table)
            .values(row)
            .on_conflict(leases::name)
            .do_update()
            .set((
                leases::holder.eq(excluded(leases::holder)),
                leases::fence.eq(leases::fence + 1),
                leases::renewed_at.eq(excluded(leases::renewed_at)),
                leases::expires_at.eq(excluded(leases::expires_at)),
                leases::done_at.eq(excluded(leases::done_at)),
            ));
        FilterDsl::filter(upsert, free).returning(leases::fence).get_result(inner).optional()
    })
}

/// Who has the lease and its fence, held until the transaction ends. SQLite's write lock already
/// does.
pub(crate) fn hold_lease(conn: &mut Conn, name: &str) -> QueryResult<Option<(String, i64)>> {
    let row = leases::table.find(name).select((leases::holder, leases::fence));
    match conn {
        Conn::Sqlite(inner) => row.first(inner).optional(),
        Conn::Postgres(inner) => row.for_update().first(inner).optional(),
    }
}
