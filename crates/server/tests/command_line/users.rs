//! `vestibule user …` and `vestibule invite …`.

use std::fs;

use serde_json::{Value, json};

use crate::site::{Site, text};

#[test]
fn users_are_made_and_listed() {
    let site = Site::new();
    let made = site.json(
        "user create --username ana --email Ana@example.com --password-file password --name Ana \
         --admin",
    );
    assert_eq!(made["username"], "ana");
    assert_eq!(made["admin"], true);
    let listed = site.json("user list");
    assert_eq!(listed[0]["sub"], made["sub"]);
    assert!(!listed.to_string().contains("argon2"), "{listed}");
    let again = "user create --username ANA --email b@example.com --password-file password";
    assert!(site.failure(again).contains("--username: somebody is called ANA already"));
    let again = "user create --username ben --email ana@EXAMPLE.com --password-file password";
    assert!(site.failure(again).contains("--email: somebody has the address"));
    assert!(site.failure("admin setup-link").contains("there is an administrator already"));
}

#[test]
fn every_mistake_in_a_user_is_named_at_once() {
    let site = Site::new();
    let said = site.failure("user create --username a@b --email nobody --password-file password");
    assert!(said.contains("--username:") && said.contains("--email:"), "{said}");
    let said = site.failure("user create --username a --email a@example.com --password-file none");
    assert!(said.contains("cannot read none"), "{said}");
    assert_eq!(site.json("user list"), Value::Array(Vec::new()));
}

/// bcrypt of `correctbatteryhorsestapler`, as another system would have stored it.
const BCRYPT: &str = "$2a$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy";

fn ana(site: &Site, more: &str) -> Value {
    site.json(&format!(
        "user create --username ana --email ana@example.com --password-file password {more}"
    ))
}

#[test]
fn groups_are_kept_once_each_and_in_order() {
    let site = Site::new();
    let made = ana(&site, "--group staff ops --group ops");
    assert_eq!(made["groups"], json!(["ops", "staff"]));
    assert_eq!(site.json("user list")[0]["groups"], json!(["ops", "staff"]));
    let listed = text(&site.run("user list").stdout);
    assert!(listed.contains("GROUPS") && listed.contains("ops, staff"), "{listed}");
    let long = "g".repeat(65);
    let said = site.failure(&format!(
        "user create --username b --email b@example.com --password-file password --group {long}"
    ));
    assert!(said.contains("--group:"), "{said}");
}

#[test]
fn a_weak_password_is_taken_from_the_operator_with_a_warning() {
    let site = Site::new();
    let too_long = "long enough ".repeat(11);
    for (password, warned, taken) in [
        ("wattle tundra-94 obelisk", false, true),
        ("s3cr3t!", true, true),
        ("password12345", true, true),
        ("benedikta-wattle-94", true, true),
        (too_long.as_str(), false, false),
    ] {
        fs::write(site.path("password"), password).unwrap();
        let name = format!("u{}", password.len());
        let line = format!(
            "user create --username {name} --email {name}@example.com --password-file password \
             --name Benedikta"
        );
        let output = site.run(&line);
        let said = text(&output.stderr);
        assert_eq!(output.status.success(), taken, "{password}: {said}");
        assert_eq!(said.contains("warning: --password-file"), warned, "{password}: {said}");
        assert!(!said.contains(password), "{said}");
    }
}

#[test]
fn hashes_of_other_systems_are_taken_if_they_can_be_checked() {
    let site = Site::new();
    fs::write(site.path("hash"), format!("{BCRYPT}\n")).unwrap();
    let made = site.json("user create --username ana --email a@e.org --password-hash-file hash");
    assert!(!made.to_string().contains("$2a$"), "{made}");
    for nonsense in ["correct horse battery staple", "$1$abcdefgh$0123456789", "5f4dcc3b5aa765d6"] {
        fs::write(site.path("hash"), nonsense).unwrap();
        let line = "user create --username ben --email b@e.org --password-hash-file hash";
        let said = site.failure(line);
        assert!(said.contains("--password-hash-file:") && !said.contains(nonsense), "{said}");
    }
}

#[test]
fn an_account_is_locked_and_unlocked_by_any_of_its_names() {
    let site = Site::new();
    let sub = ana(&site, "")["sub"].as_str().unwrap().to_owned();
    for name in ["ANA", "Ana@example.com", &sub] {
        let locked = site.json(&format!("user lock {name}"));
        assert_eq!((&locked["sub"], &locked["disabled"]), (&json!(sub), &json!(true)));
        assert_eq!((&locked["state"], &locked["sessions_ended"]), (&json!("locked"), &json!(0)));
        // Twice does no harm.
        site.json(&format!("user lock {name}"));
        assert_eq!(site.json(&format!("user unlock {name}"))["state"], "active");
        site.json(&format!("user unlock {name}"));
    }
    assert!(site.failure("user lock nobody").contains("there is no account nobody"));
}

#[test]
fn a_text_that_means_two_accounts_means_neither() {
    let site = Site::new();
    let sub = ana(&site, "")["sub"].as_str().unwrap().to_owned();
    let line = format!("user create --username={sub} --email b@e.org --password-file password");
    site.json(&line);
    let said = site.failure(&format!("user erase {sub} --yes"));
    assert!(said.contains("one account's user name and another's sub"), "{said}");
    assert_eq!(site.json("user list").as_array().unwrap().len(), 2);
}

#[test]
fn second_factors_are_reset_where_there_are_none() {
    let site = Site::new();
    ana(&site, "");
    let reset = site.json("user reset-mfa ana");
    for (name, count) in [("totp_removed", 0), ("passkeys_removed", 0), ("sessions_ended", 0)] {
        assert_eq!(reset[name], json!(count), "{reset}");
    }
}

#[test]
fn an_export_has_everything_but_secrets() {
    let site = Site::new();
    let sub = ana(&site, "--name Ana --group staff")["sub"].clone();
    site.json("user lock ana");
    site.json("user unlock ana");
    let export = site.json("user export ana");
    assert_eq!(export["format"], "vestibule-account-1");
    assert_eq!((&export["account"]["sub"], &export["profile"]["name"]), (&sub, &json!("Ana")));
    assert_eq!(export["account"]["groups"], json!(["staff"]));
    assert_eq!(export["sign_in"]["password"], true);
    let activity: Vec<_> =
        export["activity"].as_array().unwrap().iter().map(|line| &line["event"]).collect();
    assert_eq!(activity, ["user.unlocked", "user.locked", "user.created"]);
    assert!(!export.to_string().contains("argon2"), "{export}");

    let told = site.json("user export ana --output ana.json");
    assert_eq!((&told["sub"], &told["file"]), (&sub, &json!("ana.json")));
    let written = fs::read_to_string(site.path("ana.json")).unwrap();
    let written: Value = serde_json::from_str(&written).unwrap();
    assert_eq!(written["account"], export["account"]);
    assert_eq!(written["activity"][0]["event"], "account.exported");
    assert!(site.failure("user export ana --output no/such/folder").contains("cannot write"));
}

#[cfg(unix)]
#[test]
fn an_export_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let site = Site::new();
    ana(&site, "");
    fs::write(site.path("ana.json"), "an older one that others could read").unwrap();
    site.json("user export ana --output ana.json");
    let mode = fs::metadata(site.path("ana.json")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn erasing_needs_a_yes_and_leaves_nothing_but_the_pseudonym() {
    let site = Site::new();
    let sub = ana(&site, "")["sub"].clone();
    let said = site.failure("user erase ana");
    assert!(said.contains("say --yes"), "{said}");
    assert_eq!(site.json("user list").as_array().unwrap().len(), 1);
    let erased = site.json("user erase ana --yes");
    assert_eq!(erased, json!({ "sub": sub, "erased": true }));
    assert_eq!(site.json("user list"), json!([]));
    assert!(site.failure("user erase ana --yes").contains("there is no account ana"));
    let again = ana(&site, "");
    assert_ne!(again["sub"], sub, "the name is free, and the sub is nobody's for good");
    assert_eq!(site.rows(vestibule_storage::outbox::waiting), 0, "the address was never proved");
    site.json("user create --username b --email b@e.org --password-file password --email-verified");
    site.json("user erase b --yes");
    assert_eq!(site.rows(vestibule_storage::outbox::waiting), 1, "the last mail");
}

#[test]
fn the_last_administrator_cannot_be_erased() {
    let site = Site::new();
    ana(&site, "--admin");
    assert!(site.failure("user erase ana --yes").contains("ana is the last administrator"));
    let ben = "user create --username ben --email b@e.org --password-file password --admin";
    site.json(ben);
    site.json("user lock ben");
    assert!(
        site.failure("user erase ana --yes").contains("the last administrator"),
        "ben is locked"
    );
    site.json("user unlock ben");
    site.json("user erase ana --yes");
}

#[test]
fn an_invitation_is_a_link_for_one_who_has_no_account() {
    let site = Site::new();
    let made = site.json("invite create --email new@example.com --group staff");
    assert_eq!(made["email"], "new@example.com");
    let url = made["url"].as_str().unwrap();
    let token = url.strip_prefix("http://localhost:8080/register?invite=").unwrap();
    assert_eq!(token.len(), 43, "{url}");
    ana(&site, "");
    assert!(site.failure("invite create --email ANA@example.com").contains("somebody has"));
    assert!(site.failure("invite create --email nobody").contains("--email:"));
    let waiting = |site: &Site| site.rows(vestibule_storage::outbox::waiting);
    assert_eq!(waiting(&site), 0, "nothing is sent unasked");
    site.json("invite create --email new@example.com --send");
    assert_eq!(waiting(&site), 1);
    let off = [("VESTIBULE__ACCOUNTS__REGISTRATION", "off")];
    let output = site.command("invite create --email x@e.org").envs(off).output().unwrap();
    assert!(!output.status.success());
    assert!(text(&output.stderr).contains("accounts.registration is off"));
}
