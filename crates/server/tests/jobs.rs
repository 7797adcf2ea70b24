//! The jobs beside the requests, over a real database.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeSet;

use actix_web::{App, test as site_test};
use tempfile::TempDir;
use vestibule_model::client::SigningAlg;
use vestibule_model::encryption_key::EncryptionKeyType;
use vestibule_model::user::User;
use vestibule_model::{Secret, Timestamp, UserId};
use vestibule_server::app::Site;
use vestibule_server::config::{self, Environment};
use vestibule_server::entropy::OsEntropy;
use vestibule_server::jobs::{erasure, sweep};
use vestibule_server::premises::Premises;
use vestibule_server::signing_keys::{Keeper, Wanted, schedule};
use vestibule_server::wire;
use vestibule_storage::expiry::Retention;
use vestibule_storage::{StorageError, setup_link};

fn premises(folder: &TempDir) -> Premises {
    let data = folder.path().join("data");
    let variables = [
        ("VESTIBULE__DATA_DIR", data.to_str().unwrap()),
        ("VESTIBULE__KEYS__ALGORITHMS", "RS256,ES256"),
        ("VESTIBULE__PASSWORD__CONCURRENCY", "1"),
    ];
    let environment = Environment::of(variables).within(folder.path());
    Premises::open(config::load(None, &environment).unwrap().config).unwrap()
}

#[test]
fn the_sweep_deletes_what_is_over_and_nothing_else() {
    let folder = TempDir::new().unwrap();
    let premises = premises(&folder);
    let now = premises.now();
    let links = [("old", now.plus(-10)), ("new", now.plus(1_000))];
    for (name, end) in links {
        let hash = Secret::new(name).token_hash();
        premises.db.write(move |conn| setup_link::insert(conn, &hash, end)).wait().unwrap();
    }
    let wired = wire::wire(premises).unwrap();
    let system = actix_web::rt::System::new();
    assert_eq!(
        system.block_on(sweep::sweep(&wired.state, &Retention::default(), None)).unwrap(),
        1
    );
    assert_eq!(
        system.block_on(sweep::sweep(&wired.state, &Retention::default(), None)).unwrap(),
        0
    );
    let hash = Secret::new("new").token_hash();
    let open = wired.state.db.read(move |conn| setup_link::is_open(conn, &hash, now)).wait();
    assert_eq!(open, Ok::<_, StorageError>(true));
}

#[test]
fn a_rotation_elsewhere_reaches_the_ring_and_changes_no_other_time() {
    let folder = TempDir::new().unwrap();
    let wired = wire::wire(premises(&folder)).unwrap();
    let (state, mut watch) = (wired.state, wired.key_watch);
    let before = state.ring();
    let system = actix_web::rt::System::new();
    system.block_on(watch.look()).unwrap();
    assert!(std::sync::Arc::ptr_eq(&before, &state.ring()), "nothing changed");

    let elsewhere = premises(&folder);
    let (schedule, sealer) = (schedule(&elsewhere.config), elsewhere.sealer());
    let keeper =
        Keeper { db: &elsewhere.db, schedule: &schedule, sealer: &sealer, entropy: &OsEntropy };
    keeper.bring_to(Wanted::RotatedNow { force: false }, elsewhere.now()).unwrap();
    system.block_on(watch.look()).unwrap();
    let after = state.ring();
    for alg in [SigningAlg::RS256, SigningAlg::ES256] {
        let (old, new) = (before.signing_kid(alg).unwrap(), after.signing_kid(alg).unwrap());
        assert_ne!(old, new);
        assert!(before.jwks().body.contains(new), "it was published before it signed");
        assert!(after.jwks().body.contains(old), "its tokens can still be verified");
    }
    let encryption = |ring: &vestibule_keys::KeyRing| -> BTreeSet<String> {
        let keys = ring.decryption_keys().published_jwks();
        assert!(keys.iter().all(|key| key["use"] == "enc"), "{keys:?}");
        keys.iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
    };
    let (old, new) = (encryption(&before), encryption(&after));
    assert_eq!((old.len(), new.len()), (2, 2));
    assert!(old.is_disjoint(&new), "encryption keys rotate too");
    assert!(new.iter().all(|kid| after.jwks().body.contains(kid.as_str())));
    let opens = format!("{:?}", after.decryption_keys());
    assert!(old.iter().all(|kid| opens.contains(kid.as_str())), "{opens}");
}

/// Whatever comes first to an instance that was idle while another one rotated.
#[test]
fn an_idle_instance_looks_at_the_keys_before_it_answers() {
    let folder = TempDir::new().unwrap();
    let wired = wire::wire(premises(&folder)).unwrap();
    let (state, watch) = (wired.state, wired.key_watch);
    let elsewhere = premises(&folder);
    let (schedule, sealer) = (schedule(&elsewhere.config), elsewhere.sealer());
    let keeper =
        Keeper { db: &elsewhere.db, schedule: &schedule, sealer: &sealer, entropy: &OsEntropy };
    keeper.bring_to(Wanted::RotatedNow { force: false }, elsewhere.now()).unwrap();
    let kid = || state.keys.peek().signing_kid(SigningAlg::RS256).unwrap().to_owned();
    let before = kid();
    state.keys.take_used();
    // Nobody came for a minute.
    state.keys.note_checked(state.now().plus(-60));
    let site = Site::new(state.clone(), wired.health);
    actix_web::rt::System::new().block_on(async {
        let watching = actix_web::rt::spawn(watch.run());
        // It begins.
        tokio::task::yield_now().await;
        let app = App::new().configure(|config| site.configure(config));
        let app = site_test::init_service(app).await;
        let ask = async |path: &str| {
            site_test::call_service(&app, site_test::TestRequest::get().uri(path).to_request())
                .await
        };
        ask("/health/live").await;
        assert_eq!(kid(), before, "health asks for nothing");
        ask("/login").await;
        assert_ne!(kid(), before, "the next token would bear a key that is published no more");
        watching.abort();
    });
}

#[test]
fn instances_that_start_at_once_make_one_set_of_keys() {
    let folder = TempDir::new().unwrap();
    let shared = premises(&folder);
    let mut schedule = schedule(&shared.config);
    schedule.signing.algs = vec![SigningAlg::ES256, SigningAlg::EdDSA];
    let now: Timestamp = shared.now();
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                let own = premises(&folder);
                let sealer = own.sealer();
                let keeper = Keeper {
                    db: &own.db,
                    schedule: &schedule,
                    sealer: &sealer,
                    entropy: &OsEntropy,
                };
                keeper.bring_to(Wanted::Due, now).unwrap();
            });
        }
    });
    let keys = shared.db.read(vestibule_storage::signing_key::list).wait().unwrap();
    for alg in schedule.signing.algs {
        let signing = keys.iter().filter(|key| key.alg == alg && key.active_at.is_some()).count();
        assert_eq!((signing, keys.iter().filter(|key| key.alg == alg).count()), (1, 2));
    }
    let keys = shared.db.read(vestibule_storage::encryption_key::list).wait().unwrap();
    let types: BTreeSet<_> = keys.iter().map(|key| key.key_type).collect();
    assert_eq!((keys.len(), types), (2, EncryptionKeyType::ALL.into()));
}

#[test]
fn accounts_are_erased_when_their_days_of_grace_are_over_and_not_before() {
    let folder = TempDir::new().unwrap();
    let premises = premises(&folder);
    let now = premises.now();
    // More than one batch of them.
    let due = (0..45).map(|number| (format!("due-{number}"), Some(now.plus(-1))));
    let others = [("waiting".to_owned(), Some(now.plus(1_000))), ("staying".to_owned(), None)];
    let people: Vec<_> = due
        .chain(others)
        .map(|(name, deletion_at)| User {
            deletion_at,
            ..User::new(UserId::new(&name), &name, format!("{name}@example.com"), "hash", now)
        })
        .collect();
    let stored = premises.db.write(move |conn| {
        people.iter().try_for_each(|user| vestibule_storage::user::insert(conn, user))
    });
    stored.wait().unwrap();
    let state = wire::wire(premises).unwrap().state;
    let system = actix_web::rt::System::new();
    assert_eq!(system.block_on(erasure::erase_due(&state, None)).unwrap(), 45);
    assert_eq!(system.block_on(erasure::erase_due(&state, None)).unwrap(), 0);
    let left = state.db.read(vestibule_storage::user::list).wait().unwrap();
    let mut left: Vec<_> = left.into_iter().map(|user| user.username).collect();
    left.sort();
    assert_eq!(left, ["staying", "waiting"]);
    let lines = state.db.read(|conn| vestibule_storage::audit::list_recent(conn, 1_000)).wait();
    let erased = lines.unwrap().into_iter().filter(|line| line.event == "account.erased");
    assert_eq!(erased.filter(|line| line.user_id.is_some()).count(), 45);
}
