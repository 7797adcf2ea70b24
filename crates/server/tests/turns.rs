//! Several instances of one installation: one at a time does what is done for all, and another goes on
//! soon after its end.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::thread;

use actix_web::rt::System;
use tempfile::TempDir;
use vestibule_model::user::User;
use vestibule_model::{Clock, Timestamp, UserId};
use vestibule_server::config::{self, Environment};
use vestibule_server::jobs::keys::KeyWatch;
use vestibule_server::jobs::reseal::Resealer;
use vestibule_server::jobs::sweep::Sweeper;
use vestibule_server::jobs::turn::{Held, LASTS, LOOKS, Turn, Turned};
use vestibule_server::jobs::{erasure, sweep};
use vestibule_server::premises::Premises;
use vestibule_server::signing_keys::{StoredKeys, schedule};
use vestibule_server::{data_keys, wire};
use vestibule_storage::expiry::Retention;
use vestibule_storage::testing::TestDatabase;
use vestibule_storage::{StorageError, audit, lease, revoked_token, user};
use vestibule_web::{AppState, State};

/// Makes two tests of each body, one a database.
macro_rules! on_both {
    ($($body:ident),* $(,)?) => {
        mod sqlite {
            $(#[test]
            fn $body() {
                super::System::new().block_on(super::$body(&super::Site::new(super::TestDatabase::sqlite())));
            })*
        }
        mod postgres {
            $(#[test]
            fn $body() {
                super::System::new().block_on(super::$body(&super::Site::new(super::TestDatabase::postgres())));
            })*
        }
    };
}

on_both!(
    a_dead_instances_sweep_is_taken_over,
    a_stopped_instance_gives_its_turn_back,
    instances_let_each_other_rest,
    idle_instances_ask_nothing,
    whoever_lost_the_turn_stops,
    a_turn_is_kept_while_the_work_goes_on,
    nobody_is_told_twice_that_an_account_is_gone,
    keys_are_rotated_by_one_and_by_another_after_its_death,
    rows_are_sealed_again_by_one_and_by_another_after_its_death,
    records_stay_as_long_as_they_should,
    a_sweep_goes_through_everything_however_much_it_is,
);

/// An installation: one database, one master key, any number of instances on one clock.
struct Site {
    folder: TempDir,
    database: TestDatabase,
    clock: Arc<Moved>,
}

/// A clock that tests move.
struct Moved(AtomicI64);

impl Clock for Moved {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::Relaxed))
    }
}

impl Site {
    fn new(database: TestDatabase) -> Self {
        let folder = TempDir::new().unwrap();
        let site = Self { folder, database, clock: Arc::new(Moved(AtomicI64::new(0))) };
        // Keys are made by the real clock.
        let now = site.premises().now();
        site.clock.0.store(now.0, Ordering::Relaxed);
        site
    }

    fn premises(&self) -> Premises {
        let data = self.folder.path().join("data");
        let url = self.database.url();
        let variables = [
            ("VESTIBULE__DATA_DIR", data.to_str().unwrap()),
            ("VESTIBULE__DATABASE__URL", url.as_str()),
            ("VESTIBULE__KEYS__ALGORITHMS", "ES256,RS256"),
            ("VESTIBULE__PASSWORD__CONCURRENCY", "1"),
        ];
        let environment = Environment::of(variables).within(self.folder.path());
        Premises::open(config::load(None, &environment).unwrap().config).unwrap()
    }

    fn instance(&self) -> State {
        let state = apart(|| wire::wire(self.premises()).unwrap().state).into_inner();
        let state = Arc::into_inner(state).unwrap_or_else(|| panic!("somebody else has the state"));
        State::new(AppState { clock: Arc::clone(&self.clock) as Arc<dyn Clock>, ..state })
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn forward(&self, seconds: i64) {
        self.clock.0.fetch_add(seconds, Ordering::Relaxed);
    }
}

/// Runs what blocks apart from the runtime.
fn apart<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    thread::scope(|scope| scope.spawn(work).join().unwrap())
}

/// Something that is over.
async fn leave_behind(state: &State, count: i64) {
    let long_ago = state.now().plus(-100_000);
    let insert = move |conn: &mut vestibule_storage::Conn| {
        (0..count).try_for_each(|number| {
            revoked_token::insert(conn, &format!("token-{number}"), long_ago).map(drop)
        })
    };
    state.db.write(insert).await.unwrap();
}

async fn is_swept(state: &State) -> bool {
    let there = state.db.read(|conn| revoked_token::contains(conn, "token-0"));
    !there.await.unwrap_or_else(|fault: StorageError| panic!("{fault}"))
}

fn sweeper(state: &State) -> Sweeper {
    Sweeper::new(state.clone(), Retention::default())
}

async fn taken(state: &State, name: &'static str) -> Held {
    match Turn::new(state.clone(), name).take(0).await.unwrap() {
        Turned::Mine(held) => held,
        Turned::NotBefore(at) => panic!("{name}: not before {at:?}"),
    }
}

/// As when the process is killed: nothing is given back.
fn dies(held: Held) {
    std::mem::forget(held);
}

#[test]
fn another_is_at_it_within_ten_seconds() {
    assert!(LASTS + i64::try_from(LOOKS.as_secs()).unwrap() <= 10);
}

async fn a_dead_instances_sweep_is_taken_over(site: &Site) {
    let (one, other) = (site.instance(), site.instance());
    leave_behind(&one, 1).await;
    dies(taken(&one, "sweep").await);
    let mut sweeper = sweeper(&other);
    sweeper.look(true).await;
    assert!(!is_swept(&other).await, "the other may be at it");
    site.forward(LASTS - 1);
    sweeper.look(false).await;
    assert!(!is_swept(&other).await);
    site.forward(1);
    // Nobody need come for that: it knows that there was something to do.
    sweeper.look(false).await;
    assert!(is_swept(&other).await);
}

async fn a_stopped_instance_gives_its_turn_back(site: &Site) {
    let (one, other) = (site.instance(), site.instance());
    leave_behind(&one, 1).await;
    drop(taken(&one, "sweep").await);
    apart(|| one.db.shutdown());
    sweeper(&other).look(true).await;
    assert!(is_swept(&other).await);
}

async fn instances_let_each_other_rest(site: &Site) {
    let (one, other) = (site.instance(), site.instance());
    let (mut first, mut second) = (sweeper(&one), sweeper(&other));
    first.look(true).await;
    leave_behind(&one, 1).await;
    second.look(true).await;
    assert!(!is_swept(&other).await, "somebody swept just now");
    site.forward(29);
    second.look(true).await;
    first.look(true).await;
    assert!(!is_swept(&other).await);
    site.forward(1);
    second.look(false).await;
    assert!(is_swept(&other).await, "it had not forgotten that somebody came");
}

async fn idle_instances_ask_nothing(site: &Site) {
    let state = site.instance();
    let holder = |conn: &mut vestibule_storage::Conn| lease::holder(conn, "sweep", Timestamp(0));
    let mut sweeper = sweeper(&state);
    leave_behind(&state, 1).await;
    for _ in 0..9 {
        site.forward(60);
        sweeper.look(false).await;
    }
    assert!(!is_swept(&state).await);
    let held: Option<lease::Lease> = state.db.read(holder).await.unwrap_or_default();
    assert_eq!(held, None);
    site.forward(86_400);
    sweeper.look(false).await;
    assert!(is_swept(&state).await, "once a day all the same");
}

async fn whoever_lost_the_turn_stops(site: &Site) {
    let (one, other) = (site.instance(), site.instance());
    let held = taken(&one, "sweep").await;
    site.forward(LASTS);
    let others = taken(&other, "sweep").await;
    leave_behind(&one, 1).await;
    let lease = held.lease();
    let rows = sweep::sweep(&one, &Retention::default(), lease.as_ref()).await.unwrap();
    assert!(rows == 0 && !is_swept(&one).await, "it deletes nothing any more");
    tokio::time::pause();
    assert_eq!(held.during(pending::<()>()).await, None, "and is told so");
    tokio::time::resume();
    drop(held);
    let lease = others.lease().unwrap();
    let kept = other.db.write(move |conn| lease::guard(conn, &lease)).await;
    assert_eq!(kept, Ok::<_, StorageError>(true), "what it gives back is its own only");
}

async fn a_turn_is_kept_while_the_work_goes_on(site: &Site) {
    let (one, other) = (site.instance(), site.instance());
    let held = taken(&one, "sweep").await;
    tokio::time::pause();
    let work = async {
        for _ in 0..5 {
            site.forward(LASTS / 2);
            let renewed = site.now().plus(LASTS);
            let ends = |conn: &mut vestibule_storage::Conn| {
                lease::holder(conn, "sweep", Timestamp(0)).map(|held| held.unwrap().expires_at)
            };
            loop {
                let now: Timestamp = one.db.read(ends).await.unwrap_or(Timestamp(0));
                if now == renewed {
                    break;
                }
                tokio::time::sleep(LOOKS).await;
            }
        }
    };
    assert_eq!(held.during(work).await, Some(()));
    tokio::time::resume();
    let asked = Turn::new(other.clone(), "sweep").take(0).await.unwrap();
    assert!(matches!(asked, Turned::NotBefore(_)));
    held.done().await;
    drop(taken(&other, "sweep").await);
}

async fn nobody_is_told_twice_that_an_account_is_gone(site: &Site) {
    let (one, other) = (site.instance(), site.instance());
    let now = site.now();
    let mut ana = User::new(UserId::new("ana"), "ana", "ana@example.com".to_owned(), "hash", now);
    ana.deletion_at = Some(now.plus(-1));
    one.db
        .write(move |conn| user::insert(conn, &ana))
        .await
        .unwrap_or_else(|fault: StorageError| panic!("{fault}"));
    let former = taken(&one, "sweep").await;
    site.forward(LASTS);
    let present = taken(&other, "sweep").await;
    assert_eq!(erasure::erase_due(&one, former.lease().as_ref()).await.unwrap(), 0);
    assert_eq!(erasure::erase_due(&other, present.lease().as_ref()).await.unwrap(), 1);
    let lines = other
        .db
        .read(|conn| audit::list_recent(conn, 99))
        .await
        .unwrap_or_else(|fault: StorageError| panic!("{fault}"));
    assert_eq!(lines.iter().filter(|line| line.event == "account.erased").count(), 1);
}

async fn keys_are_rotated_by_one_and_by_another_after_its_death(site: &Site) {
    let (one, other) = (site.instance(), site.instance());
    let stored = |state: &State| state.db.read(StoredKeys::read);
    let seen = stored(&one).await.unwrap_or_else(|fault| panic!("{fault}")).fingerprint();
    let schedule = apart(|| schedule(&site.premises().config));
    let mut watch = KeyWatch::new(other.clone(), schedule.clone(), seen.clone());
    site.forward(schedule.signing.rotate_after + 1);
    dies(taken(&one, "keys").await);
    watch.look().await.unwrap();
    let still = stored(&one).await.unwrap_or_else(|fault| panic!("{fault}")).fingerprint();
    assert_eq!(still, seen, "the other may be at it");
    site.forward(LASTS);
    watch.look().await.unwrap();
    let now = stored(&one).await.unwrap_or_else(|fault| panic!("{fault}")).fingerprint();
    assert_ne!(now, seen);
}

async fn rows_are_sealed_again_by_one_and_by_another_after_its_death(site: &Site) {
    let (one, other) = (site.instance(), site.instance());
    let new = apart(|| {
        let premises = site.premises();
        let (sealer, now) = (premises.sealer(), site.now().plus(1));
        premises.db.write(move |conn| data_keys::rotate(conn, &sealer, now)).wait().unwrap()
    });
    site.forward(2);
    dies(taken(&one, "reseal").await);
    let mut resealer = Resealer::new(other.clone());
    let retired = |state: &State| {
        let keys = state.db.read(vestibule_storage::data_key::list);
        async move {
            let keys = keys.await.unwrap_or_else(|fault: StorageError| panic!("{fault}"));
            keys.iter().filter(|key| key.retired_at.is_some()).count()
        }
    };
    resealer.look().await.unwrap();
    assert_eq!(other.sealer.active(), Some(new.id), "it seals under the new key at once");
    assert_eq!(retired(&other).await, 0, "the other may be going through the rows");
    site.forward(LASTS);
    resealer.look().await.unwrap();
    assert_eq!(retired(&other).await, 1);
}

async fn records_stay_as_long_as_they_should(site: &Site) {
    let state = site.instance();
    let now = site.now();
    let lines = move |conn: &mut vestibule_storage::Conn| {
        for (name, age) in [("old", 1_000_000), ("young", 10)] {
            let event =
                vestibule_model::audit::AuditEvent::new(now.plus(-age), "login.failed", name);
            audit::insert(conn, &event)?;
        }
        Ok::<_, StorageError>(())
    };
    state.db.write(lines).await.unwrap();
    let left = || async {
        let lines = state.db.read(|conn| audit::list_recent(conn, 99)).await;
        let lines = lines.unwrap_or_else(|fault: StorageError| panic!("{fault}"));
        lines.iter().filter(|line| line.event == "login.failed").count()
    };
    sweep::sweep(&state, &Retention::default(), None).await.unwrap();
    assert_eq!(left().await, 2, "for ever, unless somebody says otherwise");
    let retention = Retention { audit: Some(500_000), ..Retention::default() };
    sweep::sweep(&state, &retention, None).await.unwrap();
    assert_eq!(left().await, 1);
}

async fn a_sweep_goes_through_everything_however_much_it_is(site: &Site) {
    let state = site.instance();
    leave_behind(&state, 3_000).await;
    let rows = sweep::sweep(&state, &Retention::default(), None).await.unwrap();
    assert_eq!(rows, 3_000);
    assert!(is_swept(&state).await);
}
