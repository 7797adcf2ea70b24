//! The pages of `/playground`: everything on them was typed by somebody.

use vestibule_model::{ErrorCode, Message, Timestamp};
use vestibule_pages::{
    Playground, PlaygroundAnswer, PlaygroundCheck, PlaygroundChoice, PlaygroundExchange,
    PlaygroundField, PlaygroundFinding, PlaygroundMark, PlaygroundMember, PlaygroundRefusal,
    PlaygroundRequest, PlaygroundRow, PlaygroundSpec, PlaygroundToken, PlaygroundTokens,
    PlaygroundVerdict, RenderError, Shell, View as _,
};

use super::Pages;

/// Each page with `text` in every field that holds text.
pub fn pages(shell: Shell<'static>, text: &'static str) -> Result<Pages, RenderError> {
    let message = Box::leak(Box::new(Message::new(text)));
    let mut pages = Vec::new();
    let start = Playground {
        shell,
        csrf_token: text,
        callback: text,
        client_id: text,
        known: vec![(text, text)],
        problem: Some(("client_id", message)),
        pasted: text,
        request: None,
    };
    pages.push((
        "playground-url",
        Playground { problem: Some(("url", message)), ..start.clone() }.render()?,
    ));
    pages.push((
        "playground-compose",
        Playground { request: Some(request(text)), ..start.clone() }.render()?,
    ));
    pages.push(("playground", start.render()?));
    for verdict in [
        PlaygroundVerdict::Taken(Message::new(text)),
        PlaygroundVerdict::ToClient(refusal(text)),
        PlaygroundVerdict::OnPage(refusal(text)),
        PlaygroundVerdict::Unread,
    ] {
        let check = PlaygroundCheck {
            shell,
            rows: rows(text),
            verdict,
            url: text,
            run: text,
            edit: text,
            answers_here: true,
            callback: text,
            remembered: true,
            curl: text,
            program: text,
        };
        pages.push(("playground-check", check.render()?));
    }
    for method in ["client_secret_basic", "private_key_jwt", "none", text] {
        let exchange = PlaygroundExchange {
            code: text,
            redirect_uri: text,
            client_id: text,
            verifier: text,
            method,
            curl: text,
        };
        let answer = PlaygroundAnswer {
            shell,
            csrf_token: text,
            rows: rows(text),
            refusal: Some(ErrorCode::AccessDenied),
            error: Some(text),
            exchange: Some(exchange),
            tokens: vec![token(text)],
            remembered: true,
            problem: Some(message),
            pasted: text,
        };
        pages.push(("playground-answer", answer.clone().render()?));
        pages.push(("playground-waiting", PlaygroundAnswer { rows: vec![], ..answer }.render()?));
    }
    let tokens = PlaygroundTokens {
        shell,
        csrf_token: text,
        token: text,
        access_token: text,
        code: text,
        nonce: text,
        client_id: text,
        tokens: vec![token(text)],
    };
    pages.push(("playground-token", tokens.render()?));
    Ok(pages)
}

fn refusal(text: &'static str) -> PlaygroundRefusal<'static> {
    let code = ErrorCode::RedirectUriMismatch;
    PlaygroundRefusal { code, description: text, detail: Some(text) }
}

fn spec() -> PlaygroundSpec {
    PlaygroundSpec {
        document: "RFC 6749",
        section: "1",
        url: "https://www.rfc-editor.org/rfc/rfc6749".to_owned(),
    }
}

fn rows(text: &'static str) -> Vec<PlaygroundRow<'static>> {
    let row = PlaygroundRow {
        name: text,
        value: Some(text),
        meaning: Some(Message::new(text)),
        spec: Some(spec()),
        mark: PlaygroundMark::Bad,
        verdict: Message::new(text),
        said: Some(Message::new(text)),
        refusal: Some(refusal(text)),
    };
    vec![PlaygroundRow { value: None, meaning: None, ..row.clone() }, row]
}

fn request(text: &'static str) -> PlaygroundRequest<'static> {
    let choices = vec![
        PlaygroundChoice { value: text, chosen: true },
        PlaygroundChoice { value: "plain-choice", chosen: false },
    ];
    let field = PlaygroundField { name: "state", value: text, meaning: Message::new(text) };
    PlaygroundRequest {
        client: text,
        answers_here: false,
        redirect_uris: choices.clone(),
        response_types: choices.clone(),
        response_modes: choices.clone(),
        scopes: choices.clone(),
        more_scope: text,
        binding: vec![field.clone()],
        pkce: true,
        challenge: text,
        sealed_verifier: text,
        prompts: choices.clone(),
        displays: choices,
        person: vec![PlaygroundField { name: "max_age", ..field }],
        claims: text,
        more: text,
        unfolded: true,
    }
}

fn token(text: &'static str) -> PlaygroundToken<'static> {
    let member = PlaygroundMember {
        name: text.to_owned(),
        value: text.to_owned(),
        meaning: Some(Message::new(text)),
        spec: Some(spec()),
        at: Some((Timestamp(0), -5)),
    };
    PlaygroundToken {
        kind: Message::new(text),
        problem: Some(Message::new(text)),
        raw: text,
        header: vec![member.clone()],
        claims: vec![member],
        json: text.to_owned(),
        key: Some((text.to_owned(), "RS256")),
        mark: PlaygroundMark::Good,
        verdict: Message::new(text),
        findings: vec![PlaygroundFinding {
            mark: PlaygroundMark::Note,
            message: Message::new(text),
            spec: spec(),
        }],
    }
}
