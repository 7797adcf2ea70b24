//! Whether tokens live, and who clients are: what this process keeps of that, and how it learns that
//! it changed.
//!
//! Nothing is kept without Redis. With it, each thing is kept for `redis.max_staleness` at most and
//! dropped when an instance says that it changed: [`AppState::commit`] says so of everything that
//! storage noted in the transaction (`vestibule_storage::changes`), after the commit and before its
//! caller hears of it. So no handler tells anybody anything, and none can forget to.

use std::{sync::Arc, time::Duration};

use futures_util::future::join_all;
use vestibule_cache::{Cache, Kept, Mark};
use vestibule_model::{
    ClientId, OAuthError, TokenHash,
    client::Client,
    grant::{AccessTokenClaims, Grant},
};
use vestibule_storage::{
    Conn,
    changes::{Changes, Kind},
};

use crate::state::AppState;

/// How many clients are kept.
const CLIENTS: u64 = 2_000;
/// The most bytes of a client's metadata, as JSON, that are kept: whoever registers may write
/// hundreds of kilobytes, which take many times as much in memory. Larger ones are read each time.
const LARGEST_CLIENT: usize = 4 * 1_024;
/// How many of each other thing are kept: some hundred bytes each.
const OTHERS: u64 = 20_000;

/// What is kept.
#[derive(Clone)]
pub struct Standing {
    clients: Kept<Client>,
    grants: Kept<Grant>,
    /// By `jti`: whether the token was revoked alone.
    tokens: Kept<bool>,
    people: Kept<Person>,
    /// By hash: what an opaque token stands for, which never changes.
    opaque: Kept<AccessTokenClaims>,
}

/// A person whose account may be used, as far as tokens ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The name.
    pub username: String,
}

/// An access token as it was presented.
#[derive(Clone, Debug)]
pub enum Presented {
    /// A JWT of ours.
    Signed(Arc<AccessTokenClaims>),
    /// Something else, by its hash.
    Opaque(TokenHash),
}

/// What an access token says and hangs on, as it is, or was a moment ago.
#[derive(Clone, Debug)]
pub struct Facts {
    /// What it says.
    pub claims: Arc<AccessTokenClaims>,
    /// Whether it was revoked alone.
    pub is_revoked: bool,
    /// Whose it is, if that client is there.
    pub client: Option<Arc<Client>>,
    /// What it was issued from, if that is there; a client's own token comes from none.
    pub grant: Option<Arc<Grant>>,
    /// Who granted that, if their account may be used.
    pub person: Option<Arc<Person>>,
}

#[derive(Clone, Copy)]
struct Marks {
    client: Mark,
    grant: Mark,
    token: Mark,
    person: Mark,
    opaque: Mark,
}

impl Standing {
    /// Keeps things for `max_age` at most; nothing unless `cache` is shared.
    #[must_use]
    pub fn new(cache: &Cache, max_age: Duration) -> Self {
        Self {
            clients: Kept::new(cache, Kind::Client.as_str(), CLIENTS, max_age),
            grants: Kept::new(cache, Kind::Grant.as_str(), OTHERS, max_age),
            tokens: Kept::new(cache, Kind::Token.as_str(), OTHERS, max_age),
            people: Kept::new(cache, Kind::User.as_str(), OTHERS, max_age),
            opaque: Kept::new(cache, "opaque_token", OTHERS, max_age),
        }
    }

    fn begin(&self) -> Marks {
        Marks {
            client: self.clients.begin(),
            grant: self.grants.begin(),
            token: self.tokens.begin(),
            person: self.people.begin(),
            opaque: self.opaque.begin(),
        }
    }

    /// Everything about the token, if all of it is kept.
    fn known(&self, presented: &Presented) -> Option<Facts> {
        let claims = match presented {
            Presented::Signed(claims) => Arc::clone(claims),
            Presented::Opaque(hash) => self.opaque.get(hash.as_str())?,
        };
        let is_revoked = *self.tokens.get(&claims.jti)?;
        let client = self.clients.get(claims.client_id.as_str())?;
        let (grant, person) = match claims.grant_id() {
            Some(id) => {
                let grant = self.grants.get(id.as_str())?;
                let person = self.people.get(grant.user_id.as_str())?;
                (Some(grant), Some(person))
            }
            None => (None, None),
        };
        Some(Facts { claims, is_revoked, client: Some(client), grant, person })
    }

    /// Keeps what was read after `marks`. All of it was: what was kept before keeps its own age.
    fn keep(&self, marks: &Marks, presented: &Presented, facts: &Facts) {
        let claims = &facts.claims;
        if let Presented::Opaque(hash) = presented {
            self.opaque.put(
                &marks.opaque,
                hash.as_str().to_owned(),
                AccessTokenClaims::clone(claims),
            );
        }
        self.tokens.put(&marks.token, claims.jti.clone(), facts.is_revoked);
        if let Some(client) = &facts.client {
            self.keep_client(&marks.client, client);
        }
        if let Some(grant) = &facts.grant {
            self.grants.put(&marks.grant, grant.id.as_str().to_owned(), Grant::clone(grant));
            if let Some(person) = &facts.person {
                let id = grant.user_id.as_str().to_owned();
                self.people.put(&marks.person, id, Person::clone(person));
            }
        }
    }

    fn keep_client(&self, mark: &Mark, client: &Client) {
        let size = serde_json::to_vec(&client.metadata).map_or(usize::MAX, |text| text.len());
        if size <= LARGEST_CLIENT {
            self.clients.put(mark, client.id.as_str().to_owned(), client.clone());
        }
    }

    fn is_on(&self) -> bool {
        self.clients.is_on()
    }
}

impl std::fmt::Debug for Standing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Standing").field("is_on", &self.is_on()).finish_non_exhaustive()
    }
}

impl Facts {
    fn read(conn: &mut Conn, presented: Presented) -> Result<Option<Self>, OAuthError> {
        let claims = match presented {
            Presented::Signed(claims) => claims,
            Presented::Opaque(hash) => {
                let row = vestibule_storage::opaque_access_token::find(conn, &hash)?;
                let Some(row) = row else { return Ok(None) };
                Arc::new(row.claims)
            }
        };
        let is_revoked = vestibule_storage::revoked_token::contains(conn, &claims.jti)?;
        let client = vestibule_storage::client::find(conn, &claims.client_id)?;
        let grant = match claims.grant_id() {
            Some(id) => vestibule_storage::grant::find(conn, &id)?,
            None => None,
        };
        let person = match &grant {
            Some(grant) => vestibule_storage::user::find(conn, &grant.user_id)?,
            None => None,
        };
        let person = person
            .filter(|user| user.disabled_at.is_none())
            .map(|user| Arc::new(Person { username: user.username }));
        let (client, grant) = (client.map(Arc::new), grant.map(Arc::new));
        Ok(Some(Self { claims, is_revoked, client, grant, person }))
    }
}

impl AppState {
    /// What the token says and hangs on, in one hop at most; `None` for an opaque one that we never
    /// issued.
    pub async fn facts(&self, presented: Presented) -> Result<Option<Facts>, OAuthError> {
        let standing = &self.standing;
        if !standing.is_on() {
            return self.read(move |conn| Facts::read(conn, presented)).await;
        }
        let known = standing.known(&presented);
        self.metrics.kept("token", known.is_some());
        if known.is_some() {
            return Ok(known);
        }
        let marks = standing.begin();
        let wanted = presented.clone();
        let facts = self.read(move |conn| Facts::read(conn, wanted)).await?;
        if let Some(facts) = &facts {
            standing.keep(&marks, &presented, facts);
        }
        Ok(facts)
    }

    /// The client of that `client_id`, for whatever decides nothing in a transaction: there it is
    /// read anew.
    pub async fn client(&self, id: &ClientId) -> Result<Option<Arc<Client>>, OAuthError> {
        let standing = &self.standing;
        if standing.is_on() {
            let known = standing.clients.get(id.as_str());
            self.metrics.kept("client", known.is_some());
            if known.is_some() {
                return Ok(known);
            }
        }
        let (mark, wanted) = (standing.clients.begin(), id.clone());
        let read = self.read(move |conn| Ok(vestibule_storage::client::find(conn, &wanted)?));
        let client = read.await?;
        if let Some(client) = client.as_ref().filter(|_| standing.is_on()) {
            standing.keep_client(&mark, client);
        }
        Ok(client.map(Arc::new))
    }
}

/// Tells every instance what a transaction changed. After its commit, before its caller is answered.
pub async fn announce(cache: &Cache, changes: Changes) {
    let words = changes.into_kinds().map(|(kind, names)| async move {
        cache.changed(kind.as_str(), &names).await;
    });
    // All at once: each may wait for Redis.
    join_all(words).await;
}
