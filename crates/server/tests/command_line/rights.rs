//! Redis with exactly the user of docs/operations/redis.md, and with less.

use serde_json::Value;
use vestibule_cache::testing::TestRedis;

use crate::site::{Server, Site};
use crate::told::until;

/// What the doctor says of Redis, whatever else there is to say.
fn diagnosis(site: &Site, redis: &TestRedis) -> Value {
    let mut doctor = site.command("doctor --json --only redis");
    let output = doctor.env("VESTIBULE__REDIS__URL", redis.url()).output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    report["checks"][0].clone()
}

fn allow(redis: &TestRedis, rights: &str) {
    let order: Vec<&str> = rights.split(' ').collect();
    redis.run(&[&["ACL", "SETUSER", "vestibule"], &order[..]].concat());
}

#[test]
fn the_doctor_is_content_with_the_documented_rights_and_names_each_that_is_missing() {
    let (site, redis) = (Site::new(), TestRedis::with_acl());
    redis.run(&["CONFIG", "SET", "maxmemory", "64mb"]);
    let content = diagnosis(&site, &redis);
    assert_eq!(content["status"], "ok", "{content:#}");
    for (less, again, what) in [
        ("-eval", "+eval", "'eval'"),
        ("-incr", "+incr", "script"),
        ("-publish", "+publish", "'publish'"),
        ("-subscribe", "+subscribe", "'subscribe'"),
        ("-info", "+info", "'info'"),
        ("resetkeys", "~vestibule:*", "keys"),
        ("resetchannels", "&vestibule:*", "channels"),
    ] {
        allow(&redis, less);
        let said = diagnosis(&site, &redis);
        assert_eq!(said["status"], "failed", "{less}: {said:#}");
        assert!(said["detail"].as_str().unwrap().contains(what), "{less}: {said:#}");
        let fix = said["fix"].as_str().unwrap();
        assert!(fix.contains("the ACL line in docs/operations/redis.md"), "{less}: {said:#}");
        allow(&redis, again);
    }
    assert_eq!(diagnosis(&site, &redis)["status"], "ok");
}

#[test]
fn a_server_works_with_the_documented_rights_and_says_which_it_misses() {
    let (site, redis) = (Site::new(), TestRedis::with_acl());
    let mut server = site.serve(&[
        ("VESTIBULE__REDIS__URL", &redis.url()),
        ("VESTIBULE__RATE_LIMITS__AUTHORIZE", "1000"),
    ]);
    let is_well = |server: &Server| !server.get("/health/ready").contains("degraded");
    until("all is well", || is_well(&server));
    let count = |server: &Server| assert!(server.get("/authorize").starts_with("HTTP/1.1 400"));
    count(&server);
    let counters = redis.keys();
    assert!(counters.iter().any(|(key, _)| key.starts_with("vestibule:count:")), "{counters:?}");
    assert!(redis.run(&["ACL", "LOG"]).is_empty(), "nothing is tried that is not allowed");
    allow(&redis, "resetchannels");
    let said = server.event("redis.deaf").to_string();
    assert!(said.contains("channels") && said.contains("the ACL line"), "{said}");
    until("it misses the word", || !is_well(&server));
    allow(&redis, "&vestibule:*");
    until("it hears again", || is_well(&server));
    allow(&redis, "-eval");
    until("it misses the counters", || {
        count(&server);
        !is_well(&server)
    });
    let said = server.event("redis.away").to_string();
    assert!(said.contains("'eval'") && said.contains("the ACL line"), "{said}");
    allow(&redis, "+eval");
    until("it counts again", || is_well(&server));
    server.signal("TERM");
    assert_eq!(server.wait().0, Some(0));
}
