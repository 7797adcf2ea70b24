//! Whether the database answers.

use diesel::connection::SimpleConnection;

use crate::{Conn, StorageError};

/// Asks the database for nothing and waits for the answer.
pub fn ping(conn: &mut Conn) -> Result<(), StorageError> {
    Ok(conn.batch_execute("SELECT 1")?)
}
