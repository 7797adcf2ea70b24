//! Every field of every view, filled with text that tries to become markup.

use vestibule_model::{ErrorCode, Timestamp};
use vestibule_pages::{
    AccountPage, Consent, Destination, ErrorIndex, ErrorPage, ErrorReference, FormPost, Home,
    Login, LoginReason, LogoutConfirm, Person, RenderError, Returning, SelectAccount, Setup,
    SetupField, SetupProblem, Shell, SignedOut, Stale, View as _,
};

use crate::markup::{assert_nothing_inline, skeleton, tags};

const HOSTILE: [&str; 4] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "' onfocus='alert(1)' autofocus x='",
    "\" style=\"position:fixed\" </title></textarea></details><!--",
];

type Pages = Vec<(&'static str, String)>;

/// Every view with `text` in every field that holds text; `base` apart, because it comes from the
/// configuration and starts every address.
fn pages(text: &'static str, base: &'static str) -> Result<Pages, RenderError> {
    let shell = Shell { site: text, lang: text, request_id: text, base };
    let person = Person { name: text, username: text, email: text };
    let mut pages = Vec::new();
    for reason in [None, Some(LoginReason::Asked), Some(LoginReason::OtherAccount)] {
        for error in [None, Some(text)] {
            let login = Login {
                shell,
                csrf_token: text,
                interaction: Some(text),
                client: Some(text),
                username: text,
                reason,
                error,
            };
            pages.push(("login", login.render()?));
        }
    }
    for destination in
        [Destination::Host(text), Destination::Loopback(text), Destination::Scheme(text)]
    {
        let consent = Consent {
            shell,
            csrf_token: text,
            interaction: text,
            client: text,
            client_host: Some(text),
            destination,
            person,
            new_scopes: vec![text, "email", "profile"],
            known_scopes: vec![text, "email"],
            claims: vec![text, "name", "email"],
        };
        pages.push(("consent", consent.render()?));
        pages.push(("consent", Consent { client_host: None, ..consent }.render()?));
    }
    pages.extend(leaving(shell, text)?);
    pages.extend(errors(shell, text)?);
    pages.extend(own(shell, person, text)?);
    Ok(pages)
}

fn leaving(shell: Shell<'static>, text: &'static str) -> Result<Pages, RenderError> {
    let form_post = FormPost { shell, client: text, action: text, fields: vec![(text, text)] };
    Ok(vec![
        ("returning", Returning { shell, client: text, url: text }.render()?),
        ("form-post", form_post.render()?),
        ("stale", Stale { shell, client: text, href: text }.render()?),
        ("signed-out", SignedOut { shell, back: Some((text, text)) }.render()?),
    ])
}

fn errors(shell: Shell<'static>, text: &'static str) -> Result<Pages, RenderError> {
    let error = ErrorPage {
        shell,
        code: ErrorCode::ClientUnknown,
        sentence: text,
        next: text,
        way_on: Some((text, text)),
        detail: Some(text),
    };
    Ok(vec![
        ("error", error.render()?),
        ("reference", ErrorReference { shell, code: ErrorCode::ClientUnknown }.render()?),
        ("index", ErrorIndex { shell }.render()?),
    ])
}

fn own(
    shell: Shell<'static>,
    person: Person<'static>,
    text: &'static str,
) -> Result<Pages, RenderError> {
    let csrf_token = text;
    let logout = text;
    let fields = [SetupField::Username, SetupField::Email, SetupField::NewPassword];
    let setup = Setup {
        shell,
        csrf_token,
        token: text,
        username: text,
        email: text,
        password_min: 12,
        password_max: 128,
        problems: fields.map(|field| SetupProblem { field, sentence: text }).to_vec(),
    };
    let select =
        SelectAccount { shell, csrf_token, interaction: text, client: text, person }.render()?;
    let confirm =
        LogoutConfirm { shell, csrf_token, logout, client: Some(text), person: Some(person) };
    let account =
        AccountPage { shell, csrf_token, logout, person, signed_in_since: Timestamp(i64::MIN) };
    Ok(vec![
        ("setup", setup.render()?),
        ("select-account", select),
        ("logout-confirm", confirm.render()?),
        ("account", account.render()?),
        ("home", Home { shell, issuer: text, person: Some(person) }.render()?),
    ])
}

#[test]
fn text_never_becomes_markup() {
    let plain = pages("plain", "/plain").expect("renders");
    for text in HOSTILE {
        let hostile = pages(text, text).expect("renders");
        assert_eq!(hostile.len(), plain.len());
        for ((name, hostile), (_, plain)) in hostile.iter().zip(&plain) {
            assert!(hostile.contains("alert(1)") || hostile.contains("position:fixed"), "{name}");
            assert_nothing_inline(name, hostile);
            assert_eq!(skeleton(hostile), skeleton(plain), "{name} with {text}");
        }
    }
}

#[test]
fn running_addresses_are_never_followed() {
    for address in
        ["javascript:alert(1)", "JAVASCRIPT:alert(1)", "java\tscript:alert(1)", "data:text/html,x"]
    {
        for (name, html) in pages(address, "").expect("renders") {
            assert_nothing_inline(name, &html);
            for tag in tags(&html) {
                let followed = [tag.get("href"), tag.get("action")];
                assert!(!followed.contains(&Some(address)), "{name}: {tag:?}");
                if tag.get("http-equiv").is_some() {
                    assert_eq!(tag.get("content"), Some("0;url=#"), "{name}");
                }
            }
        }
    }
}
