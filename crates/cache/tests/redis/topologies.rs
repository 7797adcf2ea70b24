//! Redis on several hosts: Sentinel and Cluster.

use std::{fs, process::Command, time::Duration};

use tempfile::TempDir;
use vestibule_cache::{
    BreakerState, Cache,
    testing::{ACL, PASSWORD, TestProcess, TestRedis, free_port, settings},
};

use crate::fixtures::{MINUTE, cache, closed, kept, keys, listening, put, until};

/// Gives every server the user `vestibule` with the documented rights; `url` for that user.
fn as_vestibule(servers: &[&TestRedis], url: &str) -> String {
    let password = format!(">{PASSWORD}");
    let user = ["ACL", "SETUSER", "vestibule", "on", &password];
    let order: Vec<&str> = user.into_iter().chain(ACL.split_whitespace()).collect();
    for server in servers {
        server.run(&order);
    }
    url.replace("://", "://vestibule:a%20p%40ssw%2Frd@")
}

/// Nothing was tried that the rights do not cover.
fn assert_nothing_denied(servers: &[&TestRedis]) {
    for server in servers {
        let denied = server.run(&["ACL", "LOG"]);
        assert!(denied.is_empty(), "{denied:?}");
    }
}

/// Nobody gets to `url` without that right.
async fn assert_needed(right: &str, servers: &[&TestRedis], url: &str) {
    let allow = |sign: &str| {
        for server in servers {
            server.run(&["ACL", "SETUSER", "vestibule", &format!("{sign}{right}")]);
        }
    };
    allow("-");
    let fault = cache(settings(url)).ping().await.expect_err("it is needed").to_string();
    assert!(fault.contains("the rights of the ACL line"), "{right}: {fault}");
    allow("+");
}

/// Three sentinels that watch a master and its replica, and agree within a second.
struct Watched {
    master: TestRedis,
    replica: TestRedis,
    _sentinels: Vec<TestProcess>,
    url: String,
}

fn watched() -> Watched {
    let master = TestRedis::start();
    let port = master.port().to_string();
    let replica = TestRedis::with_options(&["--replicaof", "127.0.0.1", &port]);
    let ports: Vec<u16> = (0..3).map(|_| free_port()).collect();
    let sentinels = ports.iter().map(|own| {
        let folder = TempDir::new().unwrap().keep();
        let file = folder.join("sentinel.conf");
        let lines = format!(
            "port {own}\nbind 127.0.0.1\nsentinel monitor main 127.0.0.1 {port} 2\n\
             sentinel down-after-milliseconds main 500\nsentinel failover-timeout main 2000\n"
        );
        fs::write(&file, lines).unwrap();
        let file = file.display().to_string();
        let words = ["redis-server", &file, "--sentinel"];
        TestProcess::start(&folder, &words, "+monitor master main")
    });
    let sentinels = sentinels.collect();
    let hosts: Vec<String> = ports.iter().map(|port| format!("127.0.0.1:{port}")).collect();
    let url = format!("redis+sentinel://{}/main", hosts.join(","));
    Watched { master, replica, _sentinels: sentinels, url }
}

fn is_replicated(replica: &TestRedis) -> bool {
    replica.run(&["INFO", "replication"]).concat().contains("master_link_status:up")
}

/// Counts until that is shared again.
async fn shared_again(cache: &Cache) -> Duration {
    until("it is shared again", async || cache.count("b", MINUTE).await.shared).await
}

async fn heard(said: &Cache, heard: &Cache) {
    listening(heard).await;
    let kept = kept(heard);
    put(&kept, "a");
    said.changed("client", &keys(&["a"])).await;
    until("the word comes", async || kept.get("a").is_none()).await;
}

#[tokio::test]
async fn sentinel_names_the_master_and_after_its_death_the_next_one() {
    let mut redis = watched();
    until("the replica follows", async || is_replicated(&redis.replica)).await;
    let url = as_vestibule(&[&redis.master, &redis.replica], &redis.url);
    let (one, other) = (cache(settings(&url)), cache(settings(&url)));
    assert_eq!(one.ping().await.unwrap().role, "master");
    assert!(one.count("a", MINUTE).await.shared);
    heard(&one, &other).await;
    assert_nothing_denied(&[&redis.master]);
    assert_needed("role", &[&redis.master], &url).await;
    // The sentinels know each other and the replica.
    until("they have met", async || knows_all(&redis.url)).await;
    redis.master.kill();
    let took = shared_again(&one).await;
    println!("shared again {took:?} after the master's death");
    closed(&one).await;
    assert_eq!(redis.replica.run(&["ROLE"])[0], "master");
    heard(&one, &other).await;
    assert!(one.count("a", MINUTE).await.shared);
}

/// Whether the first sentinel of `url` knows two others and one replica.
fn knows_all(url: &str) -> bool {
    let port = url.split([':', ',', '/']).nth(4).unwrap();
    let ask = |what: &str| {
        let command = ["-p", port, "SENTINEL", what, "main"];
        let answer = Command::new("redis-cli").args(command).output().unwrap();
        String::from_utf8(answer.stdout).unwrap().matches("runid").count()
    };
    ask("SENTINELS") == 2 && ask("REPLICAS") == 1
}

#[tokio::test]
async fn a_master_that_becomes_a_replica_is_left_for_the_new_one() {
    let redis = watched();
    until("the replica follows", async || is_replicated(&redis.replica)).await;
    let cache = cache(settings(&redis.url));
    assert!(cache.count("a", MINUTE).await.shared);
    until("they have met", async || knows_all(&redis.url)).await;
    let port = redis.url.split([':', ',', '/']).nth(4).unwrap();
    let order = ["-p", port, "SENTINEL", "FAILOVER", "main"];
    assert!(Command::new("redis-cli").args(order).status().unwrap().success());
    until("the roles change", async || {
        redis.replica.run(&["ROLE"])[0] == "master" && redis.master.run(&["ROLE"])[0] == "slave"
    })
    .await;
    shared_again(&cache).await;
    listening(&cache).await;
}

#[tokio::test]
async fn a_name_that_no_sentinel_knows_is_said() {
    let redis = watched();
    let url = redis.url.replace("/main", "/other");
    let fault = cache(settings(&url)).ping().await.unwrap_err().to_string();
    assert!(fault.contains("knows no master of the name"), "{fault}");
}

/// Three masters, each with a third of the slots.
fn cluster() -> (Vec<TestRedis>, String) {
    let node = || {
        let bus = free_port().to_string();
        TestRedis::with_options(&[
            "--cluster-enabled",
            "yes",
            "--cluster-port",
            &bus,
            "--cluster-node-timeout",
            "1000",
        ])
    };
    let nodes: Vec<TestRedis> = (0..3).map(|_| node()).collect();
    let hosts: Vec<String> =
        nodes.iter().map(|node| format!("127.0.0.1:{}", node.port())).collect();
    let made = Command::new("redis-cli")
        .args(["--cluster", "create"])
        .args(&hosts)
        .arg("--cluster-yes")
        .output()
        .expect("redis-cli: `apt-get install -y redis-tools`");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stdout));
    let url = format!("redis+cluster://{}", hosts.join(","));
    (nodes, url)
}

async fn agreed(nodes: &[TestRedis]) {
    let is_ok =
        |node: &TestRedis| node.run(&["CLUSTER", "INFO"]).concat().contains("cluster_state:ok");
    until("the nodes agree", async || nodes.iter().all(is_ok)).await;
}

#[tokio::test]
async fn a_cluster_counts_on_every_node_and_every_node_passes_words_on() {
    let (nodes, url) = cluster();
    agreed(&nodes).await;
    let servers: Vec<&TestRedis> = nodes.iter().collect();
    let url = as_vestibule(&servers, &url);
    let (one, other) = (cache(settings(&url)), cache(settings(&url)));
    for number in 0..60 {
        let key = format!("ip:{number}");
        assert_eq!(one.count(&key, MINUTE).await.count, 1);
        let counted = other.count(&key, MINUTE).await;
        assert_eq!((counted.count, counted.shared), (2, true));
    }
    for node in &nodes {
        let keys = node.keys();
        assert!(keys.len() > 5, "{keys:?}");
        assert!(keys.iter().all(|(_, expiry)| *expiry > 0), "{keys:?}");
    }
    let ping = one.ping().await.unwrap();
    assert_eq!((ping.mode.as_str(), ping.role.as_str()), ("cluster", "master"));
    for _ in 0..6 {
        heard(&one, &other).await;
    }
    assert_eq!(one.state(), BreakerState::Closed);
    assert_nothing_denied(&servers);
    assert_needed("cluster|slots", &servers, &url).await;
}

#[tokio::test]
async fn the_loss_of_a_node_is_survived_and_its_return_noticed() {
    let (mut nodes, url) = cluster();
    agreed(&nodes).await;
    let cache = cache(settings(&url));
    listening(&cache).await;
    assert!(cache.count("a", MINUTE).await.shared);
    nodes[0].kill();
    let start = std::time::Instant::now();
    for number in 0..30 {
        cache.count(&format!("ip:{number}"), MINUTE).await;
    }
    // At most the timeout for each of those that were to go to the dead node before the breaker.
    assert!(start.elapsed() < Duration::from_secs(8), "{:?}", start.elapsed());
    // The subscription finds a node that lives, wherever it was.
    listening(&cache).await;
    nodes[0].restart();
    until("all are shared again", async || {
        for number in 0..30 {
            if !cache.count(&format!("ip:{number}"), MINUTE).await.shared {
                return false;
            }
        }
        true
    })
    .await;
}

#[tokio::test]
async fn one_node_of_a_cluster_as_if_it_were_alone_is_told_apart() {
    let (nodes, _) = cluster();
    agreed(&nodes).await;
    let cache = cache(settings(&nodes[0].url()));
    let shared = async |number: i32| cache.count(&format!("ip:{number}"), MINUTE).await.shared;
    let mut all = true;
    for number in 0..30 {
        all &= shared(number).await;
    }
    assert!(!all);
}
