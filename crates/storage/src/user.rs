//! People's accounts.

use diesel::prelude::*;
use vestibule_model::{Timestamp, UserId, user::User};

use crate::{
    Conn, MayLag, StorageError, browser_session,
    changes::{Kind, note},
    dialect::{self, hold_free},
    interaction, json_text,
    replica::lagging,
    schema::{audit_events, outbox, password_history, users},
    verification,
};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = users, treat_none_as_default_value = false)]
struct Row {
    id: String,
    username: String,
    username_key: String,
    email: String,
    email_key: String,
    email_verified: bool,
    password_hash: String,
    is_admin: bool,
    profile: String,
    created_at: i64,
    updated_at: i64,
    disabled_at: Option<i64>,
    language: Option<String>,
    group_names: String,
    sealed_profile: Option<String>,
    password_changed_at: Option<i64>,
    deletion_at: Option<i64>,
    passkey_offer_after: Option<i64>,
}

impl Row {
    fn of(user: &User) -> Result<Self, StorageError> {
        Ok(Self {
            id: user.id.as_str().to_owned(),
            username: user.username.clone(),
            username_key: folded(&user.username),
            email: user.email.clone(),
            email_key: folded(&user.email),
            email_verified: user.email_verified,
            password_hash: user.password_hash.clone(),
            is_admin: user.is_admin,
            profile: json_text::write(&user.profile)?,
            created_at: user.created_at.0,
            updated_at: user.updated_at.0,
            disabled_at: user.disabled_at.map(|at| at.0),
            language: user.language.clone(),
            group_names: json_text::write(&user.groups)?,
            sealed_profile: user.sealed_profile.clone(),
            password_changed_at: user.password_changed_at.map(|at| at.0),
            deletion_at: user.deletion_at.map(|at| at.0),
            passkey_offer_after: user.passkey_offer_after.map(|at| at.0),
        })
    }
}

impl TryFrom<Row> for User {
    type Error = StorageError;

    fn try_from(row: Row) -> Result<Self, StorageError> {
        Ok(Self {
            id: UserId::new(row.id),
            username: row.username,
            email: row.email,
            email_verified: row.email_verified,
            password_hash: row.password_hash,
            is_admin: row.is_admin,
            profile: json_text::read("users.profile", &row.profile)?,
            created_at: Timestamp(row.created_at),
            updated_at: Timestamp(row.updated_at),
            disabled_at: row.disabled_at.map(Timestamp),
            language: row.language,
            groups: json_text::read("users.group_names", &row.group_names)?,
            sealed_profile: row.sealed_profile,
            password_changed_at: row.password_changed_at.map(Timestamp),
            deletion_at: row.deletion_at.map(Timestamp),
            passkey_offer_after: row.passkey_offer_after.map(Timestamp),
        })
    }
}

/// The form in which names are compared. Done here and not by the databases, whose `lower()` differ.
fn folded(name: &str) -> String {
    name.to_lowercase()
}

/// The user of that `sub`.
pub fn find(conn: &mut Conn, id: &UserId) -> Result<Option<User>, StorageError> {
    if !json_text::can_be_key(id.as_str()) {
        return Ok(None);
    }
    let row = users::table.find(id.as_str()).select(Row::as_select()).first(conn).optional()?;
    row.map(User::try_from).transpose()
}

/// Holds the user's row until the transaction ends: whoever reads, decides and writes does this
/// first, so that two of them do not undo each other. SQLite writes one at a time anyway.
pub fn hold(conn: &mut Conn, id: &UserId) -> Result<(), StorageError> {
    Ok(dialect::hold_user(conn, id.as_str())?)
}

/// The users of those `sub`s, in no order.
pub fn find_many(conn: &mut Conn, ids: &[UserId]) -> Result<Vec<User>, StorageError> {
    let ids = ids.iter().map(UserId::as_str).filter(|id| json_text::can_be_key(id));
    let rows: Vec<Row> = users::table
        .filter(users::id.eq_any(ids))
        .order(users::id)
        .select(Row::as_select())
        .load(conn)?;
    rows.into_iter().map(User::try_from).collect()
}

/// The user who signs in under that name or mail address, whatever its case. Should a text be one
/// user's name and another's address, it is taken for an address if it has an `@`.
pub fn find_by_login(conn: &mut Conn, name_or_email: &str) -> Result<Option<User>, StorageError> {
    if !json_text::can_be_key(name_or_email) {
        return Ok(None);
    }
    let key = folded(name_or_email);
    let rows: Vec<Row> = users::table
        .filter(users::username_key.eq(&key).or(users::email_key.eq(&key)))
        .select(Row::as_select())
        .load(conn)?;
    let wanted =
        |row: &Row| if key.contains('@') { row.email_key == key } else { row.username_key == key };
    let (mut first, mut rest): (Vec<Row>, Vec<Row>) = rows.into_iter().partition(wanted);
    first.pop().or_else(|| rest.pop()).map(User::try_from).transpose()
}

/// The user of that mail address, whatever its case.
pub fn find_by_email(conn: &mut Conn, email: &str) -> Result<Option<User>, StorageError> {
    if !json_text::can_be_key(email) {
        return Ok(None);
    }
    let row = users::table
        .filter(users::email_key.eq(folded(email)))
        .select(Row::as_select())
        .first(conn)
        .optional()?;
    row.map(User::try_from).transpose()
}

/// Makes an account. `Duplicate` names `username` or `email`.
pub fn insert(conn: &mut Conn, user: &User) -> Result<(), StorageError> {
    diesel::insert_into(users::table)
        .values(&Row::of(user)?)
        .execute(conn)
        .map_err(|error| StorageError::of_insert(error, &["username", "email", "user id"]))?;
    Ok(())
}

/// Writes what a form may change: names, address, profile, groups, language, administration, the
/// passkey offer. The password has [`set_password`]; disabling and deletion have [`set_disabled`]
/// and [`set_deletion`], for a form that was read before somebody locked the account must not
/// unlock it. `false` if there is no such user; `Duplicate` names `username` or `email`.
pub fn save(conn: &mut Conn, user: &User) -> Result<bool, StorageError> {
    let row = Row::of(user)?;
    let count = diesel::update(users::table.find(user.id.as_str()))
        .set((
            users::username.eq(row.username),
            users::username_key.eq(row.username_key),
            users::email.eq(row.email),
            users::email_key.eq(row.email_key),
            users::email_verified.eq(row.email_verified),
            users::is_admin.eq(row.is_admin),
            users::profile.eq(row.profile),
            users::updated_at.eq(row.updated_at),
            users::language.eq(row.language),
            users::group_names.eq(row.group_names),
            users::sealed_profile.eq(row.sealed_profile),
            users::passkey_offer_after.eq(row.passkey_offer_after),
        ))
        .execute(conn)
        .map_err(|error| StorageError::of_insert(error, &["username", "email", "user id"]))?;
    note(Kind::User, [user.id.as_str()]);
    Ok(count == 1)
}

/// Sets another password. The old hash goes to the history under `history_id`, unless there was no
/// password; of the history the newest `keep` stay. Does nothing if there is no such user.
pub fn set_password(
    conn: &mut Conn,
    id: &UserId,
    new_hash: &str,
    keep: i64,
    now: Timestamp,
    history_id: String,
) -> Result<(), StorageError> {
    // Written first: from here on nobody else changes the row, and what is read next is what is
    // replaced.
    let old: Option<String> = diesel::update(users::table.find(id.as_str()))
        .set(users::password_changed_at.eq(now.0))
        .returning(users::password_hash)
        .get_result(conn)
        .optional()?;
    let Some(old) = old else { return Ok(()) };
    diesel::update(users::table.find(id.as_str()))
        .set(users::password_hash.eq(new_hash))
        .execute(conn)?;
    if !old.is_empty() {
        diesel::insert_into(password_history::table)
            .values((
                password_history::id.eq(history_id),
                password_history::user_id.eq(id.as_str().to_owned()),
                password_history::password_hash.eq(old),
                password_history::replaced_at.eq(now.0),
            ))
            .execute(conn)?;
    }
    prune_history(conn, id, keep)
}

/// Deletes the former passwords that are older than the newest `keep`.
fn prune_history(conn: &mut Conn, id: &UserId, keep: i64) -> Result<(), StorageError> {
    let former: Vec<String> = password_history::table
        .filter(password_history::user_id.eq(id.as_str()))
        .order((password_history::replaced_at.desc(), password_history::id))
        .select(password_history::id)
        .load(conn)?;
    let too_old = former.get(usize::try_from(keep).unwrap_or(0)..).unwrap_or_default();
    if !too_old.is_empty() {
        diesel::delete(password_history::table.filter(password_history::id.eq_any(too_old)))
            .execute(conn)?;
    }
    Ok(())
}

/// The hashes of the user's newest `limit` former passwords, newest first; not the present one.
pub fn former_passwords(
    conn: &mut Conn,
    id: &UserId,
    limit: i64,
) -> Result<Vec<String>, StorageError> {
    Ok(password_history::table
        .filter(password_history::user_id.eq(id.as_str()))
        .order((password_history::replaced_at.desc(), password_history::id))
        .limit(limit)
        .select(password_history::password_hash)
        .load(conn)?)
}

/// Puts `new` in the place of `old`, for a better hash of the same password or for another
/// password. `false` if the hash is no longer `old`: somebody else was faster.
pub fn replace_password_hash(
    conn: &mut Conn,
    id: &UserId,
    old: &str,
    new: &str,
) -> Result<bool, StorageError> {
    let count = diesel::update(users::table.find(id.as_str()))
        .filter(users::password_hash.eq(old))
        .set(users::password_hash.eq(new))
        .execute(conn)?;
    Ok(count == 1)
}

/// Whether anybody may use the administration.
pub fn has_admin(conn: &mut Conn) -> Result<bool, StorageError> {
    let one = users::table
        .filter(users::is_admin.eq(true))
        .select(users::id)
        .limit(1)
        .first::<String>(conn)
        .optional()?;
    Ok(one.is_some())
}

/// Whether anybody besides the user may use the administration, now and in time to come: accounts
/// that are disabled, or that will be erased, do not count.
pub fn has_other_admin(conn: &mut Conn, id: &UserId) -> Result<bool, StorageError> {
    let one = users::table
        .filter(users::is_admin.eq(true))
        .filter(users::id.ne(id.as_str()))
        .filter(users::disabled_at.is_null())
        .filter(users::deletion_at.is_null())
        .select(users::id)
        .limit(1)
        .first::<String>(conn)
        .optional()?;
    Ok(one.is_some())
}

/// Every user, by `sub`.
pub fn list(conn: &mut impl MayLag) -> Result<Vec<User>, StorageError> {
    let all = users::table.order(users::id).select(Row::as_select());
    let rows: Vec<Row> = all.load(lagging(conn))?;
    rows.into_iter().map(User::try_from).collect()
}

/// Disables the account, or with `None` lets it be used again. `false` if there is no such user.
pub fn set_disabled(
    conn: &mut Conn,
    id: &UserId,
    at: Option<Timestamp>,
) -> Result<bool, StorageError> {
    let count = diesel::update(users::table.find(id.as_str()))
        .set(users::disabled_at.eq(at.map(|at| at.0)))
        .execute(conn)?;
    note(Kind::User, [id.as_str()]);
    Ok(count == 1)
}

/// Sets when the account is to be erased, or with `None` that it stays. `false` if there is no such
/// user.
pub fn set_deletion(
    conn: &mut Conn,
    id: &UserId,
    at: Option<Timestamp>,
) -> Result<bool, StorageError> {
    let count = diesel::update(users::table.find(id.as_str()))
        .set(users::deletion_at.eq(at.map(|at| at.0)))
        .execute(conn)?;
    Ok(count == 1)
}

/// At most `limit` users whose time has come, the longest overdue first; nobody takes that back before
/// the transaction ends. Those that somebody else holds are left out. Needs a `write`.
pub fn due_for_erasure(
    conn: &mut Conn,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<UserId>, StorageError> {
    let due = users::table
        .filter(users::deletion_at.le(now.0))
        .order((users::deletion_at, users::id))
        .limit(limit)
        .select(users::id);
    let ids: Vec<String> = hold_free!(conn, due)?;
    Ok(ids.into_iter().map(UserId::new).collect())
}

/// Erases the account and, by cascade, everything that hangs on it; mails, links and requests that
/// only name it go too. Lines of the audit log stay, with the id as pseudonym and without the
/// network address. `false` if there is no such user. Needs a `write`.
///
/// Clients that the person was signed in to are told so: their logout tokens, which hold `sub`, stay
/// on their way for [`RECORD_KEPT`](vestibule_model::logout::RECORD_KEPT) seconds.
///
/// One thing is out of reach: `login_hint` of a request that nobody has signed in for, or that
/// somebody else went on with. It goes with the request,
/// [`REUSE_KNOWN_FOR`](crate::expiry::REUSE_KNOWN_FOR) seconds after the request's end.
pub fn erase(conn: &mut Conn, id: &UserId, now: Timestamp) -> Result<bool, StorageError> {
    hold(conn, id)?;
    note(Kind::User, [id.as_str()]);
    browser_session::end_all_of_user(conn, id, None, now)?;
    // Deleted first, so that nobody can hang anything more on it.
    let email_key: Option<String> = diesel::delete(users::table.find(id.as_str()))
        .returning(users::email_key)
        .get_result(conn)
        .optional()?;
    let Some(email_key) = email_key else { return Ok(false) };
    diesel::delete(outbox::table.filter(outbox::user_id.eq(id.as_str()))).execute(conn)?;
    verification::delete_of_user(conn, id, &email_key)?;
    interaction::delete_of_user(conn, id)?;
    let none: Option<String> = None;
    diesel::update(audit_events::table.filter(audit_events::user_id.eq(id.as_str())))
        .set(audit_events::ip.eq(none))
        .execute(conn)?;
    Ok(true)
}
