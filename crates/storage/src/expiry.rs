//! Rows that are over.

use diesel::prelude::*;
use vestibule_model::Timestamp;

use crate::{
    Conn, StorageError,
    changes::{Kind, note},
    dialect::hold_free,
    schema::{
        audit_events, authorization_codes, browser_sessions, client_assertions, clients,
        consent_records, devices, grants, guesses, initial_access_tokens, interactions,
        logout_deliveries, opaque_access_tokens, outbox, refresh_tokens, revoked_tokens,
        setup_links, sign_ins, spent_challenges, verifications,
    },
};

/// How long a row stays after its end where a late use must still be told from nonsense: codes,
/// refresh tokens, the grants they hang on, interactions, links and codes of mails. In seconds.
pub const REUSE_KNOWN_FOR: i64 = 86_400;

/// How long the sealed reply to a refresh stays, in seconds: far longer than any sensible grace.
pub const SEALED_REPLY_KEPT: i64 = 3_600;

/// How long the marks against replay outlive the token they stop: clocks differ, and jump. In seconds.
pub const CLOCK_MARGIN: i64 = 43_200;

/// How many seconds records stay that have no end of their own; `None` is for ever.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// Lines of the audit log.
    pub audit: Option<i64>,
    /// Answers to the question of consent.
    pub consent_records: Option<i64>,
    /// Mails that left or were given up: at their own end in any case.
    pub mails: Option<i64>,
}

/// Gives `$act` the table, its key, the column of its end, and how long it stays after that. The one
/// place that knows them. What is deleted in another way has an arm of its own.
macro_rules! on_ended {
    ($ended:expr, $act:ident, $($other:tt)*) => {
        match $ended {
            Ended::BrowserSessions => $act!(browser_sessions, id, 0),
            Ended::SetupLinks => $act!(setup_links, hash, 0),
            Ended::SignIns => $act!(sign_ins, id, 0),
            Ended::SpentChallenges => $act!(spent_challenges, hash, CLOCK_MARGIN),
            Ended::Devices => $act!(devices, id, 0),
            Ended::Guesses => $act!(guesses, subject, 0),
            Ended::Mails => $act!(outbox, id, 0),
            Ended::LogoutDeliveries => $act!(logout_deliveries, id, 0),
            Ended::Verifications => $act!(verifications, id, REUSE_KNOWN_FOR),
            Ended::OpaqueAccessTokens => $act!(opaque_access_tokens, hash, 0),
            Ended::RevokedTokens => $act!(revoked_tokens, jti, CLOCK_MARGIN),
            Ended::Interactions => $act!(interactions, id, REUSE_KNOWN_FOR),
            Ended::AuthorizationCodes => $act!(authorization_codes, hash, REUSE_KNOWN_FOR),
            Ended::RefreshTokens => $act!(refresh_tokens, hash, REUSE_KNOWN_FOR),
            Ended::Grants => $act!(grants, id, REUSE_KNOWN_FOR),
            Ended::InitialAccessTokens => $act!(initial_access_tokens, id, 0),
            $($other)*
        }
    };
}

macro_rules! kinds {
    ($($kind:ident $name:literal,)+) => {
        /// A kind of row that ends. Those that hang on others come before them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Ended {
            $(#[doc = concat!("Rows of `", $name, "`.")] $kind,)+
        }

        impl Ended {
            /// Every kind, in the order in which they go.
            pub const ALL: [Self; [$($name),+].len()] = [$(Self::$kind),+];

            /// Its table.
            #[must_use]
            pub const fn table(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)+
                }
            }
        }
    };
}

kinds! {
    SealedReplies "refresh_tokens.sealed_reply",
    BrowserSessions "browser_sessions",
    SetupLinks "setup_links",
    SignIns "sign_ins",
    SpentChallenges "spent_challenges",
    Devices "devices",
    Guesses "guesses",
    Mails "outbox",
    LogoutDeliveries "logout_deliveries",
    Verifications "verifications",
    OpaqueAccessTokens "opaque_access_tokens",
    RevokedTokens "revoked_tokens",
    ClientAssertions "client_assertions",
    Interactions "interactions",
    AuthorizationCodes "authorization_codes",
    RefreshTokens "refresh_tokens",
    Grants "grants",
    InitialAccessTokens "initial_access_tokens",
    Clients "clients",
    SentMails "outbox.sent",
    ConsentRecords "consent_records",
    AuditEvents "audit_events",
}

impl Ended {
    /// Whether other rows go with each of these: they come last, when those rows have gone by
    /// themselves, so that one row never takes thousands along in one statement.
    #[must_use]
    pub const fn has_dependants(self) -> bool {
        matches!(self, Self::Grants | Self::Clients)
    }
}

/// Deletes what is over, at most `batch` rows of each kind and those that hang on them. Returns how
/// many rows it touched; 0 means that nothing is left to do. Signing keys have no end, nor do records
/// that a [`Retention`] is about.
pub fn delete_expired(conn: &mut Conn, now: Timestamp, batch: i64) -> Result<usize, StorageError> {
    let mut count = 0;
    for ended in Ended::ALL {
        count += delete_batch(conn, ended, now, &Retention::default(), batch)?;
    }
    Ok(count)
}

/// Deletes at most `batch` rows of one kind that are over, oldest first, and those that hang on them.
/// Returns how many; fewer than `batch` means that none is left but those that somebody is just
/// changing. Rows are held before they go, on PostgreSQL those that nobody else holds: it waits for
/// nobody, and what was extended meanwhile stays. Needs a `write`.
pub fn delete_batch(
    conn: &mut Conn,
    ended: Ended,
    now: Timestamp,
    retention: &Retention,
    batch: i64,
) -> Result<usize, StorageError> {
    macro_rules! delete {
        ($table:ident, $key:ident, $stays:expr) => {{
            let ended = $table::table
                .filter($table::expires_at.le(now.plus(-$stays).0))
                .order($table::expires_at)
                .limit(batch)
                .select($table::$key);
            let keys: Vec<String> = hold_free!(conn, ended)?;
            if keys.is_empty() {
                return Ok(0);
            }
            Ok(diesel::delete($table::table.filter($table::$key.eq_any(keys))).execute(conn)?)
        }};
    }
    on_ended!(ended, delete,
        Ended::SealedReplies => forget_sealed_replies(conn, now.plus(-SEALED_REPLY_KEPT), batch),
        Ended::ClientAssertions => delete_assertions(conn, now.plus(-CLOCK_MARGIN), batch),
        Ended::Clients => delete_unused_clients(conn, now, batch),
        Ended::SentMails => match retention.mails {
            Some(kept) => delete_sent_mails(conn, now.plus(-kept), batch),
            None => Ok(0),
        },
        Ended::ConsentRecords => match retention.consent_records {
            Some(kept) => delete_consent_records(conn, now.plus(-kept), batch),
            None => Ok(0),
        },
        Ended::AuditEvents => match retention.audit {
            Some(kept) => delete_audit_events(conn, now, kept, batch),
            None => Ok(0),
        },
    )
}

/// For how many seconds the oldest row of the kind is there that should have gone; 0 if there is none.
pub fn lag(
    conn: &mut Conn,
    ended: Ended,
    now: Timestamp,
    retention: &Retention,
) -> Result<i64, StorageError> {
    /// Those that sort first, without those that never end.
    macro_rules! first {
        ($table:ident, $end:ident) => {{
            let ends = $table::table.filter($table::$end.le(now.0)).order($table::$end);
            ends.select($table::$end.assume_not_null()).first(conn).optional()?
        }};
    }
    macro_rules! oldest {
        ($table:ident, $key:ident, $stays:expr) => {{
            let ends = $table::table.filter($table::expires_at.le(now.0));
            let end = ends.order($table::expires_at).select($table::expires_at);
            (end.first(conn).optional()?, $stays)
        }};
    }
    let (oldest, stays): (Option<i64>, i64) = on_ended!(ended, oldest,
        Ended::SealedReplies => {
            let stale = refresh_tokens::table
                .filter(refresh_tokens::sealed_reply.is_not_null())
                .filter(refresh_tokens::used_at.le(now.0))
                .order(refresh_tokens::used_at)
                .select(refresh_tokens::used_at.assume_not_null());
            (stale.first(conn).optional()?, SEALED_REPLY_KEPT)
        }
        Ended::ClientAssertions => oldest!(client_assertions, jti_hash, CLOCK_MARGIN),
        Ended::Clients => (first!(clients, unused_until), 0),
        Ended::SentMails | Ended::ConsentRecords | Ended::AuditEvents => {
            return aged(conn, ended, now, retention);
        }
    );
    Ok(oldest.map_or(0, |oldest| now.0.saturating_sub(oldest).saturating_sub(stays).max(0)))
}

/// [`lag`] of what has no end of its own.
fn aged(
    conn: &mut Conn,
    ended: Ended,
    now: Timestamp,
    retention: &Retention,
) -> Result<i64, StorageError> {
    let (kept, oldest): (Option<i64>, Option<i64>) = match ended {
        Ended::ConsentRecords if retention.consent_records.is_some() => {
            let all = consent_records::table.filter(consent_records::at.le(now.0));
            let oldest = all.order(consent_records::at).select(consent_records::at).first(conn);
            (retention.consent_records, oldest.optional()?)
        }
        Ended::AuditEvents if retention.audit.is_some() => {
            let lines = audit_events::table.filter(audit_events::id.gt(0));
            let oldest = lines.filter(audit_events::at.le(now.0)).order(audit_events::id);
            (retention.audit, oldest.select(audit_events::at).first(conn).optional()?)
        }
        // Mails that still wait are not over, however old: their age says nothing.
        _ => return Ok(0),
    };
    let over = oldest.zip(kept).map(|(oldest, kept)| now.plus(-kept).since(Timestamp(oldest)));
    Ok(over.unwrap_or_default().max(0))
}

/// Client assertions, whose key has two parts: another client's mark for the same `jti` stays.
fn delete_assertions(
    conn: &mut Conn,
    before: Timestamp,
    batch: i64,
) -> Result<usize, StorageError> {
    let ended = client_assertions::table
        .filter(client_assertions::expires_at.le(before.0))
        .order(client_assertions::expires_at)
        .limit(batch)
        .select(client_assertions::jti_hash);
    let hashes: Vec<String> = hold_free!(conn, ended)?;
    if hashes.is_empty() {
        return Ok(0);
    }
    let assertions = client_assertions::table
        .filter(client_assertions::jti_hash.eq_any(hashes))
        .filter(client_assertions::expires_at.le(before.0));
    Ok(diesel::delete(assertions).execute(conn)?)
}

/// Clients that registered themselves and that nobody signed in with in time.
fn delete_unused_clients(
    conn: &mut Conn,
    now: Timestamp,
    batch: i64,
) -> Result<usize, StorageError> {
    let unused = clients::table
        .filter(clients::unused_until.le(now.0))
        .order(clients::unused_until)
        .limit(batch)
        .select(clients::id);
    let ids: Vec<String> = hold_free!(conn, unused)?;
    if ids.is_empty() {
        return Ok(0);
    }
    let deleted: Vec<String> = diesel::delete(clients::table.filter(clients::id.eq_any(ids)))
        .returning(clients::id)
        .get_results(conn)?;
    let count = deleted.len();
    note(Kind::Client, deleted);
    Ok(count)
}

/// Drops the sealed replies of uses not after `before`: they are large, and useless after the grace.
fn forget_sealed_replies(
    conn: &mut Conn,
    before: Timestamp,
    batch: i64,
) -> Result<usize, StorageError> {
    let stale = refresh_tokens::table
        .filter(refresh_tokens::sealed_reply.is_not_null())
        .filter(refresh_tokens::used_at.le(before.0))
        .order(refresh_tokens::used_at)
        .limit(batch)
        .select(refresh_tokens::hash);
    let hashes: Vec<String> = hold_free!(conn, stale)?;
    if hashes.is_empty() {
        return Ok(0);
    }
    let tokens = refresh_tokens::table.filter(refresh_tokens::hash.eq_any(hashes));
    let none: Option<String> = None;
    Ok(diesel::update(tokens).set(refresh_tokens::sealed_reply.eq(none)).execute(conn)?)
}

/// Mails written before `before` that nobody tries to send any more.
fn delete_sent_mails(
    conn: &mut Conn,
    before: Timestamp,
    batch: i64,
) -> Result<usize, StorageError> {
    let over = outbox::table
        .filter(outbox::created_at.le(before.0))
        .filter(outbox::next_attempt_at.is_null())
        .order(outbox::created_at)
        .limit(batch)
        .select(outbox::id);
    let ids: Vec<String> = hold_free!(conn, over)?;
    if ids.is_empty() {
        return Ok(0);
    }
    Ok(diesel::delete(outbox::table.filter(outbox::id.eq_any(ids))).execute(conn)?)
}

fn delete_consent_records(
    conn: &mut Conn,
    before: Timestamp,
    batch: i64,
) -> Result<usize, StorageError> {
    let over = consent_records::table
        .filter(consent_records::at.le(before.0))
        .order(consent_records::at)
        .limit(batch)
        .select(consent_records::id);
    let ids: Vec<String> = hold_free!(conn, over)?;
    if ids.is_empty() {
        return Ok(0);
    }
    let records = consent_records::table.filter(consent_records::id.eq_any(ids));
    Ok(diesel::delete(records).execute(conn)?)
}

/// The log has no index on its time: lines are numbered as they come, so the oldest come first. One
/// that a clock wrote which was ahead says nothing about those behind it, and goes with them.
fn delete_audit_events(
    conn: &mut Conn,
    now: Timestamp,
    kept: i64,
    batch: i64,
) -> Result<usize, StorageError> {
    let before = now.plus(-kept);
    let oldest: Vec<(i64, i64)> = audit_events::table
        .filter(audit_events::id.gt(0))
        .filter(audit_events::at.le(now.0))
        .order(audit_events::id)
        .limit(batch)
        .select((audit_events::id, audit_events::at))
        .load(conn)?;
    let over = oldest.into_iter().take_while(|(_, at)| *at <= before.0).last();
    let Some((last, _)) = over else { return Ok(0) };
    Ok(diesel::delete(audit_events::table.filter(audit_events::id.le(last))).execute(conn)?)
}
