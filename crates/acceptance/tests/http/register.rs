//! Making an account: by mail, by invitation, and not at all.

mod modes;

use vestibule_acceptance::{Browser, Page, Rp, TestApp, on_both_databases};
use vestibule_model::{Clock, user::User};
use vestibule_web::cookies::SESSION;

/// A password that every rule likes.
pub const GOOD: &str = "violet anvil thunders over raft";

pub const CLEO: [(&str, &str); 4] = [
    ("username", "cleo"),
    ("email", "cleo@people.example"),
    ("password", GOOD),
    ("name", "Cleo Example"),
];

/// Sends the form, one field changed.
async fn fill(browser: &Browser, path: &str, changes: &[(&str, &str)]) -> Page {
    let page = browser.get(path).await;
    let mut fields = CLEO.to_vec();
    fields.retain(|(name, _)| changes.iter().all(|(changed, _)| changed != name));
    fields.extend_from_slice(changes);
    browser.submit(&page, "/register", &fields).await
}

/// Sends it and opens the page for the code.
async fn begin(browser: &Browser, changes: &[(&str, &str)]) -> Page {
    let sent = fill(browser, "/register", changes).await;
    assert_eq!(sent.status, 303, "{sent:#?}");
    assert_eq!(sent.location().path(), "/register/verify");
    browser.follow(sent).await
}

async fn type_code(browser: &Browser, page: &Page, code: &str) -> Page {
    browser.submit(page, "/register/verify", &[("code", code)]).await
}

async fn send_again(browser: &Browser, page: &Page) -> Page {
    browser.submit(page, "/register/verify", &[("decision", "send")]).await
}

async fn cleo(app: &TestApp) -> Option<User> {
    app.rows(|conn| Ok(vestibule_storage::user::find_by_login(conn, "cleo")?)).await
}

/// Another code than that one.
fn wrong(code: &str) -> String {
    let number: u32 = code.parse().expect("digits");
    format!("{:06}", (number + 1) % 1_000_000)
}

async fn is_signed_in(browser: &Browser) -> bool {
    let page = browser.get("/account").await;
    page.status == 200 && page.body.contains("Cleo Example")
}

on_both_databases! {
    async fn a_code_makes_the_account_and_signs_in(app: TestApp) {
        let browser = app.browser();
        let page = begin(&browser, &[]).await;
        assert!(page.body.contains("cleo@people.example"), "{page:#?}");
        assert!(cleo(app).await.is_none(), "nobody has an address that was not proved");
        let mail = app.mail_to("cleo@people.example").await;
        assert_eq!(mail.kind, "verify-registration");
        let code = mail.code();
        let spaced = format!("{} {}", &code[..3], &code[3..]);
        let done = type_code(&browser, &page, &spaced).await;
        assert_eq!((done.status, done.location().path()), (303, "/account"), "{done:#?}");
        assert!(is_signed_in(&browser).await);
        let user = cleo(app).await.expect("Cleo");
        assert!(user.email_verified && user.groups.is_empty() && !user.is_admin);
        assert_eq!(user.language.as_deref(), Some("en"));
        assert_eq!(app.audit("account.registered").await.len(), 1);
        let again = app.browser();
        let login = again.get("/login").await;
        let fields = [("username", "cleo@people.example"), ("password", GOOD)];
        assert_eq!(again.submit(&login, "/login", &fields).await.status, 303);
    }

    /// Whoever registers on the way to a client arrives there.
    async fn registering_in_the_middle_of_a_request_ends_at_the_client(app: TestApp) {
        let (browser, rp) = (app.browser(), Rp::web());
        let login = browser.open(&rp.authorize()).await;
        let interaction = login.field("interaction").expect("the request's name");
        let path = format!("/register?interaction={interaction}");
        let form = browser.get(&path).await;
        assert!(form.body.contains("The web-app"), "{form:#?}");
        let page = browser.follow(browser.submit(&form, "/register", &CLEO).await).await;
        let typed_at = app.clock.now().0;
        app.clock.advance(300);
        let code = app.mail_to("cleo@people.example").await.code();
        let page = browser.follow(type_code(&browser, &page, &code).await).await;
        let page = browser.decide(&page, "allow").await;
        let answer = page.refresh_target().expect("the way back");
        let claims = rp.tokens_of(app, &answer).await.claims("id_token");
        assert_eq!(claims["sub"].as_str(), cleo(app).await.as_ref().map(|user| user.id.as_str()));
        // The code proves the address; the person proved themselves with the password before.
        assert_eq!(claims["auth_time"], typed_at);
    }

    async fn a_link_in_the_same_browser_signs_in(app: TestApp) {
        let browser = app.browser();
        begin(&browser, &[]).await;
        let link = app.mail_to("cleo@people.example").await.link("/verify/");
        let page = browser.get(&link).await;
        assert!(page.body.contains("cleo@people.example"), "{page:#?}");
        let done = browser.submit(&page, &link, &[]).await;
        assert_eq!((done.status, done.location().path()), (303, "/account"));
        assert!(is_signed_in(&browser).await);
    }

    /// Whoever knows only somebody's address cannot lead its owner to make an account under a
    /// password of their own choosing.
    async fn a_link_in_another_browser_asks_for_the_password(app: TestApp) {
        let (thief, victim) = (app.browser(), app.browser());
        begin(&thief, &[]).await;
        let link = app.mail_to("cleo@people.example").await.link("/verify/");
        let page = victim.get(&link).await;
        assert!(page.body.contains("You began in another browser"), "{page:#?}");
        for password in ["", "the victim’s own idea", GOOD] {
            assert!(cleo(app).await.is_none());
            victim.submit(&page, &link, &[("password", password)]).await;
        }
        assert!(cleo(app).await.is_some());
    }

    /// A password that is asked for in a mail's page is asked for a few times only.
    async fn the_password_behind_a_link_cannot_be_guessed(app: TestApp) {
        let (browser, other) = (app.browser(), app.browser());
        begin(&browser, &[]).await;
        let link = app.mail_to("cleo@people.example").await.link("/verify/");
        let page = other.get(&link).await;
        for _ in 0..5 {
            let wrong = other.submit(&page, &link, &[("password", "wrong password")]).await;
            assert_eq!(wrong.status, 422, "{wrong:#?}");
        }
        other.submit(&page, &link, &[("password", GOOD)]).await;
        assert!(cleo(app).await.is_none());
    }

    /// Elsewhere the password is asked for; the account is made, and nobody is signed in.
    async fn a_link_in_another_browser_makes_the_account_only(app: TestApp) {
        let (browser, phone) = (app.browser(), app.browser());
        let waiting = begin(&browser, &[]).await;
        let mail = app.mail_to("cleo@people.example").await;
        let link = mail.link("/verify/");
        let page = phone.get(&link).await;
        let done = phone.submit(&page, &link, &[("password", GOOD)]).await;
        assert_eq!(done.status, 200, "{done:#?}");
        assert!(done.body.contains("Your account is ready"), "{done:#?}");
        assert!(!phone.cookies().contains_key(SESSION));
        assert!(cleo(app).await.is_some_and(|user| user.email_verified));
        // In the window where it began the code has done its work.
        let late = type_code(&browser, &waiting, &mail.code()).await;
        assert_eq!(late.status, 410, "{late:#?}");
        assert!(late.links().iter().any(|link| link.starts_with("/login")));
        assert!(!browser.cookies().contains_key(SESSION));
    }

    /// A code that somebody reads over the phone is good for the browser where it began only.
    async fn a_code_in_another_browser_signs_nobody_in(app: TestApp) {
        let (browser, other) = (app.browser(), app.browser());
        let page = begin(&browser, &[]).await;
        let page = other.get(page.url.as_str()).await;
        assert!(!page.body.contains("cleo@"), "the whole address is the browser's that knows it");
        let code = app.mail_to("cleo@people.example").await.code();
        let done = type_code(&other, &page, &code).await;
        assert_eq!(done.status, 200, "{done:#?}");
        assert!(!other.cookies().contains_key(SESSION));
    }

    /// Scanners of mail open links, and so do previews.
    async fn looking_at_a_link_does_not_use_it_and_using_it_does(app: TestApp) {
        let browser = app.browser();
        let waiting = begin(&browser, &[]).await;
        let mail = app.mail_to("cleo@people.example").await;
        let link = mail.link("/verify/");
        for _ in 0..3 {
            assert_eq!(app.browser().get(&link).await.status, 200);
        }
        assert!(cleo(app).await.is_none());
        let page = browser.get(&link).await;
        assert_eq!(browser.submit(&page, &link, &[]).await.status, 303);
        let again = browser.submit(&page, &link, &[]).await;
        assert_eq!(again.status, 410, "{again:#?}");
        assert_eq!(browser.get(&link).await.status, 410);
        assert_eq!(type_code(&browser, &waiting, &mail.code()).await.status, 410);
        assert_eq!(app.browser().get("/verify/made-up").await.status, 404);
    }

    async fn five_wrong_codes_spend_it(app: TestApp) {
        let browser = app.browser();
        let page = begin(&browser, &[]).await;
        let right = app.mail_to("cleo@people.example").await.code();
        for left in ["4 more", "3 more", "2 more", "once more", "can’t be tried again"] {
            let refused = type_code(&browser, &page, &wrong(&right)).await;
            assert_eq!(refused.status, 422);
            assert!(refused.body.contains(left), "{left}: {refused:#?}");
            assert!(refused.body.contains("aria-invalid=\"true\""));
        }
        let spent = type_code(&browser, &page, &right).await;
        assert_eq!(spent.status, 422, "{spent:#?}");
        assert!(cleo(app).await.is_none());
        // What is no code at all is no guess.
        app.clock.advance(60);
        let page = browser.follow(send_again(&browser, &page).await).await;
        for typed in ["", "12345", "abcdef", "1234567"] {
            let refused = type_code(&browser, &page, typed).await;
            assert!(refused.body.contains("six digits"), "{typed}: {refused:#?}");
        }
        let newer = app.mail_to("cleo@people.example").await.code();
        assert_eq!(type_code(&browser, &page, &newer).await.status, 303);
    }

    async fn code_and_link_end_after_half_an_hour(app: TestApp) {
        let browser = app.browser();
        let page = begin(&browser, &[]).await;
        let mail = app.mail_to("cleo@people.example").await;
        app.clock.advance(1_799);
        assert_eq!(browser.get(&mail.link("/verify/")).await.status, 200);
        app.clock.advance(1);
        for late in [
            browser.get(&mail.link("/verify/")).await,
            browser.get(page.url.as_str()).await,
            type_code(&browser, &page, &mail.code()).await,
        ] {
            assert_eq!(late.status, 410, "{late:#?}");
            assert!(late.body.contains("too old"), "{late:#?}");
            assert!(late.links().contains(&"/register".to_owned()), "{late:#?}");
        }
        assert!(cleo(app).await.is_none());
    }

    /// One mail a minute, four an hour; each makes the one before worthless.
    async fn mails_are_sent_again_and_not_too_often(app: TestApp) {
        let browser = app.browser();
        let first = begin(&browser, &[]).await;
        let mut page = first.clone();
        let early = send_again(&browser, &page).await;
        assert_eq!((early.status, early.header("retry-after")), (429, "60"));
        assert!(early.body.contains("in a minute"), "{early:#?}");
        for _ in 0..3 {
            app.clock.advance(60);
            page = browser.follow(send_again(&browser, &page).await).await;
            assert_eq!(page.status, 200);
            assert!(page.body.contains("Another mail is on its way"), "{page:#?}");
        }
        app.clock.advance(60);
        let enough = send_again(&browser, &page).await;
        assert_eq!((enough.status, enough.header("retry-after")), (429, "3540"));
        assert!(enough.body.contains("59 minutes"), "{enough:#?}");
        // Whoever begins anew, in whatever browser, waits as well.
        let anew = fill(&app.browser(), "/register", &[("username", "cleo2")]).await;
        assert_eq!((anew.status, anew.header("retry-after")), (429, "3540"));
        let mails = app.mails_to("cleo@people.example").await;
        assert_eq!(mails.len(), 4);
        for old in &mails[1..] {
            assert_eq!(browser.get(&old.link("/verify/")).await.status, 410);
        }
        assert_eq!(type_code(&browser, &first, &mails[3].code()).await.status, 410);
        assert_eq!(type_code(&browser, &page, &mails[0].code()).await.status, 303);
    }

    /// OWASP ASVS 2.2: whether an address has an account is told to its owner, by mail, and to
    /// nobody else: same pages, same headers, same work.
    async fn a_known_address_gets_the_same_answers(app: TestApp) {
        let mut seen = Vec::new();
        for email in ["dora@people.example", "ana@people.example", "Ana@People.Example"] {
            app.clock.advance(60);
            let browser = app.browser();
            let form = browser.get("/register").await;
            let (hashes, draws) = (app.state.passwords.work().hashes, app.entropy.draws());
            let rows = counts(app).await;
            let fields = [("username", "dora"), ("email", email), ("password", GOOD)];
            let sent = browser.submit(&form, "/register", &fields).await;
            let work = (app.state.passwords.work().hashes - hashes, app.entropy.draws() - draws);
            let written: Vec<i64> =
                counts(app).await.iter().zip(rows).map(|(after, before)| after - before).collect();
            assert_eq!((sent.status, sent.location().path()), (303, "/register/verify"));
            let page = browser.follow(sent.clone()).await;
            let refused = type_code(&browser, &page, "000000").await;
            let early = send_again(&browser, &page).await;
            app.clock.advance(60);
            let again = browser.follow(send_again(&browser, &page).await).await;
            let mut told = Vec::new();
            for page in [&page, &refused, &early, &again] {
                let id = page.field("id").expect("a name");
                let body = page.without_names().replace(&id, "VER").replace(email, "EMAIL");
                // The language links name the page.
                told.push((page.status, body));
            }
            let mut headers: Vec<String> = sent.headers.keys().cloned().collect();
            headers.sort();
            seen.push((work, written, headers, told));
        }
        assert_eq!(seen[0].0.0, 1, "one hash");
        seen.dedup();
        assert_eq!(seen.len(), 1, "{seen:#?}");
        for mail in app.mails_to("ana@people.example").await {
            assert_eq!(mail.kind, "already-registered");
        }
        assert_eq!(app.mails_to("ana@people.example").await.len(), 4);
    }

    async fn every_mistake_is_told_at_once_and_nothing_is_lost(app: TestApp) {
        let browser = app.browser();
        let hashes = app.state.passwords.work().hashes;
        let changes = [("username", "cl eo"), ("email", "cleo@"), ("password", "cleo")];
        let page = fill(&browser, "/register", &changes).await;
        assert_eq!(page.status, 422);
        for field in ["username", "email", "password"] {
            assert!(page.body.contains(&format!("href=\"#{field}\"")), "{field}: {page:#?}");
            assert!(page.body.contains(&format!("id=\"{field}-error\"")), "{field}: {page:#?}");
        }
        assert!(page.body.contains("<title>Error: "), "{page:#?}");
        assert!(page.body.matches("href=\"#password\"").count() >= 2, "all reasons: {page:#?}");
        assert_eq!(page.field("username").as_deref(), Some("cl eo"));
        assert_eq!(page.field("email").as_deref(), Some("cleo@"));
        assert_eq!(page.field("name").as_deref(), Some("Cleo Example"));
        assert!(!page.body.contains("value=\"cleo\""), "a password is never sent back");
        assert_eq!(app.state.passwords.work().hashes, hashes, "nothing to hash");
        assert!(app.mails().await.is_empty());
        // The rules are there before anything is typed.
        assert!(browser.get("/register").await.body.contains("class=\"rules\""));
    }

    async fn a_taken_user_name_is_told(app: TestApp) {
        for taken in ["ana", "ANA"] {
            let page = fill(&app.browser(), "/register", &[("username", taken)]).await;
            assert_eq!(page.status, 422);
            assert!(page.body.contains("This user name is taken"), "{page:#?}");
        }
        assert!(app.mails().await.is_empty());
    }

    /// Two people want the same name; whoever proves their address first has it.
    async fn a_name_taken_meanwhile_leads_back_to_the_form(app: TestApp) {
        let browser = app.browser();
        let page = begin(&browser, &[]).await;
        app.add_person("cleo", |user| "other@people.example".clone_into(&mut user.email)).await;
        let mail = app.mail_to("cleo@people.example").await;
        let back = type_code(&browser, &page, &mail.code()).await;
        assert_eq!(back.status, 422, "{back:#?}");
        assert!(back.body.contains("This user name is taken"), "{back:#?}");
        assert_eq!(back.field("email").as_deref(), Some("cleo@people.example"));
        assert_eq!(back.action(), "/register");
        app.clock.advance(60);
        let fields = [("username", "cleo2"), ("password", GOOD)];
        let mut form = fields.to_vec();
        form.push(("email", "cleo@people.example"));
        let page = browser.follow(browser.submit(&back, "/register", &form).await).await;
        let code = app.mail_to("cleo@people.example").await.code();
        assert_eq!(type_code(&browser, &page, &code).await.status, 303);
    }

    /// Somebody proved an address that got an account meanwhile: they may know.
    async fn an_address_taken_meanwhile_is_told_to_its_owner(app: TestApp) {
        let browser = app.browser();
        let page = begin(&browser, &[]).await;
        app.add_person("carla", |user| "cleo@people.example".clone_into(&mut user.email)).await;
        let code = app.mail_to("cleo@people.example").await.code();
        let told = type_code(&browser, &page, &code).await;
        assert_eq!(told.status, 200, "{told:#?}");
        assert!(told.links().contains(&"/recover".to_owned()), "{told:#?}");
        assert!(!browser.cookies().contains_key(SESSION));
        assert!(cleo(app).await.is_none());
    }

    /// A double click, or a second try after a lost answer.
    async fn a_form_sent_twice_sends_one_mail(app: TestApp) {
        let browser = app.browser();
        let form = browser.get("/register").await;
        let first = browser.submit(&form, "/register", &CLEO).await;
        let second = browser.submit(&form, "/register", &CLEO).await;
        assert_eq!(second.status, 303, "{second:#?}");
        assert_eq!(first.location(), second.location());
        assert_eq!(app.mails().await.len(), 1);
        // Another password is another wish.
        let mut other = CLEO;
        other[2] = ("password", "saffron glacier whispers to moths");
        assert_eq!(browser.submit(&form, "/register", &other).await.status, 429);
        assert_eq!(app.browser().get(first.location().as_str()).await.status, 200);
    }

    async fn registration_is_only_by_our_own_form(app: TestApp) {
        let browser = app.browser();
        let page = begin(&browser, &[]).await;
        let (id, mail) = (page.field("id").unwrap(), app.mail_to("cleo@people.example").await);
        let (code, link) = (mail.code(), mail.link("/verify/"));
        let form: &[(&str, &str)] = &[("id", &id), ("code", &code)];
        let rows: [(&str, &[(&str, &str)]); 3] =
            [("/register", &CLEO), ("/register/verify", form), (&link, &[])];
        for (path, fields) in rows {
            for token in [None, Some("x")] {
                let mut fields = fields.to_vec();
                fields.extend(token.map(|token| ("csrf_token", token)));
                let _ = browser.post(path, &fields).await.stale_link();
                let _ = app.machine().post(path, &fields).await.stale_link();
            }
        }
        assert!(cleo(app).await.is_none());
        assert_eq!(app.mails().await.len(), 1);
    }

    /// RFC 9700 §4.11.2: nobody is sent elsewhere.
    async fn nobody_is_sent_elsewhere(app: TestApp) {
        let rows = ["//evil.example", "https://evil.example/", "/\\evil.example", "/login"];
        for (at, next) in rows.into_iter().enumerate() {
            let (name, email) = (format!("p{at}"), format!("p{at}@people.example"));
            let browser = app.browser();
            let form = browser.get(&format!("/register?next={next}")).await;
            form.assert_goes_nowhere();
            let fields =
                [("username", name.as_str()), ("email", &email), ("password", GOOD), ("next", next)];
            let page = browser.follow(browser.submit(&form, "/register", &fields).await).await;
            let done = type_code(&browser, &page, &app.mail_to(&email).await.code()).await;
            assert_eq!((done.status, done.location().path()), (303, "/account"), "{next}");
            assert_eq!(done.location().origin(), page.url.origin());
        }
    }

    async fn an_address_cannot_carry_headers(app: TestApp) {
        for email in ["a@b.example\r\nBcc: c@d.example", "a@b.example, c@d.example",
            "a@b.example\nSubject: x", "a b@c.example", "a@b.example\u{0}"] {
            let page = fill(&app.browser(), "/register", &[("email", email)]).await;
            assert!((400..500).contains(&page.status), "{email:?}: {page:#?}");
        }
        assert!(app.mails().await.is_empty());
    }

    /// Another instance takes over after each step.
    async fn another_instance_goes_on(app: TestApp) {
        let (browser, second) = (app.browser(), app.second());
        let form = browser.get("/register").await;
        browser.via(&second);
        let sent = browser.submit(&form, "/register", &CLEO).await;
        browser.direct();
        let page = browser.follow(sent).await;
        let code = app.mail_to("cleo@people.example").await.code();
        browser.via(&second);
        let done = type_code(&browser, &page, &code).await;
        browser.direct();
        assert_eq!(browser.follow(done).await.status, 200);
        assert!(is_signed_in(&browser).await);
    }
}

/// Rows of the tables that a registration may write to.
async fn counts(app: &TestApp) -> [i64; 3] {
    let mails = i64::try_from(app.mails().await.len()).unwrap();
    let users = app.rows(|conn| Ok(vestibule_storage::user::list(conn)?.len())).await;
    let events = app.rows(|conn| Ok(vestibule_storage::audit::list_recent(conn, 999)?.len())).await;
    [mails, i64::try_from(users).unwrap(), i64::try_from(events).unwrap()]
}
