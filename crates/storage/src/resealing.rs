//! The sealed texts of every column that lasts, row by row, for sealing them again under another
//! key. What a text holds and under which key it is, this crate does not know.

use diesel::prelude::*;
use vestibule_model::sealed::SealedColumn;

use crate::{
    Conn, StorageError,
    changes::{Kind, note},
    schema::{clients, encryption_keys, outbox, signing_keys, totp_devices, users, verifications},
};

/// Sealed columns that are not sealed again, as `table.column`: a reply is over long before a
/// retired key is erased, and data keys are sealed under the master key.
pub const NOT_RESEALED: [&str; 2] = ["refresh_tokens.sealed_reply", "data_keys.sealed_key"];

/// Gives `$act` the table, its primary key and the sealed column of each kind. The one place that
/// knows them.
macro_rules! on_column {
    ($column:expr, $act:ident) => {
        match $column {
            SealedColumn::SigningKey => $act!(signing_keys, kid, sealed_private_jwk),
            SealedColumn::Profile => $act!(users, id, sealed_profile),
            SealedColumn::TotpSecret => $act!(totp_devices, id, sealed_secret),
            SealedColumn::OutboxMail => $act!(outbox, id, sealed_message),
            SealedColumn::Verification => $act!(verifications, id, sealed_data),
            SealedColumn::ClientSecret => $act!(clients, id, sealed_secret),
            SealedColumn::EncryptionKey => $act!(encryption_keys, kid, sealed_private_jwk),
        }
    };
}

/// A row of a sealed column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedRow {
    /// The row's primary key.
    pub id: String,
    /// The sealed text; `None` if there is none in this row.
    pub text: Option<String>,
}

/// The next `limit` rows by primary key, from the first beyond `after`; `""` is before every row.
pub fn page(
    conn: &mut Conn,
    column: SealedColumn,
    after: &str,
    limit: i64,
) -> Result<Vec<SealedRow>, StorageError> {
    macro_rules! read {
        ($table:ident, $key:ident, $sealed:ident) => {
            $table::table
                .filter($table::$key.gt(after))
                .order($table::$key)
                .limit(limit)
                .select(($table::$key, $table::$sealed.nullable()))
                .load::<(String, Option<String>)>(conn)?
        };
    }
    let rows = on_column!(column, read);
    let row = |(id, text): (String, Option<String>)| SealedRow {
        id,
        text: text.filter(|text| !text.is_empty()),
    };
    Ok(rows.into_iter().map(row).collect())
}

/// Puts `new` in the place of `old`, which is the same text sealed otherwise. `false` if the row
/// holds something else by now, or is gone: whoever changed it sealed it anew.
pub fn replace(
    conn: &mut Conn,
    column: SealedColumn,
    id: &str,
    old: &str,
    new: &str,
) -> Result<bool, StorageError> {
    macro_rules! update {
        ($table:ident, $key:ident, $sealed:ident) => {
            diesel::update($table::table.find(id))
                .filter($table::$sealed.eq(old))
                .set($table::$sealed.eq(new))
                .execute(conn)?
        };
    }
    let replaced = on_column!(column, update) == 1;
    if replaced && column == SealedColumn::ClientSecret {
        note(Kind::Client, [id]);
    }
    Ok(replaced)
}
