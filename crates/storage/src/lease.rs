//! Who of many instances does the work of a name: one at a time, for as long as it keeps saying so.
//!
//! Instances tell the time by their own clocks. Whose clock is ahead takes a lease too early, and then
//! two work for a moment; what must not happen twice is therefore done under [`guard`], in the
//! transaction that does it.

use diesel::prelude::*;
use vestibule_model::Timestamp;

use crate::{Conn, StorageError, dialect, schema::leases};

/// A lease cannot be further in the future than its length and this, in seconds: whoever wrote that
/// had a clock that was wrong, and nobody waits for it.
const CLOCKS_DIFFER_BY: i64 = 60;

#[derive(Insertable)]
#[diesel(table_name = leases, treat_none_as_default_value = false)]
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) holder: String,
    pub(crate) fence: i64,
    pub(crate) renewed_at: i64,
    pub(crate) expires_at: i64,
    pub(crate) done_at: Option<i64>,
}

/// What somebody asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// Which work.
    pub name: String,
    /// Who asks: no two processes ever have the same name.
    pub holder: String,
    /// The present time.
    pub now: Timestamp,
    /// For how many seconds, unless it is renewed.
    pub lasts: i64,
    /// Whoever was done less than so many seconds ago was just there: nobody need come again yet.
    pub rests: i64,
}

/// A lease that somebody holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Which work.
    pub name: String,
    /// Who does it.
    pub holder: String,
    /// Grows with each new holder: a former one is told by it.
    pub fence: i64,
    /// Until when, unless it is renewed.
    pub expires_at: Timestamp,
}

/// The answer to an [`Ask`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    /// The work is the caller's.
    Mine(Lease),
    /// Somebody does it, or did it just now. It may be asked for again from this time on.
    NotBefore(Timestamp),
}

/// Takes the lease if nobody has it. Needs a `write`.
pub fn take(conn: &mut Conn, ask: &Ask) -> Result<Taken, StorageError> {
    let row = Row {
        name: ask.name.clone(),
        holder: ask.holder.clone(),
        fence: 1,
        renewed_at: ask.now.0,
        expires_at: ask.now.plus(ask.lasts).0,
        done_at: None,
    };
    let impossible = row.expires_at.saturating_add(CLOCKS_DIFFER_BY);
    let rested = ask.now.plus(-ask.rests);
    if let Some(fence) = dialect::upsert_lease(conn, &row, impossible, rested)? {
        let expires_at = Timestamp(row.expires_at);
        return Ok(Taken::Mine(Lease { name: row.name, holder: row.holder, fence, expires_at }));
    }
    let (expires_at, done_at): (i64, Option<i64>) =
        leases::table.find(&ask.name).select((leases::expires_at, leases::done_at)).first(conn)?;
    let free = done_at.map_or(expires_at, |done_at| done_at.saturating_add(ask.rests));
    // Never now: whoever asks again at once would ask without end.
    Ok(Taken::NotBefore(Timestamp(free.max(ask.now.plus(1).0))))
}

/// Holds on to the lease until `now + lasts`. `false` if it is somebody else's: stop. Needs a `write`.
pub fn renew(
    conn: &mut Conn,
    lease: &Lease,
    now: Timestamp,
    lasts: i64,
) -> Result<bool, StorageError> {
    let mine = leases::table
        .filter(leases::name.eq(&lease.name))
        .filter(leases::holder.eq(&lease.holder))
        .filter(leases::fence.eq(lease.fence));
    let renewed = diesel::update(mine)
        .set((leases::renewed_at.eq(now.0), leases::expires_at.eq(now.plus(lasts).0)))
        .execute(conn)?;
    Ok(renewed > 0)
}

/// Gives the lease back. `done` tells that the work was done to its end, and need not be begun anew
/// for a while. Nothing happens if it is somebody else's. Needs a `write`.
pub fn release(
    conn: &mut Conn,
    lease: &Lease,
    now: Timestamp,
    done: bool,
) -> Result<(), StorageError> {
    let mine = leases::table
        .filter(leases::name.eq(&lease.name))
        .filter(leases::holder.eq(&lease.holder))
        .filter(leases::fence.eq(lease.fence));
    diesel::update(mine)
        .set((leases::expires_at.eq(0), leases::done_at.eq(done.then_some(now.0))))
        .execute(conn)?;
    Ok(())
}

/// Whether the lease is still the caller's; then nobody takes it before this transaction ends. Needs
/// a `write`.
pub fn guard(conn: &mut Conn, lease: &Lease) -> Result<bool, StorageError> {
    Ok(dialect::hold_lease(conn, &lease.name)?
        .is_some_and(|(holder, fence)| holder == lease.holder && fence == lease.fence))
}

/// Who has the lease at `now`; `None` if nobody does.
pub fn holder(conn: &mut Conn, name: &str, now: Timestamp) -> Result<Option<Lease>, StorageError> {
    let row: Option<(String, String, i64, i64)> = leases::table
        .find(name)
        .filter(leases::expires_at.gt(now.0))
        .select((leases::name, leases::holder, leases::fence, leases::expires_at))
        .first(conn)
        .optional()?;
    Ok(row.map(|(name, holder, fence, expires_at)| Lease {
        name,
        holder,
        fence,
        expires_at: Timestamp(expires_at),
    }))
}
