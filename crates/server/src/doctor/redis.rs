//! Whether Redis can be relied on.

use vestibule_cache::{CacheError, Ping};

use super::data_dir::size;
use super::finding::Finding;

/// An answer that takes longer than this is slow, in milliseconds.
const SLOW: u128 = 20;

/// How Redis is reached, as far as it may be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Way {
    /// On this machine, or by TLS.
    pub(super) is_private: bool,
    /// Whether it is on this machine.
    pub(super) is_local: bool,
    /// Whether we say who we are.
    pub(super) has_password: bool,
}

/// What Redis said, and what it did not let happen.
#[derive(Clone, Debug)]
pub(super) struct Answered {
    pub(super) ping: Ping,
    pub(super) refusals: Vec<CacheError>,
    pub(super) way: Way,
}

/// A fault's two parts. Most say themselves what to do.
fn with_fix(why: &str) -> (&str, &str) {
    why.split_once("; fix: ").unwrap_or((why, "start Redis, or correct redis.url"))
}

/// Redis cannot be reached.
pub(super) fn unreachable(why: &str) -> Finding {
    let (why, fix) = with_fix(why);
    let meanwhile = "the server works on without it, each instance with counters of its own";
    Finding::failed("reachable", format!("cannot be used: {why}; {meanwhile}"), fix)
}

/// A server would count for itself, or hear of changes elsewhere late, and hardly anybody would notice.
fn refused(refusal: &CacheError) -> Finding {
    let why = refusal.to_string();
    let (why, fix) = with_fix(&why);
    Finding::failed("use", format!("does not let servers do all that they do with it: {why}"), fix)
}

pub(super) fn judge(Answered { ping, refusals, way }: &Answered) -> Vec<Finding> {
    let latency = ping.latency.as_secs_f64() * 1_000.0;
    let summary = format!("Redis {} ({}), answers in {latency:.1} ms", ping.version, ping.mode);
    let mut found = vec![Finding::ok("reachable", summary)];
    if ping.latency.as_millis() > SLOW {
        found.push(Finding::warning(
            "latency",
            format!("an answer takes {latency:.1} ms"),
            "bring servers and Redis closer together",
        ));
    }
    if ping.role != "master" && ping.mode != "sentinel" && !ping.role.is_empty() {
        found.push(Finding::failed(
            "role",
            format!("redis.url names a {}, where nothing can be counted", ping.role),
            "name the master, or the Sentinels that know it (redis+sentinel://)",
        ));
    }
    found.extend(refusals.iter().map(refused));
    found.push(memory(ping));
    found.extend(private(*way));
    found
}

fn memory(ping: &Ping) -> Finding {
    if ping.maxmemory == 0 {
        return Finding::warning(
            "memory",
            "maxmemory is not set: Redis may take all the memory there is",
            "set maxmemory, such as 256mb, and maxmemory-policy noeviction",
        );
    }
    let (used, limit) = (size(ping.used_memory), size(ping.maxmemory));
    if ping.used_memory > ping.maxmemory - ping.maxmemory / 10 {
        return Finding::warning(
            "memory",
            format!("{used} of {limit} in use, and then {}", ping.policy),
            "raise maxmemory, or keep what is not Vestibule's in another Redis",
        );
    }
    Finding::ok("memory", format!("{used} of {limit} in use, {}", ping.policy))
}

fn private(way: Way) -> Vec<Finding> {
    let mut found = Vec::new();
    if !way.is_private {
        found.push(Finding::grave(
            "tls",
            "the connection leaves this machine and is not encrypted",
            "use rediss:// in redis.url",
        ));
    }
    if !way.has_password && !way.is_local {
        found.push(Finding::grave(
            "password",
            "whoever reaches Redis may change what is in it: redis.url has no password",
            "make a user (ACL SETUSER) and write it into redis.url",
        ));
    }
    found
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::doctor::finding::Status::{self, Failed, Ok as Fine, Warning};

    const WAY: Way = Way { is_private: true, is_local: false, has_password: true };

    fn ping() -> Ping {
        Ping {
            latency: Duration::from_millis(1),
            server_time: Duration::ZERO,
            version: "7.0.15".to_owned(),
            maxmemory: 256 << 20,
            used_memory: 1 << 20,
            policy: "volatile-ttl".to_owned(),
            role: "master".to_owned(),
            mode: "standalone".to_owned(),
        }
    }

    fn worst(ping: &Ping, way: Way) -> (Status, &'static str, bool) {
        of_worst(&Answered { ping: ping.clone(), refusals: Vec::new(), way })
    }

    fn of_worst(answered: &Answered) -> (Status, &'static str, bool) {
        let found = judge(answered);
        let worst = found.into_iter().max_by_key(|finding| (finding.status, finding.strict));
        let worst = worst.unwrap();
        (worst.status, worst.about, worst.strict == Failed)
    }

    #[test]
    fn each_trouble_is_told() {
        assert_eq!(worst(&ping(), WAY).0, Fine);
        let replica = Ping { role: "slave".to_owned(), ..ping() };
        for (ping, expected) in [
            (Ping { latency: Duration::from_millis(21), ..ping() }, (Warning, "latency", false)),
            (Ping { maxmemory: 0, ..ping() }, (Warning, "memory", false)),
            (Ping { used_memory: 250 << 20, ..ping() }, (Warning, "memory", false)),
            (replica, (Failed, "role", true)),
        ] {
            assert_eq!(worst(&ping, WAY), expected, "{ping:?}");
        }
        let open = Way { is_private: false, ..WAY };
        assert_eq!(worst(&ping(), open), (Warning, "tls", true));
        assert_eq!(worst(&ping(), Way { has_password: false, ..WAY }), (Warning, "password", true));
        let local = Way { is_local: true, has_password: false, ..WAY };
        assert_eq!(worst(&ping(), local).0, Fine);
        let refusals = vec![CacheError::Redis("Redis: NOPERM no; fix: give".to_owned())];
        let refused = Answered { ping: ping(), refusals, way: WAY };
        assert_eq!(of_worst(&refused), (Failed, "use", true));
    }

    #[test]
    fn a_refusal_brings_its_own_remedy() {
        let found = unreachable("Redis: NOPERM no; fix: give the user the rights");
        assert_eq!(found.fix.as_deref(), Some("give the user the rights"));
        assert!(found.detail.starts_with("cannot be used: Redis: NOPERM no; the server works on"));
        assert!(unreachable("no answer within 5 s").fix.unwrap().contains("start Redis"));
    }
}
