//! Clients.

use diesel::prelude::*;
use vestibule_model::{
    ClientId, Timestamp, TokenHash,
    client::{Client, Registration},
};

use crate::{
    Conn, MayLag, StorageError,
    changes::{Kind, note},
    json_text,
    replica::lagging,
    schema::{client_origins, clients},
};

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = clients, treat_none_as_default_value = false, treat_none_as_null = true)]
struct Row {
    id: String,
    metadata: String,
    secret_hash: Option<String>,
    created_at: i64,
    updated_at: i64,
    disabled_at: Option<i64>,
    sealed_secret: Option<String>,
    registration_token_hash: Option<String>,
    initial_access_token: Option<String>,
    unused_until: Option<i64>,
}

impl Row {
    fn of(client: &Client) -> Result<Self, StorageError> {
        let registration = client.registration.as_ref();
        let token_hash = registration.map(|registration| &registration.access_token_hash);
        Ok(Self {
            id: client.id.as_str().to_owned(),
            metadata: json_text::write(&client.metadata)?,
            secret_hash: client.secret_hash.as_ref().map(|hash| hash.as_str().to_owned()),
            created_at: client.created_at.0,
            updated_at: client.updated_at.0,
            disabled_at: client.disabled_at.map(|at| at.0),
            sealed_secret: client.sealed_secret.clone(),
            registration_token_hash: token_hash.map(|hash| hash.as_str().to_owned()),
            initial_access_token: registration.and_then(|r| r.initial_access_token.clone()),
            unused_until: registration.and_then(|r| r.unused_until).map(|at| at.0),
        })
    }
}

impl TryFrom<Row> for Client {
    type Error = StorageError;

    fn try_from(row: Row) -> Result<Self, StorageError> {
        let registration = row.registration_token_hash.map(|hash| Registration {
            access_token_hash: TokenHash::new(hash),
            initial_access_token: row.initial_access_token,
            unused_until: row.unused_until.map(Timestamp),
        });
        Ok(Self {
            id: ClientId::new(row.id),
            metadata: json_text::read("clients.metadata", &row.metadata)?,
            secret_hash: row.secret_hash.map(TokenHash::new),
            created_at: Timestamp(row.created_at),
            updated_at: Timestamp(row.updated_at),
            disabled_at: row.disabled_at.map(Timestamp),
            sealed_secret: row.sealed_secret,
            registration,
        })
    }
}

/// The client of that `client_id` (RFC 6749 §2.2).
pub fn find(conn: &mut Conn, id: &ClientId) -> Result<Option<Client>, StorageError> {
    if !json_text::can_be_key(id.as_str()) {
        return Ok(None);
    }
    let row = clients::table.find(id.as_str()).select(Row::as_select()).first(conn).optional()?;
    row.map(Client::try_from).transpose()
}

/// The clients among `ids` that are there, by `client_id`.
pub fn find_many(conn: &mut impl MayLag, ids: &[ClientId]) -> Result<Vec<Client>, StorageError> {
    let ids = ids.iter().map(ClientId::as_str).filter(|id| json_text::can_be_key(id));
    let rows: Vec<Row> = clients::table
        .filter(clients::id.eq_any(ids))
        .order(clients::id)
        .select(Row::as_select())
        .load(lagging(conn))?;
    rows.into_iter().map(Client::try_from).collect()
}

/// Registers a client. `Duplicate` names `client_id`.
pub fn insert(conn: &mut Conn, client: &Client) -> Result<(), StorageError> {
    diesel::insert_into(clients::table)
        .values(&Row::of(client)?)
        .execute(conn)
        .map_err(|error| StorageError::of_insert(error, &["client_id"]))?;
    note(Kind::Client, [client.id.as_str()]);
    insert_origins(conn, client)
}

/// Holds the client's row until the transaction ends: whoever reads, decides and writes does this
/// first, so that two of them do not undo each other. `false` if there is no such client.
pub fn hold(conn: &mut Conn, id: &ClientId) -> Result<bool, StorageError> {
    if !json_text::can_be_key(id.as_str()) {
        return Ok(false);
    }
    let count = diesel::update(clients::table.find(id.as_str()))
        .set(clients::updated_at.eq(clients::updated_at))
        .execute(conn)?;
    Ok(count == 1)
}

/// Writes a client's new state over the old. `false` if there is no such client.
pub fn update(conn: &mut Conn, client: &Client) -> Result<bool, StorageError> {
    let row = Row::of(client)?;
    let count = diesel::update(clients::table.find(client.id.as_str())).set(&row).execute(conn)?;
    if count == 0 {
        return Ok(false);
    }
    note(Kind::Client, [client.id.as_str()]);
    diesel::delete(client_origins::table.filter(client_origins::client_id.eq(client.id.as_str())))
        .execute(conn)?;
    insert_origins(conn, client)?;
    Ok(true)
}

/// Somebody signed in with the client: it stays.
pub fn used(conn: &mut Conn, id: &ClientId) -> Result<(), StorageError> {
    let none: Option<i64> = None;
    let count = diesel::update(clients::table.find(id.as_str()))
        .filter(clients::unused_until.is_not_null())
        .set(clients::unused_until.eq(none))
        .execute(conn)?;
    if count > 0 {
        note(Kind::Client, [id.as_str()]);
    }
    Ok(())
}

/// How many clients there are that registered themselves and are removed after `now` unless somebody
/// signs in with them.
pub fn count_unused(conn: &mut Conn, now: Timestamp) -> Result<i64, StorageError> {
    Ok(clients::table.filter(clients::unused_until.gt(now.0)).count().get_result(conn)?)
}

/// Removes a client with all that was granted to it. `false` if there is no such client.
pub fn delete(conn: &mut Conn, id: &ClientId) -> Result<bool, StorageError> {
    if !json_text::can_be_key(id.as_str()) {
        return Ok(false);
    }
    let count = diesel::delete(clients::table.find(id.as_str())).execute(conn)?;
    note(Kind::Client, [id.as_str()]);
    Ok(count == 1)
}

/// Every client, by `client_id`.
pub fn list(conn: &mut Conn) -> Result<Vec<Client>, StorageError> {
    let rows: Vec<Row> = clients::table.order(clients::id).select(Row::as_select()).load(conn)?;
    rows.into_iter().map(Client::try_from).collect()
}

/// Whether `origin` is the web origin of any client's redirect URI.
pub fn origin_registered(conn: &mut Conn, origin: &str) -> Result<bool, StorageError> {
    if !json_text::can_be_key(origin) {
        return Ok(false);
    }
    let one = client_origins::table
        .filter(client_origins::origin.eq(origin))
        .select(client_origins::client_id)
        .first::<String>(conn)
        .optional()?;
    Ok(one.is_some())
}

fn insert_origins(conn: &mut Conn, client: &Client) -> Result<(), StorageError> {
    for origin in client.web_origins() {
        diesel::insert_into(client_origins::table)
            .values((
                client_origins::origin.eq(origin),
                client_origins::client_id.eq(client.id.as_str().to_owned()),
            ))
            .execute(conn)?;
    }
    Ok(())
}
