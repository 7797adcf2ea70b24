//! `/playground/token`: takes tokens apart and checks them as a receiver would. They come by POST
//! only, so that no address ever holds one, and nothing keeps them.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode};
use serde_json::{Map, Value};
use vestibule_model::{ErrorCode, Message, OAuthError, Timestamp};
use vestibule_pages::{
    PlaygroundFinding, PlaygroundMark, PlaygroundMember, PlaygroundToken, PlaygroundTokens,
};
use vestibule_policy::{
    explain::{self, CLAIMS, Given, HEADER, Kind, Mark, Meaning, Sent, Signature},
    params::Params,
};
use vestibule_web::{
    AppState, State,
    form::FormBytes,
    html::FormFrame,
    page_error,
    token_view::{self, Content, TokenView},
};

use super::{mark, memory, open, spec};

/// `GET /playground/token`: the empty form. Whatever the query says is not looked at.
pub async fn get(state: State, http: HttpRequest) -> HttpResponse {
    let page = open(&state).and_then(|()| render(&state, &http, &Params::default(), Vec::new()));
    page.unwrap_or_else(|error| page_error(&state, &http, &error))
}

/// `POST /playground/token`.
pub async fn post(state: State, http: HttpRequest, form: FormBytes) -> HttpResponse {
    let shown = show(&state, &http, form).await;
    shown.unwrap_or_else(|error| page_error(&state, &http, &error))
}

async fn show(
    state: &AppState,
    http: &HttpRequest,
    form: FormBytes,
) -> Result<HttpResponse, OAuthError> {
    open(state)?;
    let now = state.now();
    let bytes = form.0?;
    let (params, fault) = Params::salvage(&bytes);
    match fault {
        Some(fault) if fault.code == ErrorCode::ParameterTooLong => {
            let long = broken("", Message::new("playground-token-too-long"));
            return render(state, http, &params, vec![long]);
        }
        Some(fault) => return Err(fault),
        None => {}
    }
    // Whoever exchanged a code here need not type what the request was.
    let sent = memory::recall(state, http, now).await;
    let sent = sent.filter(|sent| params.get("client_id") == Some(sent.client_id.as_str()));
    let company = Company::of(&params, sent.as_ref());
    let mut texts: Vec<&str> = Vec::new();
    for name in ["token", "id_token", "access_token"] {
        let text = params.get(name).map(str::trim).unwrap_or_default();
        if !text.is_empty() && !texts.contains(&text) {
            texts.push(text);
        }
    }
    let tokens = texts.into_iter().map(|text| token(state, text, &company, now)).collect();
    render(state, http, &params, tokens)
}

fn render(
    state: &AppState,
    http: &HttpRequest,
    params: &Params,
    tokens: Vec<PlaygroundToken<'_>>,
) -> Result<HttpResponse, OAuthError> {
    let frame = FormFrame::new(state, http);
    let text = |name: &str| params.get(name).unwrap_or_default();
    let view = PlaygroundTokens {
        shell: frame.shell(),
        csrf_token: &frame.csrf_token,
        token: if text("token").is_empty() { text("id_token") } else { text("token") },
        access_token: text("access_token"),
        code: text("code"),
        nonce: text("nonce"),
        client_id: text("client_id"),
        tokens,
    };
    frame.page(StatusCode::OK, &view)
}

/// What a token came with.
struct Company<'a> {
    client_id: Option<&'a str>,
    nonce: Option<&'a str>,
    access_token: Option<&'a str>,
    code: Option<&'a str>,
}

impl<'a> Company<'a> {
    fn of(params: &'a Params, sent: Option<&'a Sent>) -> Self {
        Self {
            client_id: params.get("client_id").or(sent.map(|sent| sent.client_id.as_str())),
            nonce: params.get("nonce").or(sent.and_then(|sent| sent.nonce.as_deref())),
            access_token: params.get("access_token").map(str::trim),
            code: params.get("code"),
        }
    }
}

/// The tokens of an answer (OIDC Core §3.2.2.5, §3.3.2.5), taken apart.
pub(super) fn in_answer<'a>(
    state: &AppState,
    answer: &'a Params,
    sent: Option<&Sent>,
    now: Timestamp,
) -> Vec<PlaygroundToken<'a>> {
    let company = Company {
        client_id: sent.map(|sent| sent.client_id.as_str()),
        nonce: sent.and_then(|sent| sent.nonce.as_deref()),
        access_token: answer.get("access_token"),
        code: answer.get("code"),
    };
    let there = ["id_token", "access_token"].into_iter().filter_map(|name| answer.get(name));
    there.map(|text| token(state, text, &company, now)).collect()
}

fn token<'a>(
    state: &AppState,
    raw: &'a str,
    company: &Company<'_>,
    now: Timestamp,
) -> PlaygroundToken<'a> {
    let view = match state.view_token(raw) {
        Ok(view) => view,
        Err(problem) => return broken(raw, problem),
    };
    let header = members(&view.header, HEADER, now);
    let Some(content) = &view.content else {
        return PlaygroundToken {
            kind: Message::new("playground-kind-encrypted"),
            header,
            mark: PlaygroundMark::Open,
            verdict: Message::new("playground-token-encrypted"),
            ..empty(raw)
        };
    };
    let alg = view.header.get("alg").and_then(Value::as_str).unwrap_or_default();
    let hash = |value: Option<&str>| value.and_then(|value| token_view::hash_claim(alg, value));
    let (at_hash, c_hash) = (hash(company.access_token), hash(company.code));
    let given = Given {
        issuer: &state.settings.issuer,
        client_id: company.client_id,
        nonce: company.nonce,
        at_hash: at_hash.as_deref(),
        c_hash: c_hash.as_deref(),
        now,
    };
    let found = explain::findings(content.kind, &content.claims, content.signature, &given);
    let (mark_of_all, verdict) = verdict(content, found.iter().any(|one| one.mark == Mark::Bad));
    PlaygroundToken {
        kind: Message::new(kind(content.kind)),
        header,
        claims: members(&content.claims, CLAIMS, now),
        json: json(&view, content),
        key: content.key.as_ref().map(|key| (key.kid.clone(), key.alg.as_str())),
        mark: mark_of_all,
        verdict: Message::new(verdict),
        findings: found
            .into_iter()
            .map(|one| PlaygroundFinding {
                mark: mark(one.mark),
                message: one.message,
                spec: spec(one.spec),
            })
            .collect(),
        ..empty(raw)
    }
}

fn empty(raw: &str) -> PlaygroundToken<'_> {
    PlaygroundToken {
        kind: Message::new("playground-kind-unknown"),
        problem: None,
        raw,
        header: Vec::new(),
        claims: Vec::new(),
        json: String::new(),
        key: None,
        mark: PlaygroundMark::Open,
        verdict: Message::new("playground-token-open"),
        findings: Vec::new(),
    }
}

fn broken(raw: &str, problem: Message) -> PlaygroundToken<'_> {
    PlaygroundToken { problem: Some(problem), mark: PlaygroundMark::Note, ..empty(raw) }
}

fn verdict(content: &Content, is_bad: bool) -> (PlaygroundMark, &'static str) {
    match content.signature {
        _ if is_bad => (PlaygroundMark::Bad, "playground-token-bad"),
        Signature::Good | Signature::Retired => (PlaygroundMark::Good, "playground-token-good"),
        _ => (PlaygroundMark::Open, "playground-token-open"),
    }
}

const fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::AccessToken => "playground-kind-access",
        Kind::IdToken => "playground-kind-id",
        Kind::LogoutToken => "playground-kind-logout",
        Kind::Other => "playground-kind-other",
    }
}

fn json(view: &TokenView, content: &Content) -> String {
    let whole = serde_json::json!({ "header": view.header, "payload": content.claims });
    serde_json::to_string_pretty(&whole).unwrap_or_default()
}

/// The members, those that are known first.
fn members(
    all: &Map<String, Value>,
    table: &'static [Meaning],
    now: Timestamp,
) -> Vec<PlaygroundMember> {
    let mut members: Vec<_> = all.iter().collect();
    let place = |name: &str| table.iter().position(|row| row.name == name).unwrap_or(table.len());
    members.sort_by_key(|(name, _)| place(name));
    let member = |(name, value): (&String, &Value)| {
        let meaning = explain::meaning(table, name);
        let at = value.as_i64().filter(|_| explain::is_time(name)).filter(|at| is_sane(*at));
        PlaygroundMember {
            name: name.clone(),
            value: value.as_str().map_or_else(|| value.to_string(), str::to_owned),
            meaning: meaning.map(Meaning::message),
            spec: meaning.map(|meaning| spec(meaning.spec)),
            at: at.map(|at| (Timestamp(at), now.since(Timestamp(at)))),
        }
    };
    members.into_iter().map(member).collect()
}

/// Whether calendars reach there: from 1970 to the year 9999.
const fn is_sane(at: i64) -> bool {
    0 <= at && at < 253_402_300_800
}
