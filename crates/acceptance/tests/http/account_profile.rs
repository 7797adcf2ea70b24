//! What a person says about themselves, and what apps hear of it (OIDC Core §5.1, §5.4).

use reqwest::Method;
use serde_json::json;
use vestibule_acceptance::{Rp, on_both_databases};
use vestibule_model::Clock;

use crate::{
    account_gate::{done, send, signed_in},
    recover::user,
};

const PATH: &str = "/account/profile";

/// A form in which every field has something.
const WHOLE: [(&str, &str); 19] = [
    ("name", "  Ana Lima "),
    ("given_name", "Ana"),
    ("middle_name", "Maria"),
    ("family_name", "Lima"),
    ("nickname", "Aninha"),
    ("gender", "female"),
    ("birthdate", "1984-02-29"),
    ("picture", "https://ana.example/me.jpg"),
    ("website", "https://ana.example/"),
    ("profile", "https://people.example/ana"),
    ("zoneinfo", "europe/lisbon"),
    ("locale", "pt_PT"),
    ("phone_number", "+351 21 000 00 00"),
    ("street_address", "Rua da Prata 1\r\n2.º esq."),
    ("postal_code", "1100-052"),
    ("locality", "Lisboa"),
    ("region", "Lisboa"),
    ("country", "Portugal"),
    ("language", ""),
];

on_both_databases! {
    async fn apps_get_to_know_what_is_saved(app: TestApp) {
        let browser = signed_in(app, "ana").await;
        app.clock.advance(60);
        let page = done(&browser, send(&browser, PATH, &WHOLE).await, "saved").await;
        assert_eq!(page.field("birthdate").as_deref(), Some("1984-02-29"));
        assert_eq!(page.field("zoneinfo").as_deref(), Some("Europe/Lisbon"));
        assert!(page.body.contains("Rua da Prata 1\n2.º esq.</textarea>"), "{page:#?}");
        let rp = Rp { scope: "openid profile phone address", ..Rp::web() };
        let tokens = rp.tokens_of(app, &rp.walk(&browser, &rp.authorize()).await).await;
        let bearer = format!("Bearer {}", tokens.get("access_token"));
        let headers = [("authorization", bearer.as_str())];
        let claims = app.machine().send(Method::GET, "/userinfo", &headers, None).await.json();
        assert_eq!(claims["name"], "Ana Lima");
        assert_eq!(claims["middle_name"], "Maria");
        assert_eq!(claims["birthdate"], "1984-02-29");
        assert_eq!(claims["locale"], "pt-PT");
        assert_eq!(claims["updated_at"], app.clock.now().0);
        assert_eq!(claims["phone_number"], "+351210000000");
        assert_eq!(claims["phone_number_verified"], false);
        assert_eq!(claims["address"], json!({
            "street_address": "Rua da Prata 1\n2.º esq.", "postal_code": "1100-052",
            "locality": "Lisboa", "region": "Lisboa", "country": "Portugal",
        }));
    }

    /// What is private rests sealed, and the log names fields only.
    async fn what_is_private_is_nowhere_to_be_read(app: TestApp) {
        let browser = signed_in(app, "ana").await;
        done(&browser, send(&browser, PATH, &WHOLE).await, "saved").await;
        let ana = user(app, "ana").await;
        let stored = serde_json::to_string(&ana.profile).expect("JSON");
        assert!(ana.sealed_profile.is_some());
        for private in ["1984-02-29", "351210000000", "Rua da Prata"] {
            assert!(!stored.contains(private), "{stored}");
        }
        let lines = app.audit("profile.changed").await;
        assert_eq!(lines.len(), 1);
        assert!(lines[0].detail.contains("birthdate") && lines[0].detail.contains("locality"));
        assert!(lines[0].detail.bytes().all(|b| b.is_ascii_lowercase() || b"_ ".contains(&b)),
            "{}", lines[0].detail);
        // The same once more changes nothing.
        let before = ana.updated_at;
        app.clock.advance(60);
        done(&browser, send(&browser, PATH, &WHOLE).await, "saved").await;
        assert_eq!(user(app, "ana").await.updated_at, before);
        assert_eq!(app.audit("profile.changed").await.len(), 1);
        // An empty form takes everything away.
        done(&browser, send(&browser, PATH, &[]).await, "saved").await;
        let ana = user(app, "ana").await;
        assert_eq!((ana.profile, ana.sealed_profile), Default::default());
    }

    /// Every problem at once, tied to its field, and what was typed stays.
    async fn what_cannot_be_taken_is_told_precisely(app: TestApp) {
        let browser = signed_in(app, "ana").await;
        let page = send(&browser, PATH, &[
            ("name", "Ana"), ("birthdate", "1983-02-29"), ("phone_number", "21 000"),
            ("website", "javascript:alert(1)"), ("language", "fr"),
        ]).await;
        assert_eq!(page.status, 422, "{page:#?}");
        assert!(page.body.contains("<title>Error: "), "{page:#?}");
        for (field, typed) in [("birthdate", "1983-02-29"), ("phone_number", "21 000"),
            ("website", "javascript:alert(1)")] {
            assert!(page.body.contains(&format!("href=\"#{field}\"")), "{field}: {page:#?}");
            assert!(page.body.contains(&format!("id=\"{field}-error\"")), "{field}: {page:#?}");
            assert_eq!(page.field(field).as_deref(), Some(typed));
        }
        assert_eq!(page.field("name").as_deref(), Some("Ana"));
        assert!(page.body.contains("value=\"fr\" lang=\"fr\" selected"), "{page:#?}");
        let ana = user(app, "ana").await;
        assert_eq!((ana.profile.name.as_deref(), ana.language), (Some("ana Example"), None));
    }

    /// A number that was proved is proved no longer once it is another one.
    async fn another_telephone_number_is_not_proved(app: TestApp) {
        app.rows(|conn| {
            let mut ana = vestibule_storage::user::find_by_login(conn, "ana")?.expect("Ana");
            ana.profile.phone_number = Some("+351210000000".to_owned());
            ana.profile.phone_number_verified = Some(true);
            Ok(vestibule_storage::user::save(conn, &ana)?)
        }).await;
        let browser = signed_in(app, "ana").await;
        for (number, verified) in [("+351 21 0000000", true), ("+351210000001", false)] {
            send(&browser, PATH, &[("phone_number", number)]).await;
            let opened = vestibule_web::profile::opened(&app.state, user(app, "ana").await).await;
            let profile = opened.expect("a profile that opens").profile;
            assert_eq!(profile.phone_number_verified, Some(verified), "{number}");
        }
    }

    /// The language of the pages, from the next one on, whatever was chosen before.
    async fn the_language_is_that_of_pages_and_mails(app: TestApp) {
        let browser = signed_in(app, "ana").await;
        browser.get("/language?lang=es&to=/account").await;
        assert!(browser.get(PATH).await.body.contains("Su perfil"));
        let page = done(&browser, send(&browser, PATH, &[("language", "de")]).await, "saved").await;
        assert!(page.body.contains("Ihr Profil ist gespeichert."), "{page:#?}");
        assert_eq!(user(app, "ana").await.language.as_deref(), Some("de"));
        // In another browser too.
        let other = signed_in(app, "ana").await;
        assert!(other.get(PATH).await.body.contains("Ihr Profil"));
        done(&browser, send(&browser, PATH, &[("language", "tlh")]).await, "saved").await;
        assert_eq!(user(app, "ana").await.language, None);
        assert!(browser.get(PATH).await.body.contains("Your profile"), "the browser’s again");
    }
}
