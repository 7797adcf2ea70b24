//! What both the server and the commands beside it stand on: configuration, database, master key.

use vestibule_keys::{Digester, MasterKey, Sealer};
use vestibule_model::{Clock, Timestamp};
use vestibule_storage::{DatabaseSettings, DatabaseUrl, Db};

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
fn make_database_folder(database: &DatabaseSettings) -> Result<(), Fault> {
    let DatabaseUrl::Sqlite { path } = &database.url else { return Ok(()) };
    let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) else {
        return Ok(());
    };
    let doing = format!("cannot make the folder {}", folder.display());
    master_key::create_private_folder(folder).map_err(Fault::io(doing))
}
