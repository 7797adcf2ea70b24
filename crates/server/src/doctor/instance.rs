//! Whether the settings suit a server that people rely on.

use tracing_subscriber::filter::LevelFilter;
use vestibule_model::ClientId;
use vestibule_model::settings::{Profile, RegistrationPolicy};
use vestibule_storage::client;

use super::base::{Base, Unknown};
use super::finding::Finding;
use crate::config::Config;
use crate::demo_account::CLIENT_ID;

/// Whether the demo's client is registered.
pub(super) async fn look(base: &Base) -> Result<bool, Unknown> {
    let demo = |conn: &mut _| client::find(conn, &ClientId::new(CLIENT_ID));
    base.ask(move |lookout| Ok(lookout.read(demo)?.is_some())).await
}

pub(super) fn judge(config: &Config, demo: &Result<bool, Unknown>) -> Vec<Finding> {
    let issuer = config.instance.issuer.as_str();
    let mut found = vec![if config.instance.is_loopback {
        Finding::hint(
            "issuer",
            format!("{issuer} is for development: nobody but this machine reaches it"),
            "set issuer to the https address of the proxy in front of this server",
        )
        .never_in_production()
    } else {
        Finding::ok("issuer", format!("{issuer} is public"))
    }];
    found.extend(exposure(config));
    found.extend(leniency(config));
    found.push(match demo {
        Ok(false) => Finding::ok("demo", "the demo's client is not there"),
        Ok(true) => Finding::grave(
            "demo",
            format!("the demo's client {CLIENT_ID} is there, and a user whose password all know"),
            "take a database that the demo never ran on (database.url or data_dir)",
        ),
        Err(why) => Finding::skipped("demo", format!("whether the demo ran here: {why}")),
    });
    found
}

/// Who reaches what.
fn exposure(config: &Config) -> Vec<Finding> {
    let mut found = Vec::new();
    if let Some(metrics) = config.metrics.listen.filter(|metrics| !metrics.ip().is_loopback()) {
        found.push(Finding::hint(
            "metrics",
            format!("metrics are served to every network ({metrics})"),
            "let only Prometheus reach that port, or set metrics.listen to 127.0.0.1:9464",
        ));
    }
    let listen = config.server.listen;
    if !config.instance.is_loopback && !listen.ip().is_loopback() {
        found.push(Finding::hint(
            "listen",
            format!("plain http is spoken on {listen}, past the proxy that ends TLS"),
            "let only the proxy reach that port (firewall, or server.listen on 127.0.0.1)",
        ));
    }
    let everybody = config.server.trusted_proxies.iter().find(|net| net.prefix_len() == 0);
    if let Some(net) = everybody {
        found.push(Finding::grave(
            "trusted_proxies",
            format!(
                "server.trusted_proxies has {net}: everybody may choose the address they seem \
                     to come from"
            ),
            "name the proxies' own addresses",
        ));
    }
    found
}

/// What is allowed.
fn leniency(config: &Config) -> Vec<Finding> {
    let mut found = Vec::new();
    if config.registration.policy == RegistrationPolicy::Open {
        found.push(Finding::hint(
            "registration",
            "everybody may register a client (registration.policy is open)",
            "set registration.policy to \"token\", unless that is what you offer",
        ));
    }
    if config.instance.playground {
        found.push(Finding::hint(
            "playground",
            "developers find a debugger at /playground",
            "set playground to false",
        ));
    }
    if config.instance.profile == Profile::Oidc {
        found.push(Finding::hint(
            "profile",
            "profile oidc allows the implicit flow, and clients without PKCE",
            "set profile to \"oauth2.1\", unless clients need the old ways",
        ));
    }
    // A part's own level is meant so.
    if config.log.level.default_level().is_some_and(|level| level > LevelFilter::INFO) {
        found.push(Finding::hint(
            "log",
            "log.level is for looking into a fault: many lines for each request",
            "set log.level to \"info\"",
        ));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{self, Environment};
    use crate::doctor::finding::Status::{self, Failed, Ok as Fine, Skipped, Warning};

    const PUBLIC: [(&str, &str); 4] = [
        ("VESTIBULE__ISSUER", "https://id.example.com"),
        ("VESTIBULE__DATA_DIR", "/var/lib/vestibule"),
        ("VESTIBULE__SERVER__TRUSTED_PROXIES", "10.0.0.1"),
        (
            "VESTIBULE__KEYS__MASTER_KEY",
            "8f1d2c3b4a5968778695a4b3c2d1e0f00112233445566778899aabbccddeeff0",
        ),
    ];

    fn with(more: (&'static str, &'static str)) -> Config {
        let variables =
            PUBLIC.into_iter().chain([more]).collect::<std::collections::BTreeMap<_, _>>();
        let folder = tempfile::tempdir().unwrap();
        let environment = Environment::of(variables).within(folder.path());
        config::load(None, &environment).unwrap().config
    }

    /// How it stands, and how it would stand in production.
    fn worst(config: &Config, demo: bool) -> (Status, Status, &'static str) {
        let found = judge(config, &Ok(demo));
        let worst = found.iter().max_by_key(|finding| (finding.strict, finding.status)).unwrap();
        (worst.status, worst.strict, worst.about)
    }

    #[test]
    fn each_setting_of_development_is_told() {
        let sound = || with(("VESTIBULE__LOG__LEVEL", "info,vestibule_web=debug"));
        assert_eq!(worst(&sound(), false).1, Fine);
        assert_eq!(worst(&sound(), true), (Warning, Failed, "demo"));
        for ((name, value), expected) in [
            (("VESTIBULE__ISSUER", "http://localhost:8080"), (Fine, Failed, "issuer")),
            (("VESTIBULE__METRICS__LISTEN", "0.0.0.0:9464"), (Fine, Warning, "metrics")),
            (("VESTIBULE__SERVER__LISTEN", "0.0.0.0:8080"), (Fine, Warning, "listen")),
            (
                ("VESTIBULE__SERVER__TRUSTED_PROXIES", "0.0.0.0/0"),
                (Warning, Failed, "trusted_proxies"),
            ),
            (("VESTIBULE__REGISTRATION__POLICY", "open"), (Fine, Warning, "registration")),
            (("VESTIBULE__PLAYGROUND", "true"), (Fine, Warning, "playground")),
            (("VESTIBULE__PROFILE", "oidc"), (Fine, Warning, "profile")),
            (("VESTIBULE__LOG__LEVEL", "debug"), (Fine, Warning, "log")),
        ] {
            assert_eq!(worst(&with((name, value)), false), expected, "{name}");
        }
        let unknown = judge(&sound(), &Err("it is away".to_owned()));
        assert!(unknown.iter().any(|finding| finding.status == Skipped));
    }
}
