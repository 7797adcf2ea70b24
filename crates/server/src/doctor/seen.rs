//! All that is looked at, in the order in which one look needs another.

use std::future::Future;
use std::time::Duration;

use futures_util::future::{join3, join4};
use secrecy::ExposeSecret;
use vestibule_cache::{Cache, CacheError, RedisSettings, RedisUrl};
use vestibule_keys::Digester;
use vestibule_model::{Clock, Secret, Timestamp};
use vestibule_storage::DatabaseUrl;
use vestibule_storage::inspect::{Ended, LeaseSeen, Mails};
use vestibule_storage::migrate::Standing;

use super::base::{Base, Unknown, aside, in_time};
use super::{data_dir, database, instance, issuer, keys, limits, mail, master_key, redis, replica};
use crate::clock::SystemClock;
use crate::config::Config;

/// Said of what is not looked at because nobody asked for it; never shown.
const NOT_ASKED: &str = "not asked for";

/// What was seen, or why not.
pub(super) struct Seen {
    pub(super) folders: Result<Vec<data_dir::Folder>, Unknown>,
    pub(super) held: Result<master_key::Held, Unknown>,
    pub(super) base: OfDatabase,
    /// `None` without one.
    pub(super) redis: Option<Timed<Result<redis::Answered, Unknown>>>,
    /// `None` without a mail server.
    pub(super) smtp: Option<mail::Answered>,
    pub(super) issuer: Result<issuer::Visit, Unknown>,
    pub(super) limits: limits::Seen,
    pub(super) now: Timestamp,
}

/// What was seen through the one connection to the database.
pub(super) struct OfDatabase {
    pub(super) facts: Timed<Result<database::Seen, Unknown>>,
    pub(super) rows: Rows,
    /// `None` without one.
    pub(super) replica: Option<Result<replica::Seen, Unknown>>,
}

/// What the tables hold.
pub(super) struct Rows {
    pub(super) standing: Result<Standing, Unknown>,
    pub(super) keys: Result<keys::Stored, Unknown>,
    pub(super) ended: Result<Vec<Ended>, Unknown>,
    pub(super) leases: Result<Vec<LeaseSeen>, Unknown>,
    pub(super) mails: Result<Mails, Unknown>,
    pub(super) demo: Result<bool, Unknown>,
}

/// Something, and this machine's clock before and after.
pub(super) struct Timed<T> {
    pub(super) what: T,
    pub(super) before: Timestamp,
    pub(super) after: Timestamp,
}

async fn timed<T>(look: impl Future<Output = T>) -> Timed<T> {
    let before = SystemClock.now();
    let what = look.await;
    Timed { what, before, after: SystemClock.now() }
}

/// Which looks are needed for what was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each look is needed or not")]
pub(super) struct Needs {
    pub(super) database: bool,
    pub(super) redis: bool,
    pub(super) smtp: bool,
    pub(super) issuer: bool,
}

impl Seen {
    /// Looks at what is needed, each look for no longer than `limit`.
    pub(super) async fn look(config: &Config, limit: Duration, needs: Needs) -> Self {
        let settings = config.clone();
        let files = aside(limit, move || (data_dir::look(&settings), master_key::look(&settings)));
        let (folders, held) = match files.await {
            Ok((folders, held)) => (Ok(folders), Ok(held)),
            Err(why) => (Err(why.clone()), Err(why)),
        };
        let digester = held.as_ref().ok().and_then(master_key::Held::key).map(Digester::new);
        let (base, redis, smtp, issuer) = join4(
            Box::pin(OfDatabase::look(config, limit, needs.database)),
            look_at_redis(config.redis.settings.as_ref().filter(|_| needs.redis), limit),
            look_at_smtp(config, limit, needs.smtp),
            Box::pin(look_at_issuer(config, digester.as_ref(), limit, needs.issuer)),
        )
        .await;
        let (limits, now) = (limits::look(), SystemClock.now());
        Self { folders, held, base, redis, smtp, issuer, limits, now }
    }
}

impl OfDatabase {
    async fn look(config: &Config, limit: Duration, is_needed: bool) -> Self {
        let base = if is_needed {
            Base::open(&config.database.url, limit).await
        } else {
            Err(NOT_ASKED.to_owned())
        };
        let facts = async {
            match &base {
                Ok(base) => database::look(base, config, limit).await,
                Err(why) => Err(why.clone()),
            }
        };
        let replica = look_at_replica(config.database.read_url.as_ref(), base.as_ref().ok(), limit);
        let (facts, rows, replica) = join3(timed(facts), Rows::look(&base), replica).await;
        Self { facts, rows, replica }
    }
}

impl Rows {
    /// What is asked of tables that may not be there yet is each asked for itself.
    async fn look(base: &Result<Base, Unknown>) -> Self {
        let base = match base {
            Ok(base) => base,
            Err(why) => return Self::unknown(why),
        };
        Self {
            standing: base.ask(vestibule_storage::inspect::Lookout::standing).await,
            keys: base.ask(keys::look).await,
            ended: base.ask(vestibule_storage::inspect::Lookout::ended).await,
            leases: base.ask(vestibule_storage::inspect::Lookout::leases).await,
            mails: base.ask(vestibule_storage::inspect::Lookout::mails).await,
            demo: instance::look(base).await,
        }
    }

    fn unknown(why: &Unknown) -> Self {
        Self {
            standing: Err(why.clone()),
            keys: Err(why.clone()),
            ended: Err(why.clone()),
            leases: Err(why.clone()),
            mails: Err(why.clone()),
            demo: Err(why.clone()),
        }
    }
}

/// The primary is asked first: what the replica says later, it has from then or after.
async fn look_at_replica(
    url: Option<&Secret>,
    base: Option<&Base>,
    limit: Duration,
) -> Option<Result<replica::Seen, Unknown>> {
    let url = DatabaseUrl::Postgres { url: url?.clone() };
    let primary = match base {
        Some(base) => {
            base.ask(vestibule_storage::inspect::Lookout::log_position).await.ok().flatten()
        }
        None => None,
    };
    let replica = async {
        let seen = Base::open_replica(url, limit)
            .await?
            .ask(vestibule_storage::inspect::Lookout::replica)
            .await?;
        seen.ok_or_else(|| "it is no PostgreSQL server".to_owned())
    };
    Some(replica.await.map(|replica| replica::Seen { primary, replica }))
}

async fn look_at_redis(
    settings: Option<&RedisSettings>,
    limit: Duration,
) -> Option<Timed<Result<redis::Answered, Unknown>>> {
    let settings = settings?;
    let answered = async {
        let url = RedisUrl::parse(settings.url.expose_secret()).map_err(|why| why.to_string())?;
        let way = redis::Way {
            is_private: url.is_private(),
            is_local: url.is_local(),
            has_password: url.has_password(),
        };
        let cache = Cache::redis(settings.clone()).map_err(|why| why.to_string())?;
        let asked = in_time(limit, async {
            let ping = cache.ping().await?;
            Ok::<_, CacheError>(redis::Answered { ping, refusals: cache.refusals().await, way })
        });
        let answered = asked.await;
        cache.shutdown();
        answered?.map_err(|why| why.to_string())
    };
    Some(timed(answered).await)
}

async fn look_at_smtp(config: &Config, limit: Duration, is_needed: bool) -> Option<mail::Answered> {
    let smtp = config.mail.smtp.as_ref().filter(|_| is_needed)?;
    Some(mail::look(smtp, limit).await)
}

async fn look_at_issuer(
    config: &Config,
    digester: Option<&Digester>,
    limit: Duration,
    is_needed: bool,
) -> Result<issuer::Visit, Unknown> {
    if !is_needed {
        return Err(NOT_ASKED.to_owned());
    }
    issuer::look(config, digester, limit).await
}
