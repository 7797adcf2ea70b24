//! The verdict on each part of what was seen.

use vestibule_keys::Sealer;

use super::base::Unknown;
use super::clock::{self, Reading};
use super::finding::Finding;
use super::seen::{Rows, Seen, Timed};
use super::{
    data_dir, database, instance, issuer, jobs, keys, limits, mail, master_key, migrations, redis,
    replica,
};
use crate::config::Config;
use crate::signing_keys::schedule;

/// Why the checks of rows were not made.
const NO_DATABASE: &str = "the database cannot be reached";

/// What the check `name` found; `None` if there is no such check here.
pub(super) fn of(name: &str, seen: &Seen, config: &Config) -> Option<Vec<Finding>> {
    let rows = &seen.base.rows;
    Some(match name {
        "data_dir" => match &seen.folders {
            Ok(folders) => data_dir::judge(folders),
            Err(why) => {
                let fix = "see whether the disk or the network file system answers at all";
                vec![Finding::failed("folder", format!("data_dir: {why}"), fix)]
            }
        },
        "master_key" => of_master_key(seen),
        "database" => match &seen.base.facts.what {
            Ok(facts) => database::judge(facts, &config.database),
            Err(why) => vec![database::unreachable(&config.database, why)],
        },
        "migrations" => {
            each(seen, &rows.standing, |found| migrations::judge(found, config.database.at_start))
        }
        "replica" => of_replica(seen, config),
        "redis" => match seen.redis.as_ref().map(|redis| &redis.what) {
            None => vec![Finding::skipped("reachable", "redis.url is not set: nothing is shared")],
            Some(Ok(answered)) => redis::judge(answered),
            Some(Err(why)) => vec![redis::unreachable(why)],
        },
        "clock" => clock::judge(&readings(seen)),
        "issuer" => match &seen.issuer {
            Ok(visit) => {
                let published = rows.keys.as_ref().ok().map(|keys| keys.published(seen.now));
                issuer::judge(visit, config, published.as_deref())
            }
            Err(why) => {
                let fix = "correct outbound.extra_ca_file";
                vec![Finding::failed("reachable", why, fix)]
            }
        },
        "keys" => each(seen, &rows.keys, |stored| {
            keys::judge(stored, &schedule(config), sealer(seen, stored).as_ref(), seen.now)
        }),
        "mail" => of_mail(seen, config),
        "jobs" => {
            let mut found =
                each(seen, &rows.ended, |ended| vec![jobs::judge_sweep(ended, seen.now)]);
            found.extend(each(seen, &rows.leases, |leases| {
                vec![jobs::judge_leases(leases, seen.now)]
            }));
            found.dedup();
            found
        }
        "limits" => limits::judge(&limits_of(seen), config),
        "instance" => instance::judge(config, &rows.demo),
        _ => return None,
    })
}

/// Judges what was read from the database, if it was.
fn each<T>(
    seen: &Seen,
    read: &Result<T, Unknown>,
    judge: impl FnOnce(&T) -> Vec<Finding>,
) -> Vec<Finding> {
    match (read, &seen.base.facts.what) {
        (Ok(read), _) => judge(read),
        (Err(_), Err(_)) => vec![Finding::skipped("rows", NO_DATABASE)],
        (Err(_), Ok(_)) if lacks_tables(&seen.base.rows) => {
            vec![Finding::skipped("rows", "the tables are not up to date")]
        }
        (Err(why), Ok(_)) => {
            let fix = "see the log of the database, and ask again";
            vec![Finding::failed("rows", format!("the database does not tell: {why}"), fix)]
        }
    }
}

/// Whether another check tells already that the tables are not what they should be.
fn lacks_tables(rows: &Rows) -> bool {
    rows.standing.as_ref().is_ok_and(|standing| !standing.is_current())
}

fn sealer(seen: &Seen, stored: &keys::Stored) -> Option<Sealer> {
    seen.held.as_ref().ok()?.sealer(&stored.data_keys)
}

fn of_master_key(seen: &Seen) -> Vec<Finding> {
    let unknown = NO_DATABASE.to_owned();
    let data_keys = match &seen.base.rows.keys {
        Ok(stored) => Ok(stored.data_keys.as_slice()),
        Err(_) if seen.base.facts.what.is_err() => Err(&unknown),
        Err(why) => Err(why),
    };
    match &seen.held {
        Ok(held) => master_key::judge(held, data_keys),
        Err(why) => {
            let fix = "see whether the disk or the network file system answers at all";
            vec![Finding::failed("readable", format!("the master key: {why}"), fix)]
        }
    }
}

fn of_replica(seen: &Seen, config: &Config) -> Vec<Finding> {
    let allowed = i64::try_from(config.database.max_replica_lag.as_secs()).unwrap_or(i64::MAX);
    match &seen.base.replica {
        None => vec![Finding::skipped("lag", "database.read_url is not set: there is no replica")],
        Some(Ok(replica)) => replica::judge(replica, allowed),
        Some(Err(why)) => {
            vec![database::unreachable_replica(why)]
        }
    }
}

fn of_mail(seen: &Seen, config: &Config) -> Vec<Finding> {
    let smtp = config.mail.smtp.as_ref().zip(seen.smtp.as_ref());
    let mut found = vec![mail::judge_way(config.mail.mode, smtp)];
    if smtp.is_some() {
        found.extend(each(seen, &seen.base.rows.mails, |mails| {
            vec![mail::judge_outbox(mails, seen.now)]
        }));
    }
    found
}

/// Every other clock that was read.
fn readings(seen: &Seen) -> Vec<Reading> {
    let reading = |whose, theirs, before, after| Reading { whose, theirs, before, after };
    let mut readings = Vec::new();
    let Timed { what, before, after } = &seen.base.facts;
    let theirs = what.as_ref().ok().and_then(database::Seen::now);
    readings.extend(theirs.map(|theirs| reading("the database", theirs, *before, *after)));
    if let Some(Timed { what: Ok(answered), before, after }) = &seen.redis {
        let theirs = i64::try_from(answered.ping.server_time.as_secs()).unwrap_or(i64::MAX);
        readings.push(reading("Redis", theirs, *before, *after));
    }
    let date = seen.issuer.as_ref().ok().and_then(issuer::Visit::date);
    readings
        .extend(date.map(|(theirs, before, after)| reading("the issuer", theirs, before, after)));
    readings
}

/// The running server's own limit, if it told.
fn limits_of(seen: &Seen) -> limits::Seen {
    match seen.issuer.as_ref().ok().and_then(issuer::Visit::reflection) {
        Some(told) => limits::Seen { open_files: told.open_files, of_server: true, ..seen.limits },
        None => seen.limits,
    }
}
