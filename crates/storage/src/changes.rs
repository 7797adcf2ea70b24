//! What a transaction changed of what instances keep in memory: clients, and whether tokens live.
//!
//! The repositories note it where they write, so that no caller can forget to tell: whoever
//! [commits](Db::write_noted) is handed all of it. A repository function that changes whether a token
//! is alive, or anything of a client, calls `note`.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

use crate::{Conn, Db, Pending, StorageError};

/// Of which kind a kept thing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A client, by `client_id`.
    Client,
    /// A grant, by its id.
    Grant,
    /// An access token that was revoked alone, by `jti`.
    Token,
    /// A user, by id.
    User,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Client, Self::Grant, Self::Token, Self::User];

    /// Its name, as instances tell it to each other.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Grant => "grant",
            Self::Token => "token",
            Self::User => "user",
        }
    }
}

/// What a transaction changed, each name once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use = "what changed has to be told to whoever keeps it"]
pub struct Changes(BTreeMap<Kind, BTreeSet<String>>);

impl Changes {
    /// Whether nothing that is kept anywhere changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The names, kind by kind; no kind comes without a name.
    pub fn into_kinds(self) -> impl Iterator<Item = (Kind, Vec<String>)> {
        self.0.into_iter().map(|(kind, names)| (kind, names.into_iter().collect()))
    }
}

thread_local! {
    // Jobs run on one thread from their first statement to their last.
    static NOTED: RefCell<Option<Changes>> = const { RefCell::new(None) };
}

/// Notes that these changed, if anybody wants to know.
pub(crate) fn note<I>(kind: Kind, names: I)
where
    I: IntoIterator,
    I::Item: Into<String>,
{
    NOTED.with_borrow_mut(|noted| {
        let Some(Changes(kinds)) = noted else { return };
        let mut names = names.into_iter().map(Into::into).peekable();
        if names.peek().is_some() {
            kinds.entry(kind).or_default().extend(names);
        }
    });
}

fn collect<T>(work: impl FnOnce() -> T) -> (T, Changes) {
    // What a job that panicked left behind goes here.
    NOTED.set(Some(Changes::default()));
    let value = work();
    (value, NOTED.take().unwrap_or_default())
}

impl Db {
    /// [`write`](Self::write), and what it changed of what instances keep. Tell it after the commit,
    /// which this answer says, and before anybody is told of the success.
    pub fn write_noted<T, E, F>(&self, work: F) -> Pending<(T, Changes), E>
    where
        F: FnOnce(&mut Conn) -> Result<T, E> + Clone + Send + 'static,
        E: From<StorageError> + Send + 'static,
        T: Send + 'static,
    {
        self.write(move |conn| {
            let (outcome, changes) = collect(|| work(conn));
            Ok((outcome?, changes))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_job_is_told_what_it_changed_itself() {
        note(Kind::Client, ["before"]);
        let (value, first) = collect(|| {
            note(Kind::Grant, ["b", "a", "b"]);
            note(Kind::Client, ["app"]);
            note::<[&str; 0]>(Kind::User, []);
            7
        });
        assert_eq!(value, 7);
        let told: Vec<_> = first.into_kinds().collect();
        let names = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(told, [(Kind::Client, names(&["app"])), (Kind::Grant, names(&["a", "b"]))]);
        assert!(collect(|| ()).1.is_empty());
    }

    #[test]
    fn what_a_job_that_panicked_noted_is_nobodys() {
        let lost = std::panic::catch_unwind(|| {
            collect(|| {
                note(Kind::Grant, ["a"]);
                panic!("on purpose");
            })
        });
        assert!(lost.is_err());
        assert!(collect(|| ()).1.is_empty());
    }
}
