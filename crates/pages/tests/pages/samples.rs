//! The rules every page keeps, checked on every sample.

use std::collections::HashSet;

use vestibule_pages::{
    Login, Setup, View as _, assets,
    samples::{self, Sample},
};

use crate::markup::{ADDRESSES, Tag, assert_nothing_inline, tags};

fn pages() -> Vec<Sample> {
    samples::all().unwrap_or_default()
}

fn ids(tags: &[Tag]) -> Vec<&str> {
    tags.iter().filter_map(|tag| tag.get("id")).collect()
}

#[test]
fn every_view_has_samples() {
    let names: HashSet<_> = pages().iter().map(|page| page.name).collect();
    assert_eq!(names.len(), pages().len(), "names are told apart");
    for view in [
        "login",
        "select-account",
        "consent",
        "returning",
        "form-post",
        "error",
        "stale",
        "logout-confirm",
        "signed-out",
        "account",
        "profile",
        "email",
        "password",
        "sessions",
        "apps",
        "activity",
        "data",
        "setup",
        "register",
        "register-code",
        "email-code",
        "recover",
        "recover-code",
        "recover-password",
        "unlock",
        "terms",
        "notice-link-used",
        "link-freeze",
        "home",
        "error-reference",
        "error-index",
        "playground",
        "playground-compose",
        "playground-check",
        "playground-answer-code",
        "playground-token",
    ] {
        assert!(names.contains(view), "{view}");
    }
}

#[test]
fn pages_are_whole() {
    for Sample { name, html } in pages() {
        let tags = tags(&html);
        let count = |wanted: &str| tags.iter().filter(|tag| tag.name == wanted).count();
        assert!(html.starts_with("<!doctype html>"), "{name}");
        for once in ["html", "head", "title", "body", "header", "main", "h1"] {
            assert_eq!(count(once), 1, "{name}: <{once}>");
            assert_eq!(count(&format!("/{once}")), 1, "{name}: </{once}>");
        }
        let ids = ids(&tags);
        assert_eq!(ids.iter().collect::<HashSet<_>>().len(), ids.len(), "{name}: ids repeat");
        assert!(!html.contains("<title> –"), "{name}: empty title");
    }
}

#[test]
fn nothing_is_inline() {
    for Sample { name, html } in pages() {
        assert_nothing_inline(name, &html);
    }
}

#[test]
fn everything_loaded_is_ours_and_embedded() {
    for Sample { name, html } in pages() {
        for tag in tags(&html) {
            let loaded = match tag.name.as_str() {
                "link" => tag.get("href"),
                "script" | "img" => tag.get("src"),
                _ => continue,
            };
            // What a client looks like is fetched by us, and served by us.
            if tag.name == "img" && loaded.is_some_and(|at| at.starts_with("/client-logo/")) {
                continue;
            }
            let file = loaded.and_then(|at| at.strip_prefix("/static/"));
            assert!(file.and_then(assets::find).is_some(), "{name}: {loaded:?}");
        }
    }
}

#[test]
fn pages_are_light() {
    let weight = |file| assets::find(file).map_or(0, |asset| asset.bytes.len());
    let shared = weight(assets::STYLESHEET) + weight(assets::SCRIPT);
    assert!(shared > 1_000);
    for Sample { name, html } in pages() {
        assert!(html.len() + shared < 60_000, "{name}: {} bytes", html.len() + shared);
    }
}

#[test]
fn our_forms_carry_the_csrf_token_and_foreign_ones_do_not() {
    for Sample { name, html } in pages() {
        for form in html.split("<form ").skip(1) {
            let form = form.split("</form>").next().unwrap_or_default();
            if form.starts_with("method=\"get\"") {
                assert!(form.contains("action=\"/") && !form.contains("csrf_token"), "{name}");
                continue;
            }
            assert!(form.starts_with("method=\"post\""), "{name}");
            let ours = form.contains("action=\"/");
            assert_eq!(form.contains("name=\"csrf_token\" value=\"csrf\""), ours, "{name}");
            assert!(
                ours || name.starts_with("form-post"),
                "{name}: a form leaves for another site"
            );
        }
    }
}

#[test]
fn buttons_say_what_they_are_and_none_is_focused() {
    for Sample { name, html } in pages() {
        for tag in tags(&html).iter().filter(|tag| tag.name == "button") {
            assert!(matches!(tag.get("type"), Some("submit" | "button")), "{name}: {tag:?}");
            assert!(tag.get("autofocus").is_none(), "{name}: {tag:?}");
            // Without JavaScript a script's button would be a dead end, and the script takes it
            // from there by its data attribute.
            if tag.get("type") == Some("button") {
                let scripted = tag.attributes.iter().any(|(name, _)| name.starts_with("data-"));
                assert!(scripted, "{name}: {tag:?}");
            }
        }
    }
}

#[test]
fn inputs_have_a_label_and_a_known_autocomplete_token() {
    // The tokens of WHATWG HTML §4.10.18.7 that our fields may have.
    let known = [
        "off",
        "username",
        "username webauthn",
        "email",
        "current-password",
        "new-password",
        "one-time-code",
        "name",
        "given-name",
        "additional-name",
        "family-name",
        "nickname",
        "bday",
        "sex",
        "tel",
        "url",
        "photo",
        "language",
        "street-address",
        "postal-code",
        "address-level1",
        "address-level2",
        "country",
        "country-name",
    ];
    let mut seen = HashSet::new();
    for Sample { name, html } in pages() {
        let tags = tags(&html);
        for input in tags.iter().filter(|tag| tag.is_visible_input()) {
            if matches!(input.get("type"), Some("checkbox" | "radio")) {
                continue;
            }
            let token = input.get("autocomplete").unwrap_or_default();
            assert!(known.contains(&token), "{name}: autocomplete={token:?}");
            seen.insert(token.to_owned());
            let id = input.get("id");
            assert!(
                id.is_some() && tags.iter().any(|t| t.name == "label" && t.get("for") == id),
                "{name}: {id:?} has no label"
            );
        }
    }
    for token in ["username", "email", "current-password", "new-password"] {
        assert!(seen.contains(token), "{token} is in use");
    }
}

#[test]
fn wrong_fields_are_tied_to_their_sentence() {
    let mut wrong = 0;
    for Sample { name, html } in pages() {
        let tags = tags(&html);
        let ids = ids(&tags);
        for tag in &tags {
            let described = tag.get("aria-describedby").unwrap_or_default();
            for id in described.split_whitespace() {
                assert!(ids.contains(&id), "{name}: nothing has the id {id}");
            }
            if tag.get("aria-invalid").is_some() {
                wrong += 1;
                let first = described.split_whitespace().next().unwrap_or_default();
                assert!(first.ends_with("-error"), "{name}: {described:?}");
            }
        }
        let has_error = tags.iter().any(|tag| tag.get("aria-invalid").is_some());
        let alerts = tags.iter().filter(|tag| tag.get("role") == Some("alert")).count();
        assert!(alerts <= 1 && alerts >= usize::from(has_error), "{name}: one summary");
        if has_error {
            assert!(html.contains("<title>Error: "), "{name}: title");
        }
    }
    assert!(wrong >= 4, "two on the sign-in page, two on the set-up page");
}

#[test]
fn names_survive_an_error_and_passwords_do_not() {
    let html = |name: &str| pages().into_iter().find(|page| page.name == name).map(|p| p.html);
    for name in ["login-error", "setup-error", "register-error", "recover-error"] {
        let html = html(name).expect("the sample exists");
        for input in tags(&html).iter().filter(|tag| tag.is_visible_input()) {
            if input.get("type") == Some("password") {
                assert_eq!(input.get("value"), None, "{name}");
            } else {
                assert!(input.get("value").is_some_and(|value| !value.is_empty()), "{name}");
            }
        }
    }
}

#[test]
fn the_parts_others_post_to_are_there() {
    let has = |name: &str, parts: &[&str]| {
        let page = pages().into_iter().find(|page| page.name == name);
        let html = page.map(|page| page.html).unwrap_or_default();
        for part in parts {
            assert!(html.contains(part), "{name}: {part}");
        }
    };
    let interaction = "name=\"interaction\" value=\"int_7Qd1\"";
    has("login", &["action=\"/login\"", interaction, "name=\"username\"", "name=\"password\""]);
    let decision = ["name=\"decision\" value=\"allow\"", "name=\"decision\" value=\"deny\""];
    has("consent", &["action=\"/consent\"", interaction, decision[0], decision[1]]);
    let choice = ["name=\"choice\" value=\"continue\"", "name=\"choice\" value=\"other\""];
    has("select-account", &["action=\"/select-account\"", interaction, choice[0], choice[1]]);
    let logout = "name=\"logout\" value=\"v1.opaque\"";
    has("logout-confirm", &["action=\"/logout\"", logout, decision[0], decision[1]]);
    has("account", &["action=\"/logout\"", decision[0]]);
    has("account-leaving", &["action=\"/account\"", "name=\"decision\" value=\"keep\""]);
    has("email-fresh", &["action=\"/account/email\"", "name=\"email\"", "value=\"verify\""]);
    has(
        "password",
        &["action=\"/account/password\"", "name=\"password\"", "name=\"new_password\""],
    );
    has("sessions", &["name=\"session\" value=\"ses_2\"", "name=\"device\" value=\"dev_1\""]);
    has("apps", &["action=\"/account/apps\"", "name=\"client\" value=\"notes\""]);
    has("data", &["action=\"/account/data\"", "name=\"username\"", "href=\"/account/data.json\""]);
    has(
        "setup",
        &[
            "action=\"/setup/s3tup\"",
            "name=\"username\"",
            "name=\"email\"",
            "name=\"new_password\"",
        ],
    );
    has("stale", &["href=\"/authorize/restart/int_7Qd1\"", "Continue to"]);
    has("returning", &["http-equiv=\"refresh\" content=\"0;url=https://notes.acme.example/cb?"]);
    has("form-post", &["data-autosubmit", "name=\"state\" value=\"xyz\"", ">Continue</button>"]);
}

#[test]
fn a_server_without_a_client_names_none() {
    let login = Login::samples().into_iter().find(|(name, _)| *name == "login-server");
    let html = login.map(|(_, view)| view.render()).expect("the sample exists").expect("renders");
    assert!(!html.contains("to continue to") && !html.contains("name=\"interaction\""));
}

#[test]
fn addresses_of_ours_start_with_the_base() {
    for (name, mut view) in Setup::samples() {
        view.shell.base = "/id";
        let html = view.render().expect("renders");
        for tag in tags(&html) {
            for (attribute, value) in &tag.attributes {
                if ADDRESSES.contains(&attribute.as_str()) && value.starts_with('/') {
                    assert!(value.starts_with("/id/"), "{name}: {value}");
                }
            }
        }
    }
}
