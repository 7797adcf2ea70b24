//! A forgotten password: back in by mail, and by whatever else was asked for before.

mod modes;

use std::collections::BTreeMap;

use vestibule_acceptance::{Browser, PASSWORD, Page, Rp, TestApp, on_both_databases};
use vestibule_identity::totp::Totp;
use vestibule_model::{
    Clock, Timestamp, UserId, entropy::random_id, factor::TotpDevice, sealed::SealedColumn,
    user::User, verification::VerificationKind,
};
use vestibule_web::cookies::SESSION;

use crate::register::GOOD;

pub const ANA: &str = "ana@people.example";

/// Names the account; the page for the code.
pub async fn ask(browser: &Browser, name: &str) -> Page {
    let sent = name_account(browser, name).await;
    assert_eq!((sent.status, sent.location().path()), (303, "/recover/code"), "{sent:#?}");
    browser.follow(sent).await
}

async fn name_account(browser: &Browser, name: &str) -> Page {
    let form = browser.get("/recover").await;
    browser.submit(&form, "/recover", &[("username", name)]).await
}

/// The link of the newest mail.
pub async fn link(app: &TestApp, to: &str) -> String {
    app.mail_of("reset-password", to).await.link("/recover/")
}

/// Sets the password behind a link.
pub async fn set(browser: &Browser, link: &str, password: &str) -> Page {
    let page = browser.get(link).await;
    assert_eq!(page.status, 200, "{page:#?}");
    browser.submit(&page, link, &[("new_password", password)]).await
}

pub async fn log_in(browser: &Browser, name: &str, password: &str) -> Page {
    let page = browser.get("/login").await;
    browser.submit(&page, "/login", &[("username", name), ("password", password)]).await
}

async fn type_code(browser: &Browser, page: &Page, code: &str) -> Page {
    browser.submit(page, "/recover/code", &[("code", code)]).await
}

pub async fn user(app: &TestApp, name: &'static str) -> User {
    let found = app.rows(|conn| Ok(vestibule_storage::user::find_by_login(conn, name)?)).await;
    found.expect("somebody of that name")
}

/// Gives a person an authenticator app, as if they had enrolled it.
pub async fn enrol(app: &TestApp, user: &'static str) -> Totp {
    let entropy = app.state.entropy.as_ref();
    let (totp, id, now) = (Totp::generate(entropy), random_id(entropy), app.clock.now());
    let purpose = SealedColumn::TotpSecret.purpose(&id);
    let sealed = app.state.sealer.seal(&purpose, totp.secret_bytes(), entropy);
    let device = TotpDevice {
        id,
        user_id: UserId::new(user),
        name: "Phone".to_owned(),
        sealed_secret: sealed.expect("a sealed secret"),
        created_at: now,
        confirmed_at: Some(now),
        last_used_at: None,
        last_step: None,
    };
    app.rows(move |conn| Ok(vestibule_storage::totp_device::insert(conn, &device)?)).await;
    totp
}

on_both_databases! {
    async fn a_link_sets_a_new_password(app: TestApp) {
        app.rows(|conn| {
            let mut ana = vestibule_storage::user::find_by_login(conn, "ana")?.expect("Ana");
            ana.email_verified = false;
            Ok(vestibule_storage::user::save(conn, &ana)?)
        }).await;
        let browser = app.browser();
        ask(&browser, "ana").await;
        let link = link(app, ANA).await;
        let page = browser.get(&link).await;
        assert!(page.body.contains("value=\"ana\" readonly"), "{page:#?}");
        assert!(page.body.contains("class=\"rules\""), "{page:#?}");
        let done = set(&browser, &link, GOOD).await;
        assert_eq!((done.status, done.location().path()), (303, "/account"), "{done:#?}");
        assert_eq!(browser.who().await, Some("ana"));
        assert_eq!(log_in(&app.browser(), "ana", PASSWORD).await.status, 422);
        assert_eq!(log_in(&app.browser(), "ana", GOOD).await.status, 303);
        assert!(user(app, "ana").await.email_verified, "the mail proved it");
        let told = app.mail_of("password-changed", ANA).await;
        assert_eq!(app.browser().get(&told.link("/freeze/")).await.status, 200);
        assert_eq!(app.audit("password.reset").await.len(), 1);
    }

    /// Whoever was in with the old password is out: browsers, apps, and apps that stay connected.
    async fn everything_that_was_open_ends(app: TestApp) {
        let (laptop, phone) = (app.browser(), app.browser());
        laptop.sign_in("ana").await;
        let rp = Rp::web();
        let tokens = rp.tokens(app).await;
        let bens = app.browser();
        bens.sign_in("ben").await;
        ask(&phone, ANA).await;
        let done = set(&phone, &link(app, ANA).await, GOOD).await;
        assert_eq!(done.status, 303);
        assert_eq!(laptop.who().await, None);
        let refused = rp.refresh(app, tokens.get("refresh_token")).await;
        assert_eq!((refused.status, refused.json()["error"].as_str()), (400, Some("invalid_grant")));
        assert_eq!(phone.who().await, Some("ana"));
        assert_eq!(bens.who().await, Some("ben"), "nobody else is signed out");
    }

    async fn the_browser_that_is_signed_in_gets_a_new_session(app: TestApp) {
        let browser = app.browser();
        browser.sign_in("ana").await;
        let old = browser.cookies().get(SESSION).cloned();
        ask(&browser, "ana").await;
        assert_eq!(set(&browser, &link(app, ANA).await, GOOD).await.status, 303);
        assert_eq!(browser.who().await, Some("ana"));
        assert_ne!(browser.cookies().get(SESSION).cloned(), old);
    }

    async fn a_code_does_as_well(app: TestApp) {
        let browser = app.browser();
        let page = ask(&browser, "ana").await;
        assert!(page.body.contains("If there is an account for"), "{page:#?}");
        let code = app.mail_of("reset-password", ANA).await.code();
        let form = type_code(&browser, &page, &code).await;
        assert_eq!(form.status, 200, "{form:#?}");
        assert_eq!(form.action(), "/recover/code");
        let short = browser.submit(&form, "/recover/code", &[("new_password", "short")]).await;
        assert_eq!(short.status, 422, "{short:#?}");
        // Refused passwords are no wrong codes.
        let mut again = short;
        for _ in 0..6 {
            again = browser.submit(&again, "/recover/code", &[("new_password", "ana")]).await;
            assert_eq!(again.status, 422, "{again:#?}");
        }
        let done = browser.submit(&again, "/recover/code", &[("new_password", GOOD)]).await;
        assert_eq!((done.status, done.location().path()), (303, "/account"), "{done:#?}");
        let twice = browser.submit(&again, "/recover/code", &[("new_password", PASSWORD)]).await;
        assert_eq!(twice.status, 410, "{twice:#?}");
        assert_eq!(log_in(&app.browser(), "ana", GOOD).await.status, 303);
    }

    async fn a_code_works_in_the_browser_that_asked_only(app: TestApp) {
        let (browser, other) = (app.browser(), app.browser());
        let page = ask(&browser, "ana").await;
        let code = app.mail_of("reset-password", ANA).await.code();
        assert_eq!(other.get(page.url.as_str()).await.status, 404);
        let token = other.get("/login").await.field("csrf_token").unwrap();
        let id = page.field("id").unwrap();
        let fields = [("csrf_token", token.as_str()), ("id", &id), ("code", &code),
            ("new_password", GOOD)];
        assert_eq!(other.post("/recover/code", &fields).await.status, 404);
        assert_eq!(log_in(&app.browser(), "ana", PASSWORD).await.status, 303);
        assert_eq!(type_code(&browser, &page, &code).await.status, 200);
    }

    /// The proof of one code opens no other account, nor does it in another browser.
    async fn a_proof_belongs_to_its_verification(app: TestApp) {
        let (anas, bens) = (app.browser(), app.browser());
        let (for_ana, for_ben) = (ask(&anas, "ana").await, ask(&bens, "ben").await);
        let code = app.mail_of("reset-password", "ben@people.example").await.code();
        let proof = type_code(&bens, &for_ben, &code).await.field("proof").expect("a proof");
        // Ben asks for Ana's account in his own browser, too.
        app.clock.advance(60);
        let anas_in_bens = ask(&bens, ANA).await;
        for (browser, page) in [(&anas, &for_ana), (&bens, &anas_in_bens)] {
            let fields = [("proof", proof.as_str()), ("new_password", GOOD)];
            let refused = browser.submit(page, "/recover/code", &fields).await;
            assert_eq!(refused.location().path(), "/recover/code", "{refused:#?}");
        }
        for made_up in ["", "x", "v2.AAAA.BBBB"] {
            let fields = [("proof", made_up), ("new_password", GOOD)];
            let refused = bens.submit(&for_ben, "/recover/code", &fields).await;
            assert!(refused.status == 303 || refused.status == 422, "{refused:#?}");
        }
        assert_eq!(log_in(&app.browser(), "ana", GOOD).await.status, 422);
        assert_eq!(log_in(&app.browser(), "ben", GOOD).await.status, 422);
    }

    async fn five_wrong_codes_spend_it(app: TestApp) {
        let browser = app.browser();
        let page = ask(&browser, "ana").await;
        let code = app.mail_of("reset-password", ANA).await.code();
        let wrong = format!("{:06}", (code.parse::<u32>().unwrap() + 1) % 1_000_000);
        for _ in 0..5 {
            let refused = type_code(&browser, &page, &wrong).await;
            assert_eq!(refused.status, 422);
        }
        let spent = type_code(&browser, &page, &code).await;
        assert_eq!(spent.status, 422, "{spent:#?}");
        // The link of the same mail is no guess.
        assert_eq!(set(&browser, &link(app, ANA).await, GOOD).await.status, 303);
    }

    /// OWASP ASVS 2.2 and 2.5: unknown, known and locked accounts get the same pages, the same
    /// work, and the same limits; only the mail differs.
    async fn nobody_learns_who_has_an_account(app: TestApp) {
        app.add_person("cid", |user| user.disabled_at = Some(Timestamp(1))).await;
        let mut seen = Vec::new();
        for name in ["ana", "nobody", "cid", ANA, "nobody@people.example", "cid@people.example"] {
            let browser = app.browser();
            let form = browser.get("/recover").await;
            let (hashes, draws) = (app.state.passwords.work().hashes, app.entropy.draws());
            let sent = browser.submit(&form, "/recover", &[("username", name)]).await;
            let work = (app.state.passwords.work().hashes - hashes, app.entropy.draws() - draws);
            assert_eq!((sent.status, sent.location().path()), (303, "/recover/code"));
            let page = browser.follow(sent.clone()).await;
            let row = row_of(app, &page).await;
            let early = name_account(&app.browser(), name).await;
            assert_eq!((early.status, early.header("retry-after")), (429, "60"), "{name}");
            let refused = type_code(&browser, &page, "000000").await;
            app.clock.advance(60);
            let again =
                browser.follow(browser.submit(&page, "/recover/code", &[("decision", "send")]).await)
                    .await;
            let mut told = Vec::new();
            for page in [&page, &early, &refused, &again] {
                let id = page.field("id").unwrap_or_else(|| "none".to_owned());
                let body = page.without_names().replace(&id, "VER");
                let (bold, value) = (format!("<bdi>{name}</bdi>"), format!("value=\"{name}\""));
                told.push((page.status, body.replace(&bold, "NAME").replace(&value, "NAME")));
            }
            let mut headers = sent.headers.clone();
            headers.retain(|name, _| !["x-request-id", "date", "location"].contains(&name.as_str()));
            seen.push((work, row, headers, told));
            app.clock.advance(3_600);
        }
        seen.dedup();
        assert_eq!(seen.len(), 1, "{seen:#?}");
        let mut mails: BTreeMap<String, usize> = BTreeMap::new();
        for mail in app.mails().await {
            *mails.entry(mail.message.to).or_default() += 1;
        }
        assert_eq!(mails, BTreeMap::from([(ANA.to_owned(), 4)]));
    }

    async fn nothing_typed_is_told(app: TestApp) {
        let page = name_account(&app.browser(), "  ").await;
        assert_eq!(page.status, 422);
        assert!(page.body.contains("aria-describedby=\"username-error\""), "{page:#?}");
        let browser = app.browser();
        let form = browser.get("/recover").await;
        let by_email = browser.submit(&form, "/recover", &[("email", ANA)]).await;
        assert_eq!(by_email.status, 303, "the field may be called email, too");
        assert_eq!(app.mails_to(ANA).await.len(), 1);
    }

    /// Each has its own page and its next step; looking uses nothing up.
    async fn used_and_old_links_say_so(app: TestApp) {
        let browser = app.browser();
        ask(&browser, "ana").await;
        let used = link(app, ANA).await;
        for _ in 0..3 {
            assert_eq!(app.browser().get(&used).await.status, 200);
        }
        let open = browser.get(&used).await;
        assert_eq!(set(&browser, &used, GOOD).await.status, 303);
        app.clock.advance(60);
        ask(&browser, "ana").await;
        let late = link(app, ANA).await;
        let form = app.browser().get(&late).await;
        assert_eq!(form.status, 200);
        app.clock.advance(1_800);
        let again = browser.submit(&open, &used, &[("new_password", PASSWORD)]).await;
        for (page, words) in [(browser.get(&used).await, "used already"), (again, "used already"),
            (browser.get(&late).await, "too old")] {
            assert_eq!(page.status, 410, "{page:#?}");
            assert!(page.body.contains(words), "{words}: {page:#?}");
            assert!(page.links().contains(&"/recover".to_owned()), "{page:#?}");
        }
        assert_eq!(app.browser().get("/recover/made-up").await.status, 404);
        assert_eq!(log_in(&app.browser(), "ana", GOOD).await.status, 303);
    }

    /// A newer mail makes the older one worthless, and a used one makes all others worthless,
    /// whatever name they were asked for by.
    async fn one_mail_counts(app: TestApp) {
        let browser = app.browser();
        ask(&browser, "ana").await;
        let older = link(app, ANA).await;
        app.clock.advance(60);
        ask(&browser, "ana").await;
        let newer = link(app, ANA).await;
        assert_eq!(browser.get(&older).await.status, 410);
        app.clock.advance(60);
        ask(&browser, ANA).await;
        let by_address = link(app, ANA).await;
        assert_eq!(browser.get(&newer).await.status, 200);
        assert_eq!(set(&browser, &newer, GOOD).await.status, 303);
        assert_eq!(browser.get(&by_address).await.status, 410);
    }

    /// Recovery never lowers assurance: a mail stands in for the password only.
    async fn the_second_factor_is_still_asked_for(app: TestApp) {
        let totp = enrol(app, "user-ana").await;
        // Also on a device that was remembered: that was for whoever knew the password.
        let trusted = app.browser();
        let page = trusted.follow(log_in(&trusted, "ana", PASSWORD).await).await;
        let fields = [("code", totp.code_at(app.clock.now())), ("remember", "on".to_owned())];
        let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let signed = trusted.submit(&page, "/login/verify", &fields).await;
        assert_eq!(signed.status, 303, "{signed:#?}");
        assert_eq!(trusted.who().await, Some("ana"));
        app.clock.advance(60);
        for browser in [app.browser(), trusted] {
            app.clock.advance(60);
            ask(&browser, "ana").await;
            let next = format!("{GOOD} {}", app.clock.now().0);
            let done = set(&browser, &link(app, ANA).await, &next).await;
            assert_eq!((done.status, done.location().path()), (303, "/login/verify"), "{done:#?}");
            assert_eq!(browser.who().await, None, "half signed in is no session");
            let page = browser.follow(done).await;
            let right = totp.code_at(app.clock.now());
            let signed = browser.submit(&page, "/login/verify", &[("code", &right)]).await;
            assert_eq!(signed.status, 303, "{signed:#?}");
            assert_eq!(browser.who().await, Some("ana"));
        }
    }

    /// Somebody knew the old password and waits at the second factor: out.
    async fn a_sign_in_that_was_half_done_goes_on_no_more(app: TestApp) {
        let totp = enrol(app, "user-ana").await;
        let thief = app.browser();
        let page = thief.follow(log_in(&thief, "ana", PASSWORD).await).await;
        assert_eq!(page.url.path(), "/login/verify");
        app.clock.advance(60);
        let browser = app.browser();
        ask(&browser, "ana").await;
        assert_eq!(set(&browser, &link(app, ANA).await, GOOD).await.status, 303);
        let code = totp.code_at(app.clock.now());
        let refused = thief.submit(&page, "/login/verify", &[("code", &code)]).await;
        assert_ne!(refused.header("location"), "/account", "{refused:#?}");
        assert!(!thief.cookies().contains_key(SESSION), "{refused:#?}");
    }

    async fn the_new_password_keeps_the_rules(app: TestApp) {
        let browser = app.browser();
        ask(&browser, "ana").await;
        let link = link(app, ANA).await;
        for (password, reasons) in [("", 1), ("ana", 2), ("password1234", 1), (PASSWORD, 1)] {
            let page = set(&browser, &link, password).await;
            assert_eq!(page.status, 422, "{password}");
            let told = page.body.matches("href=\"#new_password\"").count();
            assert!(told >= reasons, "{password}: {page:#?}");
            assert!(page.body.contains("aria-describedby=\"new_password-error"), "{page:#?}");
            assert!(!page.body.contains("value=\"password1234\""));
        }
        assert_eq!(set(&browser, &link, GOOD).await.status, 303);
        // Nor may one of the last come back.
        app.clock.advance(60);
        ask(&browser, "ana").await;
        let link = self::link(app, ANA).await;
        for old in [GOOD, PASSWORD] {
            let page = set(&browser, &link, old).await;
            assert!(page.status == 422 && page.body.contains("one of your last"), "{page:#?}");
        }
        assert_eq!(set(&browser, &link, "saffron glacier whispers to moths").await.status, 303);
    }

    /// Whoever comes back by mail has waited enough.
    async fn it_ends_the_wait_after_wrong_passwords(app: TestApp) {
        for _ in 0..3 {
            assert_eq!(log_in(&app.browser(), "ana", "wrong").await.status, 422);
        }
        assert_eq!(log_in(&app.browser(), "ana", PASSWORD).await.status, 429);
        let browser = app.browser();
        ask(&browser, "ana").await;
        assert_eq!(set(&browser, &link(app, ANA).await, GOOD).await.status, 303);
        assert_eq!(log_in(&app.browser(), "ana", GOOD).await.status, 303);
    }

    /// The account has another address by now: what went to the old one is worthless.
    async fn a_link_to_a_former_address_is_worthless(app: TestApp) {
        let browser = app.browser();
        ask(&browser, "ana").await;
        let link = link(app, ANA).await;
        app.rows(|conn| {
            let mut ana = vestibule_storage::user::find_by_login(conn, "ana")?.expect("Ana");
            "ana@new.example".clone_into(&mut ana.email);
            Ok(vestibule_storage::user::save(conn, &ana)?)
        }).await;
        assert_eq!(browser.get(&link).await.status, 410);
    }

    /// An administrator's lock is not opened by mail, also not by one that was on its way.
    async fn an_administrators_lock_stays(app: TestApp) {
        let browser = app.browser();
        ask(&browser, "ana").await;
        let link = link(app, ANA).await;
        let page = browser.get(&link).await;
        let lock = |at| app.rows(move |conn| {
            Ok(vestibule_storage::user::set_disabled(conn, &UserId::new("user-ana"), at)?)
        });
        lock(Some(Timestamp(1))).await;
        let refused = browser.submit(&page, &link, &[("new_password", GOOD)]).await;
        assert_eq!(refused.status, 403, "{refused:#?}");
        assert!(refused.body.contains("This account is locked"), "{refused:#?}");
        lock(None).await;
        assert_eq!(log_in(&app.browser(), "ana", PASSWORD).await.status, 303);
    }

    /// Whoever forgot the password on the way to a client arrives there; the link in another
    /// browser leads to the account, for the client waits elsewhere.
    async fn it_goes_on_to_the_client(app: TestApp) {
        let (browser, rp) = (app.browser(), Rp::web());
        let login = browser.open(&rp.authorize()).await;
        let interaction = login.field("interaction").expect("the request's name");
        let form = browser.get(&format!("/recover?interaction={interaction}")).await;
        browser.submit(&form, "/recover", &[("username", "ana")]).await;
        let done = set(&browser, &link(app, ANA).await, GOOD).await;
        let page = browser.decide(&browser.follow(done).await, "allow").await;
        assert!(page.refresh_target().is_some(), "{page:#?}");
        app.clock.advance(60);
        let login = browser.open(&rp.authorize_with(&[("prompt", Some("login"))])).await;
        let interaction = login.field("interaction").expect("the request's name");
        let form = browser.get(&format!("/recover?interaction={interaction}")).await;
        browser.submit(&form, "/recover", &[("username", "ana")]).await;
        let phone = app.browser();
        let done = set(&phone, &link(app, ANA).await, "saffron glacier whispers to moths").await;
        assert_eq!(done.location().path(), "/account", "{done:#?}");
    }

    async fn it_is_our_own_form_only(app: TestApp) {
        let browser = app.browser();
        let page = ask(&browser, "ana").await;
        let mail = app.mail_of("reset-password", ANA).await;
        let (code, link) = (mail.code(), mail.link("/recover/"));
        let id = page.field("id").unwrap();
        let with_code = [("id", id.as_str()), ("code", &code), ("new_password", GOOD)];
        let rows: [(&str, &[(&str, &str)]); 3] = [
            ("/recover", &[("username", "ben")]),
            ("/recover/code", &with_code),
            (&link, &[("new_password", GOOD)]),
        ];
        for (path, fields) in rows {
            let _ = browser.post(path, fields).await.stale_link();
            let mut fields = fields.to_vec();
            fields.push(("csrf_token", "x"));
            let _ = browser.post(path, &fields).await.stale_link();
        }
        assert_eq!(app.mails().await.len(), 1);
        assert_eq!(log_in(&app.browser(), "ana", PASSWORD).await.status, 303);
    }

    async fn the_well_known_address_leads_to_the_password(app: TestApp) {
        let page = app.browser().get("/.well-known/change-password").await;
        assert_eq!((page.status, page.location().path()), (302, "/account/password"));
    }

    async fn another_instance_goes_on(app: TestApp) {
        let (browser, second) = (app.browser(), app.second());
        browser.via(&second);
        let page = ask(&browser, "ana").await;
        browser.direct();
        let code = app.mail_of("reset-password", ANA).await.code();
        let form = type_code(&browser, &page, &code).await;
        browser.via(&second);
        let done = browser.submit(&form, "/recover/code", &[("new_password", GOOD)]).await;
        assert_eq!(done.status, 303, "{done:#?}");
        browser.direct();
        assert_eq!(browser.who().await, Some("ana"));
    }
}

/// What the row of a code's page looks like, as far as it must not differ.
async fn row_of(app: &TestApp, page: &Page) -> (VerificationKind, usize, bool, bool, i64) {
    let id = page.field("id").expect("a name");
    let row = app.rows(move |conn| Ok(vestibule_storage::verification::find(conn, &id)?)).await;
    let row = row.expect("a row for every name");
    let length = row.subject.len();
    let life = row.expires_at.since(row.created_at);
    (row.kind, length, row.code_hash.is_some(), row.sealed_data.is_some(), life)
}
