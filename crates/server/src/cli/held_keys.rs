//! What a copy of the database does not hold, and whether what is here opens one.

use serde_json::{Value, json};
use vestibule_keys::Sealer;
use vestibule_storage::transfer::SealedKeys;

use crate::config::Config;
use crate::fault::Fault;
use crate::master_key;
use crate::premises;

/// What has to be kept apart from a copy, for programs.
pub(super) fn not_held(config: &Config) -> Value {
    let mut kept = vec![key_place(config)];
    kept.extend(config.password.pepper.is_some().then(|| "password.pepper".to_owned()));
    kept.push("the configuration file".to_owned());
    json!(kept)
}

/// The same for people.
pub(super) fn not_held_words(config: &Config) -> String {
    let pepper = if config.password.pepper.is_some() {
        " Nor does it hold password.pepper, without which no password can be checked."
    } else {
        ""
    };
    format!(
        "It does not hold the master key, without which nothing that rests sealed in it opens: keep \
         a copy of {}, apart from this file.{pepper}",
        key_place(config)
    )
}

/// Where the master key is.
fn key_place(config: &Config) -> String {
    match config.keys.master_key {
        Some(_) => "keys.master_key_file (or keys.master_key)".to_owned(),
        None => config.instance.data_dir.join(master_key::FILE_NAME).display().to_string(),
    }
}

/// Refuses what is sealed under another master key than the configured one.
pub(super) fn check(config: &Config, keys: &SealedKeys) -> Result<(), Fault> {
    let SealedKeys { data_keys, texts } = keys;
    if data_keys.is_empty() && texts.is_empty() {
        return Ok(());
    }
    let place = key_place(config);
    let Some(master) = premises::existing_key(config)? else {
        return Err(Fault::refused(format!(
            "there is no master key at {place}, and what this file holds is sealed under the one of \
             the server that it came from; fix: put that server's master.key there first, or its \
             master key into keys.master_key_file"
        )));
    };
    let sealer = Sealer::new(&master);
    let opens = sealer.load(data_keys).is_ok()
        && (!data_keys.is_empty()
            || texts.iter().any(|(purpose, text)| sealer.open(purpose, text).is_ok()));
    if opens {
        return Ok(());
    }
    Err(Fault::refused(format!(
        "what this file holds is sealed under another master key than {place}; fix: put the master \
         key of the server that it came from there (its master.key, or what its \
         keys.master_key_file held), and nothing else will be needed"
    )))
}
