//! Sign-ins that wait for a second factor.

use diesel::prelude::*;
use vestibule_model::{SessionId, SignInId, Timestamp, TokenHash, UserId, sign_in::SignIn};

use crate::{Conn, StorageError, json_text, schema::sign_ins};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = sign_ins, treat_none_as_default_value = false)]
struct Row {
    id: String,
    token_hash: String,
    user_id: String,
    session_id: Option<String>,
    amr: String,
    auth_time: i64,
    created_at: i64,
    expires_at: i64,
}

impl TryFrom<Row> for SignIn {
    type Error = StorageError;

    fn try_from(row: Row) -> Result<Self, StorageError> {
        Ok(Self {
            id: SignInId::new(row.id),
            token_hash: TokenHash::new(row.token_hash),
            user_id: UserId::new(row.user_id),
            session_id: row.session_id.map(SessionId::new),
            amr: json_text::read("sign_ins.amr", &row.amr)?,
            auth_time: Timestamp(row.auth_time),
            created_at: Timestamp(row.created_at),
            expires_at: Timestamp(row.expires_at),
        })
    }
}

/// Begins a sign-in whose first factor was right. A session that proves more has one at a time.
pub fn insert(conn: &mut Conn, sign_in: &SignIn) -> Result<(), StorageError> {
    if let Some(session) = &sign_in.session_id {
        let before = sign_ins::table
            .filter(sign_ins::user_id.eq(sign_in.user_id.as_str()))
            .filter(sign_ins::session_id.eq(session.as_str()));
        diesel::delete(before).execute(conn)?;
    }
    let row = Row {
        id: sign_in.id.as_str().to_owned(),
        token_hash: sign_in.token_hash.as_str().to_owned(),
        user_id: sign_in.user_id.as_str().to_owned(),
        session_id: sign_in.session_id.as_ref().map(|id| id.as_str().to_owned()),
        amr: json_text::write(&sign_in.amr)?,
        auth_time: sign_in.auth_time.0,
        created_at: sign_in.created_at.0,
        expires_at: sign_in.expires_at.0,
    };
    diesel::insert_into(sign_ins::table)
        .values(&row)
        .execute(conn)
        .map_err(|error| StorageError::of_insert(error, &["sign-in"]))?;
    Ok(())
}

/// The sign-in whose cookie hashes to `token`. It may be over.
pub fn find(conn: &mut Conn, token: &TokenHash) -> Result<Option<SignIn>, StorageError> {
    let row = sign_ins::table
        .filter(sign_ins::token_hash.eq(token.as_str()))
        .select(Row::as_select())
        .first(conn)
        .optional()?;
    row.map(SignIn::try_from).transpose()
}

/// Takes the sign-in, so that it finishes once. Of any number who try, exactly one gets `true`.
pub fn take(conn: &mut Conn, id: &SignInId) -> Result<bool, StorageError> {
    Ok(diesel::delete(sign_ins::table.find(id.as_str())).execute(conn)? == 1)
}

/// Gives up every sign-in of the user that waits for its second factor, but `keep`.
pub fn end_all_of_user(
    conn: &mut Conn,
    user: &UserId,
    keep: Option<&SignInId>,
) -> Result<usize, StorageError> {
    let kept = keep.map_or("", SignInId::as_str);
    let theirs =
        sign_ins::table.filter(sign_ins::user_id.eq(user.as_str())).filter(sign_ins::id.ne(kept));
    Ok(diesel::delete(theirs).execute(conn)?)
}
