//! The app's pages. `maud` escapes everything it is given.

use maud::{DOCTYPE, Markup, html};
use serde_json::Value;

use crate::{jwt, settings::DemoSettings, tokens::SignedIn, trouble::Trouble};

fn shell(settings: &DemoSettings, title: &str, content: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " – " (settings.name) }
                link rel="stylesheet" href="/style.css";
                link rel="icon" href="/icon.svg" type="image/svg+xml";
            }
            body {
                header { a href="/" { (settings.name) } }
                main { (content) }
                footer {
                    p { "A separate app that signs people in at " code { (settings.issuer) } "." }
                }
            }
        }
    }
}

/// Before anyone is signed in.
pub fn start(settings: &DemoSettings) -> Markup {
    let content = html! {
        h1 { "Who are you?" }
        p { "This app has no passwords. It asks " code { (settings.issuer) } " who you are." }
        (sign_in_form("Sign in", true))
    };
    shell(settings, "Welcome", &content)
}

fn sign_in_form(label: &str, with_choices: bool) -> Markup {
    html! {
        form.sign-in method="get" action="/sign-in" {
            button.primary type="submit" { (label) }
            @if with_choices {
                details {
                    summary { "Other ways to ask" }
                    div.choices {
                        label for="prompt" { "prompt" }
                        select id="prompt" name="prompt" {
                            @for value in ["", "none", "login", "consent", "select_account"] {
                                option value=(value) { @if value.is_empty() { "(not sent)" } @else { (value) } }
                            }
                        }
                        label for="response_mode" { "response_mode" }
                        select id="response_mode" name="response_mode" {
                            option value="" { "(not sent)" }
                            option value="form_post" { "form_post" }
                        }
                        label for="max_age" { "max_age, in seconds" }
                        input id="max_age" name="max_age" type="text" inputmode="numeric" pattern="[0-9]*"
                            autocomplete="off";
                        label for="login_hint" { "login_hint" }
                        input id="login_hint" name="login_hint" type="text" autocomplete="off" spellcheck="false";
                    }
                }
            }
        }
    }
}

/// Everything the app knows about a signed-in person, and what it can do.
pub fn signed_in(settings: &DemoSettings, session: &SignedIn) -> Markup {
    let id_token = jwt::decode(&session.id_token.to_string());
    let access_token = jwt::decode(session.access_token.secret());
    let name = session
        .userinfo
        .as_ref()
        .ok()
        .and_then(|claims| {
            ["name", "preferred_username", "email"].iter().find_map(|c| claims.get(c))
        })
        .and_then(Value::as_str)
        .unwrap_or_else(|| session.subject.as_str());
    let content = html! {
        h1 { "Hello, " (name) }
        @if let Some(notice) = &session.notice {
            p.notice #notice role="status" { (notice) }
        }
        div.actions {
            (button("/refresh", "Refresh"))
            (button("/userinfo", "Ask userinfo again"))
            (button("/revoke", "Revoke"))
            (button("/sign-out", "Sign out"))
        }
        section aria-labelledby="h-id-token" {
            h2 id="h-id-token" { "ID token" }
            p { "Verified before it was believed:" }
            ul.checks { @for check in &session.checks { li { (check) } } }
            @if let Some(decoded) = &id_token {
                (json("id-token-claims", &decoded.payload))
            }
        }
        section aria-labelledby="h-userinfo" {
            h2 id="h-userinfo" { "Userinfo" }
            @match &session.userinfo {
                Ok(claims) => (json("userinfo", claims)),
                Err(reason) => p.notice #userinfo { (reason) },
            }
        }
        section aria-labelledby="h-access-token" {
            h2 id="h-access-token" { "Access token" }
            @match &access_token {
                Some(decoded) => {
                    p { "A JWT, taken apart. This app only carries it: the resource server verifies it." }
                    h3 { "Header" }
                    (json("access-token-header", &decoded.header))
                    h3 { "Payload" }
                    (json("access-token-payload", &decoded.payload))
                }
                None => p { "An opaque token: only the server can tell what it stands for." }
            }
            details {
                summary { "The token itself" }
                pre #access-token { (session.access_token.secret()) }
            }
        }
        section aria-labelledby="h-lifetimes" {
            h2 id="h-lifetimes" { "Lifetimes" }
            (lifetimes(session, id_token.as_ref().map(|decoded| &decoded.payload)))
        }
        (sign_in_form("Sign in again", true))
    };
    shell(settings, "Signed in", &content)
}

fn lifetimes(session: &SignedIn, id_token: Option<&Value>) -> Markup {
    let seconds =
        |claim: &str| id_token.and_then(|claims| claims.get(claim)).and_then(Value::as_i64);
    let id_token_life = seconds("exp").zip(seconds("iat")).map(|(exp, iat)| exp - iat);
    let left = session.expires_in.map(|life| life.saturating_sub(session.received.elapsed()));
    html! {
        dl #lifetimes {
            dt { "Access token" }
            dd {
                @match (session.expires_in, left) {
                    (Some(life), Some(left)) => {
                        (life.as_secs()) " s, of which " (left.as_secs()) " s are left"
                    }
                    _ => "the server did not say"
                }
            }
            dt { "ID token" }
            dd {
                @if let Some(life) = id_token_life { (life) " s, enough to sign in with" }
                @else { "unknown" }
            }
            dt { "Refresh token" }
            dd {
                @if session.refresh_token.is_some() {
                    "opaque; used " (session.refreshes) " times. Only the server knows when it ends"
                } @else { "none" }
            }
        }
    }
}

fn button(action: &str, label: &str) -> Markup {
    html! {
        form method="post" action=(action) { button type="submit" { (label) } }
    }
}

fn json(id: &str, value: &Value) -> Markup {
    let text = serde_json::to_string_pretty(value).unwrap_or_default();
    html! { pre id=(id) { (text) } }
}

/// Something went wrong.
pub fn trouble(settings: &DemoSettings, trouble: &Trouble) -> Markup {
    let content = html! {
        h1 { "That did not work" }
        p #trouble { (trouble) }
        @if let Trouble::Refused(refusal) = trouble {
            dl {
                dt { "error" } dd { code #error { (refusal.error) } }
                @if let Some(description) = &refusal.error_description {
                    dt { "error_description" } dd #error-description { (description) }
                }
                @if let Some(uri) = &refusal.error_uri {
                    dt { "error_uri" }
                    // Linked only if it is the server's own: anyone can put anything in a URL.
                    dd { @if uri.starts_with(&format!("{}/", settings.issuer)) { a href=(uri) { (uri) } } @else { (uri) } }
                }
            }
        }
        (sign_in_form("Sign in", false))
    };
    shell(settings, "That did not work", &content)
}

/// After a sign-out.
pub fn signed_out(settings: &DemoSettings, known: bool) -> Markup {
    let content = html! {
        h1 { "Signed out" }
        @if known {
            p { "This app has forgotten you, and so has the server." }
        } @else {
            p { "A sign-out that ended here did not begin here. Nothing was changed." }
        }
        (sign_in_form("Sign in", false))
    };
    shell(settings, "Signed out", &content)
}

/// No such page.
pub fn nothing_here(settings: &DemoSettings) -> Markup {
    let content = html! {
        h1 { "Nothing here" }
        p { a href="/" { "To the start page" } }
    };
    shell(settings, "Nothing here", &content)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{provider::tests::settings, trouble::ServerError};

    #[test]
    fn what_the_url_says_is_shown_as_text() {
        let refused = Trouble::Refused(ServerError {
            error: "<script>alert(1)</script>".into(),
            error_description: Some("\"><img src=x>".into()),
            error_uri: Some("javascript:alert(1)".into()),
        });
        let page = trouble(&settings(), &refused).into_string();
        assert!(!page.contains("<script") && !page.contains("<img"), "{page}");
        assert!(!page.contains("href=\"javascript:"), "{page}");
    }

    #[test]
    fn the_servers_own_error_page_is_linked() {
        let uri = "http://localhost:8080/errors/VST-0105";
        let refused = Trouble::Refused(ServerError {
            error: "invalid_request".into(),
            error_description: None,
            error_uri: Some(uri.into()),
        });
        let page = trouble(&settings(), &refused).into_string();
        assert!(page.contains(&format!("href=\"{uri}\"")), "{page}");
    }

    #[test]
    fn no_page_has_inline_script_or_style() {
        let denied = Trouble::Refused(ServerError {
            error: "access_denied".into(),
            ..ServerError::default()
        });
        for page in [
            start(&settings()),
            trouble(&settings(), &denied),
            signed_out(&settings(), true),
            nothing_here(&settings()),
        ] {
            let page = page.into_string();
            for forbidden in ["<script", "<style", " style=", " onclick"] {
                assert!(!page.contains(forbidden), "{forbidden} in {page}");
            }
        }
    }
}
