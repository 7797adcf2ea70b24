//! Guess limits at the edge: `policy::guessing` decides, rows remember, this carries between them.
//! Every page that takes a password or a code asks here, and nowhere else.

use std::time::Duration;

use actix_web::HttpRequest;
pub use vestibule_keys::Digester;
use vestibule_model::{OAuthError, Timestamp, guess::Counter};
use vestibule_policy::guessing::{
    self, Limit, Limits, Standing, Subject, Try, code_subject, subjects,
};
use vestibule_storage::Conn;

use crate::admission::Aside;

/// What one try is counted against.
#[derive(Clone, Debug)]
pub struct Watch(Vec<Watched>);

#[derive(Clone, Debug)]
struct Watched {
    name: String,
    is_narrow: bool,
    limit: Limit,
}

/// A try that is not even looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    /// When the next one is taken.
    pub until: Timestamp,
    /// How long to hold the answer back.
    pub hold: Duration,
}

impl Refused {
    /// Seconds until the next try is taken; at least one.
    #[must_use]
    pub fn seconds(&self, now: Timestamp) -> i64 {
        self.until.since(now).max(1)
    }

    /// Waits as long as the answer to `http` is to be held back. No row is written, no thread is taken
    /// and no place among the requests in flight: asking again and again costs the asker only.
    ///
    /// # Errors
    /// So many others are in flight by then that this is refused too.
    pub async fn wait(&self, http: &HttpRequest) -> Result<(), OAuthError> {
        let aside = Aside::step(http);
        tokio::time::sleep(self.hold).await;
        aside.back()
    }
}

impl Watch {
    /// A password.
    #[must_use]
    pub fn of_password(digester: &Digester, attempt: &Try<'_>, limits: &Limits) -> Self {
        Self::over(digester, subjects(attempt, limits))
    }

    /// A one-time code: `kind` (such as `totp`) of `owner`, a user id or a verification's name.
    #[must_use]
    pub fn of_code(digester: &Digester, kind: &'static str, owner: &str, limits: &Limits) -> Self {
        Self::over(digester, vec![code_subject(kind, owner, limits)])
    }

    /// Whatever else is limited.
    #[must_use]
    pub fn over(digester: &Digester, subjects: Vec<(Subject, Limit)>) -> Self {
        let watched = subjects.into_iter().map(|(subject, limit)| Watched {
            name: digester.guess_subject(&subject.to_string()),
            is_narrow: subject.is_narrow(),
            limit,
        });
        let mut watched: Vec<_> = watched.collect();
        // Rows are held until a transaction ends: taken in one order, two tries never wait for each
        // other.
        watched.sort_by(|a, b| a.name.cmp(&b.name));
        Self(watched)
    }

    /// The names under which its counters are stored.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.0.iter().map(|watched| watched.name.clone()).collect()
    }

    /// Whether the try is refused unseen. Reads only.
    pub fn look(&self, conn: &mut Conn, now: Timestamp) -> Result<Option<Refused>, OAuthError> {
        let counters = vestibule_storage::guess::load(conn, &self.names())?;
        Ok(self.refusal(&counters, now))
    }

    fn refusal(&self, counters: &[(String, Counter)], now: Timestamp) -> Option<Refused> {
        let with = |watched: &Watched| {
            counters.iter().find(|(name, _)| *name == watched.name).map(|(_, counter)| *counter)
        };
        let found: Vec<_> =
            self.0.iter().filter_map(|watched| Some((watched, with(watched)?))).collect();
        let standings = found.iter().map(|(_, counter)| guessing::standing(Some(counter), now));
        let Standing::Locked { until } = guessing::worst(standings) else { return None };
        let holds =
            found.iter().map(|(watched, counter)| guessing::tar_pit(counter, &watched.limit, now));
        Some(Refused { until, hold: holds.max().unwrap_or_default() })
    }

    /// Charges the try before it is judged, so that guesses sent at the same moment are not all
    /// free. `Some` if it came too late: then nothing is charged.
    pub fn charge(&self, conn: &mut Conn, now: Timestamp) -> Result<Option<Refused>, OAuthError> {
        if let Some(refused) = self.look(conn, now)? {
            return Ok(Some(refused));
        }
        // Looking holds nothing: what was locked since then shows when the row is held.
        self.count(conn, now, |watched| watched.is_narrow)
    }

    /// Nothing was judged after all: takes this one charge back, and no other.
    pub fn give_back(&self, conn: &mut Conn, now: Timestamp) -> Result<(), OAuthError> {
        for Watched { name, limit, .. } in self.0.iter().filter(|watched| watched.is_narrow) {
            vestibule_storage::guess::update(
                conn,
                name,
                |counter| guessing::forgotten_at(counter, limit),
                |old| guessing::without_one(old, now),
            )?;
        }
        Ok(())
    }

    /// It was wrong: counts it against what many people share, too.
    pub fn failed(&self, conn: &mut Conn, now: Timestamp) -> Result<(), OAuthError> {
        self.count(conn, now, |watched| !watched.is_narrow)?;
        Ok(())
    }

    /// It was right: forgets what counts against this one person.
    pub fn forget(&self, conn: &mut Conn) -> Result<(), OAuthError> {
        let narrow = self.0.iter().filter(|watched| watched.is_narrow);
        let names: Vec<String> = narrow.map(|watched| watched.name.clone()).collect();
        Ok(vestibule_storage::guess::clear(conn, &names)?)
    }

    /// Counts one failure against each of `which`; `Some` if one of them was locked meanwhile, which
    /// then counts nothing.
    fn count(
        &self,
        conn: &mut Conn,
        now: Timestamp,
        which: impl Fn(&Watched) -> bool,
    ) -> Result<Option<Refused>, OAuthError> {
        let mut locked = None;
        for watched in self.0.iter().filter(|watched| which(watched)) {
            let limit = &watched.limit;
            vestibule_storage::guess::update(
                conn,
                &watched.name,
                |counter| guessing::forgotten_at(counter, limit),
                |old| {
                    let held = old.map(|counter| (watched.name.clone(), counter));
                    locked = locked.or(self.refusal(held.as_slice(), now));
                    guessing::after_failure(old, limit, now)
                },
            )?;
        }
        Ok(locked)
    }
}
