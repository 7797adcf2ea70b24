//! The part of a profile that rests sealed: phone, address, birth date.

use vestibule_keys::Sealer;
use vestibule_model::{
    ErrorCode, OAuthError,
    sealed::SealedColumn,
    user::{Profile, User},
};
use vestibule_storage::Conn;

use crate::{sealed as at_rest, state::AppState};

/// The person with their whole profile.
pub async fn opened(state: &AppState, user: User) -> Result<User, OAuthError> {
    let Some(sealed) = &user.sealed_profile else { return Ok(user) };
    let plain = state.open_sealed(&purpose(&user), sealed).await?;
    merged(user, &plain)
}

/// As [`opened`], where there is a connection at hand: to read, change and write a profile in one
/// transaction.
pub fn opened_by(conn: &mut Conn, sealer: &Sealer, user: User) -> Result<User, OAuthError> {
    let Some(text) = &user.sealed_profile else { return Ok(user) };
    let plain = at_rest::open::<OAuthError>(conn, sealer, &purpose(&user), text)?;
    merged(user, &plain)
}

/// The person with what their sealed part says.
fn merged(mut user: User, plain: &[u8]) -> Result<User, OAuthError> {
    let private: Profile = serde_json::from_slice(plain).map_err(unreadable)?;
    user.profile.birthdate = private.birthdate;
    user.profile.phone_number = private.phone_number;
    user.profile.phone_number_verified = private.phone_number_verified;
    user.profile.address = private.address;
    Ok(user)
}

/// The person as they are stored: what is private is sealed, and nowhere else.
pub fn sealed(state: &AppState, mut user: User) -> Result<User, OAuthError> {
    let private = Profile {
        birthdate: user.profile.birthdate.take(),
        phone_number: user.profile.phone_number.take(),
        phone_number_verified: user.profile.phone_number_verified.take(),
        address: user.profile.address.take(),
        ..Profile::default()
    };
    user.sealed_profile = if private == Profile::default() {
        None
    } else {
        let plain = serde_json::to_vec(&private).map_err(unreadable)?;
        Some(state.sealer.seal(&purpose(&user), &plain, state.entropy.as_ref())?)
    };
    Ok(user)
}

/// What the sealed part is sealed for.
fn purpose(user: &User) -> String {
    SealedColumn::Profile.purpose(user.id.as_str())
}

fn unreadable(fault: impl std::fmt::Display) -> OAuthError {
    OAuthError::new(ErrorCode::Internal).because(format!("sealed profile: {fault}"))
}
