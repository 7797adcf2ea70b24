//! The built binary, as scripts use it.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

#[path = "../../../storage/tests/servers/cluster.rs"]
#[expect(dead_code, reason = "the tests of the storage need more of it")]
mod cluster;
mod copies;
mod data_keys;
mod frozen;
mod laden;
mod link;
mod migrations;
mod outage;
mod owners;
mod pending;
mod proxies;
mod restore_drill;
mod rights;
mod site;
mod stop;
mod takeover;
mod told;
mod user_ends;
mod users;
mod visitor;

use std::fs;
use std::path::Path;

use serde_json::Value;

use site::{KEY, Site, text};

#[test]
fn clients_get_a_secret_once_and_keep_what_they_registered() {
    let site = Site::new();
    let made = site.json(
        "client create --client-id web --redirect-uri https://a.example/cb https://b.example/cb \
         --auth-method client_secret_basic --scope openid --id-token-alg ES256 \
         --access-token-format opaque",
    );
    assert_eq!(made["client_secret"].as_str().map(str::len), Some(64), "{made}");
    assert_eq!(made["grant_types"], serde_json::json!(["authorization_code", "refresh_token"]));
    assert_eq!(made["id_token_signed_response_alg"], "ES256");
    let listed = site.json("client list");
    assert_eq!(listed[0]["redirect_uris"][1], "https://b.example/cb");
    assert!(listed[0].get("client_secret").is_none(), "{listed}");
    let given = site.json(
        "client create --client-id jobs --grant-type client_credentials --auth-method \
         client_secret_post --secret-file password --scope api",
    );
    assert!(given.get("client_secret").is_none(), "a given secret is not repeated: {given}");
    let public = site.json(
        "client create --client-id app --auth-method none --application-type native \
         --redirect-uri com.example.app:/cb --scope openid",
    );
    assert!(public.get("client_secret").is_none(), "{public}");
    let again = "client create --client-id web --redirect-uri https://a.example/cb";
    assert!(site.failure(again).contains("there is a client web already"));
}

#[test]
fn every_mistake_in_a_client_is_named_at_once() {
    let site = Site::new();
    fs::write(site.path("jwks"), "{\"keys\": [{\"kty\": \"oct\", \"k\": \"AA\"}]}").unwrap();
    for (line, parts) in [
        (
            "client create --client-id a --auth-method none --secret-file password --redirect-uri \
             http://a.example/cb javascript:alert(1) --id-token-alg PS256",
            vec![
                "--secret-file: a client with none",
                "http://a.example/cb",
                "javascript:",
                "PS256",
            ],
        ),
        (
            "client create --client-id a --auth-method private_key_jwt",
            vec!["jwks", "redirect_uris"],
        ),
        (
            "client create --client-id a --auth-method private_key_jwt --jwks-file jwks \
             --grant-type client_credentials",
            vec!["keys[0] is a shared secret"],
        ),
        (
            "client create --client-id a --auth-method private_key_jwt --jwks-file password \
             --grant-type client_credentials",
            vec!["--jwks-file: this is not JSON"],
        ),
    ] {
        let said = site.failure(line);
        for part in parts {
            assert!(said.contains(part), "{line}\nsaid {said}");
        }
    }
    assert_eq!(site.json("client list"), Value::Array(Vec::new()));
}

/// All of OpenID Connect Registration §2 can be said on the command line.
#[test]
fn clients_of_every_kind_are_made_and_removed() {
    let site = Site::new();
    let line = "client create --client-id web --redirect-uri https://a.example/cb --response-type \
                id_token --auth-method client_secret_jwt --jwks-uri https://a.example/k \
                --id-token-encryption RSA-OAEP:A256GCM --userinfo-signing-alg PS256 \
                --userinfo-encryption A128KW --request-object-signing-alg none --subject-type \
                pairwise --contact ana@a.example --default-max-age 60 --require-auth-time \
                --frontchannel-logout-uri https://a.example/f --backchannel-logout-uri \
                https://b.example/b --backchannel-logout-session-required --tos-uri \
                https://a.example/t";
    let said = site.failure(line);
    assert!(said.contains("`id_token` is off on this server"), "{said}");
    assert!(said.contains("profile = \"oidc\""), "{said}");
    fs::write(site.path("m.json"), "{\"client_name\": \"App\", \"redirect_uris\": [\"x\"]}")
        .unwrap();
    let line = "client create --client-id web --metadata-file m.json --redirect-uri \
                https://a.example/cb --auth-method client_secret_jwt --userinfo-encryption \
                A128KW:A256GCM --subject-type pairwise --contact ana@a.example --required-acr phr \
                --frontchannel-logout-uri https://a.example/f --default-acr-values phr";
    let made = site.json(line);
    for (name, value) in [
        ("client_name", serde_json::json!("App")),
        ("redirect_uris", serde_json::json!(["https://a.example/cb"])),
        ("response_types", serde_json::json!(["code"])),
        ("userinfo_encrypted_response_enc", serde_json::json!("A256GCM")),
        ("subject_type", serde_json::json!("pairwise")),
        ("required_acr", serde_json::json!("phr")),
        ("frontchannel_logout_uri", serde_json::json!("https://a.example/f")),
        ("registered_itself", serde_json::json!(false)),
    ] {
        assert_eq!(made[name], value, "{name}: {made}");
    }
    assert_eq!(site.json("client delete web")["deleted"], true);
    assert!(site.failure("client delete web").contains("there is no client web"));
    assert_eq!(site.json("client list"), Value::Array(Vec::new()));
}

#[test]
fn initial_access_tokens_are_shown_once() {
    let site = Site::new();
    let made = site.json("initial-access-token create --label ci --uses 3 --expires-in 12h");
    assert_eq!(made["token"].as_str().map(str::len), Some(43), "{made}");
    assert_eq!((&made["label"], &made["uses_left"]), (&"ci".into(), &3.into()));
    let lasts = made["expires_at"].as_i64().unwrap() - made["created_at"].as_i64().unwrap();
    assert_eq!(lasts, 12 * 3_600);
    let listed = site.json("initial-access-token list");
    assert_eq!(listed[0]["id"], made["id"]);
    assert!(listed[0].get("token").is_none(), "{listed}");
    let id = made["id"].as_str().unwrap();
    assert_eq!(site.json(&format!("initial-access-token delete {id}"))["deleted"], true);
    assert!(site.failure(&format!("initial-access-token delete {id}")).contains("there is no"));
    assert_eq!(site.json("initial-access-token list"), Value::Array(Vec::new()));
}

#[test]
fn keys_are_rotated_and_never_too_early() {
    let site = Site::new();
    assert_eq!(site.json("keys list"), Value::Array(Vec::new()));
    let steps = site.json("keys rotate");
    assert!(!steps["steps"].as_array().unwrap().is_empty(), "{steps}");
    let states = |site: &Site, alg: &str| -> Vec<String> {
        let keys = site.json("keys list");
        let mut states: Vec<_> = keys
            .as_array()
            .unwrap()
            .iter()
            .filter(|key| key["alg"] == alg)
            .map(|key| key["state"].as_str().unwrap().to_owned())
            .collect();
        states.sort();
        states
    };
    assert_eq!(states(&site, "ES256"), ["retired", "signing", "standby"]);
    assert!(site.failure("keys rotate").contains("was published only lately"));
    site.json("keys rotate --force");
    assert_eq!(states(&site, "RS256"), ["retired", "retired", "signing", "standby"]);
    let keys = site.json("keys list");
    let encryption = keys.as_array().unwrap().iter().filter(|key| key["use"] == "enc");
    let published: Vec<_> = encryption
        .filter(|key| key["state"] == "published")
        .map(|key| key["key_type"].as_str().unwrap())
        .collect();
    assert_eq!(published.len(), 2, "{keys}");
    assert!(published.contains(&"RSA") && published.contains(&"P-256"), "{keys}");
}

#[test]
fn a_running_server_follows_the_command_line_and_stops_in_good_order() {
    let site = Site::new();
    let server = site.serve(&[]);
    let ready = server.get("/health/ready");
    assert!(ready.starts_with("HTTP/1.1 200"), "{ready}");
    assert!(ready.to_lowercase().contains("x-request-id: "), "{ready}");
    assert!(server.get("/health/live").ends_with("{\"status\":\"live\"}"));
    assert!(server.get("/jwks").contains("\"kty\""));
    assert!(server.get("/nowhere").starts_with("HTTP/1.1 404"));
    site.json("user create --username ana --email a@example.com --password-file password");
    site.json("client create --client-id a --redirect-uri https://a.example/cb");
    site.json("keys rotate");
    server.signal("TERM");
    let (code, log, said) = server.wait();
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("server.stopping") && log.contains("server.stopped"), "{log}");
    let link = said.lines().find(|line| line.contains("/setup/")).expect("a set-up link");
    let token = link.rsplit_once('/').unwrap().1;
    assert!(!log.contains(token), "the set-up link must not be in the log");
}

#[test]
fn a_stopping_server_says_so_while_it_drains() {
    let site = Site::new();
    let server = site.serve(&[("VESTIBULE__SERVER__DRAIN_DELAY", "8s")]);
    server.signal("TERM");
    // The signal is taken in on another thread, so the change is waited for.
    let answer = (0..200).map(|_| server.get("/health/ready")).find(|text| text.contains(" 503"));
    let answer = answer.expect("503 before the end");
    assert!(answer.contains("the server is stopping"), "{answer}");
    assert!(server.get("/health/live").starts_with("HTTP/1.1 200"));
    // Whoever asks twice does not want to wait.
    server.signal("TERM");
    assert_eq!(server.wait().0, Some(0));
}

#[test]
fn a_public_server_is_refused_with_every_reason() {
    let site = Site::new();
    let refused = |variables: &[(&str, &str)]| {
        let output = site.command("serve").envs(variables.iter().copied()).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        text(&output.stderr)
    };
    let said = refused(&[("VESTIBULE__ISSUER", "http://id.example.com")]);
    for part in ["issuer: must be https", "data_dir: is the default", "keys.master_key_file: is"] {
        assert!(said.contains(part), "{said}");
    }
    assert!(!site.path("data").exists(), "a refused start leaves nothing behind");
}

#[test]
fn trust_anchors_that_are_none_are_told_at_the_start() {
    let site = Site::new();
    fs::write(site.path("ca.pem"), "no certificate").unwrap();
    let file = site.path("ca.pem");
    let serve = || site.command("serve").env("VESTIBULE__OUTBOUND__EXTRA_CA_FILE", &file).output();
    let output = serve().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr);
    assert!(said.contains("outbound") && said.contains("extra trust anchors"), "{said}");
}

#[test]
fn a_public_server_refuses_what_the_demo_ran_on() {
    let site = Site::new();
    let variables = [
        ("VESTIBULE__ISSUER", "https://id.example.com"),
        ("VESTIBULE__DATA_DIR", "data"),
        ("VESTIBULE__KEYS__MASTER_KEY", KEY),
    ];
    let with = |line: &str| site.command(line).envs(variables).output().unwrap();
    let demo = with(
        "client create --client-id vestibule-demo --redirect-uri http://localhost:8081/callback \
         --scope openid",
    );
    assert!(demo.status.success(), "{}", text(&demo.stderr));
    let output = with("serve");
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr);
    assert!(said.contains("vestibule-demo") && said.contains("fix:"), "{said}");
    let said = text(&with("demo").stderr);
    assert!(said.contains("the demo is for this machine only"), "{said}");
}

#[test]
fn another_master_key_than_the_databases_is_told_apart() {
    let site = Site::new();
    site.json("keys rotate");
    let output = site.command("serve").env("VESTIBULE__KEYS__MASTER_KEY", KEY).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("other master key"), "{}", text(&output.stderr));
}

#[test]
fn the_configuration_is_checked_and_shown() {
    let site = Site::new();
    assert_eq!(site.json("config check")["ok"], true);
    let shown = site.json("config show");
    assert_eq!(shown["server.workers"]["value"], "1");
    assert!(shown["server.workers"]["source"].as_str().unwrap().ends_with("line 3"), "{shown}");
    let example = site.run("config example");
    fs::write(site.path("example.toml"), &example.stdout).unwrap();
    assert!(site.run("--config example.toml config check").status.success());
    fs::write(site.path("bad.toml"), "isuer = 1\n[server]\nlisten = \"x\"\n").unwrap();
    let output = site.run("config check --config bad.toml --json");
    assert_eq!(output.status.code(), Some(1));
    let verdict: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(verdict["ok"], false);
    let keys: Vec<_> = verdict["mistakes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|m| m["key"].as_str().unwrap())
        .collect();
    assert_eq!(keys, ["isuer", "server.listen"]);
    assert!(!Path::new(&site.path("data")).exists(), "looking changes nothing");
}
