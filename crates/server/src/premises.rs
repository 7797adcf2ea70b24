//! What both the server and the commands beside it stand on: configuration, database, master key.

use vestibule_cache::{Cache, RedisSettings};
use vestibule_keys::{Digester, MasterKey, Sealer};
use vestibule_model::{Clock, Timestamp};
use vestibule_storage::{Conn, DatabaseSettings, DatabaseUrl, Db, StorageError, changes::Changes};
use vestibule_web::standing::announce;

use crate::clock::SystemClock;
use crate::config::Config;
use crate::data_keys;
use crate::entropy::OsEntropy;
use crate::fault::Fault;
use crate::master_key::{self, Provenance};

/// An opened installation.
pub struct Premises {
    /// Its settings.
    pub config: Config,
    /// Its database, brought to this version's shape.
    pub db: Db,
    /// What digests, and seals the data keys.
    pub master_key: MasterKey,
    sealer: Sealer,
}

impl Premises {
    /// Reads or makes the master key, opens the database, and makes the first data key if there is
    /// none.
    ///
    /// # Errors
    /// See [`Fault`].
    pub fn open(config: Config) -> Result<Self, Fault> {
        let master_key = match &config.keys.master_key {
            Some(given) => MasterKey::from_hex(given.expose())?,
            None => made_key(&config)?,
        };
        make_database_folder(&config.database)?;
        let db = Db::open(&config.database)?;
        let sealer = Sealer::new(&master_key);
        data_keys::open(&db, &sealer, SystemClock.now())?;
        Ok(Self { config, db, master_key, sealer })
    }

    /// Runs `work` in one transaction, and tells servers that run what it changed of what they keep.
    /// Blocks.
    ///
    /// # Errors
    /// Those of `work`, and of the database.
    pub fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: FnOnce(&mut Conn) -> Result<T, E> + Clone + Send + 'static,
        E: From<StorageError> + Send + 'static,
        T: Send + 'static,
    {
        let (value, changes) = self.db.write_noted(work).wait()?;
        if !changes.is_empty() {
            self.announce(changes);
        }
        Ok(value)
    }

    /// Best effort: it is committed, and servers learn of it by themselves a little later.
    fn announce(&self, changes: Changes) {
        let Some(settings) = self.config.redis.settings.clone() else { return };
        // Nobody waits behind a command, so it may wait for a connection.
        let timeout = settings.timeout.max(settings.connect_timeout);
        let told = Cache::redis(RedisSettings { timeout, pool_size: 1, ..settings })
            .map_err(|why| why.to_string())
            .and_then(|cache| tell(&cache, changes).map_err(|why| why.to_string()));
        if let Err(why) = told {
            let seconds = self.config.redis.max_staleness.as_secs_f64();
            tracing::warn!(
                event = "changes.untold", %why,
                "could not tell the servers that run; they go by what they know for {seconds} s more"
            );
        }
    }

    /// Encryption at rest. Every copy knows the same data keys.
    #[must_use]
    pub fn sealer(&self) -> Sealer {
        self.sealer.clone()
    }

    /// Keyed MACs.
    #[must_use]
    pub fn digester(&self) -> Digester {
        Digester::new(&self.master_key)
    }

    /// The present time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        SystemClock.now()
    }
}

fn tell(cache: &Cache, changes: Changes) -> Result<(), Fault> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Fault::io("cannot start a runtime"))?;
    let told = runtime.block_on(async {
        // Connects, and says whether anybody is there at all.
        let answered = cache.ping().await;
        announce(cache, changes).await;
        answered
    });
    cache.shutdown();
    told.map(drop).map_err(|why| Fault::refused(why.to_string()))
}

/// The master key, if there is one. Makes nothing.
///
/// # Errors
/// See [`Fault`]; a file that others can read, or that holds no key.
pub(crate) fn existing_key(config: &Config) -> Result<Option<MasterKey>, Fault> {
    let text = match &config.keys.master_key {
        Some(given) => Some(given.clone()),
        None => master_key::find(&config.instance.data_dir)?,
    };
    Ok(text.map(|text| MasterKey::from_hex(text.expose())).transpose()?)
}

fn made_key(config: &Config) -> Result<MasterKey, Fault> {
    let data_dir = &config.instance.data_dir;
    let (key, provenance) = master_key::load_or_create(data_dir, &OsEntropy)?;
    if provenance == Provenance::Made {
        let file = data_dir.join(master_key::FILE_NAME);
        tracing::info!(
            event = "master_key.created", file = %file.display(),
            "made a master key: keep a copy of it apart from the database"
        );
    }
    Ok(MasterKey::from_hex(key.expose())?)
}

/// SQLite makes its file, but not the folder around it.
pub(crate) fn make_database_folder(database: &DatabaseSettings) -> Result<(), Fault> {
    let DatabaseUrl::Sqlite { path } = &database.url else { return Ok(()) };
    let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) else {
        return Ok(());
    };
    let doing = format!("cannot make the folder {}", folder.display());
    master_key::create_private_folder(folder).map_err(Fault::io(doing))
}
