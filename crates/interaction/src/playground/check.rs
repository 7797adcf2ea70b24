//! `/playground/check`: a request, parameter by parameter, and what the endpoint would say to it.
//! Whoever puts this path in the place of `/authorize` in any request sees that request explained.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode};
use url::Url;
use vestibule_model::{
    ClientId, ErrorCode, Message, OAuthError, Timestamp,
    client::Client,
    interaction::{AuthorizationRequest, Progress},
};
use vestibule_pages::{PlaygroundCheck, PlaygroundMark, PlaygroundRow, PlaygroundVerdict};
use vestibule_policy::{
    authorize::Rejection,
    explain::{self, Judged, Object, Report, Verdict},
    params::Params,
    prompt::Step,
    request_object::{self, Source},
};
use vestibule_web::{
    AppState, State,
    asked::Situation,
    browser,
    form::FormBytes,
    html::{self, Frame},
    page_error, token_view, urls,
};

use super::{CHECK, PATH, callback, compose, memory, open, refusal, snippets, spec};

/// `GET /playground/check`: the request is the query.
pub async fn get(state: State, http: HttpRequest) -> HttpResponse {
    show(&state, &http).await.unwrap_or_else(|error| page_error(&state, &http, &error))
}

async fn show(state: &AppState, http: &HttpRequest) -> Result<HttpResponse, OAuthError> {
    open(state)?;
    let now = state.now();
    let query = http.query_string();
    let (params, fault) = Params::salvage(query.as_bytes());
    let (request, sealed_verifier) = compose::folded(&params);
    let situation = situation(state, http, &request, now).await?;
    let client = situation.as_ref().map(|situation| &situation.client);
    let ring = state.keys.peek();
    let hinted = |hint: &str| token_view::hinted(&ring, &state.settings.issuer, hint);
    let object = object(state, client, &request, now);
    // A broken request can only be run as it came.
    let broken = fault.is_some();
    let report = explain::request(&request, fault, object, client, &hinted, &state.settings);
    let issuer = &state.settings.issuer;
    let run = if broken {
        format!("{}{}?{query}", issuer.path(), urls::AUTHORIZE)
    } else {
        urls::with_query(issuer, urls::AUTHORIZE, &request)
    };
    let here = callback(state);
    let url = format!("{}{run}", issuer.origin());
    let edit = urls::with_query(issuer, PATH, &request);
    let frame = Frame::new(state, http);
    let view = PlaygroundCheck {
        shell: frame.shell(),
        rows: report.rows.iter().map(|judged| row(state, judged)).collect(),
        verdict: verdict(state, &report, situation.as_ref(), now),
        url: &url,
        run: &run,
        edit: &edit,
        answers_here: request.get("redirect_uri") == Some(here.as_str()),
        callback: &here,
        remembered: memory::fits(&request),
        curl: &snippets::curl(&url),
        program: &snippets::openid_client(state, client, &request),
    };
    let mut response = frame.page(StatusCode::OK, &view)?;
    memory::remember(state, &request, sealed_verifier.as_deref(), &mut response).await?;
    Ok(response)
}

/// The client and where the person stands. A client that is switched off is as unknown as any.
async fn situation(
    state: &AppState,
    http: &HttpRequest,
    request: &Params,
    now: Timestamp,
) -> Result<Option<Situation>, OAuthError> {
    let client_id = ClientId::new(request.get("client_id").unwrap_or_default());
    let session = browser::session_hash(http);
    let settings = state.settings.clone();
    let found = state
        .read(move |conn| Situation::load(conn, &client_id, session.as_ref(), &settings, now))
        .await?;
    Ok(found.filter(|situation| situation.client.disabled_at.is_none()))
}

/// What becomes of a request object, as far as can be told without keys of the client and without
/// fetching anything.
fn object(state: &AppState, client: Option<&Client>, request: &Params, now: Timestamp) -> Object {
    let Some(client) = client else { return Object::Absent };
    let inside = match request_object::source(request, client) {
        Err(error) => return Object::Refused(error),
        Ok(None) => {
            // So is a hint that the client encrypted for us.
            let hint = request.get("id_token_hint").and_then(|hint| state.view_token(hint).ok());
            let sealed = hint.is_some_and(|view| view.content.is_none());
            return if sealed { Object::Closed } else { Object::Absent };
        }
        Ok(Some(Source::Reference(uri))) => {
            return match request_object::registered(uri, client) {
                Ok(_) => Object::Closed,
                Err(error) => Object::Refused(error),
            };
        }
        Ok(Some(Source::Value(text))) => state.view_token(text),
    };
    let Ok(view) = inside else {
        return Object::Refused(ErrorCode::RequestObjectMalformed.into());
    };
    let Some(content) = view.content else { return Object::Closed };
    let alg = view.header.get("alg").and_then(serde_json::Value::as_str).unwrap_or_default();
    let rules = request_object::rules(client, state.settings.profile);
    let issuer = &state.settings.issuer;
    let read = request_object::signature_alg(alg, client, rules).and_then(|_| {
        request_object::check_claims(&content.claims, request, client, rules, issuer, now)?;
        request_object::merged(&content.claims, request, rules)
    });
    read.map_or_else(Object::Refused, Object::Read)
}

fn verdict<'a>(
    state: &AppState,
    report: &'a Report,
    situation: Option<&Situation>,
    now: Timestamp,
) -> PlaygroundVerdict<'a> {
    match &report.outcome {
        None => PlaygroundVerdict::Unread,
        Some(Ok(request)) => PlaygroundVerdict::Taken(next(state, request, situation, now)),
        Some(Err(Rejection::Page(error))) => PlaygroundVerdict::OnPage(refusal(state, error)),
        Some(Err(Rejection::Redirect { error, .. })) => {
            PlaygroundVerdict::ToClient(refusal(state, error))
        }
    }
}

/// What the person who looks at the page would see next.
fn next(
    state: &AppState,
    request: &AuthorizationRequest,
    situation: Option<&Situation>,
    now: Timestamp,
) -> Message {
    let step = situation.map(|found| found.next(state, request, &Progress::default(), now));
    match step {
        None | Some(Step::Login { .. }) => Message::new("playground-next-login"),
        Some(Step::SelectAccount) => Message::new("playground-next-select"),
        Some(Step::StepUp { .. }) => Message::new("playground-next-step-up"),
        Some(Step::Terms) => Message::new("playground-next-terms"),
        Some(Step::Consent { .. }) => Message::new("playground-next-consent"),
        Some(Step::Deny(error)) => {
            Message::new("playground-next-deny").with("error", error.code.wire().as_str())
        }
        Some(Step::Issue) => Message::new("playground-next-issue"),
    }
}

fn row<'a>(state: &AppState, judged: &'a Judged) -> PlaygroundRow<'a> {
    let (mark, word) = match &judged.verdict {
        Verdict::Good => (PlaygroundMark::Good, "playground-verdict-good"),
        Verdict::Note(_) => (PlaygroundMark::Note, "playground-verdict-note"),
        Verdict::Wrong(_) => (PlaygroundMark::Bad, "playground-verdict-wrong"),
        Verdict::Missing(_) => (PlaygroundMark::Bad, "playground-verdict-missing"),
        Verdict::Advised(_) => (PlaygroundMark::Note, "playground-verdict-advised"),
        Verdict::Unknown(_) => (PlaygroundMark::Note, "playground-verdict-ignored"),
        Verdict::Open => (PlaygroundMark::Open, "playground-verdict-open"),
    };
    let said = match &judged.verdict {
        Verdict::Note(message) | Verdict::Advised(message) => Some(message.clone()),
        Verdict::Unknown(Some(meant)) => {
            Some(Message::new("playground-note-meant").with("name", *meant))
        }
        _ => None,
    };
    let refused = match &judged.verdict {
        Verdict::Wrong(error) | Verdict::Missing(error) => Some(refusal(state, error)),
        _ => None,
    };
    PlaygroundRow {
        name: &judged.name,
        value: judged.value.as_deref(),
        meaning: judged.meaning.map(explain::Meaning::message),
        spec: judged.meaning.map(|meaning| spec(meaning.spec)),
        mark,
        verdict: Message::new(word),
        said,
        refusal: refused,
    }
}

/// `POST /playground/check`: a pasted request, or one whose form was posted.
pub async fn post(state: State, http: HttpRequest, form: FormBytes) -> HttpResponse {
    paste(&state, &http, form).await.unwrap_or_else(|error| page_error(&state, &http, &error))
}

async fn paste(
    state: &AppState,
    http: &HttpRequest,
    form: FormBytes,
) -> Result<HttpResponse, OAuthError> {
    open(state)?;
    let bytes = form.0?;
    let (params, _) = Params::salvage(&bytes);
    let pasted = params.get("pg.url").unwrap_or_default();
    let Some(query) = query_of(pasted) else {
        let problem = Some(("url", Message::new("playground-paste-unreadable")));
        let entry = compose::Entry { client_id: "", pasted, problem };
        return compose::start(state, http, &entry).await;
    };
    let to = format!("{}{CHECK}?{query}", state.settings.issuer.path());
    Ok(html::see_other(&to))
}

/// The query in what somebody pasted: of an address, or the query itself. As it can stand in a
/// header: whatever is no letter of an address is written in percent.
fn query_of(pasted: &str) -> Option<String> {
    let text: String = pasted.split_whitespace().collect();
    let (before, after) = text.split_once('?').unwrap_or(("", &text));
    let query = after.split_once('#').map_or(after, |(query, _)| query);
    let is_address = before.is_empty() || before.starts_with('/') || before.contains("://");
    if !is_address || !query.contains('=') {
        return None;
    }
    let mut url = Url::parse("https://localhost/").ok()?;
    url.set_query(Some(query));
    url.query().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pasted_request_is_found_however_it_is_pasted() {
        for (pasted, query) in [
            ("https://id.example/authorize?client_id=a&x=y#z", Some("client_id=a&x=y")),
            ("/authorize?client_id=a", Some("client_id=a")),
            ("client_id=a&scope=b", Some("client_id=a&scope=b")),
            ("  ?client_id=a\n  &scope=b ", Some("client_id=a&scope=b")),
            ("https://id.example/authorize?client_id=é\"<", Some("client_id=%C3%A9%22%3C")),
            ("https://id.example/authorize?client_id=%", Some("client_id=%")),
            ("https://id.example/authorize", None),
            ("Hello?a=b", None),
            ("Hello", None),
            ("", None),
        ] {
            assert_eq!(query_of(pasted).as_deref(), query, "{pasted}");
        }
    }
}
