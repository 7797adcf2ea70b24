//! Links and codes that travel by mail.

use diesel::prelude::*;
use vestibule_model::{
    Timestamp, TokenHash, UserId,
    verification::{Verification, VerificationKind},
};

use crate::{Conn, StorageError, json_text::can_be_key, schema::verifications};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = verifications, treat_none_as_default_value = false)]
struct Row {
    id: String,
    kind: String,
    subject: String,
    user_id: Option<String>,
    token_hash: String,
    code_hash: Option<String>,
    sealed_data: Option<String>,
    attempts: i64,
    created_at: i64,
    expires_at: i64,
    consumed_at: Option<i64>,
}

impl TryFrom<Row> for Verification {
    type Error = StorageError;

    fn try_from(row: Row) -> Result<Self, StorageError> {
        let kind = VerificationKind::ALL.into_iter().find(|kind| kind.as_str() == row.kind);
        let kind = kind.ok_or_else(|| {
            StorageError::Inconsistent(format!("the verification {} has no known kind", row.id))
        })?;
        Ok(Self {
            id: row.id,
            kind,
            subject: row.subject,
            user_id: row.user_id.map(UserId::new),
            token_hash: TokenHash::new(row.token_hash),
            code_hash: row.code_hash.map(TokenHash::new),
            sealed_data: row.sealed_data,
            attempts: row.attempts,
            created_at: Timestamp(row.created_at),
            expires_at: Timestamp(row.expires_at),
            consumed_at: row.consumed_at.map(Timestamp),
        })
    }
}

/// Keeps a verification; those of its kind and subject that were not used yet are void from its
/// `created_at`.
pub fn insert(conn: &mut Conn, verification: &Verification) -> Result<(), StorageError> {
    void(conn, verification.kind, &verification.subject, verification.created_at)?;
    let row = Row {
        id: verification.id.clone(),
        kind: verification.kind.as_str().to_owned(),
        subject: verification.subject.clone(),
        user_id: verification.user_id.as_ref().map(|id| id.as_str().to_owned()),
        token_hash: verification.token_hash.as_str().to_owned(),
        code_hash: verification.code_hash.as_ref().map(|hash| hash.as_str().to_owned()),
        sealed_data: verification.sealed_data.clone(),
        attempts: verification.attempts,
        created_at: verification.created_at.0,
        expires_at: verification.expires_at.0,
        consumed_at: verification.consumed_at.map(|at| at.0),
    };
    diesel::insert_into(verifications::table)
        .values(&row)
        .execute(conn)
        .map_err(|error| StorageError::of_insert(error, &["verification"]))?;
    Ok(())
}

/// The verification whose link's secret hashes to `token`, used, void and expired ones too.
pub fn find_by_token(
    conn: &mut Conn,
    token: &TokenHash,
) -> Result<Option<Verification>, StorageError> {
    let row = verifications::table
        .filter(verifications::token_hash.eq(token.as_str()))
        .select(Row::as_select())
        .first(conn)
        .optional()?;
    row.map(Verification::try_from).transpose()
}

/// The verification of that name, used, void and expired ones too.
pub fn find(conn: &mut Conn, id: &str) -> Result<Option<Verification>, StorageError> {
    if !can_be_key(id) {
        return Ok(None);
    }
    let row = verifications::table.find(id).select(Row::as_select()).first(conn).optional()?;
    row.map(Verification::try_from).transpose()
}

/// The newest verification of that kind and subject, used, void and expired ones too.
pub fn latest(
    conn: &mut Conn,
    kind: VerificationKind,
    subject: &str,
) -> Result<Option<Verification>, StorageError> {
    if !can_be_key(subject) {
        return Ok(None);
    }
    let row = verifications::table
        .filter(verifications::kind.eq(kind.as_str()))
        .filter(verifications::subject.eq(subject))
        // Of two in one second the one that still works is the newer.
        .order((verifications::created_at.desc(), verifications::consumed_at.is_null().desc()))
        .select(Row::as_select())
        .first(conn)
        .optional()?;
    row.map(Verification::try_from).transpose()
}

/// How many of that kind and subject were made at `since` or later: the limit of sending again.
pub fn sent_since(
    conn: &mut Conn,
    kind: VerificationKind,
    subject: &str,
    since: Timestamp,
) -> Result<i64, StorageError> {
    if !can_be_key(subject) {
        return Ok(0);
    }
    Ok(verifications::table
        .filter(verifications::kind.eq(kind.as_str()))
        .filter(verifications::subject.eq(subject))
        .filter(verifications::created_at.ge(since.0))
        .count()
        .get_result(conn)?)
}

/// Uses the verification up. Of any number who try before its end, exactly one gets `true`.
pub fn consume(conn: &mut Conn, id: &str, now: Timestamp) -> Result<bool, StorageError> {
    let count = diesel::update(verifications::table.find(id))
        .filter(verifications::consumed_at.is_null())
        .filter(verifications::expires_at.gt(now.0))
        .set(verifications::consumed_at.eq(now.0))
        .execute(conn)?;
    Ok(count == 1)
}

/// Counts a wrong code. Returns how many there were, this one included; `i64::MAX` if the
/// verification is gone.
pub fn count_attempt(conn: &mut Conn, id: &str) -> Result<i64, StorageError> {
    let attempts: Option<i64> = diesel::update(verifications::table.find(id))
        .set(verifications::attempts.eq(verifications::attempts + 1))
        .returning(verifications::attempts)
        .get_result(conn)
        .optional()?;
    Ok(attempts.unwrap_or(i64::MAX))
}

/// Makes those of that kind and subject worthless that were not used yet.
pub fn void(
    conn: &mut Conn,
    kind: VerificationKind,
    subject: &str,
    now: Timestamp,
) -> Result<(), StorageError> {
    let unused = verifications::table
        .filter(verifications::kind.eq(kind.as_str()))
        .filter(verifications::subject.eq(subject))
        .filter(verifications::consumed_at.is_null());
    diesel::update(unused).set(verifications::consumed_at.eq(now.0)).execute(conn)?;
    Ok(())
}

/// Deletes those of the user and of the user's folded mail address, whatever their kind.
pub(crate) fn delete_of_user(
    conn: &mut Conn,
    user: &UserId,
    email: &str,
) -> Result<usize, StorageError> {
    let theirs = verifications::table.filter(verifications::subject.eq_any([user.as_str(), email]));
    Ok(diesel::delete(theirs).execute(conn)?)
}

/// Makes those of that kind and user worthless that were made at `since` or later and not used yet.
pub fn void_of_user(
    conn: &mut Conn,
    kind: VerificationKind,
    user: &UserId,
    since: Timestamp,
    now: Timestamp,
) -> Result<(), StorageError> {
    let unused = verifications::table
        .filter(verifications::kind.eq(kind.as_str()))
        .filter(verifications::user_id.eq(user.as_str()))
        .filter(verifications::created_at.ge(since.0))
        .filter(verifications::consumed_at.is_null());
    diesel::update(unused).set(verifications::consumed_at.eq(now.0)).execute(conn)?;
    Ok(())
}
