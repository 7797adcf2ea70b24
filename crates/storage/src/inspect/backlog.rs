//! What waits for the jobs: rows that are over, and mails.

use diesel::{dsl::min, prelude::*};
use vestibule_model::Timestamp;

use crate::{
    Conn, StorageError,
    expiry::{CLOCK_MARGIN, REUSE_KNOWN_FOR},
    outbox::waiting,
    schema::{
        authorization_codes, browser_sessions, client_assertions, grants, interactions, leases,
        opaque_access_tokens, outbox, refresh_tokens, revoked_tokens, sign_ins,
    },
};

/// The oldest end that a row still there has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// The table.
    pub table: &'static str,
    /// When a sweep could have removed that row, which may be to come.
    pub removable_at: Timestamp,
}

/// The mails that neither left nor were given up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mails {
    /// How many.
    pub waiting: i64,
    /// When the oldest of them was written.
    pub oldest: Option<Timestamp>,
    /// Why the last attempt at that one failed.
    pub last_error: Option<String>,
}

/// A lease as it rests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaseSeen {
    /// Which work.
    pub name: String,
    /// Who does it, or did it last.
    pub holder: String,
    /// When it ends; 0 if it was given back.
    pub expires_at: Timestamp,
    /// When the work was last done to its end, as far as that is noted.
    pub done_at: Option<Timestamp>,
}

/// The oldest end in `$table`, each by its index.
macro_rules! oldest {
    ($conn:ident, $found:ident, $table:ident, $kept:expr) => {{
        let oldest: Option<i64> = $table::table.select(min($table::expires_at)).first($conn)?;
        $found.extend(oldest.map(|end| Ended {
            table: stringify!($table),
            removable_at: Timestamp(end).plus($kept),
        }));
    }};
}

/// The tables that grow with the traffic.
pub(super) fn ended(conn: &mut Conn) -> Result<Vec<Ended>, StorageError> {
    let mut found = Vec::new();
    oldest!(conn, found, browser_sessions, 0);
    oldest!(conn, found, sign_ins, 0);
    oldest!(conn, found, opaque_access_tokens, 0);
    oldest!(conn, found, revoked_tokens, CLOCK_MARGIN);
    oldest!(conn, found, client_assertions, CLOCK_MARGIN);
    oldest!(conn, found, interactions, REUSE_KNOWN_FOR);
    oldest!(conn, found, authorization_codes, REUSE_KNOWN_FOR);
    oldest!(conn, found, refresh_tokens, REUSE_KNOWN_FOR);
    oldest!(conn, found, grants, REUSE_KNOWN_FOR);
    Ok(found)
}

pub(super) fn leases(conn: &mut Conn) -> Result<Vec<LeaseSeen>, StorageError> {
    let rows: Vec<(String, String, i64, Option<i64>)> = leases::table
        .order(leases::name)
        .select((leases::name, leases::holder, leases::expires_at, leases::done_at))
        .load(conn)?;
    let seen =
        |(name, holder, expires_at, done_at): (String, String, i64, Option<i64>)| LeaseSeen {
            name,
            holder,
            expires_at: Timestamp(expires_at),
            done_at: done_at.map(Timestamp),
        };
    Ok(rows.into_iter().map(seen).collect())
}

pub(super) fn mails(conn: &mut Conn) -> Result<Mails, StorageError> {
    let oldest: Option<(i64, Option<String>)> = outbox::table
        .filter(outbox::next_attempt_at.gt(i64::MIN))
        .order(outbox::created_at)
        .select((outbox::created_at, outbox::last_error))
        .first(conn)
        .optional()?;
    let waiting = waiting(conn)?;
    let (oldest, last_error) = oldest.map_or((None, None), |(at, why)| (Some(Timestamp(at)), why));
    Ok(Mails { waiting, oldest, last_error })
}
