//! `[redis]`: what many instances share and may lose.

use std::time::Duration;

use vestibule_cache::{RedisSettings, RedisUrl};
use vestibule_model::Secret;

use super::key::{Key, Section};
use super::reader::Reader;

pub(super) const SECTION: Section = Section {
    name: "redis",
    doc: "What many instances share and may lose: counters, caches, word of what was revoked.\n\
          Without it each instance keeps these to itself.",
    keys: &[
        Key::absent(
            "redis.url",
            "\"rediss://vestibule:password@redis.example.com/0\"",
            "redis://, rediss:// (TLS), redis+unix://, redis+sentinel:// or redis+cluster://.",
        )
        .secret(),
        Key::absent(
            "redis.url_file",
            "\"/run/secrets/redis_url\"",
            "A file that holds the URL, instead of `url`: keeps the password out of this file.",
        ),
        Key::new(
            "redis.prefix",
            "\"vestibule:\"",
            "What every key and channel begins with. Servers with one database must share it,\n\
             servers with different databases must not.",
        ),
        Key::new("redis.pool_size", "8", "Connections to Redis."),
        Key::new("redis.connect_timeout", "\"1s\"", "How long connecting may take."),
        Key::new(
            "redis.timeout",
            "\"250ms\"",
            "How long a request waits for Redis before it does without.",
        ),
        Key::new(
            "redis.queue",
            "1024",
            "Requests that may wait for a connection; more do without Redis at once.",
        ),
        Key::new(
            "redis.max_staleness",
            "\"2s\"",
            "How long an instance may go by what it read before, if word of a change never comes.\n\
             It comes within milliseconds while Redis works. \"0s\": every request reads anew.",
        ),
    ],
};

/// What many instances share.
#[derive(Clone, Debug)]
pub struct Redis {
    /// How to reach it; `None` without one.
    pub settings: Option<RedisSettings>,
    /// How long a value may be kept without word of a change; zero keeps none.
    pub max_staleness: Duration,
}

pub(super) fn read(reader: &mut Reader) -> Redis {
    let prefix = reader.parsed("redis.prefix", check_prefix).unwrap_or_default();
    let pool_size = reader.integer("redis.pool_size", 1..=500);
    let queue = reader.integer("redis.queue", 1..=100_000);
    let (brief, long) = (Duration::from_millis(10), Duration::from_secs(30));
    let connect_timeout = reader.duration("redis.connect_timeout", brief..=long);
    let timeout = reader.duration("redis.timeout", brief..=long);
    let staleness = Duration::ZERO..=Duration::from_mins(1);
    let max_staleness = reader.duration("redis.max_staleness", staleness);
    let settings = read_url(reader).map(|url| RedisSettings {
        url: url.expose().into(),
        prefix,
        pool_size: u32::try_from(pool_size).unwrap_or(8),
        connect_timeout,
        timeout,
        queue: usize::try_from(queue).unwrap_or(1_024),
    });
    Redis { settings, max_staleness }
}

fn read_url(reader: &mut Reader) -> Option<Secret> {
    let secret = reader.secret("redis.url")?;
    let url = match RedisUrl::parse(secret.expose()) {
        Ok(url) => url,
        Err(fault) => {
            let fix = "write redis://USER:PASSWORD@HOST:PORT/DATABASE, or see \
                       docs/operations/redis.md for the other forms";
            reader.mistake("redis.url", fault.to_string(), Some(fix.to_owned()));
            return None;
        }
    };
    if !url.is_local() && !url.has_password() {
        let message = "has no password: whoever reaches that Redis can reset counters and make \
                       every instance forget what it keeps";
        reader.warn("redis.url", message);
    }
    if !url.is_private() {
        let message = "is not encrypted: its password and the addresses of those who sign in can \
                       be read on the way; rediss:// is";
        reader.warn("redis.url", message);
    }
    Some(secret)
}

/// What may stand before a key.
fn check_prefix(text: &str) -> Result<String, String> {
    vestibule_cache::check_prefix(text).map_err(|fault| fault.to_string())?;
    Ok(text.to_owned())
}

/// The URL with nothing in it that must stay secret.
pub(super) fn masked(text: &str) -> String {
    RedisUrl::masked(text)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::super::{Loaded, Mistakes, environment::Environment, load};
    use super::*;

    /// Loads `toml`, with `variables` above it.
    fn load_with(toml: &str, variables: &[(&str, &str)]) -> Result<Loaded, Mistakes> {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("vestibule.toml");
        fs::write(&file, toml).unwrap();
        load(Some(&file), &Environment::of(variables.iter().copied()))
    }

    fn with(line: &str) -> Loaded {
        load_with(&format!("[redis]\n{line}\n"), &[]).unwrap_or_else(|fault| panic!("{fault:?}"))
    }

    /// What is wrong with the setting, as text.
    fn mistake(line: &str) -> String {
        let mistakes = load_with(&format!("[redis]\n{line}\n"), &[]).expect_err(line).0;
        let all: Vec<_> =
            mistakes.iter().map(|problem| format!("{problem} {:?}", problem.fix)).collect();
        all.concat()
    }

    #[test]
    fn without_a_url_there_is_no_redis_and_its_settings_are_the_documented_ones() {
        let loaded = with("");
        assert!(loaded.config.redis.settings.is_none());
        assert_eq!(loaded.config.redis.max_staleness, Duration::from_secs(2));
        let settings = with("url = \"redis://localhost\"").config.redis.settings.unwrap();
        assert_eq!(settings.prefix, "vestibule:");
        assert_eq!((settings.pool_size, settings.queue), (8, 1_024));
        assert_eq!(settings.connect_timeout, Duration::from_secs(1));
        assert_eq!(settings.timeout, Duration::from_millis(250));
    }

    #[test]
    fn the_url_comes_from_a_file_or_the_environment_too_and_is_never_shown_whole() {
        let folder = TempDir::new().unwrap();
        let secret = folder.path().join("redis_url");
        fs::write(&secret, "redis://v:hunter2@localhost\n").unwrap();
        let file = format!("[redis]\nurl_file = {:?}\n", secret.display().to_string());
        let variable = [("VESTIBULE__REDIS__URL", "redis://v:hunter2@localhost")];
        for loaded in [load_with(&file, &[]).unwrap(), load_with("", &variable).unwrap()] {
            let settings = loaded.config.redis.settings.clone().unwrap();
            assert!(!format!("{settings:?}").contains("hunter2"));
            let shown = loaded.values.iter().find(|shown| shown.key.path == "redis.url").unwrap();
            assert_eq!(shown.value.as_deref(), Some("\"redis://v:***@localhost\""));
        }
    }

    #[test]
    fn a_url_that_cannot_be_used_is_a_mistake_that_says_how_and_not_what() {
        for url in [
            "hunter2",
            "rediss://v:hunter2@h/#insecure",
            "redis://v:hunter2@h:port",
            "redis+sentinel://v:hunter2@h",
            "redis+cluster://v:hunter2@h/3",
        ] {
            let text = mistake(&format!("url = \"{url}\""));
            assert!(text.contains("redis.url") && text.contains("write redis://"), "{text}");
            assert!(!text.contains("hunter2"), "{text}");
        }
    }

    #[test]
    fn numbers_and_durations_keep_to_their_ranges() {
        for line in [
            "prefix = \"\"",
            "prefix = \"{v}:\"",
            "pool_size = 0",
            "queue = 0",
            "timeout = \"0s\"",
            "connect_timeout = \"31s\"",
            "max_staleness = \"61s\"",
        ] {
            assert!(mistake(line).contains("must be"), "{line}");
        }
        assert_eq!(with("max_staleness = \"0s\"").config.redis.max_staleness, Duration::ZERO);
    }

    #[test]
    fn a_redis_elsewhere_should_have_a_password_and_tls() {
        let warnings = |url: &str| {
            let loaded = with(&format!("url = \"{url}\""));
            let texts = loaded.warnings.iter().map(ToString::to_string);
            let texts: Vec<String> = texts.filter(|text| text.contains("redis.url")).collect();
            (
                texts.iter().any(|text| text.contains("no password")),
                texts.iter().any(|text| text.contains("not encrypted")),
            )
        };
        assert_eq!(warnings("redis://localhost"), (false, false));
        assert_eq!(warnings("redis+unix:///run/redis.sock"), (false, false));
        assert_eq!(warnings("redis://192.0.2.1"), (true, true));
        assert_eq!(warnings("redis://v:p@192.0.2.1"), (false, true));
        assert_eq!(warnings("rediss://v:p@192.0.2.1"), (false, false));
        assert_eq!(warnings("rediss+sentinel://a,b/m"), (true, false));
    }
}
