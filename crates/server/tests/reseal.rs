//! Data keys at work: what rests sealed is sealed again after a rotation, and nothing is lost.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::thread::{self, ScopedJoinHandle};

use actix_web::rt::System;
use tempfile::TempDir;
use vestibule_keys::data_keys::KEPT_RETIRED;
use vestibule_keys::{KeyError, MasterKey, Sealer};
use vestibule_model::client::SigningAlg;
use vestibule_model::factor::TotpDevice;
use vestibule_model::mail::OutboxMail;
use vestibule_model::sealed::{SealedColumn, StoredDataKey};
use vestibule_model::user::User;
use vestibule_model::{Clock, Timestamp, UserId};
use vestibule_server::config::{self, Environment};
use vestibule_server::entropy::OsEntropy;
use vestibule_server::fault::Fault;
use vestibule_server::jobs::reseal::{self, Resealer};
use vestibule_server::premises::Premises;
use vestibule_server::{data_keys, master_key, wire};
use vestibule_storage::testing::TestDatabase;
use vestibule_storage::{
    Db, StorageError, data_key, outbox, resealing, signing_key, totp_device, user,
};
use vestibule_web::{AppState, State};

/// Makes two tests of each body, one a database.
macro_rules! on_both {
    ($($body:ident),* $(,)?) => {
        mod sqlite {
            $(#[test]
            fn $body() {
                super::$body(&super::Site::new(super::TestDatabase::sqlite()));
            })*
        }
        mod postgres {
            $(#[test]
            fn $body() {
                super::$body(&super::Site::new(super::TestDatabase::postgres()));
            })*
        }
    };
}

on_both!(
    instances_that_start_at_once_make_one_data_key,
    a_text_of_an_instance_ahead_opens,
    a_rotation_elsewhere_is_followed_and_nothing_else_is_written,
    what_changes_meanwhile_is_neither_lost_nor_overwritten,
    an_old_installation_is_sealed_again,
    a_retired_key_is_erased_after_its_time_and_a_look_at_every_row,
    a_key_that_a_text_is_under_stays,
    keys_that_nobody_looked_after_are_not_trusted,
);

/// An installation: one database, one master key, any number of instances.
struct Site {
    folder: TempDir,
    database: TestDatabase,
}

/// A clock that tests move.
struct Moved(AtomicI64);

impl Clock for Moved {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::Relaxed))
    }
}

impl Moved {
    fn forward(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::Relaxed);
    }
}

impl Site {
    fn new(database: TestDatabase) -> Self {
        Self { folder: TempDir::new().unwrap(), database }
    }

    fn premises(&self) -> Premises {
        let data = self.folder.path().join("data");
        let url = self.database.url();
        let variables = [
            ("VESTIBULE__DATA_DIR", data.to_str().unwrap()),
            ("VESTIBULE__DATABASE__URL", url.as_str()),
            ("VESTIBULE__KEYS__ALGORITHMS", "RS256"),
            ("VESTIBULE__PASSWORD__CONCURRENCY", "1"),
        ];
        let environment = Environment::of(variables).within(self.folder.path());
        Premises::open(config::load(None, &environment).unwrap().config).unwrap()
    }

    /// One more instance, as it is after its start.
    fn instance(&self) -> State {
        wire::wire(self.premises()).unwrap().state
    }

    /// An instance with a clock of its own.
    fn instance_at(&self, now: Timestamp) -> (State, Arc<Moved>) {
        let clock = Arc::new(Moved(AtomicI64::new(now.0)));
        let state = self.instance().into_inner();
        let state = Arc::into_inner(state).unwrap_or_else(|| panic!("somebody else has the state"));
        (State::new(AppState { clock: Arc::clone(&clock) as Arc<dyn Clock>, ..state }), clock)
    }

    /// Makes another data key, as the command line does.
    fn rotate(&self) -> String {
        let premises = self.premises();
        let (sealer, now) = (premises.sealer(), premises.now());
        let rotated = premises.db.write(move |conn| data_keys::rotate(conn, &sealer, now));
        rotated.wait().unwrap().id
    }

    /// What sealed before there were data keys.
    fn master_only(&self) -> Sealer {
        let data = self.folder.path().join("data");
        let (key, _) = master_key::load_or_create(&data, &OsEntropy).unwrap();
        Sealer::new(&MasterKey::from_hex(key.expose()).unwrap())
    }
}

fn write<T: Send + 'static>(
    db: &Db,
    work: impl FnOnce(&mut vestibule_storage::Conn) -> Result<T, StorageError> + Clone + Send + 'static,
) -> T {
    db.write(work).wait().unwrap()
}

fn keys(db: &Db) -> Vec<StoredDataKey> {
    db.read(data_key::list).wait().unwrap()
}

fn seal(sealer: &Sealer, column: SealedColumn, id: &str, plain: &str) -> String {
    sealer.seal(&column.purpose(id), plain.as_bytes(), &OsEntropy).unwrap()
}

/// `count` people, each with a sealed profile, an authenticator and a mail, in one transaction.
fn populate(db: &Db, sealer: &Sealer, prefix: &str, count: usize) {
    let rows: Vec<_> =
        (0..count).map(|number| person(sealer, &format!("{prefix}{number:04}"))).collect();
    write(db, move |conn| {
        rows.iter().try_for_each(|(person, device, mail)| {
            user::insert(conn, person)?;
            totp_device::insert(conn, device)?;
            outbox::insert(conn, mail)
        })
    });
}

fn person(sealer: &Sealer, id: &str) -> (User, TotpDevice, OutboxMail) {
    let now = Timestamp(1_800_000_000);
    let mut user = User::new(UserId::new(id), id, format!("{id}@people.example"), "", now);
    user.sealed_profile = Some(seal(sealer, SealedColumn::Profile, id, id));
    let device = TotpDevice {
        id: id.to_owned(),
        user_id: UserId::new(id),
        name: "Phone".to_owned(),
        sealed_secret: seal(sealer, SealedColumn::TotpSecret, id, id),
        created_at: now,
        confirmed_at: None,
        last_used_at: None,
        last_step: None,
    };
    let mail = OutboxMail {
        id: id.to_owned(),
        kind: "welcome".to_owned(),
        user_id: None,
        sealed_message: seal(sealer, SealedColumn::OutboxMail, id, id),
        created_at: now,
        next_attempt_at: None,
        attempts: 0,
        last_error: None,
        leased_until: None,
        sent_at: None,
        expires_at: now.plus(1_000_000_000),
    };
    (user, device, mail)
}

/// Every text of a column by its row's key.
fn texts(db: &Db, column: SealedColumn) -> BTreeMap<String, String> {
    let rows = db.read(move |conn| resealing::page(conn, column, "", 100_000)).wait().unwrap();
    rows.into_iter().filter_map(|row| Some((row.id, row.text?))).collect()
}

fn opened(sealer: &Sealer, column: SealedColumn, id: &str, text: &str) -> String {
    let plain = sealer.open(&column.purpose(id), text);
    String::from_utf8(plain.unwrap_or_else(|fault| panic!("{column:?} {id}: {fault}"))).unwrap()
}

/// How many texts are not under the key that seals.
fn left(state: &State) -> usize {
    let columns = SealedColumn::ALL.into_iter();
    let all = columns.flat_map(|column| texts(&state.db, column).into_values());
    all.filter(|text| !state.sealer.is_current(text)).count()
}

fn pass(state: &State) -> reseal::Pass {
    System::new().block_on(reseal::pass(state)).unwrap()
}

fn instances_that_start_at_once_make_one_data_key(site: &Site) {
    let active: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> =
            (0..6).map(|_| scope.spawn(|| site.premises().sealer().active())).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let stored = keys(&site.premises().db);
    assert_eq!(stored.len(), 1, "{stored:?}");
    assert!(active.iter().all(|id| id.as_ref() == Some(&stored[0].id)), "{active:?}");
}

fn a_text_of_an_instance_ahead_opens(site: &Site) {
    let (ahead, behind) = (site.instance(), site.instance());
    let new = site.rotate();
    System::new().block_on(Resealer::new(ahead.clone()).look()).unwrap();
    let text = seal(&ahead.sealer, SealedColumn::TotpSecret, "x", "secret");
    assert!(text.starts_with(&format!("v2.{new}.")), "{text}");
    let purpose = SealedColumn::TotpSecret.purpose("x");
    let refused = behind.sealer.open(&purpose, &text);
    assert!(matches!(refused, Err(KeyError::DataKeyUnknown(id)) if id == new));
    let plain = System::new().block_on(behind.open_sealed(&purpose, &text));
    assert_eq!(plain.unwrap(), b"secret");
    assert_eq!(behind.sealer.active(), Some(new.clone()));
    let nowhere = text.replace(&new, &"A".repeat(22));
    assert!(System::new().block_on(behind.open_sealed(&purpose, &nowhere)).is_err());
}

fn a_rotation_elsewhere_is_followed_and_nothing_else_is_written(site: &Site) {
    let state = site.instance();
    let old = state.sealer.active().unwrap();
    populate(&state.db, &state.sealer, "p", 3);
    let mut job = Resealer::new(state.clone());
    let system = System::new();
    let all = || SealedColumn::ALL.map(|column| texts(&state.db, column));
    let before = all();
    system.block_on(job.look()).unwrap();
    assert_eq!(all(), before, "nothing was to be done");

    let new = site.rotate();
    assert_eq!(left(&state), 0, "this instance does not know yet");
    system.block_on(job.look()).unwrap();
    assert_eq!((state.sealer.active(), left(&state)), (Some(new.clone()), 0));
    let stored = keys(&state.db);
    let named: Vec<_> = stored.iter().map(|key| (&key.id, key.retired_at.is_some())).collect();
    assert_eq!(named, [(&old, true), (&new, false)]);
    let after = all();
    assert!(before.iter().zip(&after).all(|(before, after)| before.keys().eq(after.keys())));
    system.block_on(job.look()).unwrap();
    assert_eq!(all(), after);
    // The signing keys open for an instance that starts now.
    let kid = |state: &State| state.ring().signing_kid(SigningAlg::RS256).map(str::to_owned);
    assert_eq!(kid(&site.instance()), kid(&state));
}

/// How often each person's profile changes while the rows are sealed again.
const CHANGES: usize = 3;

fn what_changes_meanwhile_is_neither_lost_nor_overwritten(site: &Site) {
    let (one, two) = (site.instance(), site.instance());
    populate(&one.db, &site.master_only(), "old", 150);
    populate(&one.db, &one.sealer, "new", 150);
    // An instance that slept through the rotation goes on under the key before.
    let asleep = site.premises();
    site.rotate();
    let people: Vec<String> = texts(&one.db, SealedColumn::Profile).into_keys().collect();
    assert_eq!(people.len(), 300);
    let sealing = [asleep.sealer(), site.master_only(), site.premises().sealer()];
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let writers: Vec<_> = people
            .chunks(100)
            .zip(&sealing)
            .map(|(people, sealer)| scope.spawn(|| change(&asleep.db, sealer, people)))
            .collect();
        for state in [&one, &two] {
            let (state, done) = (state.clone(), &done);
            scope.spawn(move || {
                while !done.load(Ordering::Relaxed) {
                    pass(&state);
                }
            });
        }
        let changed: Vec<_> = writers.into_iter().map(ScopedJoinHandle::join).collect();
        done.store(true, Ordering::Relaxed);
        assert!(changed.iter().all(Result::is_ok));
    });
    let last = pass(&one);
    assert_eq!((last.unopened, left(&one)), (0, 0));
    assert!(last.settled.is_some(), "{last:?}");
    for column in [SealedColumn::Profile, SealedColumn::TotpSecret, SealedColumn::OutboxMail] {
        let texts = texts(&one.db, column);
        assert!(texts.keys().eq(&people), "{column:?}");
        for (id, text) in texts {
            let changed = format!("{id} {}", CHANGES - 1);
            let expected = if column == SealedColumn::Profile { &changed } else { &id };
            assert_eq!(&opened(&one.sealer, column, &id, &text), expected, "{column:?}");
        }
    }
    let active = one.sealer.active();
    let stored = keys(&one.db);
    assert_eq!(stored.len(), 2);
    assert!(stored.iter().all(|key| key.retired_at.is_some() || Some(&key.id) == active.as_ref()));
}

/// Changes every profile some times, as its owner does: nobody else changes these.
fn change(db: &Db, sealer: &Sealer, people: &[String]) {
    for round in 0..CHANGES {
        for id in people {
            let text = seal(sealer, SealedColumn::Profile, id, &format!("{id} {round}"));
            let id = UserId::new(id);
            write(db, move |conn| {
                let mut user = user::find(conn, &id)?.unwrap();
                user.sealed_profile = Some(text);
                assert!(user::save(conn, &user)?);
                Ok(())
            });
        }
    }
}

fn an_old_installation_is_sealed_again(site: &Site) {
    let (db, master) = (site.database.open(), site.master_only());
    let now = Timestamp(1_800_000_000);
    let key =
        vestibule_keys::generate(SigningAlg::RS256, 2_048, now, true, &master, &OsEntropy).unwrap();
    let kid = key.kid.clone();
    write(&db, move |conn| signing_key::insert(conn, &key));
    populate(&db, &master, "p", 150);

    let state = site.instance();
    let old = left(&state);
    assert!(old >= 451, "{old}");
    let done = pass(&state);
    assert_eq!((done.resealed, done.unopened, left(&state)), (old, 0, 0));
    let ring = site.instance().ring();
    assert!(ring.jwks().body.contains(&kid), "the signing key is still there");
}

fn a_retired_key_is_erased_after_its_time_and_a_look_at_every_row(site: &Site) {
    let asleep = site.premises();
    let (state, clock) = site.instance_at(asleep.now());
    let mut job = Resealer::new(state.clone());
    let system = System::new();
    let mut look = || {
        system.block_on(job.look()).unwrap();
        keys(&state.db).len()
    };
    populate(&state.db, &asleep.sealer(), "p", 2);
    site.rotate();
    assert_eq!(look(), 2);
    // Somebody who slept through the rotation seals under the retired key once more.
    populate(&state.db, &asleep.sealer(), "late", 2);
    clock.forward(KEPT_RETIRED - 1);
    assert_eq!(look(), 2, "its time is not over");
    populate(&state.db, &asleep.sealer(), "latest", 2);
    clock.forward(3_600);
    assert_eq!(look(), 1);
    assert_eq!((look(), left(&state)), (1, 0), "and is forgotten with the next look");
    for (id, text) in texts(&state.db, SealedColumn::Profile) {
        assert_eq!(opened(&state.sealer, SealedColumn::Profile, &id, &text), id);
    }
    let text = seal(&asleep.sealer(), SealedColumn::Profile, "x", "x");
    let refused = state.sealer.open(&SealedColumn::Profile.purpose("x"), &text);
    assert!(matches!(refused, Err(KeyError::DataKeyUnknown(_))));
}

fn a_key_that_a_text_is_under_stays(site: &Site) {
    let (state, clock) = site.instance_at(site.premises().now());
    let old = state.sealer.active().unwrap();
    // Sealed for another row, so that it never opens here.
    let (user, _, mut mail) = person(&state.sealer, "p");
    "another".clone_into(&mut mail.id);
    write(&state.db, move |conn| {
        user::insert(conn, &user)?;
        outbox::insert(conn, &mail)
    });
    site.rotate();
    let mut job = Resealer::new(state.clone());
    let system = System::new();
    for _ in 0..3 {
        system.block_on(job.look()).unwrap();
        clock.forward(2 * KEPT_RETIRED);
    }
    let stored = keys(&state.db);
    assert_eq!((stored.len(), &stored[0].id, stored[0].retired_at), (2, &old, None));
    assert_eq!(pass(&state).unopened, 1);
    assert_eq!(left(&state), 1, "the others were sealed again");
}

fn keys_that_nobody_looked_after_are_not_trusted(site: &Site) {
    let (state, clock) = site.instance_at(site.premises().now());
    let mut job = Resealer::new(state.clone());
    let is_current =
        || state.sealer.is_current(&seal(&state.sealer, SealedColumn::Profile, "x", "x"));
    for (seconds, trusted) in [(3_600, true), (1, false), (0, false)] {
        clock.forward(seconds);
        job.note_idle();
        assert_eq!(is_current(), trusted, "{seconds}");
    }
    System::new().block_on(job.look()).unwrap();
    job.note_idle();
    assert!(is_current());
}

#[test]
fn another_master_key_is_told_by_the_data_keys() {
    let site = Site::new(TestDatabase::sqlite());
    drop(site.premises());
    let stranger = Sealer::new(&MasterKey::generate(&OsEntropy));
    let refused = data_keys::open(&site.database.open(), &stranger, Timestamp(0));
    let Err(Fault::Keys(fault)) = refused else { panic!("{refused:?}") };
    assert!(fault.to_string().contains("other master key"), "{fault}");
}
