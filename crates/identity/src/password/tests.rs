use std::{
    io,
    sync::{Arc, Mutex, MutexGuard},
};

use proptest::prelude::*;

use super::*;

struct Counting;

impl Entropy for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::try_from(at % 251).unwrap();
        }
    }
}

fn cheap(memory_kib: u32, pepper: Option<&str>) -> PasswordSettings {
    let pepper = pepper.map(Secret::new);
    PasswordSettings { memory_kib, concurrency: 1, pepper, ..PasswordSettings::default() }
}

fn hasher(memory_kib: u32) -> PasswordHasher {
    PasswordHasher::new(cheap(memory_kib, None)).unwrap()
}

fn secret(text: &str) -> Secret {
    Secret::new(text)
}

async fn verdict(hasher: &PasswordHasher, password: &str, stored: &str) -> Verdict {
    hasher.verify(secret(password), Some(stored.to_owned()), &Counting).await.unwrap()
}

/// The new hash of a verdict that brings one.
fn rehashed(verdict: Verdict) -> String {
    match verdict {
        Verdict::RightButOutdated { rehashed } => rehashed,
        other => panic!("expected a new hash, got {other:?}"),
    }
}

#[tokio::test]
async fn the_right_password_is_right_and_another_is_wrong() {
    let hasher = hasher(64);
    let stored = hasher.hash(secret("correct horse"), &Counting).await.unwrap();
    assert!(stored.starts_with("$argon2id$v=19$m=64,t=2,p=1$"), "{stored}");
    for (password, expected) in
        [("correct horse", Verdict::Right), ("correct horsf", Verdict::Wrong), ("", Verdict::Wrong)]
    {
        assert_eq!(verdict(&hasher, password, &stored).await, expected, "{password}");
    }
}

#[tokio::test]
async fn an_unknown_account_and_a_broken_hash_are_wrong() {
    let hasher = hasher(64);
    for stored in [None, Some(""), Some("not a hash"), Some("$argon2id$v=19"), Some("$2b$05$")] {
        let stored = stored.map(str::to_owned);
        let verdict = hasher.verify(secret("x"), stored, &Counting).await.unwrap();
        assert_eq!(verdict, Verdict::Wrong);
    }
}

#[tokio::test]
async fn other_parameters_are_rehashed_at_sign_in() {
    for memory_kib in [32, 128] {
        let old = hasher(memory_kib).hash(secret("pw"), &Counting).await.unwrap();
        let today = hasher(64);
        let new = rehashed(verdict(&today, "pw", &old).await);
        assert_eq!(verdict(&today, "pw", &new).await, Verdict::Right);
        assert_eq!(verdict(&today, "pv", &old).await, Verdict::Wrong);
    }
}

#[tokio::test]
async fn a_storm_is_shed_instead_of_queued() {
    let hasher = PasswordHasher::new(PasswordSettings { queue: 1, ..cheap(65_536, None) }).unwrap();
    let storm = (0..20).map(|_| hasher.verify(secret("x"), None, &Counting));
    let mut busy = 0;
    let mut waiting = Vec::new();
    for attempt in storm {
        let mut attempt = Box::pin(attempt);
        // The first poll submits the job; what comes back at once is a refusal.
        if let Some(Err(PasswordError::Busy)) = poll_once(&mut attempt).await {
            busy += 1;
        } else {
            waiting.push(attempt);
        }
    }
    assert!(busy >= 17, "only {busy} were shed");
    for attempt in waiting {
        assert_eq!(attempt.await.unwrap(), Verdict::Wrong);
    }
}

/// Holds the only thread until the sender is dropped; returns once the thread is at it.
async fn hold(hasher: &PasswordHasher) -> (std::sync::mpsc::Sender<()>, impl Future + Unpin) {
    let (let_go, held) = std::sync::mpsc::channel::<()>();
    let (begun, at_it) = oneshot::channel();
    let mut job = Box::pin(hasher.run(move || {
        begun.send(()).unwrap();
        let _ = held.recv();
    }));
    assert!(poll_once(&mut job).await.is_none());
    at_it.await.unwrap();
    (let_go, job)
}

#[tokio::test]
async fn whoever_went_away_while_waiting_costs_no_hash() {
    let settings = PasswordSettings { concurrency: 1, queue: 8, ..cheap(64, None) };
    let hasher = PasswordHasher::new(settings).unwrap();
    let (let_go, holding) = hold(&hasher).await;
    let mut left = Box::pin(hasher.verify(secret("a"), None, &Counting));
    assert!(poll_once(&mut left).await.is_none());
    let mut stays = Box::pin(hasher.verify(secret("b"), None, &Counting));
    assert!(poll_once(&mut stays).await.is_none());
    assert_eq!(hasher.backlog(), Backlog { waiting: 2, capacity: 8 });
    drop(left);
    drop(let_go);
    holding.await;
    assert_eq!(stays.await.unwrap(), Verdict::Wrong);
    assert_eq!(hasher.work().hashes, 1);
    assert_eq!(hasher.backlog().waiting, 0);
}

#[tokio::test]
async fn beyond_the_queue_the_refusal_is_at_once() {
    let settings = PasswordSettings { concurrency: 1, queue: 1, ..cheap(64, None) };
    let hasher = PasswordHasher::new(settings).unwrap();
    let (let_go, holding) = hold(&hasher).await;
    let mut waits = Box::pin(hasher.run(|| 7));
    assert!(poll_once(&mut waits).await.is_none());
    let mut refused = Box::pin(hasher.run(|| 8));
    assert!(matches!(poll_once(&mut refused).await, Some(Err(PasswordError::Busy))));
    drop(let_go);
    holding.await;
    assert_eq!(waits.await.unwrap(), 7);
}

#[tokio::test]
async fn a_job_that_panics_takes_no_thread_with_it() {
    let settings = PasswordSettings { concurrency: 1, ..cheap(64, None) };
    let hasher = PasswordHasher::new(settings).unwrap();
    assert!(hasher.run(|| panic!("on purpose")).await.is_err());
    assert_eq!(hasher.run(|| 7).await.unwrap(), 7);
}

async fn poll_once<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
    std::future::poll_fn(|context| {
        std::task::Poll::Ready(match std::pin::Pin::new(&mut *future).poll(context) {
            std::task::Poll::Ready(value) => Some(value),
            std::task::Poll::Pending => None,
        })
    })
    .await
}

/// Of this password other programs made the hashes below.
const PASSWORD: &str = "correct horse battery ünï";

/// Each with the program that made it.
const FOREIGN: [(&str, &str); 15] = [
    (
        "argon2-cffi, argon2i",
        "$argon2i$v=19$m=64,t=3,p=2$c29tZXNhbHQxNmJ5dGVzIQ$yBUc0JhP/joIh6juw8qPl4o2OGb0mEL7",
    ),
    (
        "argon2-cffi, argon2d",
        "$argon2d$v=19$m=64,t=3,p=2$c29tZXNhbHQxNmJ5dGVzIQ$RCL6YA6J/m/FE/tQN7y8QWzUq19VaT+E",
    ),
    (
        "argon2-cffi, argon2id",
        "$argon2id$v=19$m=64,t=3,p=2$c29tZXNhbHQxNmJ5dGVzIQ$6+KERVXvAL5MaJPXhzZSby5Ni0mdXQX5",
    ),
    (
        "argon2-cffi, version 16",
        "$argon2id$v=16$m=64,t=2,p=1$c29tZXNhbHQxNmJ5dGVzIQ$8qMlvwYYKj+/tTLMNizqCaro5jCbidRSLdwQg1Yd6os",
    ),
    (
        "the same as its own text has it, without a version",
        "$argon2id$m=64,t=2,p=1$c29tZXNhbHQxNmJ5dGVzIQ$8qMlvwYYKj+/tTLMNizqCaro5jCbidRSLdwQg1Yd6os",
    ),
    ("bcrypt of Python", "$2b$05$VtNtIf.MrQPGTYfEQDWSt.MA5PbwMO4YRJG7d61vv17KcCLiTFrui"),
    ("bcrypt of Python, 2a", "$2a$04$j.2LJjvw1D5JqE6WQwQJ.OwICZzW/MuYBiF1PgudxBYudAHuzQE.i"),
    ("the first as PHP calls it", "$2y$05$VtNtIf.MrQPGTYfEQDWSt.MA5PbwMO4YRJG7d61vv17KcCLiTFrui"),
    (
        "hashlib, scrypt",
        "$scrypt$ln=10,r=8,p=2$c29tZXNhbHQxNmJ5dGVzIQ$s3jV83DFsTYEokpuGnen9b1puUIzjVT0GSkNKM26T94",
    ),
    (
        "passlib, scrypt",
        "$scrypt$ln=8,r=8,p=1$rxVCaE1p7d1bK0Woda4VQg$wJsdiuKqQHLGPDq/zhygiRznYUJCzDda6HsPedeLrgg",
    ),
    (
        "hashlib, PBKDF2 with SHA-256",
        "$pbkdf2-sha256$i=1000,l=32$c29tZXNhbHQxNmJ5dGVzIQ$AIftaC/cMLLSlwgPPBW8mo2THUnSruacWsVtlQcXMPM",
    ),
    (
        "hashlib, PBKDF2 with SHA-512",
        "$pbkdf2-sha512$i=1000,l=64$c29tZXNhbHQxNmJ5dGVzIQ$ovWpcP9RBfPSP3p2wXKWWK5Dw9rVJB2EgP2KhYaaHZ\
         +85XcS5zGhJkZgMF8UcREKjBtykyGys6TQIzSdr2yo9g",
    ),
    (
        "passlib, PBKDF2 with SHA-256",
        "$pbkdf2-sha256$1000$8PHy8/T19vf4.fr7/P3./w$Zhzb6llCC/XLVfzzwF9MTHIJ4WvSxUUwo1ir2MFLbiI",
    ),
    (
        "passlib, PBKDF2 with SHA-512",
        "$pbkdf2-sha512$1000$LMV4TwmhFKI05tzbO4fQWg$P3cVAJjFypwnDvAmFbf86VFAGV4Fj.8Iyc.iszQjikmth9CBK\
         Qh/KcwmyPfjFnqYKvJaMqQkY5YZhXStyATeMQ",
    ),
    ("Django", "pbkdf2_sha256$1000$seasalt2$JZdTbEqk2JBQ0YwhyqVxwt+l4OIyles7kQiZcYhwNz0="),
];

#[tokio::test]
async fn hashes_of_other_programs_are_checked_and_replaced() {
    let hasher = hasher(64);
    for (origin, stored) in FOREIGN {
        assert!(is_importable(stored), "{origin}");
        assert_eq!(verdict(&hasher, "correct horse", stored).await, Verdict::Wrong, "{origin}");
        let new = rehashed(verdict(&hasher, PASSWORD, stored).await);
        assert!(new.starts_with("$argon2id$v=19$m=64,t=2,p=1$"), "{origin}: {new}");
        assert_eq!(verdict(&hasher, PASSWORD, &new).await, Verdict::Right, "{origin}");
    }
}

#[tokio::test]
async fn bcrypt_looks_at_72_bytes_only_and_what_replaces_it_at_all() {
    let stored = "$2b$04$f1wlptYjDcfUw.29gUulhO9SaruQnz4I1B9HVMqS1hUsJM76otAoa";
    let (hasher, typed) = (hasher(64), "x".repeat(80));
    let new = rehashed(verdict(&hasher, &typed, stored).await);
    assert_eq!(verdict(&hasher, &typed, &new).await, Verdict::Right);
    assert_eq!(verdict(&hasher, &"x".repeat(72), &new).await, Verdict::Wrong);
}

/// Each would cost more than it may.
const ABSURD: [&str; 9] = [
    "$2b$15$VtNtIf.MrQPGTYfEQDWSt.MA5PbwMO4YRJG7d61vv17KcCLiTFrui",
    "$2b$31$VtNtIf.MrQPGTYfEQDWSt.MA5PbwMO4YRJG7d61vv17KcCLiTFrui",
    "$scrypt$ln=19,r=8,p=1$rxVCaE1p7d1bK0Woda4VQg$wJsdiuKqQHLGPDq/zhygiRznYUJCzDda6HsPedeLrgg",
    "$scrypt$ln=17,r=8,p=3$rxVCaE1p7d1bK0Woda4VQg$wJsdiuKqQHLGPDq/zhygiRznYUJCzDda6HsPedeLrgg",
    "$scrypt$ln=40,r=4000000000,p=4000000000$rxVCaE1p7d1bK0Woda4VQg$wJsdiuKqQHLGPDq/zhygiRznYUJCzDda6HsPedeLrgg",
    "$pbkdf2-sha256$2000001$8PHy8/T19vf4.fr7/P3./w$Zhzb6llCC/XLVfzzwF9MTHIJ4WvSxUUwo1ir2MFLbiI",
    "pbkdf2_sha256$4294967295$seasalt2$JZdTbEqk2JBQ0YwhyqVxwt+l4OIyles7kQiZcYhwNz0=",
    "$argon2id$v=19$m=1048577,t=1,p=1$c29tZXNhbHQxNmJ5dGVzIQ$6+KERVXvAL5MaJPXhzZSby5Ni0mdXQX5",
    "$argon2id$v=19$m=65536,t=65,p=1$c29tZXNhbHQxNmJ5dGVzIQ$6+KERVXvAL5MaJPXhzZSby5Ni0mdXQX5",
];

/// Each is no hash that we know, or none that could be met on purpose only.
const UNKNOWN: [&str; 20] = [
    "",
    "$",
    "plain",
    "5f4dcc3b5aa765d61d8327deb882cf99",
    "$1$saltsalt$qjXMvbEw8oaL.CzflDtaK/",
    "$2x$05$VtNtIf.MrQPGTYfEQDWSt.MA5PbwMO4YRJG7d61vv17KcCLiTFrui",
    "$2b$03$VtNtIf.MrQPGTYfEQDWSt.MA5PbwMO4YRJG7d61vv17KcCLiTFrui",
    "$2b$05$VtNtIf.MrQPGTYfEQDWSt.MA5PbwMO4YRJG7d61vv17KcCLiTFru",
    "$2b$05$VtNtIf.MrQPGTYfEQDWSt.MA5PbwMO4YRJG7d61vv17KcCLiTFré",
    "$scrypt$ln=0,r=8,p=1$rxVCaE1p7d1bK0Woda4VQg$wJsdiuKqQHLGPDq/zhygiRznYUJCzDda6HsPedeLrgg",
    "$scrypt$ln=8,r=0,p=1$rxVCaE1p7d1bK0Woda4VQg$wJsdiuKqQHLGPDq/zhygiRznYUJCzDda6HsPedeLrgg",
    "$scrypt$ln=8,r=8$rxVCaE1p7d1bK0Woda4VQg$wJsdiuKqQHLGPDq/zhygiRznYUJCzDda6HsPedeLrgg",
    "$scrypt$ln=8,r=8,p=1$rxVCaE1p7d1bK0Woda4VQg$",
    "$pbkdf2-sha256$0$8PHy8/T19vf4.fr7/P3./w$Zhzb6llCC/XLVfzzwF9MTHIJ4WvSxUUwo1ir2MFLbiI",
    "$pbkdf2-sha256$1000$8PHy8/T19vf4.fr7/P3./w$Zhzb",
    "$pbkdf2-sha256$1000$8PHy8/T19vf4.fr7/P3./w$!!!!",
    "$pbkdf2$1000$8PHy8/T19vf4.fr7/P3./w$Zhzb6llCC/XLVfzzwF9MTHIJ4WvSxUUwo1ir2MFLbiI",
    "pbkdf2_sha1$1000$seasalt2$JZdTbEqk2JBQ0YwhyqVxwt+l4OIyles7kQiZcYhwNz0=",
    "$argon2id$v=19$m=64,t=3,p=2$c29tZXNhbHQxNmJ5dGVzIQ",
    "$argon2id$v=19$m=64,t=3,p=2,data=c29tZQ$c29tZXNhbHQxNmJ5dGVzIQ$6+KERVXvAL5MaJPXhzZSby5Ni0mdXQX5",
];

#[tokio::test]
async fn absurd_costs_and_unknown_forms_are_refused_for_the_price_of_one_hash() {
    let hasher = hasher(64);
    for stored in ABSURD.into_iter().chain(UNKNOWN) {
        assert!(!is_importable(stored), "{stored}");
        let before = hasher.work().hashes;
        assert_eq!(verdict(&hasher, PASSWORD, stored).await, Verdict::Wrong, "{stored}");
        assert_eq!(hasher.work().hashes, before + 1, "{stored}");
    }
}

#[tokio::test]
async fn costs_at_their_bound_are_importable() {
    for stored in [
        "$2b$14$VtNtIf.MrQPGTYfEQDWSt.MA5PbwMO4YRJG7d61vv17KcCLiTFrui",
        "$scrypt$ln=17,r=8,p=2$rxVCaE1p7d1bK0Woda4VQg$wJsdiuKqQHLGPDq/zhygiRznYUJCzDda6HsPedeLrgg",
        "pbkdf2_sha256$2000000$seasalt2$JZdTbEqk2JBQ0YwhyqVxwt+l4OIyles7kQiZcYhwNz0=",
        "$argon2id$v=19$m=65536,t=64,p=1$c29tZXNhbHQxNmJ5dGVzIQ$6+KERVXvAL5MaJPXhzZSby5Ni0mdXQX5",
    ] {
        assert!(is_importable(stored), "{stored}");
    }
}

proptest! {
    #[test]
    fn whatever_is_stored_is_read_without_a_panic(
        stored in prop_oneof![
            ".{0,80}",
            "\\$?(2b|scrypt|pbkdf2-sha256|pbkdf2_sha256|argon2id)\\$[a-z0-9=,.]{0,12}(\\$[a-zA-Z0-9+/.=]{0,44}){0,3}",
        ],
    ) {
        let _ = is_importable(&stored);
    }
}

#[tokio::test]
async fn an_unknown_account_takes_as_much_work_as_a_wrong_password() {
    let hasher = hasher(64);
    let stored = hasher.hash(secret("pw"), &Counting).await.unwrap();
    assert_eq!(hasher.work(), Work { hashes: 1 });
    let bcrypt = FOREIGN[5].1.to_owned();
    for (password, stored, hashes) in [
        ("x", None, 1),
        ("x", Some(stored.clone()), 1),
        ("x", Some(bcrypt.clone()), 1),
        ("x", Some(String::new()), 1),
        ("pw", Some(stored), 1),
        // The second is the new hash, and only who knows the password sees it made.
        (PASSWORD, Some(bcrypt), 2),
    ] {
        let before = hasher.work().hashes;
        hasher.verify(secret(password), stored.clone(), &Counting).await.unwrap();
        assert_eq!(hasher.work().hashes - before, hashes, "{password}, {stored:?}");
    }
}

#[tokio::test]
async fn a_pepper_is_taken_up_at_sign_in_and_needed_ever_after() {
    const PEPPER: &str = "0123456789abcdef0123456789abcdef";
    let (plain, peppered) = (hasher(64), PasswordHasher::new(cheap(64, Some(PEPPER))).unwrap());
    let old = plain.hash(secret("pw"), &Counting).await.unwrap();
    let new = rehashed(verdict(&peppered, "pw", &old).await);
    assert!(new.starts_with("$argon2id$v=19$m=64,t=2,p=1,keyid="), "{new}");
    assert_eq!(verdict(&peppered, "pw", &new).await, Verdict::Right);
    assert_eq!(verdict(&peppered, "pv", &new).await, Verdict::Wrong);

    let output = |stored: &str| stored.rsplit('$').next().unwrap().to_owned();
    assert_ne!(output(&old), output(&new), "same salt, other secret");
    assert!(!new.contains(PEPPER) && !is_importable(&new));

    let other = PasswordHasher::new(cheap(64, Some("another pepper, just as long....."))).unwrap();
    for without in [&plain, &other] {
        let before = without.work().hashes;
        assert_eq!(verdict(without, "pw", &new).await, Verdict::Wrong);
        assert_eq!(without.work().hashes, before + 1);
    }
    // Not even somebody who writes to the database gets by without the pepper.
    let (before, after) = new.split_once(",keyid=").unwrap();
    let stripped = format!("{before}${}", after.split_once('$').unwrap().1);
    assert!(is_importable(&stripped));
    assert_eq!(verdict(&peppered, "pw", &stripped).await, Verdict::Wrong);
}

#[tokio::test]
async fn former_passwords_are_found_whatever_hashed_them() {
    let hasher = hasher(64);
    let mut former = vec![hasher.hash(secret("first one"), &Counting).await.unwrap()];
    former.extend([String::new(), "not a hash".to_owned(), FOREIGN[14].1.to_owned()]);
    for (password, expected) in [("first one", true), (PASSWORD, true), ("a new one", false)] {
        let found = hasher.matches_any(secret(password), former.clone()).await.unwrap();
        assert_eq!(found, expected, "{password}");
    }
    let before = hasher.work().hashes;
    assert!(!hasher.matches_any(secret("first one"), Vec::new()).await.unwrap());
    assert_eq!(hasher.work().hashes, before, "nothing to look at is no work");
}

#[tokio::test]
async fn no_more_former_passwords_are_looked_at_than_the_bound() {
    let hasher = hasher(64);
    let one = hasher.hash(secret("old"), &Counting).await.unwrap();
    let before = hasher.work().hashes;
    let found = hasher.matches_any(secret("new"), vec![one; 100]).await.unwrap();
    assert!(!found);
    assert_eq!(hasher.work().hashes - before, u64::try_from(MATCHES_MAX).unwrap());
}

/// What a test has logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn bytes(&self) -> MutexGuard<'_, Vec<u8>> {
        self.0.lock().unwrap()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What is logged while `stored` is checked under `pepper`.
fn logged(stored: &str, pepper: Option<&str>) -> String {
    let log = Log::default();
    let writer = log.clone();
    let subscriber =
        tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
    let argon = Argon::new(cheap(64, pepper)).unwrap();
    let mut worker = Worker::new(argon, Arc::default());
    tracing::subscriber::with_default(subscriber, || {
        assert_eq!(worker.verdict(&secret("pw"), Some(stored), &[7; 16]), Verdict::Wrong);
    });
    let bytes = log.bytes().clone();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn the_log_says_why_a_stored_hash_is_of_no_use_and_not_what_it_is() {
    let pepper = PasswordHasher::new(cheap(64, Some("a pepper of thirty-two bytes.....")));
    let peppered = pepper.unwrap().hash_blocking(secret("pw"), &Counting).unwrap();
    for (stored, pepper, level, event) in [
        (ABSURD[0], None, "WARN", "password.hash_unusable"),
        (ABSURD[2], None, "WARN", "would cost too much to check (ln=19, r=8, p=1)"),
        (ABSURD[7], None, "WARN", "would cost too much to check (1048577 KiB, 1 passes)"),
        (UNKNOWN[3], None, "WARN", "of no known form"),
        (peppered.as_str(), None, "ERROR", "password.pepper_unknown"),
        (peppered.as_str(), Some("another"), "ERROR", "password.pepper_unknown"),
    ] {
        let log = logged(stored, pepper);
        assert!(log.contains(level) && log.contains(event), "{log}");
        let digest = stored.rsplit('$').next().unwrap();
        assert!(!log.contains(digest), "{log}");
    }
    assert_eq!(logged("", None), "", "an account without a password is no fault");
}
