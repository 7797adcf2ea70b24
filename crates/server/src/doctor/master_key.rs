//! Whether the master key is there, and is the one that the database was sealed with.

use vestibule_keys::{MasterKey, Sealer};
use vestibule_model::sealed::StoredDataKey;

use super::base::Unknown;
use super::finding::Finding;
use crate::config::Config;
use crate::premises;

/// The master key as this installation has it.
pub(super) struct Held {
    /// Whether the configuration gives it, rather than the data directory.
    is_given: bool,
    /// The key, unless there is none.
    key: Result<Option<MasterKey>, String>,
}

/// Reads it. Blocks.
pub(super) fn look(config: &Config) -> Held {
    let key = premises::existing_key(config).map_err(|fault| fault.to_string());
    Held { is_given: config.keys.master_key.is_some(), key }
}

impl Held {
    /// The key, if it can be used at all.
    pub(super) fn key(&self) -> Option<&MasterKey> {
        self.key.as_ref().ok()?.as_ref()
    }

    /// Opens what is sealed under the `data_keys`, if they can be opened.
    pub(super) fn sealer(&self, data_keys: &[StoredDataKey]) -> Option<Sealer> {
        let sealer = Sealer::new(self.key()?);
        sealer.load(data_keys).ok()?;
        Some(sealer)
    }
}

pub(super) fn judge(held: &Held, data_keys: Result<&[StoredDataKey], &Unknown>) -> Vec<Finding> {
    let key = match &held.key {
        Ok(Some(key)) => key,
        Ok(None) => return vec![missing(data_keys.unwrap_or_default())],
        Err(fault) => {
            let fix =
                "restore the key from its copy, with mode 0600 and owned by the server's user";
            return vec![Finding::failed("readable", fault, fix)];
        }
    };
    let place = if held.is_given { "given by the configuration" } else { "kept in data_dir" };
    let mut found = vec![Finding::ok("present", place)];
    found.push(match data_keys {
        Err(why) => Finding::skipped("opens", format!("whether it opens the data keys: {why}")),
        Ok([]) => Finding::skipped("opens", "there are no data keys yet for it to open"),
        Ok(data_keys) => opens(key, data_keys),
    });
    found
}

fn missing(data_keys: &[StoredDataKey]) -> Finding {
    if data_keys.is_empty() {
        let fix = "start the server (`vestibule serve`), which makes one; or set \
                   keys.master_key_file";
        return Finding::warning("present", "there is no master key yet", fix);
    }
    Finding::failed(
        "present",
        "the master key is gone, and the database holds what is sealed under it",
        "restore master.key from its copy into data_dir, or set keys.master_key_file to that copy",
    )
}

fn opens(key: &MasterKey, data_keys: &[StoredDataKey]) -> Finding {
    match Sealer::new(key).load(data_keys) {
        Ok(_) => Finding::ok("opens", format!("opens all data keys ({})", data_keys.len())),
        Err(fault) => Finding::failed(
            "opens",
            format!("the master key is not the one this database was sealed with: {fault}"),
            "set keys.master_key_file to the key that belongs to this database, or database.url to \
             the database that belongs to this key",
        ),
    }
}

#[cfg(test)]
mod tests {
    use vestibule_model::{Entropy, Timestamp};

    use super::*;
    use crate::doctor::finding::Status::{self, Failed, Ok as Fine, Skipped, Warning};
    use crate::entropy::OsEntropy;

    fn a_key() -> MasterKey {
        MasterKey::generate(&OsEntropy as &dyn Entropy)
    }

    fn worst(held: &Held, data_keys: Result<&[StoredDataKey], &Unknown>) -> (Status, &'static str) {
        let found = judge(held, data_keys);
        let worst = found.iter().max_by_key(|finding| finding.status).unwrap();
        (worst.status, worst.about)
    }

    #[test]
    fn only_the_key_of_the_database_is_good() {
        let (key, other) = (a_key(), a_key());
        let sealed = Sealer::new(&key).new_data_key(&[], Timestamp(1), &OsEntropy).unwrap();
        let sealed = [sealed];
        let held = |key| Held { is_given: true, key };
        let why = "the database cannot be reached".to_owned();
        assert_eq!(worst(&held(Ok(Some(key))), Ok(&sealed)), (Fine, "opens"));
        assert_eq!(worst(&held(Ok(Some(other))), Ok(&sealed)), (Failed, "opens"));
        assert_eq!(worst(&held(Ok(None)), Ok(&sealed)), (Failed, "present"));
        assert_eq!(worst(&held(Ok(None)), Ok(&[])), (Warning, "present"));
        assert_eq!(worst(&held(Ok(None)), Err(&why)), (Warning, "present"));
        assert_eq!(worst(&held(Ok(Some(a_key()))), Err(&why)), (Fine, "present"));
        assert_eq!(judge(&held(Ok(Some(a_key()))), Ok(&[]))[1].status, Skipped);
        assert_eq!(worst(&held(Err("no".to_owned())), Ok(&sealed)), (Failed, "readable"));
    }
}
