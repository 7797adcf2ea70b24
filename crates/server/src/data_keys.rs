//! Changes the stored data keys: makes them, retires them, erases them, whoever else may be at it.

use vestibule_keys::{Sealer, data_keys};
use vestibule_model::{Timestamp, audit::AuditEvent, sealed::StoredDataKey};
use vestibule_storage::{Conn, Db, audit, data_key};
use vestibule_web::sealed::refresh;

use crate::entropy::OsEntropy;
use crate::fault::Fault;

/// Takes over the stored keys, and makes one first if there is none that seals. Blocks.
///
/// # Errors
/// See [`Fault`]; a key that does not open is named.
pub fn open(db: &Db, sealer: &Sealer, now: Timestamp) -> Result<(), Fault> {
    let reader = sealer.clone();
    db.read(move |conn| refresh::<Fault>(conn, &reader)).wait()?;
    if sealer.active().is_some() {
        return Ok(());
    }
    let maker = sealer.clone();
    db.write(move |conn| make_first(conn, &maker, now)).wait()?;
    // Only now that it is on disk may the key seal anything.
    let reader = sealer.clone();
    db.read(move |conn| refresh::<Fault>(conn, &reader)).wait()?;
    Ok(())
}

/// Makes a key unless another instance did.
fn make_first(conn: &mut Conn, sealer: &Sealer, now: Timestamp) -> Result<(), Fault> {
    data_key::lock(conn)?;
    let stored = data_key::list(conn)?;
    if data_keys::active(&stored).is_none() {
        data_key::insert(conn, &sealer.new_data_key(&stored, now, &OsEntropy)?)?;
    }
    Ok(())
}

/// What a rotation did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotated {
    /// The key that seals from now on.
    pub id: String,
    /// The one that did before.
    pub replaces: Option<String>,
}

/// Stores another key, which seals as soon as an instance looks, and notes that in the audit log.
///
/// # Errors
/// See [`Fault`].
pub fn rotate(conn: &mut Conn, sealer: &Sealer, now: Timestamp) -> Result<Rotated, Fault> {
    data_key::lock(conn)?;
    let stored = data_key::list(conn)?;
    let key = sealer.new_data_key(&stored, now, &OsEntropy)?;
    data_key::insert(conn, &key)?;
    audit::insert(conn, &AuditEvent::new(now, "data_keys.rotated", "command-line"))?;
    let replaces = data_keys::active(&stored).map(|key| key.id.clone());
    Ok(Rotated { id: key.id, replaces })
}

/// What a look through every row proved: nothing that lasts was under another key than `active`
/// from `began` on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The key that seals.
    pub active: String,
    /// When the look began.
    pub began: Timestamp,
}

/// What became of the older keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// Retired just now.
    pub retired: Vec<String>,
    /// Erased just now.
    pub erased: Vec<String>,
    /// Still stored beside the key that seals.
    pub left: usize,
}

/// Retires the keys older than the proof's, and erases those that had been retired for
/// [`data_keys::KEPT_RETIRED`] when its look began.
///
/// # Errors
/// See [`Fault`].
pub fn settle(conn: &mut Conn, proof: &Proof, now: Timestamp) -> Result<Settled, Fault> {
    data_key::lock(conn)?;
    let stored = data_key::list(conn)?;
    let mut settled = Settled::default();
    let Some(active) = stored.iter().find(|key| key.id == proof.active) else {
        return Ok(settled);
    };
    for key in stored.iter().filter(|key| key.created_at < active.created_at) {
        settle_one(conn, key, proof, now, &mut settled)?;
    }
    Ok(settled)
}

fn settle_one(
    conn: &mut Conn,
    key: &StoredDataKey,
    proof: &Proof,
    now: Timestamp,
    settled: &mut Settled,
) -> Result<(), Fault> {
    let until = proof.began.plus(-data_keys::KEPT_RETIRED);
    if data_key::erase(conn, &key.id, until)? {
        settled.erased.push(key.id.clone());
        return Ok(());
    }
    if data_key::retire(conn, &key.id, now)? {
        settled.retired.push(key.id.clone());
    }
    settled.left += 1;
    Ok(())
}
