//! Browsers that people signed in with before.

use diesel::prelude::*;
use vestibule_model::{DeviceId, Timestamp, TokenHash, UserId, device::Device};

use crate::{
    Conn, StorageError,
    json_text::{can_be_key, printable},
    schema::devices,
};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = devices, treat_none_as_default_value = false)]
struct Row {
    id: String,
    token_hash: String,
    user_id: String,
    user_agent: String,
    ip: Option<String>,
    created_at: i64,
    last_seen_at: i64,
    trusted_until: Option<i64>,
    expires_at: i64,
}

impl From<Row> for Device {
    fn from(row: Row) -> Self {
        Self {
            id: DeviceId::new(row.id),
            token_hash: TokenHash::new(row.token_hash),
            user_id: UserId::new(row.user_id),
            user_agent: row.user_agent,
            ip: row.ip,
            created_at: Timestamp(row.created_at),
            last_seen_at: Timestamp(row.last_seen_at),
            trusted_until: row.trusted_until.map(Timestamp),
            expires_at: Timestamp(row.expires_at),
        }
    }
}

/// Remembers a device. `Duplicate` if this user has one of that cookie.
pub fn insert(conn: &mut Conn, device: &Device) -> Result<(), StorageError> {
    let row = Row {
        id: device.id.as_str().to_owned(),
        token_hash: device.token_hash.as_str().to_owned(),
        user_id: device.user_id.as_str().to_owned(),
        user_agent: printable(&device.user_agent),
        ip: device.ip.clone(),
        created_at: device.created_at.0,
        last_seen_at: device.last_seen_at.0,
        trusted_until: device.trusted_until.map(|at| at.0),
        expires_at: device.expires_at.0,
    };
    diesel::insert_into(devices::table)
        .values(&row)
        .execute(conn)
        .map_err(|error| StorageError::of_insert(error, &["device"]))?;
    Ok(())
}

/// The user's device whose cookie hashes to `token`. It may be over.
pub fn find(
    conn: &mut Conn,
    token: &TokenHash,
    user: &UserId,
) -> Result<Option<Device>, StorageError> {
    let row: Option<Row> = devices::table
        .filter(devices::token_hash.eq(token.as_str()))
        .filter(devices::user_id.eq(user.as_str()))
        .select(Row::as_select())
        .first(conn)
        .optional()?;
    Ok(row.map(Device::from))
}

/// The user's devices, the last used first. Some may be over.
pub fn list_of_user(conn: &mut Conn, user: &UserId) -> Result<Vec<Device>, StorageError> {
    let rows: Vec<Row> = devices::table
        .filter(devices::user_id.eq(user.as_str()))
        .order((devices::last_seen_at.desc(), devices::id))
        .select(Row::as_select())
        .load(conn)?;
    Ok(rows.into_iter().map(Device::from).collect())
}

/// Notes a sign-in with the device, which is now remembered until `expires_at`.
pub fn seen(
    conn: &mut Conn,
    id: &DeviceId,
    ip: Option<&str>,
    user_agent: &str,
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<(), StorageError> {
    diesel::update(devices::table.find(id.as_str()))
        .set((
            devices::ip.eq(ip),
            devices::user_agent.eq(printable(user_agent)),
            devices::last_seen_at.eq(now.0),
            devices::expires_at.eq(expires_at.0),
        ))
        .execute(conn)?;
    Ok(())
}

/// Asks the user for no second factor on the device until then, or with `None` always. `false` if
/// the user has no such device.
pub fn trust(
    conn: &mut Conn,
    id: &DeviceId,
    user: &UserId,
    until: Option<Timestamp>,
) -> Result<bool, StorageError> {
    if !can_be_key(id.as_str()) {
        return Ok(false);
    }
    let count = diesel::update(devices::table.find(id.as_str()))
        .filter(devices::user_id.eq(user.as_str()))
        .set(devices::trusted_until.eq(until.map(|at| at.0)))
        .execute(conn)?;
    Ok(count == 1)
}

/// Gives a browser another cookie, for everybody who is known in it, and trusts it for nobody: who
/// knew the old cookie has nothing.
pub fn rekey(conn: &mut Conn, old: &TokenHash, new: &TokenHash) -> Result<(), StorageError> {
    let none: Option<i64> = None;
    diesel::update(devices::table.filter(devices::token_hash.eq(old.as_str())))
        .set((devices::token_hash.eq(new.as_str()), devices::trusted_until.eq(none)))
        .execute(conn)?;
    Ok(())
}

/// Asks for a second factor on every device of the user. They stay known.
pub fn distrust_all(conn: &mut Conn, user: &UserId) -> Result<(), StorageError> {
    let none: Option<i64> = None;
    diesel::update(devices::table.filter(devices::user_id.eq(user.as_str())))
        .set(devices::trusted_until.eq(none))
        .execute(conn)?;
    Ok(())
}

/// Forgets a device. `false` if the user has no such device.
pub fn delete(conn: &mut Conn, id: &DeviceId, user: &UserId) -> Result<bool, StorageError> {
    if !can_be_key(id.as_str()) {
        return Ok(false);
    }
    let one = devices::table.find(id.as_str()).filter(devices::user_id.eq(user.as_str()));
    Ok(diesel::delete(one).execute(conn)? == 1)
}
