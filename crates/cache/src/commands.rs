//! What is said to Redis. Every command names one key at most, so that a cluster can serve it, and
//! every key gets its expiry in the same step as its value.

use std::{collections::HashMap, time::Duration};

use redis::RedisResult;

use crate::{Ping, connect::Link};

/// Adds one and opens a window if none is open. A script runs as one step on a clock that stands
/// still, so the key cannot expire in the middle and leave one behind that never does.
const COUNT: &str = "local count = redis.call('INCR', KEYS[1]) \
    local left = redis.call('PTTL', KEYS[1]) \
    if left < 0 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) left = tonumber(ARGV[1]) end \
    return {count, left}";

/// Counts `key` once more: the count, and what is left of the window.
pub(crate) fn count(link: &mut Link, key: &str, window: Duration) -> RedisResult<(u64, Duration)> {
    let length = u64::try_from(window.as_millis()).unwrap_or(u64::MAX).max(1);
    let mut command = redis::cmd("EVAL");
    command.arg(COUNT).arg(1).arg(key).arg(length);
    let (count, left): (u64, u64) = link.run(&command)?;
    Ok((count, Duration::from_millis(left)))
}

/// Passes `word` on to everyone who listens on `channel`.
pub(crate) fn publish(link: &mut Link, channel: &str, word: &str) -> RedisResult<()> {
    let mut command = redis::cmd("PUBLISH");
    command.arg(channel).arg(word);
    link.run_anywhere(&command)
}

/// How Redis is. The latency is that of the first answer.
pub(crate) fn ping(link: &mut Link) -> RedisResult<Ping> {
    let asked = std::time::Instant::now();
    let (seconds, micros): (u64, u32) = link.run_anywhere(&redis::cmd("TIME"))?;
    let latency = asked.elapsed();
    let info: String = link.run_anywhere(&redis::cmd("INFO"))?;
    let info: HashMap<&str, &str> = info.lines().filter_map(|line| line.split_once(':')).collect();
    let text = |name: &str| info.get(name).map(|value| (*value).to_owned()).unwrap_or_default();
    let number = |name: &str| info.get(name).and_then(|value| value.parse().ok());
    Ok(Ping {
        latency,
        server_time: Duration::from_secs(seconds) + Duration::from_micros(micros.into()),
        version: text("redis_version"),
        maxmemory: number("maxmemory").unwrap_or_default(),
        used_memory: number("used_memory").unwrap_or_default(),
        policy: text("maxmemory_policy"),
        role: text("role"),
        mode: text("redis_mode"),
    })
}
