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
    Conn, audit, client_assertion, consent, guess, lease, logout_delivery, revoked_token,
    schema::{
        audit_events, browser_sessions, client_assertions, consents, guesses, leases,
        logout_deliveries, outbox as mails, revoked_tokens, session_clients, spent_challenges,
        terms_acceptances, users,
    },
    session_client, spent_challenge, terms,
};

/// Names of PostgreSQL's advisory locks, which are numbers: "vsti" in ASCII, then a count. 1 and 5
/// are those of `migrations`.
const SIGNING_KEY_LOCK: i64 = 0x7673_7469_0002;
// 3 keeps tests from making the same template database.
const DATA_KEY_LOCK: i64 = 0x7673_7469_0004;
/// Every session of ours shares it, as long as it lasts: a restore looks for those who have it,
/// whatever they call themselves.
pub(crate) const IN_USE_LOCK: i64 = 0x7673_7469_0006;

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

/// Inserts all of them by one statement.
pub(crate) fn insert_audit_events(conn: &mut Conn, rows: &[audit::NewRow]) -> QueryResult<usize> {
    on_each!(conn, inner => diesel::insert_into(audit_events::table).values(rows).execute(inner))
}

/// Inserts unless it is there. The count tells which.
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

/// Clocks are never that far apart, in seconds: a row from later than that was written under a clock
/// that was wrong, and so was the time at which it is due.
const ASTRAY: i64 = 60;

/// Gives the ids of rows of `$queue` that are due, held until the transaction ends, the longest due
/// first, and then those that went astray: they are due now. PostgreSQL passes over rows that somebody
/// else holds; SQLite lets one write at a time.
macro_rules! hold_due {
    ($conn:expr, $queue:ident, $now:expr, $limit:expr, $wanted:expr) => {{
        let (now, limit): (Timestamp, i64) = ($now, $limit);
        let free = || {
            $queue::table
                .filter($queue::leased_until.is_null().or($queue::leased_until.le(now.0)))
                .filter($wanted)
                .order($queue::next_attempt_at)
                .select($queue::id)
        };
        let due = free().filter($queue::next_attempt_at.le(now.0)).limit(limit);
        let mut ids: Vec<String> = hold_free!($conn, due)?;
        let left = limit - i64::try_from(ids.len()).unwrap_or(limit);
        if left > 0 {
            let astray = free()
                .filter($queue::next_attempt_at.gt(now.0))
                .filter($queue::created_at.gt(now.plus(ASTRAY).0))
                // Once tried, they are due when the clock that is right now says so.
                .filter($queue::attempts.eq(0))
                .limit(left);
            let found: Vec<String> = hold_free!($conn, astray)?;
            ids.extend(found);
        }
        Ok(ids)
    }};
}

/// The mails that are due, held.
pub(crate) fn hold_due_mails(
    conn: &mut Conn,
    now: Timestamp,
    limit: i64,
) -> QueryResult<Vec<String>> {
    hold_due!(conn, mails, now, limit, mails::id.is_not_null())
}

/// The logout tokens that are due to clients other than `busy`, held.
pub(crate) fn hold_due_logouts(
    conn: &mut Conn,
    now: Timestamp,
    busy: &[&str],
    limit: i64,
) -> QueryResult<Vec<String>> {
    hold_due!(conn, logout_deliveries, now, limit, logout_deliveries::client_id.ne_all(busy))
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

/// Inserts the counter, or counts one more in the one that began less than `window` seconds before,
/// or, by a clock that differs, after it.
pub(crate) fn count_guess(
    conn: &mut Conn,
    first: &guess::Row,
    window: i64,
) -> QueryResult<guess::Row> {
    use diesel::dsl::case_when;
    let (now, end) = (first.first_at, first.expires_at);
    let is_open = || guesses::first_at.gt(now - window).and(guesses::first_at.lt(now + window));
    on_each!(conn, inner => diesel::insert_into(guesses::table)
        .values(first)
        .on_conflict(guesses::subject)
        .do_update()
        .set((
            guesses::failures.eq(case_when(is_open(), guesses::failures + 1).otherwise(1)),
            guesses::first_at.eq(case_when(is_open(), guesses::first_at).otherwise(now)),
            guesses::last_at.eq(now),
            guesses::expires_at.eq(case_when(is_open(), guesses::expires_at).otherwise(end)),
        ))
        .returning(guess::Row::as_returning())
        .get_result(inner))
}

/// Lets this transaction's commit be answered before it is on PostgreSQL's disk. SQLite syncs once
/// for all that wait.
pub(crate) fn commit_without_waiting(conn: &mut Conn) -> QueryResult<()> {
    match conn {
        Conn::Sqlite(_) => Ok(()),
        Conn::Postgres(inner) => inner.batch_execute("SET LOCAL synchronous_commit = off"),
    }
}

/// Whether the user's consent is there; then nobody deletes it before this transaction ends.
/// SQLite's write lock already sees to that.
pub(crate) fn keep_consent(conn: &mut Conn, user: &str, client: &str) -> QueryResult<bool> {
    let consent = consents::table.find((user, client)).select(consents::granted_at);
    let found: Option<i64> = match conn {
        Conn::Sqlite(inner) => consent.first(inner).optional()?,
        Conn::Postgres(inner) => consent.for_key_share().first(inner).optional()?,
    };
    Ok(found.is_some())
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
