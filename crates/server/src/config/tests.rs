use std::fs;

use tempfile::TempDir;
use vestibule_model::client::SigningAlg;
use vestibule_model::settings::{Mail as Mode, MfaRequired, Registration};
use vestibule_policy::password::Rules;

use super::*;

const KEY: &str = "8f1d2c3b4a5968778695a4b3c2d1e0f00112233445566778899aabbccddeeff0";

/// Loads `toml` under `variables`.
fn load_with(toml: &str, variables: &[(&str, &str)]) -> Result<Loaded, Mistakes> {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("vestibule.toml");
    fs::write(&file, toml).unwrap();
    load(Some(&file), &Environment::of(variables.iter().copied()))
}

/// The mistakes of `toml` under `variables`, as `key: message` lines.
fn mistakes(toml: &str, variables: &[(&str, &str)]) -> Vec<String> {
    let mistakes = load_with(toml, variables).expect_err(toml).0;
    mistakes.iter().map(ToString::to_string).collect()
}

#[test]
fn nothing_at_all_is_development_on_this_machine() {
    let folder = TempDir::new().unwrap();
    let loaded = load(None, &Environment::default().within(folder.path())).unwrap();
    let config = loaded.config;
    assert_eq!(config.instance.issuer.as_str(), "http://localhost:8080");
    assert_eq!(config.server.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.instance.data_dir, Path::new("data"));
    assert!(config.settings().development);
    assert!(config.keys.master_key.is_none());
    assert!(
        matches!(config.database.url, DatabaseUrl::Sqlite { path } if path == Path::new("data/vestibule.db"))
    );
    assert_eq!(config.metrics.listen.unwrap().port(), 9464);
    assert_eq!(loaded.file, None);
    assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
}

#[test]
fn the_defaults_are_the_models_own() {
    let config = load_with("", &[]).unwrap().config;
    let settings = config.settings();
    assert_eq!(format!("{:?}", config.lifetimes), format!("{:?}", Lifetimes::default()));
    assert_eq!(config.lockout, guessing::Limits::default());
    assert_eq!(config.password.rules, Rules::default());
    assert_eq!(settings.mfa, MfaRules::default());
    let registration = Registration::Open;
    assert_eq!(settings.accounts, Accounts { registration, ..Accounts::default() });
}

#[test]
fn the_example_has_every_key_and_says_what_holds_without_it() {
    let text = example();
    for key in key::all() {
        let shown = text.lines().filter(|line| {
            let line = line.trim_start_matches("# ");
            line.split_once(" = ").is_some_and(|(name, _)| name == key.name())
        });
        assert!(shown.count() >= 1, "{} is not in the example", key.path);
    }
    let from_example = load_with(&text, &[]).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    let from_nothing = load_with("", &[]).unwrap();
    assert_eq!(
        format!("{:?}", from_example.config),
        format!("{:?}", from_nothing.config),
        "the example differs from the defaults"
    );
    for (there, here) in from_example.values.iter().zip(&from_nothing.values) {
        assert_eq!(there.value, here.value, "{}", there.key.path);
        assert_eq!(there.origin.is_explicit(), there.value.is_some(), "{}", there.key.path);
    }
    assert!(text.lines().all(|line| line.chars().count() <= 100), "a line is too long");
}

#[test]
fn the_example_in_the_repository_is_this_one() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/vestibule.example.toml");
    let committed = std::fs::read_to_string(path).unwrap();
    assert!(
        committed == example(),
        "run: vestibule config example > deploy/vestibule.example.toml"
    );
}

#[test]
fn commented_examples_would_work_too() {
    // The two forms of a secret exclude each other, so each is tried alone.
    for (section, line) in [
        ("database", "url = \"postgres://vestibule:password@db.example.com/vestibule\""),
        ("keys", &format!("master_key = \"{KEY}\"")),
        ("accounts", "registration = \"invite\""),
        ("accounts", "terms_version = \"2026-01\"\nterms_uri = \"https://example.com/terms\""),
        (
            "mail",
            "smtp_url = \"smtps://user:password@mail.example.com:465\"\n\
             from = \"Example ID <id@example.com>\"",
        ),
        ("password", &format!("pepper = \"{KEY}\"")),
    ] {
        let loaded = load_with(&format!("[{section}]\n{line}"), &[]);
        assert!(loaded.is_ok(), "{line}");
        let name = line.split(' ').next().unwrap();
        assert!(example().contains(&format!("# {name} = ")), "{name}");
    }
}

#[test]
fn each_mistake_is_named_with_its_key_and_reason() {
    for (toml, key, reason) in [
        ("issuer = 5", "issuer", "must be text in quotes, not a number"),
        ("issuer = \"\"", "issuer", "not an absolute URL"),
        ("display_name = \" \"", "display_name", "must not be empty"),
        ("server = 3", "server", "this is a section"),
        ("[server]\nlisten = \"8080\"", "server.listen", "not an address and port"),
        ("[server]\nlisten = { port = 1 }", "server.listen", "not a table"),
        ("[server]\nworkers = 0", "server.workers", "between 1 and 1024, not 0"),
        ("[server]\nworkers = \"4\"", "server.workers", "without quotes"),
        ("[server]\nshutdown_timeout = 30", "server.shutdown_timeout", "write \"30s\""),
        ("[server]\nshutdown_timeout = \"2h\"", "server.shutdown_timeout", "between 1s and 10m"),
        ("[server]\ndrain_delay = \"30s\"", "server.drain_delay", "must be shorter"),
        ("[server]\ntrusted_proxies = \"10.0.0.1\"", "server.trusted_proxies", "must be a list"),
        ("[server]\ntrusted_proxies = [\"proxy\"]", "server.trusted_proxies", "\"proxy\" is not"),
        ("[server]\nmax_body_bytes = 1.5", "server.max_body_bytes", "a number with a fraction"),
        ("[database]\nurl = \"mysql://h\"", "database.url", "starts with mysql"),
        ("[database]\nurl_file = \"/no/such/file\"", "database.url_file", "cannot read"),
        ("[database]\npool_size = \"8\"", "database.pool_size", "without quotes"),
        ("[keys]\nmaster_key = \"abc\"", "keys.master_key", "but has 3 characters"),
        ("[keys]\nalgorithms = [\"ES256\"]", "keys.algorithms", "must contain RS256"),
        ("[keys]\nalgorithms = [\"RS256\", \"HS256\"]", "keys.algorithms", "\"HS256\" is not one"),
        ("[keys]\nrsa_bits = 1024", "keys.rsa_bits", "not 1024"),
        ("[keys]\nrotate_after = \"1h\"\njwks_max_age = \"45m\"", "keys.rotate_after", "twice"),
        ("[lifetimes]\naccess_token = \"ten\"", "lifetimes.access_token", "not a duration"),
        ("[lifetimes]\naccess_token = \"10500ms\"", "lifetimes.access_token", "whole seconds"),
        ("[lifetimes]\nauthorization_code = \"11m\"", "lifetimes.authorization_code", "10m"),
        ("[lifetimes]\nsession_idle = \"24h\"", "lifetimes.session_idle", "session_absolute"),
        ("[lifetimes]\nrefresh_idle = \"31d\"", "lifetimes.refresh_idle", "refresh_absolute"),
        ("[lifetimes]\nrefresh_absolute = \"1mo\"", "lifetimes.refresh_absolute", "write days"),
        ("[password]\nmemory_kib = 1024", "password.memory_kib", "between 7168"),
        ("[password]\nmemory_kib = 8192", "password.memory_kib", "too little for so few passes"),
        ("[password]\nmin_length = 7", "password.min_length", "between 8 and 64"),
        ("[password]\nmax_length = 63", "password.max_length", "between 64 and 1024"),
        ("[password]\nmin_strength = 5", "password.min_strength", "between 0 and 4"),
        ("[password]\nclasses = -1", "password.classes", "between 0 and 4"),
        ("[password]\nhistory = 25", "password.history", "between 0 and 24"),
        ("[password]\npepper = \"salt\"", "password.pepper", "has 4 bytes"),
        ("[lockout]\nattempts = 0", "lockout.attempts", "between 1 and"),
        ("[lockout]\nfirst_delay = \"20m\"", "lockout.first_delay", "lockout.max_delay"),
        ("[lockout]\nwindow = \"2d\"", "lockout.window", "between 10s and 1d"),
        ("[mfa]\nrequired = \"admins\"", "mfa.required", "nobody, administrators or everyone"),
        ("[mfa]\ngroups = [\" \"]", "mfa.groups", "a group has a name"),
        ("[mfa]\nscopes = [\"a b\"]", "mfa.scopes", "\"a b\" is not one scope"),
        ("[mfa]\nremember_device = \"2y\"", "mfa.remember_device", "write days"),
        ("[accounts]\nregistration = \"on\"", "accounts.registration", "open, invite or off"),
        ("[accounts]\nterms_version = \"1\"", "accounts.terms_version", "accounts.terms_uri"),
        (
            "[accounts]\nterms_uri = \"https://e.org/t\"",
            "accounts.terms_uri",
            "accounts.terms_version",
        ),
        (
            "[accounts]\nterms_version = \"1\"\nterms_uri = \"javascript:alert(1)\"",
            "accounts.terms_uri",
            "not a web address",
        ),
        ("[mail]\nsmtp_url = \"mail.example\"\nfrom = \"a@b.org\"", "mail.smtp_url", "not a URL"),
        ("[mail]\nsmtp_url = \"smtp://mail\"", "mail.from", "is missing, but mails go out"),
        (
            "[mail]\nsmtp_url = \"smtp://mail\"\nfrom = \"Example ID\"",
            "mail.from",
            "has to be a mail address",
        ),
        ("[consent]\nskip_first_party = \"yes\"", "consent.skip_first_party", "true or false"),
        ("[metrics]\nlisten = \"on\"", "metrics.listen", "or \"off\""),
        ("[log]\nformat = \"xml\"", "log.format", "auto, json or pretty"),
        ("[log]\nlevel = \"loud\"", "log.level", "\"loud\" is not a level"),
        ("[log]\nlevel = \"info,a=loud\"", "log.level", "not understood"),
    ] {
        let found = mistakes(toml, &[]);
        assert!(
            found.iter().any(|line| line.starts_with(&format!("{key}: ")) && line.contains(reason)),
            "{toml:?} gave {found:#?}"
        );
        let absent = "mail.from: is missing";
        let placed = |line: &String| line.contains("vestibule.toml, line");
        assert!(found.iter().all(|l| placed(l) || l.starts_with(absent)), "{found:#?}");
    }
}

#[test]
fn unknown_keys_are_refused_with_a_suggestion() {
    for (toml, variable, suggestion) in [
        ("isuer = \"a\"", None, Some("did you mean `issuer`?")),
        ("[sever]\nlisten = \"a\"", None, Some("did you mean `server.listen`?")),
        ("listen = \"a\"", None, Some("did you mean")),
        ("[banana]", None, None),
        ("[server]\ncolour = 1", None, None),
        ("", Some("VESTIBULE__SERVER__LISTN"), Some("did you mean VESTIBULE__SERVER__LISTEN?")),
    ] {
        let variables: Vec<_> = variable.into_iter().map(|name| (name, "x")).collect();
        let found = mistakes(toml, &variables);
        assert_eq!(found.len(), 1, "{found:#?}");
        assert!(found[0].contains("there is no such key"), "{found:#?}");
        assert_eq!(suggestion.is_some(), found[0].contains("did you mean"), "{found:#?}");
        assert!(found[0].contains(suggestion.unwrap_or_default()), "{found:#?}");
    }
}

#[test]
fn every_mistake_is_reported_at_once_with_its_line_or_variable() {
    let toml = "issuer = \"http://id.example.com\"\n\n[server]\nlisten = \"nowhere\"\nprot = 1\n";
    let variables = [("VESTIBULE__LOG__FORMAT", "xml"), ("VESTIBULE__DATABASE__POOL_SIZE", "many")];
    let found = mistakes(toml, &variables).join("\n");
    for part in [
        "issuer: must be https",
        "line 1\n",
        "server.listen: ",
        "line 4\n",
        "server.prot: there is no such key",
        "line 5",
        "log.format: must be auto, json or pretty",
        "environment variable VESTIBULE__LOG__FORMAT",
        "database.pool_size: must be a whole number, not \"many\"",
        "data_dir: is the default, but the issuer is public",
        "keys.master_key_file: is missing, but the issuer is public",
    ] {
        assert!(found.contains(part), "{part:?} is not in\n{found}");
    }
}

#[test]
fn broken_toml_is_named_by_line_and_the_rest_still_read() {
    let found = mistakes("issuer = \n[log]\nformat = \"xml\"\n", &[]).join("\n");
    assert!(found.contains("this is not TOML") && found.contains("line 1"), "{found}");
    assert!(found.contains("log.format"), "{found}");
    let twice = mistakes("issuer = \"http://localhost\"\nissuer = \"http://localhost\"\n", &[]);
    assert!(twice[0].contains("duplicate") && twice[0].contains("line 2"), "{twice:?}");
}

#[test]
fn the_environment_wins_over_the_file() {
    let toml = "issuer = \"http://localhost:1\"\n[server]\nlisten = \"127.0.0.1:1\"\n[log]\nformat = \"json\"";
    let loaded = load_with(
        toml,
        &[
            ("VESTIBULE__ISSUER", "http://localhost:2"),
            ("VESTIBULE__SERVER__LISTEN", "127.0.0.1:2"),
            ("VESTIBULE__SERVER__WORKERS", "3"),
            ("VESTIBULE__SERVER__TRUSTED_PROXIES", "10.0.0.1, fd00::/8"),
            ("VESTIBULE__KEYS__ALGORITHMS", "RS256,EdDSA"),
            ("VESTIBULE__CONSENT__SKIP_FIRST_PARTY", "false"),
            ("VESTIBULE__LIFETIMES__ACCESS_TOKEN", "5m"),
            ("VESTIBULE__DATA_DIR", ""),
            ("VESTIBULE_SERVICE_HOST", "set by Kubernetes and none of ours"),
        ],
    )
    .unwrap();
    let config = &loaded.config;
    assert_eq!(config.instance.issuer.as_str(), "http://localhost:2");
    assert_eq!(config.server.listen.port(), 2);
    assert_eq!(config.server.workers, Some(3));
    assert_eq!(config.server.trusted_proxies.len(), 2);
    assert_eq!(config.keys.algorithms, [SigningAlg::RS256, SigningAlg::EdDSA]);
    assert!(!config.consent.skip_first_party);
    assert_eq!(config.lifetimes.access_token, 300);
    assert_eq!(config.log.format, LogFormat::Json);
    let origin = |path: &str| {
        loaded.values.iter().find(|shown| shown.key.path == path).unwrap().origin.to_string()
    };
    assert_eq!(origin("issuer"), "environment variable VESTIBULE__ISSUER");
    assert!(origin("log.format").ends_with("vestibule.toml, line 5"));
    assert_eq!(origin("data_dir"), "default", "an empty variable is an unset one");
}

#[test]
fn secrets_come_from_files_and_are_never_shown() {
    let folder = TempDir::new().unwrap();
    let (key, url) = (folder.path().join("key"), folder.path().join("url"));
    fs::write(&key, format!("{KEY}\n")).unwrap();
    fs::write(&url, "postgres://u:hunter2@h/d\n").unwrap();
    let (key, url) = (key.to_str().unwrap(), url.to_str().unwrap());
    let loaded = load_with(
        "[database]\nurl = \"sqlite:other.db\"",
        &[("VESTIBULE__KEYS__MASTER_KEY_FILE", key), ("VESTIBULE__DATABASE__URL_FILE", url)],
    )
    .unwrap();
    assert_eq!(loaded.config.keys.master_key.as_ref().unwrap().expose(), KEY);
    match &loaded.config.database.url {
        DatabaseUrl::Postgres { url } => assert_eq!(url.expose(), "postgres://u:hunter2@h/d"),
        DatabaseUrl::Sqlite { .. } => panic!("the environment must win over the file"),
    }
    let everything = format!("{loaded:?}");
    assert!(!everything.contains("hunter2") && !everything.contains(KEY), "{everything}");
    let variables = [
        ("VESTIBULE__MAIL__SMTP_URL", "smtps://u:hunter2@mail.example"),
        ("VESTIBULE__MAIL__FROM", "id@example.com"),
        ("VESTIBULE__PASSWORD__PEPPER", KEY),
    ];
    let mail = load_with("", &variables).unwrap();
    let everything = format!("{mail:?}");
    assert!(!everything.contains("hunter2") && !everything.contains(KEY), "{everything}");
    assert!(everything.contains("smtps://u:***@mail.example"), "{everything}");
    let shown = loaded.values.iter().find(|shown| shown.key.path == "database.url").unwrap();
    assert_eq!(shown.value.as_deref(), Some("\"postgres://u:***@h/d\""));
    assert!(shown.origin.to_string().contains("VESTIBULE__DATABASE__URL_FILE"));
}

#[test]
fn a_secret_given_twice_in_one_place_is_a_mistake() {
    let toml = format!("[keys]\nmaster_key = \"{KEY}\"\nmaster_key_file = \"k\"");
    let found = mistakes(&toml, &[]);
    assert!(found[0].contains("is set together with `keys.master_key`"), "{found:?}");
    let variables =
        [("VESTIBULE__DATABASE__URL", "sqlite:a"), ("VESTIBULE__DATABASE__URL_FILE", "b")];
    let found = mistakes("", &variables);
    assert!(found[0].contains("is set together with `database.url`"), "{found:?}");
}

#[test]
fn a_server_that_is_not_on_this_machine_has_to_prove_who_it_is() {
    let warned = |toml: &str| -> Vec<String> {
        let loaded = load_with(&format!("[database]\n{toml}"), &[]).unwrap();
        let keys = loaded.warnings.into_iter().filter_map(|problem| problem.key);
        keys.filter(|key| key.starts_with("database.")).collect()
    };
    let (near, far) = ("postgres://127.0.0.1/d", "postgres://db.example.com/d");
    let proved = format!("{far}?sslmode=verify-full");
    assert!(warned(&format!("url = \"{near}\"\nread_url = \"{proved}\"")).is_empty());
    assert_eq!(warned(&format!("url = \"{far}?sslmode=require\"")), ["database.url"]);
    assert_eq!(warned(&format!("url = \"{near}\"\nread_url = \"{far}\"")), ["database.read_url"]);
}

#[test]
fn a_replica_is_one_of_a_server() {
    let found = mistakes("[database]\nread_url = \"postgres://h/d\"", &[]).join("\n");
    assert!(found.contains("database.read_url: is set, but database.url is SQLite"), "{found}");
    let urls = "[database]\nurl = \"postgres://h/d\"\nread_url = \"http://u:hunter2@h\"";
    let found = mistakes(urls, &[]).join("\n");
    assert!(found.contains("does not start with postgres://"), "{found}");
    assert!(!found.contains("hunter2"), "{found}");
    let shown = load_with(
        "[database]\nurl = \"postgres://h1,h2/d\"\nread_url = \"postgres://u:hunter2@h/d\"",
        &[],
    );
    let shown =
        shown.unwrap().values.into_iter().find(|shown| shown.key.path == "database.read_url");
    assert_eq!(shown.unwrap().value.as_deref(), Some("\"postgres://u:***@h/d\""));
}

#[test]
fn mistakes_do_not_repeat_secrets() {
    let variables = [
        ("VESTIBULE__DATABASE__URL", "mysql://u:hunter2@h/d"),
        ("VESTIBULE__KEYS__MASTER_KEY", "hunter2"),
        ("VESTIBULE__MAIL__SMTP_URL", "http://u:hunter2@h"),
        ("VESTIBULE__MAIL__FROM", "id@example.com"),
        ("VESTIBULE__PASSWORD__PEPPER", "hunter2"),
    ];
    let found = mistakes("", &variables).join("\n");
    for key in ["database.url", "keys.master_key", "mail.smtp_url", "password.pepper"] {
        assert!(found.contains(key), "{key}: {found}");
    }
    assert!(!found.contains("hunter2"), "{found}");
}

#[test]
fn a_public_server_needs_a_place_and_a_key_of_its_own() {
    let public = "issuer = \"https://id.example.com\"\n";
    let key = format!("[keys]\nmaster_key = \"{KEY}\"\n");
    let refused = |toml: &str| -> Vec<String> {
        let found = load_with(toml, &[]).err().map(|mistakes| mistakes.0).unwrap_or_default();
        assert!(found.iter().all(|problem| problem.fix.is_some()), "{found:#?}");
        found.into_iter().filter_map(|problem| problem.key).collect()
    };
    assert_eq!(refused(public), ["data_dir", "keys.master_key_file"]);
    assert_eq!(refused(&format!("{public}{key}")), ["data_dir"]);
    let dir = "data_dir = \"/var/lib/vestibule\"\n";
    assert_eq!(refused(&format!("{public}{dir}")), ["keys.master_key_file"]);
    let url = "[database]\nurl = \"postgres://h/d\"\n";
    assert_eq!(refused(&format!("{public}{url}")), ["keys.master_key_file"]);
    assert!(refused(&format!("{public}{dir}{key}")).is_empty());
    assert!(refused(&format!("{public}{url}{key}")).is_empty());
    assert!(refused("issuer = \"https://localhost\"").is_empty());
}

/// `accounts.registration` and where mails go follow from where the server is.
#[test]
fn registration_and_mail_are_open_at_home_and_off_abroad() {
    let public = format!(
        "issuer = \"https://id.example.com\"\ndata_dir = \"/x\"\n[keys]\nmaster_key = \"{KEY}\"\n"
    );
    let smtp = "[mail]\nsmtp_url = \"smtp://mail:25\"\nfrom = \"id@example.com\"\n";
    let open = "[accounts]\nregistration = \"open\"\n";
    for (toml, registration, mail) in [
        (String::new(), Registration::Open, Mode::Mailbox),
        (smtp.to_owned(), Registration::Open, Mode::Smtp),
        (public.clone(), Registration::Off, Mode::Off),
        (format!("{public}{smtp}"), Registration::Off, Mode::Smtp),
        (format!("{public}{smtp}{open}"), Registration::Open, Mode::Smtp),
    ] {
        let settings = load_with(&toml, &[]).unwrap().config.settings();
        assert_eq!((settings.accounts.registration, settings.mail), (registration, mail), "{toml}");
    }
    for wish in ["open", "invite"] {
        let found = mistakes(&public, &[("VESTIBULE__ACCOUNTS__REGISTRATION", wish)]);
        assert_eq!(found.len(), 1, "{found:#?}");
        let start = format!("accounts.registration: is {wish}, which needs mail.smtp_url");
        assert!(found[0].starts_with(&start), "{found:#?}");
    }
}

#[test]
fn what_was_set_reaches_whoever_decides() {
    let toml = "[accounts]\nterms_version = \"7\"\nterms_uri = \"https://e.org/t\"\n\
                deletion_grace = \"0s\"\nfresh_sign_in = \"5m\"\n\
                [password]\nmin_length = 8\nclasses = 3\nrefuse_breached = false\nhistory = 0\n\
                [lockout]\nattempts = 7\nwindow = \"1h\"\nip_attempts = 9\n\
                [mfa]\nrequired = \"everyone\"\ngroups = [\"ops\"]\nscopes = [\"pay\"]\n\
                remember_device = \"0s\"\nemail_code = false\npasskey_attestation = true\n";
    let config = load_with(toml, &[]).unwrap().config;
    let Settings { accounts, mfa, .. } = config.settings();
    let terms = accounts.terms.as_ref().map(|terms| (terms.version.as_str(), terms.uri.as_str()));
    assert_eq!(terms, Some(("7", "https://e.org/t")));
    assert_eq!((accounts.deletion_grace, accounts.fresh_sign_in), (0, 300));
    assert_eq!(accounts.password_history, 0);
    let rules = Rules { min: 8, classes: 3, refuse_breached: false, ..Rules::default() };
    assert_eq!(config.password.rules, rules);
    let limits = config.lockout;
    assert_eq!((limits.account.attempts, limits.device.attempts), (7, 7));
    assert_eq!((limits.account.window, limits.ip.window, limits.ip.attempts), (3_600, 3_600, 9));
    assert_eq!(mfa.required, MfaRequired::Everyone);
    assert!(mfa.attestation && !mfa.email_code);
    assert_eq!((mfa.groups, mfa.scopes), (vec!["ops".to_owned()], vec!["pay".to_owned()]));
    assert_eq!(mfa.remember_device, 0);
    let config = load_with("[mfa]\nrequired = \"administrators\"", &[]).unwrap().config;
    assert_eq!(config.mfa.required, MfaRequired::Administrators);
}

#[test]
fn what_may_be_meant_so_is_only_a_warning() {
    let key = format!("[keys]\nmaster_key = \"{KEY}\"\n");
    for (toml, key) in [
        ("issuer = \"http://localhost:9000\"".to_owned(), "server.listen"),
        ("issuer = \"http://localhost:8080/\"".to_owned(), "issuer"),
        ("[lifetimes]\naccess_token = \"2h\"".to_owned(), "lifetimes.access_token"),
        (
            format!("issuer = \"https://id.example.com\"\ndata_dir = \"/x\"\n{key}"),
            "server.trusted_proxies",
        ),
    ] {
        let warnings = load_with(&toml, &[]).unwrap().warnings;
        let keys: Vec<_> = warnings.iter().filter_map(|problem| problem.key.as_deref()).collect();
        assert_eq!(keys, [key], "{toml}");
    }
}

#[test]
fn a_named_file_must_be_there() {
    let fault = load(Some(Path::new("/no/such.toml")), &Environment::default()).unwrap_err();
    assert!(fault.to_string().contains("cannot read the configuration file /no/such.toml"));
    let environment = Environment::of([("VESTIBULE_CONFIG", "/no/such.toml")]);
    let fault = load(None, &environment).unwrap_err().to_string();
    assert!(fault.contains("environment variable VESTIBULE_CONFIG"), "{fault}");
}

#[test]
fn the_file_of_the_working_folder_is_found() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("vestibule.toml"), "display_name = \"Here\"").unwrap();
    let loaded = load(None, &Environment::default().within(folder.path())).unwrap();
    assert_eq!(loaded.config.instance.display_name, "Here");
    assert!(loaded.file.is_some());
}
