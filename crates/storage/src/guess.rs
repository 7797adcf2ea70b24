//! Wrong guesses that count against somebody. What they lead to decides `policy::guessing`.

use diesel::prelude::*;
use vestibule_model::{Timestamp, guess::Counter};

use crate::{Conn, StorageError, dialect, schema::guesses};

/// What a row has in `failures` between its making and its first counter, in one transaction.
const NOTHING_YET: i64 = -1;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = guesses, treat_none_as_default_value = false)]
pub(crate) struct Row {
    subject: String,
    failures: i64,
    pub(crate) first_at: i64,
    last_at: i64,
    locked_until: Option<i64>,
    pub(crate) expires_at: i64,
}

impl Row {
    fn placeholder(subject: &str) -> Self {
        Self {
            subject: subject.to_owned(),
            failures: NOTHING_YET,
            first_at: 0,
            last_at: 0,
            locked_until: None,
            expires_at: 0,
        }
    }
}

impl From<Row> for Counter {
    fn from(row: Row) -> Self {
        Self {
            failures: row.failures,
            first_at: Timestamp(row.first_at),
            last_at: Timestamp(row.last_at),
            locked_until: row.locked_until.map(Timestamp),
        }
    }
}

/// The counters of those subjects that have one, each with its subject.
pub fn load(conn: &mut Conn, subjects: &[String]) -> Result<Vec<(String, Counter)>, StorageError> {
    let rows: Vec<Row> = guesses::table
        .filter(guesses::subject.eq_any(subjects))
        .order(guesses::subject)
        .select(Row::as_select())
        .load(conn)?;
    Ok(rows.into_iter().map(|row| (row.subject.clone(), Counter::from(row))).collect())
}

/// Changes the subject's counter and returns it. Of many who do so at once, each sees what the one
/// before it wrote: no failure is lost. `expires_at_of` tells from when on the counter decides
/// nothing, so that its row may go.
///
/// The row is held until the transaction ends. Whoever updates several subjects in one transaction
/// sorts them first, so that two of them cannot wait for each other.
pub fn update(
    conn: &mut Conn,
    subject: &str,
    expires_at_of: impl FnOnce(&Counter) -> Timestamp,
    change: impl FnOnce(Option<Counter>) -> Counter,
) -> Result<Counter, StorageError> {
    let row = dialect::hold_guess(conn, &Row::placeholder(subject))?;
    let old = (row.failures != NOTHING_YET).then(|| Counter::from(row));
    let new = change(old);
    diesel::update(guesses::table.find(subject))
        .set((
            guesses::failures.eq(new.failures),
            guesses::first_at.eq(new.first_at.0),
            guesses::last_at.eq(new.last_at.0),
            guesses::locked_until.eq(new.locked_until.map(|at| at.0)),
            guesses::expires_at.eq(expires_at_of(&new).0),
        ))
        .execute(conn)?;
    Ok(new)
}

/// Counts one more against the subject in the fixed window that is open, or opens one of `window`
/// seconds, and returns the counter. Neither is worth a wait for the disk: the transaction's commit
/// may be lost in a crash.
pub fn count(
    conn: &mut Conn,
    subject: &str,
    window: i64,
    now: Timestamp,
) -> Result<Counter, StorageError> {
    dialect::commit_without_waiting(conn)?;
    let first = Row {
        failures: 1,
        first_at: now.0,
        last_at: now.0,
        expires_at: now.plus(window).0,
        ..Row::placeholder(subject)
    };
    Ok(dialect::count_guess(conn, &first, window)?.into())
}

/// Forgets what counts against those subjects.
pub fn clear(conn: &mut Conn, subjects: &[String]) -> Result<(), StorageError> {
    diesel::delete(guesses::table.filter(guesses::subject.eq_any(subjects))).execute(conn)?;
    Ok(())
}
