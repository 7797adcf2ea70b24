//! Every field of every view, filled with text that tries to become markup.

mod doors;
mod playground;
mod rooms;

use vestibule_model::{ErrorCode, Message, Timestamp, interaction::Display};
use vestibule_pages::{
    Consent, Destination, ErrorIndex, ErrorPage, ErrorReference, FormPost, Home, Login,
    LoginReason, LogoutConfirm, Mailbox, MailboxMail, MailboxRow, OtherAccount, PasskeyChallenge,
    Person, RenderError, Returning, SelectAccount, Setup, SetupField, SetupProblem, Shell,
    SignedOut, Stale, View as _, WebLink,
};
use vestibule_text::Lang;

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
    let shell = Shell {
        site: text,
        lang: Lang::Fr,
        request_id: text,
        base,
        here: text,
        display: Display::Popup,
    };
    let person = Person { name: text, username: text, email: text };
    let mut pages = Vec::new();
    let message = Message::new(text);
    let link = WebLink { href: text.to_owned(), host: text.to_owned() };
    for reason in [None, Some(LoginReason::Asked), Some(LoginReason::OtherAccount)] {
        for error in [None, Some(&message)] {
            let login = Login {
                shell,
                csrf_token: text,
                interaction: Some(text),
                next: Some(text),
                client: Some(text),
                known: Some(person),
                username: text,
                reason,
                error,
                offer_unlock: true,
                can_recover: true,
                can_register: true,
                passkey: Some(PasskeyChallenge { options: text, state: text }),
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
            logo: Some(text),
            client_host: Some(text),
            destination,
            website: Some(link.clone()),
            policy: Some(link.clone()),
            terms: Some(link.clone()),
            person,
            optional: vec![text, "phone"],
            left_out: vec![],
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
    pages.extend(mailbox(shell, text)?);
    pages.extend(doors::pages(shell, person, text)?);
    pages.extend(rooms::pages(shell, person, text)?);
    pages.extend(playground::pages(shell, text)?);
    Ok(pages)
}

fn leaving(shell: Shell<'static>, text: &'static str) -> Result<Pages, RenderError> {
    let form_post =
        FormPost { shell, client: Some(text), action: text, fields: vec![(text, text)] };
    Ok(vec![
        ("returning", Returning { shell, client: text, url: text }.render()?),
        ("form-post", form_post.render()?),
        ("stale", Stale { shell, client: text, href: text, start: Some(text) }.render()?),
        ("signed-out", SignedOut { shell, back: Some((text, text)), frames: vec![text] }.render()?),
    ])
}

fn errors(shell: Shell<'static>, text: &'static str) -> Result<Pages, RenderError> {
    // A key that does not exist is its own sentence.
    let message = Message::new(text);
    let error = ErrorPage {
        shell,
        code: ErrorCode::ClientUnknown,
        sentence: &message,
        next: &message,
        way_on: Some((&message, text)),
        detail: Some(text),
    };
    Ok(vec![
        ("error", error.render()?),
        ("reference", ErrorReference { shell, code: ErrorCode::ClientUnknown }.render()?),
        ("index", ErrorIndex { shell }.render()?),
    ])
}

fn mailbox(shell: Shell<'static>, text: &'static str) -> Result<Pages, RenderError> {
    let mail = MailboxRow { id: text, to: text, subject: text, at: Timestamp(0) };
    Ok(vec![
        ("mailbox", Mailbox { shell, mails: vec![mail, mail] }.render()?),
        ("mailbox-mail", MailboxMail { shell, mail, text, html: text }.render()?),
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
    let message = Message::new(text);
    let setup = Setup {
        shell,
        csrf_token,
        token: text,
        username: text,
        email: text,
        password_min: 12,
        password_max: 128,
        problems: fields.map(|field| SetupProblem { field, message: &message }).to_vec(),
    };
    let other = OtherAccount { session: text, person, since: Timestamp(0) };
    let select = SelectAccount {
        shell,
        csrf_token,
        interaction: text,
        client: text,
        person,
        others: vec![other],
    };
    let confirm =
        LogoutConfirm { shell, csrf_token, logout, client: Some(text), person: Some(person) };
    Ok(vec![
        ("setup", setup.render()?),
        ("select-account", select.render()?),
        ("logout-confirm", confirm.render()?),
        ("home", Home { shell, issuer: text, person: Some(person), playground: true }.render()?),
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
                let followed = [tag.get("href"), tag.get("action"), tag.get("src")];
                assert!(!followed.contains(&Some(address)), "{name}: {tag:?}");
                if tag.get("http-equiv").is_some() {
                    let refresh = tag.get("content").and_then(|content| content.split_once(';'));
                    assert_eq!(refresh.map(|(_, to)| to), Some("url=#"), "{name}");
                }
            }
        }
    }
}

/// What is not escaped is drawn or written by us: a QR code, and the HTML of [`Shell::rich`].
#[test]
fn nothing_else_is_marked_safe() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../templates");
    let mut marked = Vec::new();
    for entry in std::fs::read_dir(folder).expect("the templates") {
        let path = entry.expect("an entry").path();
        let Ok(template) = std::fs::read_to_string(&path) else { continue };
        let tags = template.split("{{").skip(1).filter_map(|rest| rest.split("}}").next());
        let raw =
            |tag: &&str| tag.contains("|safe") || tag.contains("| safe") || tag.contains("escape(");
        marked.extend(tags.filter(raw).map(|tag| tag.trim().to_owned()));
    }
    assert_eq!(marked, ["totp.qr|safe"]);
}
