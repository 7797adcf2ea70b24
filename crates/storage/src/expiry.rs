//! Rows that are over.

use diesel::prelude::*;
use vestibule_model::Timestamp;

use crate::{
    Conn, StorageError,
    schema::{
        authorization_codes, browser_sessions, client_assertions, clients, devices, grants,
        guesses, initial_access_tokens, interactions, logout_deliveries, opaque_access_tokens,
        outbox, refresh_tokens, revoked_tokens, setup_links, sign_ins, spent_challenges,
        verifications,
    },
};

/// How long a row stays after its end where a late use must still be told from nonsense: codes,
/// refresh tokens, the grants they hang on, interactions, links and codes of mails. In seconds.
pub const REUSE_KNOWN_FOR: i64 = 86_400;

/// How long the sealed reply to a refresh stays, in seconds: far longer than any sensible grace.
pub const SEALED_REPLY_KEPT: i64 = 3_600;

/// How long the marks against replay outlive the token they stop: clocks differ. In seconds.
pub const CLOCK_MARGIN: i64 = 600;

/// Deletes rows of `$table` whose `$end` is not after `$before`, oldest first.
macro_rules! delete_ended {
    ($conn:ident, $table:ident, $key:ident, $before:expr, $batch:ident) => {{
        let other = diesel::alias!($table as other);
        let ended = other
            .filter(other.field($table::expires_at).le($before.0))
            .order(other.field($table::expires_at))
            .limit($batch)
            .select(other.field($table::$key));
        diesel::delete($table::table.filter($table::$key.eq_any(ended))).execute($conn)?
    }};
}

/// Deletes what is over, at most `batch` rows of each table and those that hang on them, so that no
/// transaction grows long. Returns how many rows it touched; 0 means that nothing is left to do.
/// Signing keys and the audit log have no end.
pub fn delete_expired(conn: &mut Conn, now: Timestamp, batch: i64) -> Result<usize, StorageError> {
    let forgotten = now.plus(-REUSE_KNOWN_FOR);
    let replayed = now.plus(-CLOCK_MARGIN);
    let mut count = forget_sealed_replies(conn, now.plus(-SEALED_REPLY_KEPT), batch)?;
    count += delete_ended!(conn, browser_sessions, id, now, batch);
    count += delete_ended!(conn, setup_links, hash, now, batch);
    count += delete_ended!(conn, sign_ins, id, now, batch);
    count += delete_ended!(conn, spent_challenges, hash, now, batch);
    count += delete_ended!(conn, devices, id, now, batch);
    count += delete_ended!(conn, guesses, subject, now, batch);
    count += delete_ended!(conn, outbox, id, now, batch);
    count += delete_ended!(conn, logout_deliveries, id, now, batch);
    count += delete_ended!(conn, verifications, id, forgotten, batch);
    count += delete_ended!(conn, opaque_access_tokens, hash, now, batch);
    count += delete_ended!(conn, revoked_tokens, jti, replayed, batch);
    count += delete_ended_assertions(conn, replayed, batch)?;
    count += delete_ended!(conn, interactions, id, forgotten, batch);
    count += delete_ended!(conn, authorization_codes, hash, forgotten, batch);
    count += delete_ended!(conn, refresh_tokens, hash, forgotten, batch);
    count += delete_ended!(conn, grants, id, forgotten, batch);
    count += delete_ended!(conn, initial_access_tokens, id, now, batch);
    count += delete_unused_clients(conn, now, batch)?;
    Ok(count)
}

/// Client assertions, whose key has two parts: another client's mark for the same `jti` stays.
fn delete_ended_assertions(
    conn: &mut Conn,
    before: Timestamp,
    batch: i64,
) -> Result<usize, StorageError> {
    let other = diesel::alias!(client_assertions as other);
    let ended = other
        .filter(other.field(client_assertions::expires_at).le(before.0))
        .order(other.field(client_assertions::expires_at))
        .limit(batch)
        .select(other.field(client_assertions::jti_hash));
    let assertions = client_assertions::table
        .filter(client_assertions::jti_hash.eq_any(ended))
        .filter(client_assertions::expires_at.le(before.0));
    Ok(diesel::delete(assertions).execute(conn)?)
}

/// Clients that registered themselves and that nobody signed in with in time.
fn delete_unused_clients(
    conn: &mut Conn,
    now: Timestamp,
    batch: i64,
) -> Result<usize, StorageError> {
    let other = diesel::alias!(clients as other);
    let unused = other
        .filter(other.field(clients::unused_until).le(now.0))
        .order(other.field(clients::unused_until))
        .limit(batch)
        .select(other.field(clients::id));
    // Asked again of the row itself: somebody may sign in with it at this moment.
    let clients =
        clients::table.filter(clients::id.eq_any(unused)).filter(clients::unused_until.le(now.0));
    Ok(diesel::delete(clients).execute(conn)?)
}

/// Drops the sealed replies of uses not after `before`: they are large, and useless after the grace.
fn forget_sealed_replies(
    conn: &mut Conn,
    before: Timestamp,
    batch: i64,
) -> Result<usize, StorageError> {
    let other = diesel::alias!(refresh_tokens as other);
    let stale = other
        .filter(other.field(refresh_tokens::sealed_reply).is_not_null())
        .filter(other.field(refresh_tokens::used_at).le(before.0))
        .order(other.field(refresh_tokens::used_at))
        .limit(batch)
        .select(other.field(refresh_tokens::hash));
    let tokens = refresh_tokens::table.filter(refresh_tokens::hash.eq_any(stale));
    let none: Option<String> = None;
    Ok(diesel::update(tokens).set(refresh_tokens::sealed_reply.eq(none)).execute(conn)?)
}
