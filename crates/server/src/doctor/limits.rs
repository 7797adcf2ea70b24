//! Whether the system lets the server have what it needs.

use rustix::process::{Resource, getrlimit};

use super::finding::Finding;
use crate::config::Config;

/// With fewer open files than this, a server cannot do its daily work.
const FEW: u64 = 512;
/// With fewer, a busy hour is too much.
const SOME: u64 = 4_096;

/// What the system allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    /// Files that a process may have open; `None` is as many as it likes.
    pub(super) open_files: Option<u64>,
    /// Whether this is the running server's limit, rather than that of whoever asks.
    pub(super) of_server: bool,
    /// Memory that there is, in bytes.
    pub(super) memory: Option<u64>,
}

/// Asks the system.
pub(super) fn look() -> Seen {
    Seen { open_files: open_files(), of_server: false, memory: memory() }
}

/// Files that this process may have open; `None` is as many as it likes.
pub(super) fn open_files() -> Option<u64> {
    getrlimit(Resource::Nofile).current
}

/// What this process may take: the machine's memory, or its control group's share.
fn memory() -> Option<u64> {
    let read = |path| std::fs::read_to_string(path).ok();
    let machine = read("/proc/meminfo").and_then(|text| meminfo(&text));
    let group = read("/sys/fs/cgroup/memory.max").and_then(|text| text.trim().parse().ok());
    machine.into_iter().chain(group).min()
}

/// The total of proc_meminfo(5), in bytes.
fn meminfo(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1_024)
}

pub(super) fn judge(seen: &Seen, config: &Config) -> Vec<Finding> {
    let pool = u64::from(config.database.pool_size);
    let hashing = u64::try_from(config.password.concurrency.unwrap_or(4)).unwrap_or(4);
    let hashing = hashing.saturating_mul(u64::from(config.password.memory_kib)) << 10;
    let mut found = vec![files(seen, pool)];
    found.extend(seen.memory.map(|memory| passwords(memory, hashing)));
    found
}

fn files(seen: &Seen, pool: u64) -> Finding {
    let whose = if seen.of_server { "the server" } else { "a process started here" };
    let Some(limit) = seen.open_files else {
        return Finding::ok("open_files", format!("{whose} may open any number of files"));
    };
    let told = format!("{whose} may have {limit} files and connections open");
    let fix = "raise it: LimitNOFILE=65536 in the systemd unit, --ulimit nofile=65536 for a \
               container, or `ulimit -n 65536`";
    if limit < FEW + pool {
        return Finding::failed("open_files", told, fix);
    }
    if limit < SOME + pool {
        return Finding::warning("open_files", told, fix);
    }
    Finding::ok("open_files", told)
}

fn passwords(memory: u64, hashing: u64) -> Finding {
    let (mib, of) = (hashing >> 20, memory >> 20);
    let told = format!("hashing passwords takes up to {mib} MiB of {of} MiB of memory");
    if hashing > memory / 2 {
        let fix = "lower password.concurrency, or give the server more memory";
        return Finding::warning("memory", told, fix);
    }
    Finding::ok("memory", told)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::Status::{Failed, Ok as Fine, Warning};

    #[test]
    fn files_are_judged_with_the_pool() {
        let judged =
            |open_files| files(&Seen { open_files, of_server: false, memory: None }, 8).status;
        assert_eq!(judged(Some(FEW + 7)), Failed);
        assert_eq!(judged(Some(1_024)), Warning);
        assert_eq!(judged(Some(SOME + 8)), Fine);
        assert_eq!(judged(None), Fine);
    }

    #[test]
    fn passwords_are_not_to_take_all_the_memory() {
        assert_eq!(passwords(1 << 30, 512 << 20).status, Fine);
        assert_eq!(passwords(1 << 30, 513 << 20).status, Warning);
    }

    #[test]
    fn the_memory_of_the_machine_is_read() {
        let text = "MemTotal:        2048 kB\nMemFree: 1 kB\n";
        assert_eq!(meminfo(text), Some(2 << 20));
        assert_eq!(meminfo("nonsense"), None);
        assert!(look().open_files.is_none_or(|limit| limit > 0));
    }
}
