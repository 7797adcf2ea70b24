//! The server under test: the real application on a free port.

use std::{
    net::TcpListener,
    sync::{Arc, OnceLock},
    thread::JoinHandle,
    time::Duration,
};

use actix_web::{dev::ServerHandle, web::Data};
use url::Url;
use vestibule_cache::Cache;
use vestibule_identity::{
    passkey::Passkeys,
    password::{PasswordHasher, PasswordSettings},
};
use vestibule_keys::{
    DecryptionKeys, Digester, KeyRing, MasterKey, Sealer, generate_encryption_key,
};
use vestibule_model::{
    Clock, OAuthError, ResponseType, Secret, Timestamp, UserId,
    client::{AuthMethod, Client, ClientMetadata, GrantType, SigningAlg},
    encryption_key::{EncryptionKeyType, StoredEncryptionKey},
    settings::{
        Accounts, ClientRegistration, Issuer, Lifetimes, Mail, MfaRules,
        Profile as ProtocolProfile, Registration, Settings,
    },
    signing_key::StoredKey,
    user::{Profile, User},
};
use vestibule_outbound::{ClientKeys, Outbound, Rules as OutboundRules};
use vestibule_policy::{guessing::Limits, password::Rules, rate_limit::Limits as RateLimitRules};
use vestibule_server::{app::Site, entropy::OsEntropy, health::Health, intake::Intake};
use vestibule_storage::testing::TestDatabase;
use vestibule_web::{
    AppState, admission::Admission, client_logos::ClientLogos, cors::Origins,
    key_holder::KeyHolder, metrics::Metrics, rate_limit::RateLimits,
    request_objects::RequestObjects, standing::Standing,
};

use crate::{Browser, CountedEntropy, Rp, TestClock};

/// What the server signs with: the default of `keys.algorithms`.
pub const SIGNING_ALGS: [SigningAlg; 4] =
    [SigningAlg::RS256, SigningAlg::PS256, SigningAlg::ES256, SigningAlg::EdDSA];

/// Everybody's password.
pub const PASSWORD: &str = "correct horse battery";

/// Which database a test runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// A file of its own.
    Sqlite,
    /// A database of its own in the tests' server.
    Postgres,
}

/// What a test changes about the server before it starts; carried out for every instance.
type Change = dyn Fn(&mut AppState) + Send + Sync;

/// The server, its database and its clock.
pub struct TestApp {
    /// The issuer, `http://localhost:<port>`.
    pub issuer: String,
    /// Moves the server's time.
    pub clock: Arc<TestClock>,
    /// Counts the server's draws.
    pub entropy: Arc<CountedEntropy>,
    /// The state behind the server, to look at rows.
    pub state: Data<AppState>,
    change: Arc<Change>,
    _server: Instance,
    database: TestDatabase,
}

impl TestApp {
    /// Starts a server over an empty database with the clients and people that tests know.
    pub async fn start(backend: Backend) -> Self {
        Self::start_with(backend, |_| ()).await
    }

    /// [`start`](Self::start), with settings (`Arc::make_mut(&mut state.settings)`) and limits as
    /// `change` leaves them.
    pub async fn start_with(
        backend: Backend,
        change: impl Fn(&mut AppState) + Send + Sync + 'static,
    ) -> Self {
        Self::start_taking(backend, Intake::default(), change).await
    }

    /// [`start_with`](Self::start_with), taking connections in as `intake` says.
    pub async fn start_taking(
        backend: Backend,
        intake: Intake,
        change: impl Fn(&mut AppState) + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        // A name, for an address can have no passkeys.
        let port = listener.local_addr().expect("an address").port();
        let issuer = format!("http://localhost:{port}");
        let database = match backend {
            Backend::Sqlite => TestDatabase::sqlite(),
            Backend::Postgres => TestDatabase::postgres(),
        };
        let clock = Arc::new(TestClock::default());
        let entropy = Arc::new(CountedEntropy::default());
        let mut state = state(&issuer, &database, Arc::clone(&clock), Arc::clone(&entropy));
        change(&mut state);
        seed(&state).await;
        let server = Instance::serve(Data::new(state), listener, intake);
        let (state, change) = (server.state.clone(), Arc::new(change));
        Self { issuer, clock, entropy, state, change, _server: server, database }
    }

    /// A second instance of the same installation: same issuer, database, keys, clock and
    /// settings, another port. [`Browser::via`] goes there.
    #[must_use]
    pub fn second(&self) -> Instance {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let (clock, entropy) = (Arc::clone(&self.clock), Arc::clone(&self.entropy));
        let mut state = state(&self.issuer, &self.database, clock, entropy);
        (self.change)(&mut state);
        Instance::serve(Data::new(state), listener, Intake::default())
    }

    /// Where the database is, for programs beside the server.
    #[must_use]
    pub fn database_url(&self) -> String {
        self.database.url()
    }

    /// Changes the tables as the next release would; see [`TestDatabase::next_release`].
    pub async fn next_release(&self) {
        let migrated = tokio::task::spawn_blocking(self.database.next_release()).await;
        migrated.expect("a thread").expect("the next release's migration");
    }

    /// Makes the database one that the version before may serve on too; a [`second`](Self::second)
    /// instance then holds to what that one knows.
    pub fn let_the_version_before_in(&self) {
        self.database.lower_floor().expect("a floor that can be lowered");
    }

    /// A browser that has never been here.
    #[must_use]
    pub fn browser(&self) -> Browser {
        Browser::new(&self.issuer)
    }

    /// A program without cookies.
    #[must_use]
    pub fn machine(&self) -> Browser {
        Browser::new(&self.issuer)
    }

    /// Registers one more client.
    pub async fn add_client(&self, client: Client) {
        let done: Result<(), OAuthError> = self
            .state
            .write(move |conn| Ok(vestibule_storage::client::insert(conn, &client)?))
            .await;
        done.expect("a client that can be inserted");
    }

    /// A client to change and [`add_client`](Self::add_client): web, confidential, every grant.
    #[must_use]
    pub fn client(&self, id: &str, redirect_uri: &str, secret: &str) -> Client {
        client(&self.state, id, redirect_uri, secret)
    }
}

/// One process of the server, as far as a test can tell.
pub struct Instance {
    /// Where it listens, `http://127.0.0.1:<port>`.
    pub address: String,
    /// The state behind it.
    pub state: Data<AppState>,
    handle: ServerHandle,
    thread: Option<JoinHandle<()>>,
}

impl Instance {
    fn serve(state: Data<AppState>, listener: TcpListener, intake: Intake) -> Self {
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let (sender, receiver) = std::sync::mpsc::channel();
        let shared = state.clone();
        let thread = std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let health = Health::of(&shared);
                let site = Site { state: shared, health, activity: Arc::default() };
                let server = site.serve(listener, intake).expect("a server that listens");
                sender.send(server.handle()).expect("a test that waits");
                server.await.expect("a server that ends well");
            });
        });
        let handle = receiver.recv().expect("a server that starts");
        Self { address, state, handle, thread: Some(thread) }
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        let stopping = self.handle.stop(false);
        if let Some(thread) = self.thread.take() {
            // The server's own runtime carries the stop out; it needs only to be polled once.
            drop(stopping);
            drop(thread);
        }
        self.state.db.shutdown();
        self.state.cache.shutdown();
    }
}

fn sealer() -> (MasterKey, Sealer) {
    let key = MasterKey::from_hex(&"0b".repeat(32)).expect("a master key");
    let sealer = Sealer::new(&key);
    (key, sealer)
}

/// Signing keys, made once a process: RSA keys take their time.
fn signing_keys() -> &'static [StoredKey] {
    static KEYS: OnceLock<Vec<StoredKey>> = OnceLock::new();
    KEYS.get_or_init(|| {
        let (_, sealer) = sealer();
        let now = TestClock::default().now();
        SIGNING_ALGS
            .into_iter()
            .flat_map(|alg| [(alg, true), (alg, false)])
            .map(|(alg, active)| {
                vestibule_keys::generate(alg, 2_048, now, active, &sealer, &OsEntropy)
                    .expect("a signing key")
            })
            .collect()
    })
}

/// Encryption keys, made once a process.
fn encryption_keys() -> &'static [StoredEncryptionKey] {
    static KEYS: OnceLock<Vec<StoredEncryptionKey>> = OnceLock::new();
    KEYS.get_or_init(|| {
        let (_, sealer) = sealer();
        let now = TestClock::default().now();
        EncryptionKeyType::ALL
            .into_iter()
            .map(|key_type| {
                generate_encryption_key(key_type, 2_048, &sealer, &OsEntropy, now)
                    .expect("an encryption key")
            })
            .collect()
    })
}

/// How the server under test speaks to clients' sites; `false` is how a real one does.
#[must_use]
pub fn outbound(allow_private_addresses: bool) -> Outbound {
    let rules = OutboundRules { allow_private_addresses, ..OutboundRules::default() };
    Outbound::new(rules).expect("rules that requests can be made by")
}

fn state(
    issuer: &str,
    database: &TestDatabase,
    clock: Arc<TestClock>,
    entropy: Arc<CountedEntropy>,
) -> AppState {
    let (key, sealer) = sealer();
    let ring = KeyRing::load(signing_keys(), &sealer, clock.now()).expect("a key ring");
    let decryption = DecryptionKeys::load(encryption_keys(), &sealer).expect("decryption keys");
    let outbound = outbound(true);
    let passwords = PasswordSettings { memory_kib: 64, ..PasswordSettings::default() };
    let meter = opentelemetry::global::meter("test");
    let cache = Cache::in_process();
    AppState {
        db: database.open(),
        settings: Arc::new(Settings {
            issuer: Issuer::new(issuer),
            lifetimes: Lifetimes::default(),
            jwks_max_age: 300,
            signing_algs: SIGNING_ALGS.to_vec(),
            skip_first_party_consent: true,
            development: false,
            display_name: "Test ID".to_owned(),
            accounts: Accounts { registration: Registration::Open, ..Accounts::default() },
            mfa: MfaRules::default(),
            mail: Mail::Mailbox,
            profile: ProtocolProfile::OAuth21,
            client_registration: ClientRegistration::default(),
            playground: false,
        }),
        standing: Standing::new(&cache, Duration::ZERO),
        cache,
        rate_limits: RateLimits::new(RateLimitRules::default()),
        keys: KeyHolder::new(ring.with_decryption_keys(decryption), clock.now()),
        client_keys: ClientKeys::new(outbound.clone()),
        request_objects: RequestObjects::new(outbound.clone()),
        client_logos: ClientLogos::new(outbound.clone()),
        outbound,
        claim_source: None,
        digester: Digester::new(&key),
        sealer,
        passwords: PasswordHasher::new(passwords).expect("password threads"),
        password_rules: Rules::default(),
        guess_limits: Limits::default(),
        passkeys: Url::parse(issuer).ok().and_then(|url| Passkeys::new(&url, "Test ID").ok()),
        clock,
        entropy,
        mail_wake: Arc::default(),
        logout_wake: Arc::default(),
        metrics: Metrics::new(&meter),
        origins: Origins::default(),
        trusted_proxies: Vec::new(),
        max_body_bytes: 65_536,
        body_timeout: Duration::from_secs(10),
        admission: Admission::new(1_024, 1_024),
    }
}

fn client(state: &AppState, id: &str, redirect_uri: &str, secret: &str) -> Client {
    let now = state.now();
    let public = secret.is_empty();
    Client {
        id: vestibule_model::ClientId::new(id),
        metadata: ClientMetadata {
            client_name: Some(format!("The {id}")),
            client_uri: Some("https://app.example/".to_owned()),
            redirect_uris: vec![redirect_uri.to_owned()],
            post_logout_redirect_uris: vec![format!("{redirect_uri}/bye")],
            grant_types: GrantType::OF_TOKEN_ENDPOINT.to_vec(),
            response_types: vec![ResponseType::Code],
            token_endpoint_auth_method: if public {
                AuthMethod::None
            } else {
                AuthMethod::ClientSecretBasic
            },
            scope: "openid profile email address phone offline_access api"
                .to_owned()
                .try_into()
                .expect("a scope"),
            ..ClientMetadata::default()
        },
        secret_hash: (!public).then(|| state.digester.client_secret(&Secret::new(secret))),
        sealed_secret: None,
        registration: None,
        created_at: now,
        updated_at: now,
        disabled_at: None,
    }
}

/// A person called `name` with an address at `people.example`.
pub(crate) fn person(name: &str, hash: &str, now: Timestamp) -> User {
    let email = format!("{name}@people.example");
    User::new(UserId::new(format!("user-{name}")), name, email, hash, now)
}

async fn seed(state: &AppState) {
    let web = Rp::web();
    let spa = Rp::spa();
    let clients = [
        client(state, web.client_id, web.redirect_uri, web.secret),
        client(state, spa.client_id, spa.redirect_uri, spa.secret),
    ];
    let entropy = OsEntropy;
    let hash = state.passwords.hash(Secret::new(PASSWORD), &entropy).await.expect("a hash");
    let people = ["ana", "ben"].map(|name| User {
        email_verified: true,
        profile: Profile {
            name: Some(format!("{name} Example")),
            birthdate: Some("1990-02-03".to_owned()),
            ..Profile::default()
        },
        ..person(name, &hash, state.now())
    });
    let done: Result<(), OAuthError> = state
        .write(move |conn| {
            for key in signing_keys() {
                vestibule_storage::signing_key::insert(conn, key)?;
            }
            for key in encryption_keys() {
                vestibule_storage::encryption_key::insert(conn, key)?;
            }
            for client in &clients {
                vestibule_storage::client::insert(conn, client)?;
            }
            for user in &people {
                vestibule_storage::user::insert(conn, user)?;
            }
            Ok(())
        })
        .await;
    done.expect("a seeded database");
}
