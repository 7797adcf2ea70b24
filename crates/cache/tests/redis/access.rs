//! Who may, and how it is kept private on the way.

use std::process::Command;

use vestibule_cache::{
    BreakerState, Cache, CacheError, RedisSettings,
    testing::{ACL, PASSWORD, TestRedis, settings},
};

use crate::fixtures::{MINUTE, cache, kept, keys, listening, put, until};

/// How to mend a lack of rights.
const RIGHTS: &str = "; fix: give the user the rights of the ACL line";

/// Everything that Vestibule does with Redis.
async fn assert_works(settings: RedisSettings) {
    let (one, other) = (cache(settings.clone()), cache(settings));
    one.ping().await.unwrap_or_else(|fault| panic!("{fault}"));
    assert_eq!(one.refusals().await, []);
    let counted = one.count("a", MINUTE).await;
    assert!(counted.shared);
    listening(&other).await;
    let there = kept(&other);
    put(&there, "a");
    one.changed("client", &keys(&["a"])).await;
    until("the word comes", async || there.get("a").is_none()).await;
    assert_eq!(one.state(), BreakerState::Closed);
}

/// What a ping says that does not come through.
async fn fault(settings: RedisSettings) -> String {
    let cache = cache(settings);
    let fault = cache.ping().await.expect_err("it must not be let in").to_string();
    assert!(!cache.count("a", MINUTE).await.shared);
    assert!(!fault.contains("hunter2") && !fault.contains(PASSWORD), "{fault}");
    fault
}

#[tokio::test]
async fn a_user_with_the_rights_of_the_documented_acl_line_can_do_all_of_it() {
    let redis = TestRedis::with_acl();
    assert_works(redis.settings()).await;
    assert_works(RedisSettings { url: format!("{}/3", redis.url()).into(), ..redis.settings() })
        .await;
    // Nothing was tried that is not allowed.
    let denied = redis.run(&["ACL", "LOG"]);
    assert!(denied.is_empty(), "{denied:?}");
}

#[test]
fn the_documented_acl_line_is_the_one_that_is_tested() {
    let page = include_str!("../../../../docs/operations/redis.md");
    let line = format!("ACL SETUSER vestibule on >PASSWORD resetkeys {ACL}\n");
    assert!(page.contains(&line), "{line}");
}

#[tokio::test]
async fn that_user_may_not_leave_the_prefix() {
    let redis = TestRedis::with_acl();
    let other = RedisSettings { prefix: "other:".to_owned(), ..redis.settings() };
    let cache = cache(other);
    assert!(cache.ping().await.is_ok());
    let refusals = refused(&cache).await;
    assert!(
        refusals.len() == 3 && refusals.iter().all(|said| said.contains(RIGHTS)),
        "{refusals:?}"
    );
    assert!(!cache.count("a", MINUTE).await.shared);
    until("the channel is refused", async || {
        redis.run(&["ACL", "LOG"]).iter().any(|part| part == "other:changed")
    })
    .await;
    assert!(!cache.is_listening());
    assert!(redis.keys().is_empty());
}

/// What a ping or one of a server's doings says that does not come through.
async fn refused(cache: &Cache) -> Vec<String> {
    let pinged = cache.ping().await.err();
    pinged.into_iter().chain(cache.refusals().await).map(|fault| fault.to_string()).collect()
}

#[tokio::test]
async fn each_right_of_the_acl_line_is_needed_for_something() {
    let redis = TestRedis::with_acl();
    let settings = RedisSettings { url: format!("{}/3", redis.url()).into(), ..redis.settings() };
    let tried = |right: &str| redis.run(&["ACL", "LOG"]).iter().any(|part| part == right);
    for right in ACL.split(" +").skip(1) {
        redis.run(&["ACL", "SETUSER", "vestibule", &format!("-{right}")]);
        redis.run(&["ACL", "LOG", "RESET"]);
        // A window that is open needs no `pexpire`.
        redis.flush();
        let refusals = refused(&cache(settings.clone())).await;
        match right {
            // See `topologies`.
            "role" | "cluster|slots" => {
                assert!(refusals.is_empty() && !tried(right), "{right}: {refusals:?}");
            }
            // The library's farewell: nothing depends on it but the silence of the log.
            "unsubscribe" | "punsubscribe" => {
                assert!(refusals.is_empty() && tried(right), "{right}: {refusals:?}");
            }
            _ => {
                let is_told = refusals.iter().all(|said| said.contains(RIGHTS));
                assert!(!refusals.is_empty() && is_told, "{right}: {refusals:?}");
            }
        }
        redis.run(&["ACL", "SETUSER", "vestibule", &format!("+{right}")]);
    }
    assert_eq!(refused(&cache(settings)).await, [""; 0]);
}

/// A pattern of keys or of channels that is not there, or another one.
#[tokio::test]
async fn a_prefix_that_the_user_may_not_use_is_told() {
    let redis = TestRedis::with_acl();
    for (rights, count) in [("resetkeys", 1), ("resetchannels", 2)] {
        redis.run(&["ACL", "SETUSER", "vestibule", rights]);
        let refusals = refused(&cache(redis.settings())).await;
        assert_eq!(refusals.len(), count, "{rights}: {refusals:?}");
        assert!(refusals.iter().all(|said| said.contains(RIGHTS)), "{refusals:?}");
        redis.run(&["ACL", "SETUSER", "vestibule", "~vestibule:*", "&vestibule:*"]);
    }
}

#[tokio::test]
async fn a_wrong_password_or_none_is_said_with_how_to_mend_it() {
    let redis = TestRedis::with_acl();
    let port = redis.port();
    for login in ["vestibule:hunter2@", ":hunter2@", "nobody:hunter2@", ""] {
        let fault = fault(settings(&format!("redis://{login}127.0.0.1:{port}"))).await;
        assert!(fault.contains("; fix: set user and password in redis.url"), "{login}: {fault}");
    }
}

#[tokio::test]
async fn a_password_without_a_user_is_the_one_of_requirepass() {
    let redis = TestRedis::with_options(&["--requirepass", "pw"]);
    assert_works(settings(&format!("redis://:pw@127.0.0.1:{}", redis.port()))).await;
}

#[tokio::test]
async fn it_works_through_a_unix_socket() {
    let redis = TestRedis::start();
    assert_works(settings(&format!("redis+unix://{}?db=2", redis.socket().display()))).await;
}

#[tokio::test]
async fn tls_with_a_certificate_of_one_s_own_works_by_ca_file() {
    let redis = TestRedis::with_tls(false);
    let ca = redis.certificate().0.display().to_string();
    assert_works(settings(&format!("{}?ca_file={ca}", redis.url()))).await;
    assert_works(settings(&format!("rediss://localhost:{}?ca_file={ca}", redis.port()))).await;
}

#[tokio::test]
async fn a_server_that_asks_for_our_certificate_gets_it() {
    let redis = TestRedis::with_tls(true);
    let (certificate, key) = redis.certificate();
    let (certificate, key) = (certificate.display(), key.display());
    let url = format!("{}?ca_file={certificate}", redis.url());
    assert_works(settings(&format!("{url}&cert_file={certificate}&key_file={key}"))).await;
    fault(settings(&url)).await;
}

#[tokio::test]
async fn a_certificate_nobody_vouches_for_is_refused() {
    let redis = TestRedis::with_tls(false);
    let fault = fault(redis.settings()).await;
    assert!(fault.to_lowercase().contains("certificate"), "{fault}");
    assert!(fault.contains("ca_file"), "{fault}");
}

#[tokio::test]
async fn a_certificate_for_another_host_is_refused() {
    let redis = TestRedis::with_tls(false);
    let ca = redis.certificate().0.display().to_string();
    let fault = fault(settings(&format!("rediss://127.0.0.2:{}?ca_file={ca}", redis.port()))).await;
    assert!(!fault.is_empty());
}

#[tokio::test]
async fn plain_text_to_a_server_of_tls_and_back_is_an_error_and_no_hang() {
    let (tls, plain) = (TestRedis::with_tls(false), TestRedis::start());
    fault(settings(&format!("redis://127.0.0.1:{}", tls.port()))).await;
    fault(settings(&format!("rediss://127.0.0.1:{}", plain.port()))).await;
}

#[tokio::test]
async fn certificate_files_are_read_at_the_start() {
    let redis = TestRedis::with_tls(false);
    let key = redis.certificate().1.display().to_string();
    for file in ["/nonexistent.pem", &key] {
        let fault = Cache::redis(settings(&format!("rediss://h?ca_file={file}"))).err();
        assert!(matches!(fault, Some(CacheError::Certificate(_))), "{file}: {fault:?}");
    }
}

/// Runs the test below in a process of its own, whose environment vouches for the certificate.
#[tokio::test]
async fn tls_with_a_certificate_of_one_s_own_works_by_ssl_cert_file() {
    let redis = TestRedis::with_tls(false);
    let me = std::env::current_exe().unwrap();
    let run = |file: Option<&std::path::Path>| {
        let mut command = Command::new(&me);
        command.args(["--exact", "access::in_a_process_of_its_own"]);
        command.env("VESTIBULE_TEST_REDIS", redis.url()).env_remove("SSL_CERT_FILE");
        if let Some(file) = file {
            command.env("SSL_CERT_FILE", file);
        }
        command.output().unwrap().status.success()
    };
    assert!(run(Some(&redis.certificate().0)));
    assert!(!run(None), "the certificate is vouched for by nobody");
}

#[tokio::test]
async fn in_a_process_of_its_own() {
    if let Some(url) = std::env::var_os("VESTIBULE_TEST_REDIS") {
        assert_works(settings(url.to_str().unwrap())).await;
    }
}
