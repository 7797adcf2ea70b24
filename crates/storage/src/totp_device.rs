//! Authenticator apps (RFC 6238).

use diesel::prelude::*;
use vestibule_model::{Timestamp, UserId, factor::TotpDevice};

use crate::{
    Conn, StorageError,
    json_text::{can_be_key, printable},
    schema::totp_devices,
};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = totp_devices, treat_none_as_default_value = false)]
struct Row {
    id: String,
    user_id: String,
    name: String,
    sealed_secret: String,
    created_at: i64,
    confirmed_at: Option<i64>,
    last_used_at: Option<i64>,
    last_step: Option<i64>,
}

impl From<Row> for TotpDevice {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            user_id: UserId::new(row.user_id),
            name: row.name,
            sealed_secret: row.sealed_secret,
            created_at: Timestamp(row.created_at),
            confirmed_at: row.confirmed_at.map(Timestamp),
            last_used_at: row.last_used_at.map(Timestamp),
            last_step: row.last_step,
        }
    }
}

/// Keeps an app.
pub fn insert(conn: &mut Conn, device: &TotpDevice) -> Result<(), StorageError> {
    let row = Row {
        id: device.id.clone(),
        user_id: device.user_id.as_str().to_owned(),
        name: printable(&device.name),
        sealed_secret: device.sealed_secret.clone(),
        created_at: device.created_at.0,
        confirmed_at: device.confirmed_at.map(|at| at.0),
        last_used_at: device.last_used_at.map(|at| at.0),
        last_step: device.last_step,
    };
    diesel::insert_into(totp_devices::table)
        .values(&row)
        .execute(conn)
        .map_err(|error| StorageError::of_insert(error, &["authenticator app"]))?;
    Ok(())
}

/// The app of that name in URLs, confirmed or not.
pub fn find(conn: &mut Conn, id: &str) -> Result<Option<TotpDevice>, StorageError> {
    if !can_be_key(id) {
        return Ok(None);
    }
    let row: Option<Row> =
        totp_devices::table.find(id).select(Row::as_select()).first(conn).optional()?;
    Ok(row.map(TotpDevice::from))
}

/// The user's apps, confirmed or not, oldest first.
pub fn list_of_user(conn: &mut Conn, user: &UserId) -> Result<Vec<TotpDevice>, StorageError> {
    let rows: Vec<Row> = totp_devices::table
        .filter(totp_devices::user_id.eq(user.as_str()))
        .order((totp_devices::created_at, totp_devices::id))
        .select(Row::as_select())
        .load(conn)?;
    Ok(rows.into_iter().map(TotpDevice::from).collect())
}

/// Confirms the app with its first right code, whose time step is thereby spent. `false` if it was
/// confirmed before or is gone.
pub fn confirm(conn: &mut Conn, id: &str, step: i64, now: Timestamp) -> Result<bool, StorageError> {
    let count = diesel::update(totp_devices::table.find(id))
        .filter(totp_devices::confirmed_at.is_null())
        .set((
            totp_devices::confirmed_at.eq(now.0),
            totp_devices::last_used_at.eq(now.0),
            totp_devices::last_step.eq(step),
        ))
        .execute(conn)?;
    Ok(count == 1)
}

/// Spends the time step of a right code. Of any number who try, exactly one gets `true`; neither it
/// nor an earlier step works again (RFC 6238 §5.2). `false` too if the app is not confirmed.
pub fn use_step(
    conn: &mut Conn,
    id: &str,
    step: i64,
    now: Timestamp,
) -> Result<bool, StorageError> {
    let is_new = totp_devices::last_step.is_null().or(totp_devices::last_step.lt(step));
    let count = diesel::update(totp_devices::table.find(id))
        .filter(totp_devices::confirmed_at.is_not_null())
        .filter(is_new)
        .set((totp_devices::last_step.eq(step), totp_devices::last_used_at.eq(now.0)))
        .execute(conn)?;
    Ok(count == 1)
}

/// Gives the app another name. `false` if the user has no such app.
pub fn rename(conn: &mut Conn, id: &str, user: &UserId, name: &str) -> Result<bool, StorageError> {
    if !can_be_key(id) {
        return Ok(false);
    }
    let count = diesel::update(totp_devices::table.find(id))
        .filter(totp_devices::user_id.eq(user.as_str()))
        .set(totp_devices::name.eq(printable(name)))
        .execute(conn)?;
    Ok(count == 1)
}

/// Removes the app. `false` if the user has no such app.
pub fn delete(conn: &mut Conn, id: &str, user: &UserId) -> Result<bool, StorageError> {
    if !can_be_key(id) {
        return Ok(false);
    }
    let one = totp_devices::table.find(id).filter(totp_devices::user_id.eq(user.as_str()));
    Ok(diesel::delete(one).execute(conn)? == 1)
}
