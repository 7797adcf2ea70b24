//! Pending authorization requests.

use diesel::prelude::*;
use vestibule_model::{
    InteractionId, Timestamp, UserId,
    interaction::{Interaction, Progress},
};

use crate::{
    Conn, StorageError, json_text,
    schema::{browser_sessions, interactions},
};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = interactions)]
struct Row {
    id: String,
    client_id: String,
    request: String,
    progress: String,
    created_at: i64,
    expires_at: i64,
}

impl TryFrom<Row> for Interaction {
    type Error = StorageError;

    fn try_from(row: Row) -> Result<Self, StorageError> {
        Ok(Self {
            id: InteractionId::new(row.id),
            request: json_text::read("interactions.request", &row.request)?,
            progress: json_text::read("interactions.progress", &row.progress)?,
            created_at: Timestamp(row.created_at),
            expires_at: Timestamp(row.expires_at),
        })
    }
}

/// Keeps a request while its pages are shown.
pub fn insert(conn: &mut Conn, interaction: &Interaction) -> Result<(), StorageError> {
    let row = Row {
        id: interaction.id.as_str().to_owned(),
        client_id: interaction.request.client_id.as_str().to_owned(),
        request: json_text::write(&interaction.request)?,
        progress: json_text::write(&interaction.progress)?,
        created_at: interaction.created_at.0,
        expires_at: interaction.expires_at.0,
    };
    diesel::insert_into(interactions::table)
        .values(&row)
        .execute(conn)
        .map_err(|error| StorageError::of_insert(error, &["interaction"]))?;
    Ok(())
}

/// The request of that name, expired or not: an expired one still knows the way back to its client.
pub fn find(conn: &mut Conn, id: &InteractionId) -> Result<Option<Interaction>, StorageError> {
    if !json_text::can_be_key(id.as_str()) {
        return Ok(None);
    }
    let row =
        interactions::table.find(id.as_str()).select(Row::as_select()).first(conn).optional()?;
    row.map(Interaction::try_from).transpose()
}

/// Writes how far the person has come, and whose session says so. `false` if the request is gone.
pub fn save_progress(
    conn: &mut Conn,
    id: &InteractionId,
    progress: &Progress,
) -> Result<bool, StorageError> {
    let marks = [&progress.consented, &progress.account_chosen, &progress.signed_in];
    let this = interactions::table.find(id.as_str());
    let written = interactions::progress.eq(json_text::write(progress)?);
    let count = match marks.into_iter().flatten().next() {
        Some(session) => {
            let owner =
                browser_sessions::table.find(session.as_str()).select(browser_sessions::user_id);
            diesel::update(this)
                .set((written, interactions::user_id.eq(owner.single_value())))
                .execute(conn)?
        }
        None => diesel::update(this).set(written).execute(conn)?,
    };
    Ok(count == 1)
}

/// Deletes the requests on which a session of the user's was the last to leave a mark.
pub(crate) fn delete_of_user(conn: &mut Conn, user: &UserId) -> Result<usize, StorageError> {
    let theirs = interactions::table.filter(interactions::user_id.eq(user.as_str()));
    Ok(diesel::delete(theirs).execute(conn)?)
}
