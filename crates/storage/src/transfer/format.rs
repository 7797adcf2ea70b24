//! The lines of an export.
//!
//! ```text
//! {"vestibule_export":1,"version":"0.1.0","schema":"20261123000000","from":"sqlite","exported_at":1795000000}
//! {"table":"users","row":{"id":"u1","username":"ana", …}}
//! {"end":{"rows":{"users":1, …},"sha256":"…"}}
//! ```
//!
//! The digest is over the lines of rows, each with its line break: two exports of the same rows are
//! the same but for their headers. Times are Unix seconds.

use std::{
    collections::VecDeque,
    fmt::Write as _,
    io::{BufRead, Read, Write},
};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use vestibule_model::{
    Timestamp,
    sealed::{SealedColumn, StoredDataKey},
};

use super::{
    Counts, TransferError, newest_known,
    sql::Cells,
    tables::{Kind, TABLES, Table},
};
use crate::{Conn, StorageError, data_key, encryption_key, signing_key};

/// The format's number.
const FORMAT: u64 = 1;

/// No line is longer, in bytes: what is longer is no export.
const LONGEST_LINE: u64 = 64 << 20;

/// The first line of an export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    #[serde(rename = "vestibule_export")]
    format: u64,
    /// The version of Vestibule that wrote it.
    pub version: String,
    /// The newest migration of the database it came from.
    pub schema: String,
    /// Which database it came from: `sqlite` or `postgres`.
    pub from: String,
    /// When.
    pub exported_at: i64,
}

impl Header {
    pub(super) fn new(version: &str, schema: String, from: &str, now: Timestamp) -> Self {
        let (version, from) = (version.to_owned(), from.to_owned());
        Self { format: FORMAT, version, schema, from, exported_at: now.0 }
    }
}

#[derive(Serialize, Deserialize)]
struct End {
    rows: Counts,
    sha256: String,
}

/// Any line but the first.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    table: Option<String>,
    row: Option<serde_json::Map<String, Value>>,
    end: Option<End>,
}

/// What rows rest sealed under.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SealedKeys {
    /// The data keys, each sealed under the master key.
    pub data_keys: Vec<StoredDataKey>,
    /// Texts that the server cannot do without, with what each is sealed for.
    pub texts: Vec<(String, String)>,
}

impl SealedKeys {
    /// Those of a database.
    pub fn of(conn: &mut Conn) -> Result<Self, StorageError> {
        let mut keys = Self { data_keys: data_key::list(conn)?, texts: Vec::new() };
        for key in signing_key::list(conn)? {
            keys.note(SealedColumn::SigningKey, &key.kid, key.sealed_private_jwk);
        }
        for key in encryption_key::list(conn)? {
            keys.note(SealedColumn::EncryptionKey, &key.kid, key.sealed_private_jwk);
        }
        Ok(keys)
    }

    fn note(&mut self, column: SealedColumn, id: &str, text: String) {
        // The private part of a key that is long past use is empty.
        if !text.is_empty() {
            self.texts.push((column.purpose(id), text));
        }
    }

    /// Takes up a row of the tables that come first. `false` if this is none of them.
    fn take(&mut self, table: &Table, cells: &Cells) -> bool {
        let text = |name| cell(table, cells, name).unwrap_or_default().to_owned();
        let time = |name| cell(table, cells, name)?.parse().ok().map(Timestamp);
        match table.name {
            "data_keys" => self.data_keys.push(StoredDataKey {
                id: text("id"),
                sealed_key: text("sealed_key"),
                created_at: time("created_at").unwrap_or(Timestamp(0)),
                retired_at: time("retired_at"),
            }),
            "signing_keys" => {
                self.note(SealedColumn::SigningKey, &text("kid"), text("sealed_private_jwk"));
            }
            "encryption_keys" => {
                self.note(SealedColumn::EncryptionKey, &text("kid"), text("sealed_private_jwk"));
            }
            _ => return false,
        }
        true
    }
}

fn cell<'a>(table: &Table, cells: &'a Cells, name: &str) -> Option<&'a str> {
    let (place, _) = table.column(name)?;
    cells.get(place)?.as_deref()
}

/// The row's primary key, for people.
pub(super) fn key_of(table: &Table, cells: &Cells) -> String {
    let key = table.key.iter().map(|name| cell(table, cells, name).unwrap_or("?"));
    key.collect::<Vec<_>>().join(", ")
}

/// Writes an export.
pub(super) struct Lines<'a> {
    out: &'a mut dyn Write,
    digest: Sha256,
    counts: Counts,
    line: Vec<u8>,
}

impl<'a> Lines<'a> {
    pub(super) fn begin(out: &'a mut dyn Write, header: &Header) -> Result<Self, TransferError> {
        let counts = TABLES.iter().map(|table| (table.name.to_owned(), 0)).collect();
        let mut lines = Self { out, digest: Sha256::new(), counts, line: Vec::new() };
        serde_json::to_writer(&mut lines.line, header).map_err(std::io::Error::from)?;
        lines.put()?;
        Ok(lines)
    }

    fn put(&mut self) -> Result<(), TransferError> {
        self.line.push(b'\n');
        self.out.write_all(&self.line)?;
        self.line.clear();
        Ok(())
    }

    pub(super) fn row(&mut self, table: &Table, cells: &Cells) -> Result<(), TransferError> {
        write!(self.line, "{{\"table\":\"{}\",\"row\":{{", table.name)?;
        for (place, (column, cell)) in table.columns.iter().zip(cells).enumerate() {
            let comma = if place == 0 { "" } else { "," };
            write!(self.line, "{comma}\"{}\":", column.name)?;
            match (cell, column.kind) {
                (None, _) => self.line.extend_from_slice(b"null"),
                (Some(text), Kind::Text) => {
                    serde_json::to_writer(&mut self.line, text).map_err(std::io::Error::from)?;
                }
                (Some(text), kind) if is_written_so(text, kind) => {
                    self.line.extend_from_slice(text.as_bytes());
                }
                _ => {
                    let (name, key) = (table.name, key_of(table, cells));
                    let what = format!("{name} row {key}: {} holds another type", column.name);
                    return Err(StorageError::Inconsistent(what).into());
                }
            }
        }
        self.line.extend_from_slice(b"}}");
        self.digest.update(&self.line);
        self.digest.update(b"\n");
        if let Some(count) = self.counts.get_mut(table.name) {
            *count += 1;
        }
        self.put()
    }

    pub(super) fn end(mut self) -> Result<Counts, TransferError> {
        let end = End { rows: self.counts.clone(), sha256: hex(self.digest.clone()) };
        self.line.extend_from_slice(b"{\"end\":");
        serde_json::to_writer(&mut self.line, &end).map_err(std::io::Error::from)?;
        self.line.push(b'}');
        self.put()?;
        self.out.flush()?;
        Ok(self.counts)
    }
}

fn is_written_so(text: &str, kind: Kind) -> bool {
    match kind {
        Kind::Text => true,
        Kind::Integer => text.parse::<i64>().is_ok_and(|number| number.to_string() == text),
        Kind::Boolean => matches!(text, "true" | "false"),
    }
}

fn hex(digest: Sha256) -> String {
    digest.finalize().iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// An export that is being read: header and keys at once, the rows when they are imported.
pub struct Source<R> {
    input: R,
    header: Header,
    keys: SealedKeys,
    held: VecDeque<(&'static Table, Cells)>,
    digest: Sha256,
    counts: Counts,
    /// The number of the line that was read last.
    line: u64,
    /// Where in [`TABLES`] the last row belongs.
    place: usize,
    has_ended: bool,
}

impl<R: BufRead> Source<R> {
    /// Reads the header and the keys.
    ///
    /// # Errors
    /// What is no export, or one of another schema than this version's, is refused in words.
    pub fn open(mut input: R) -> Result<Self, TransferError> {
        if let Some(what) = foreign(input.fill_buf()?) {
            return Err(TransferError::refused(what));
        }
        let mut line = Vec::new();
        input.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line)?;
        let header = read_header(&line)?;
        let mut source = Self {
            input,
            header,
            keys: SealedKeys::default(),
            held: VecDeque::new(),
            digest: Sha256::new(),
            counts: TABLES.iter().map(|table| (table.name.to_owned(), 0)).collect(),
            line: 1,
            place: 0,
            has_ended: false,
        };
        while let Some((table, cells)) = source.read()? {
            let is_key = source.keys.take(table, &cells);
            source.held.push_back((table, cells));
            if !is_key {
                break;
            }
        }
        Ok(source)
    }

    /// The first line.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// What its rows are sealed under.
    #[must_use]
    pub const fn keys(&self) -> &SealedKeys {
        &self.keys
    }

    /// How many rows of each table were read.
    pub(super) const fn counts(&self) -> &Counts {
        &self.counts
    }

    /// The next row; `None` once the end has confirmed all of them.
    pub(super) fn next(&mut self) -> Result<Option<(&'static Table, Cells)>, TransferError> {
        match self.held.pop_front() {
            Some(held) => Ok(Some(held)),
            None => self.read(),
        }
    }

    fn read(&mut self) -> Result<Option<(&'static Table, Cells)>, TransferError> {
        if self.has_ended {
            return Ok(None);
        }
        let text = self.read_line()?;
        if text.is_empty() {
            return Err(TransferError::Refused(format!(
                "the export breaks off after line {}: its end is missing; fix: take a whole copy",
                self.line - 1
            )));
        }
        let line: Line = serde_json::from_slice(&text)
            .map_err(|_| TransferError::damaged(self.line, "is no row of an export"))?;
        match line {
            Line { table: Some(table), row: Some(row), end: None } => {
                self.digest.update(&text);
                self.row(&table, &row).map(Some)
            }
            Line { table: None, row: None, end: Some(end) } => self.end(&end).map(|()| None),
            _ => Err(TransferError::damaged(self.line, "is no row of an export")),
        }
    }

    fn read_line(&mut self) -> Result<Vec<u8>, TransferError> {
        let mut text = Vec::new();
        self.input.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut text)?;
        self.line += 1;
        Ok(text)
    }

    fn row(
        &mut self,
        name: &str,
        row: &serde_json::Map<String, Value>,
    ) -> Result<(&'static Table, Cells), TransferError> {
        let damaged = |what: &str| TransferError::damaged(self.line, what);
        // Each table's rows are together, parents before children.
        let later = TABLES.iter().enumerate().skip(self.place);
        let Some((place, table)) = later.into_iter().find(|(_, table)| table.name == name) else {
            return Err(damaged("names a table that is not there, or not in its place"));
        };
        self.place = place;
        if row.len() != table.columns.len() {
            return Err(damaged("has not the columns of its table"));
        }
        let cells = table.columns.iter().map(|column| {
            let value = row.get(column.name);
            let value = value.ok_or_else(|| damaged("has not the columns of its table"))?;
            read_cell(value, column.kind)
                .map_err(|WrongType| damaged("has a value of another type"))
        });
        let cells = cells.collect::<Result<Cells, TransferError>>()?;
        if let Some(count) = self.counts.get_mut(name) {
            *count += 1;
        }
        Ok((table, cells))
    }

    fn end(&mut self, end: &End) -> Result<(), TransferError> {
        let damaged = |what: &str| TransferError::damaged(self.line, what);
        if end.rows != self.counts {
            return Err(damaged("counts other rows than those before it"));
        }
        if end.sha256 != hex(self.digest.clone()) {
            return Err(damaged("the digest is not that of the rows before it"));
        }
        self.has_ended = true;
        if self.input.fill_buf()?.is_empty() {
            return Ok(());
        }
        Err(TransferError::damaged(self.line + 1, "something follows the end"))
    }
}

/// A value that its column cannot hold.
struct WrongType;

fn read_cell(value: &Value, kind: Kind) -> Result<Option<String>, WrongType> {
    match (value, kind) {
        (Value::Null, _) => Ok(None),
        (Value::String(text), Kind::Text) => Ok(Some(text.clone())),
        (Value::Bool(value), Kind::Boolean) => Ok(Some(value.to_string())),
        (Value::Number(number), Kind::Integer) => {
            number.as_i64().map(|number| Some(number.to_string())).ok_or(WrongType)
        }
        _ => Err(WrongType),
    }
}

fn read_header(line: &[u8]) -> Result<Header, TransferError> {
    const NO_EXPORT: &str = "this is no export of Vestibule: its first line is not the header that \
         `vestibule export` writes; fix: name a file that `vestibule export` or `vestibule backup` \
         wrote";
    let value: Value =
        serde_json::from_slice(line).map_err(|_| TransferError::refused(NO_EXPORT))?;
    match value.get("vestibule_export").map(Value::as_u64) {
        Some(Some(FORMAT)) => {}
        Some(Some(other)) => {
            return Err(TransferError::Refused(format!(
                "the export has the format {other}, which this version of Vestibule does not know; \
                 fix: use the version that wrote it, or a newer one"
            )));
        }
        _ => return Err(TransferError::refused(NO_EXPORT)),
    }
    let header: Header =
        serde_json::from_value(value).map_err(|_| TransferError::refused(NO_EXPORT))?;
    let schema = newest_known();
    if header.schema == schema {
        return Ok(header);
    }
    let fix = if header.schema.as_str() < schema {
        "import it with that version into an empty database, then start this one on it"
    } else {
        "use that version, or a newer one"
    };
    Err(TransferError::Refused(format!(
        "the export is of the schema {} (Vestibule {}), and this version has the schema {schema}; \
         fix: {fix}",
        header.schema, header.version
    )))
}

/// What a file is that is known and no export, and what to do with it.
fn foreign(start: &[u8]) -> Option<&'static str> {
    const KNOWN: [(&[u8], &str); 5] = [
        (
            b"SQLite format 3\0",
            "this is a copy of an SQLite database; fix: use `vestibule restore`",
        ),
        (
            b"\x1f\x8b",
            "this is compressed; fix: unpack it, for example `gunzip -c FILE | vestibule import -`",
        ),
        (
            b"\x28\xb5\x2f\xfd",
            "this is compressed; fix: unpack it, for example `zstd -dc FILE | vestibule import -`",
        ),
        (
            b"PGDMP",
            "this was written by pg_dump; fix: use pg_restore, or name a file that `vestibule \
             export` wrote",
        ),
        (
            b"-- \n-- PostgreSQL database dump",
            "this was written by pg_dump; fix: use psql, or name a file that `vestibule export` \
             wrote",
        ),
    ];
    if start.is_empty() {
        return Some("the file is empty; fix: name a file that `vestibule export` wrote");
    }
    KNOWN.iter().find(|(sign, _)| start.starts_with(sign)).map(|(_, what)| *what)
}
