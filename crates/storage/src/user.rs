//! People's accounts.

use diesel::prelude::*;
use vestibule_model::{Timestamp, UserId, user::User};

use crate::{Conn, StorageError, json_text, schema::users};

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

/// Makes an account. `Duplicate` names `username` or `email`.
pub fn insert(conn: &mut Conn, user: &User) -> Result<(), StorageError> {
    diesel::insert_into(users::table)
        .values(&Row::of(user)?)
        .execute(conn)
        .map_err(|error| StorageError::of_insert(error, &["username", "email", "user id"]))?;
    Ok(())
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

/// Every user, by `sub`.
pub fn list(conn: &mut Conn) -> Result<Vec<User>, StorageError> {
    let rows: Vec<Row> = users::table.order(users::id).select(Row::as_select()).load(conn)?;
    rows.into_iter().map(User::try_from).collect()
}
