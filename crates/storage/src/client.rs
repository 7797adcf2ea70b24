//! Clients.

use diesel::prelude::*;
use vestibule_model::{ClientId, Timestamp, TokenHash, client::Client};

use crate::{
    Conn, StorageError, json_text,
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
}

impl Row {
    fn of(client: &Client) -> Result<Self, StorageError> {
        Ok(Self {
            id: client.id.as_str().to_owned(),
            metadata: json_text::write(&client.metadata)?,
            secret_hash: client.secret_hash.as_ref().map(|hash| hash.as_str().to_owned()),
            created_at: client.created_at.0,
            updated_at: client.updated_at.0,
            disabled_at: client.disabled_at.map(|at| at.0),
        })
    }
}

impl TryFrom<Row> for Client {
    type Error = StorageError;

    fn try_from(row: Row) -> Result<Self, StorageError> {
        Ok(Self {
            id: ClientId::new(row.id),
            metadata: json_text::read("clients.metadata", &row.metadata)?,
            secret_hash: row.secret_hash.map(TokenHash::new),
            created_at: Timestamp(row.created_at),
            updated_at: Timestamp(row.updated_at),
            disabled_at: row.disabled_at.map(Timestamp),
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
pub fn find_many(conn: &mut Conn, ids: &[ClientId]) -> Result<Vec<Client>, StorageError> {
    let ids = ids.iter().map(ClientId::as_str).filter(|id| json_text::can_be_key(id));
    let rows: Vec<Row> = clients::table
        .filter(clients::id.eq_any(ids))
        .order(clients::id)
        .select(Row::as_select())
        .load(conn)?;
    rows.into_iter().map(Client::try_from).collect()
}

/// Registers a client. `Duplicate` names `client_id`.
pub fn insert(conn: &mut Conn, client: &Client) -> Result<(), StorageError> {
    diesel::insert_into(clients::table)
        .values(&Row::of(client)?)
        .execute(conn)
        .map_err(|error| StorageError::of_insert(error, &["client_id"]))?;
    insert_origins(conn, client)
}

/// Writes a client's new state over the old. `false` if there is no such client.
pub fn update(conn: &mut Conn, client: &Client) -> Result<bool, StorageError> {
    let row = Row::of(client)?;
    let count = diesel::update(clients::table.find(client.id.as_str())).set(&row).execute(conn)?;
    if count == 0 {
        return Ok(false);
    }
    diesel::delete(client_origins::table.filter(client_origins::client_id.eq(client.id.as_str())))
        .execute(conn)?;
    insert_origins(conn, client)?;
    Ok(true)
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
