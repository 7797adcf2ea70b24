//! All factors of a person together.

use diesel::prelude::*;
use vestibule_model::{Timestamp, UserId, factor::Factors};

use crate::{
    Conn, StorageError, passkey, recovery_code,
    schema::{passkeys, recovery_codes, totp_devices},
    totp_device,
};

/// What the user enrolled: confirmed apps, passkeys, and how many recovery codes are left.
pub fn of_user(conn: &mut Conn, user: &UserId) -> Result<Factors, StorageError> {
    let mut totp = totp_device::list_of_user(conn, user)?;
    totp.retain(|device| device.confirmed_at.is_some());
    Ok(Factors {
        totp,
        passkeys: passkey::list_of_user(conn, user)?,
        recovery_codes_left: recovery_code::left(conn, user)?,
    })
}

/// Removes every factor that was added at that time or later, and the recovery codes made since:
/// whoever added them may not have been the owner. Returns how many.
pub fn remove_since(
    conn: &mut Conn,
    user: &UserId,
    since: Timestamp,
) -> Result<usize, StorageError> {
    let apps = totp_devices::table
        .filter(totp_devices::user_id.eq(user.as_str()))
        .filter(totp_devices::created_at.ge(since.0));
    let keys = passkeys::table
        .filter(passkeys::user_id.eq(user.as_str()))
        .filter(passkeys::created_at.ge(since.0));
    let codes = recovery_codes::table
        .filter(recovery_codes::user_id.eq(user.as_str()))
        .filter(recovery_codes::created_at.ge(since.0));
    Ok(diesel::delete(apps).execute(conn)?
        + diesel::delete(keys).execute(conn)?
        + diesel::delete(codes).execute(conn)?)
}
