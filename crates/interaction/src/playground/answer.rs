//! `/playground/callback`: the answer to a request. Clients register it as a redirect URI.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{CONTENT_SECURITY_POLICY, HeaderValue},
    },
};
use vestibule_model::{
    ErrorCode, Message, OAuthError,
    client::{AuthMethod, Client},
};
use vestibule_pages::{PlaygroundAnswer, PlaygroundExchange, PlaygroundMark, PlaygroundRow};
use vestibule_policy::{
    explain::{self, ANSWER, Sent},
    params::Params,
};
use vestibule_web::{AppState, State, form::FormBytes, html::FormFrame, page_error};

use super::{client, mark, memory, open, snippets, spec, token};

/// As [`vestibule_web::headers::PAGE_POLICY`]; and the script may ask our own token endpoint.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; \
     connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// `GET /playground/callback`: an answer in the query; or none yet, or one in the fragment, which
/// the script hands over.
pub async fn get(state: State, http: HttpRequest) -> HttpResponse {
    let (params, _) = Params::salvage(http.query_string().as_bytes());
    let shown = show(&state, &http, &params, None).await;
    shown.unwrap_or_else(|error| page_error(&state, &http, &error))
}

/// `POST /playground/callback`: an answer by Form Post Response Mode, or one that was pasted.
/// Nothing is changed by it, so it needs no CSRF token, which the former could not have.
pub async fn post(state: State, http: HttpRequest, form: FormBytes) -> HttpResponse {
    let shown = read(&state, &http, form).await;
    shown.unwrap_or_else(|error| page_error(&state, &http, &error))
}

async fn read(
    state: &AppState,
    http: &HttpRequest,
    form: FormBytes,
) -> Result<HttpResponse, OAuthError> {
    open(state)?;
    let bytes = form.0?;
    let (form, _) = Params::salvage(&bytes);
    let Some(pasted) = form.get("pg.answer") else {
        return show(state, http, &form, Some("")).await;
    };
    let (answer, _) = Params::salvage(parameters(pasted.trim()).as_bytes());
    show(state, http, &answer, Some(pasted)).await
}

fn known(name: &str) -> bool {
    explain::meaning(ANSWER, name).is_some()
}

/// The part of an address that holds an answer: the fragment, else the query, else all of it.
fn parameters(pasted: &str) -> &str {
    let (before, fragment) = pasted.split_once('#').unwrap_or((pasted, ""));
    if fragment.contains('=') {
        return fragment;
    }
    before.split_once('?').map_or(before, |(_, query)| query)
}

/// `pasted` is there when the answer came by a form.
async fn show(
    state: &AppState,
    http: &HttpRequest,
    params: &Params,
    pasted: Option<&str>,
) -> Result<HttpResponse, OAuthError> {
    open(state)?;
    let now = state.now();
    let sent = memory::recall(state, http, now).await;
    let is_answer = params.iter().any(|(name, _)| known(name));
    let rows = if is_answer { rows(state, params, sent.as_ref()) } else { Vec::new() };
    let error = params.get("error");
    let code = params.get("code").filter(|_| error.is_none());
    let found = match &sent {
        Some(sent) if code.is_some() => client(state, &sent.client_id).await?,
        _ => None,
    };
    let exchange = code.map(|code| Exchange::of(state, code, sent.as_ref(), found.as_ref()));
    let tokens = token::in_answer(state, params, sent.as_ref(), now);
    let unreadable = Message::new("playground-paste-unreadable");
    let problem = (pasted.is_some() && !is_answer).then_some(&unreadable);
    let frame = FormFrame::new(state, http);
    let view = PlaygroundAnswer {
        shell: frame.shell(),
        csrf_token: &frame.csrf_token,
        rows,
        refusal: error.and(params.get("error_uri")).and_then(refusal),
        error,
        exchange: exchange.as_ref().map(Exchange::view),
        tokens,
        remembered: sent.is_some(),
        problem,
        pasted: pasted.unwrap_or_default(),
    };
    let status = if problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let mut response = frame.page(status, &view)?;
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    Ok(response)
}

/// The refusal that an `error_uri` of ours explains.
fn refusal(uri: &str) -> Option<ErrorCode> {
    ErrorCode::from_id(uri.rsplit('/').next()?)
}

/// Every parameter that is there, and those that should be.
fn rows<'a>(state: &AppState, params: &'a Params, sent: Option<&Sent>) -> Vec<PlaygroundRow<'a>> {
    let issuer = &state.settings.issuer;
    let of_ours = ANSWER.iter().filter_map(|meaning| {
        let value = params.get(meaning.name);
        let compared = explain::compared(meaning.name, value, sent, issuer);
        if value.is_none() && compared.is_none() {
            return None;
        }
        let (fares, said) = compared.unzip();
        let fares = fares.map_or(PlaygroundMark::Good, mark);
        let verdict = match value {
            None => "playground-verdict-missing",
            Some(_) if meaning.name == "error" => "playground-verdict-wrong",
            Some(_) => fares.word(),
        };
        Some(PlaygroundRow {
            name: meaning.name,
            value,
            meaning: Some(meaning.message()),
            spec: Some(spec(meaning.spec)),
            mark: fares,
            verdict: Message::new(verdict),
            said,
            refusal: None,
        })
    });
    let others =
        params.iter().filter(|(name, _)| !known(name)).map(|(name, value)| PlaygroundRow {
            name,
            value: Some(value),
            meaning: None,
            spec: None,
            mark: PlaygroundMark::Note,
            verdict: Message::new("playground-verdict-ignored"),
            said: None,
            refusal: None,
        });
    of_ours.chain(others).collect()
}

/// What a code is exchanged with (RFC 6749 §4.1.3).
struct Exchange<'a> {
    code: &'a str,
    client_id: &'a str,
    redirect_uri: &'a str,
    verifier: &'a str,
    method: AuthMethod,
    curl: String,
}

impl<'a> Exchange<'a> {
    fn of(
        state: &AppState,
        code: &'a str,
        sent: Option<&'a Sent>,
        client: Option<&Client>,
    ) -> Self {
        let client_id = sent.map_or("", |sent| &sent.client_id);
        let redirect_uri = sent.map_or("", |sent| &sent.redirect_uri);
        let verifier = sent.and_then(|sent| sent.verifier.as_deref()).unwrap_or_default();
        let method = client.map(|client| client.metadata.token_endpoint_auth_method);
        let method = method.unwrap_or_default();
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect_uri),
            ("code_verifier", verifier),
            ("client_id", client_id),
        ];
        let curl = snippets::exchange(state, method, &fields);
        Self { code, client_id, redirect_uri, verifier, method, curl }
    }

    fn view(&self) -> PlaygroundExchange<'_> {
        PlaygroundExchange {
            code: self.code,
            redirect_uri: self.redirect_uri,
            client_id: self.client_id,
            verifier: self.verifier,
            method: self.method.as_str(),
            curl: &self.curl,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_found_in_the_fragment_before_the_query() {
        for (pasted, found) in [
            ("https://app.example/cb?code=1&state=2", "code=1&state=2"),
            ("https://app.example/cb?x=y#code=1&state=2", "code=1&state=2"),
            ("https://app.example/cb?code=1#top", "code=1"),
            ("code=1&state=2", "code=1&state=2"),
            ("", ""),
        ] {
            assert_eq!(parameters(pasted), found, "{pasted}");
        }
    }

    #[test]
    fn an_error_uri_of_ours_leads_to_its_refusal() {
        let code = refusal("https://id.example/errors/VST-0218");
        assert_eq!(code, Some(ErrorCode::AccessDenied));
        for uri in ["", "/", "https://evil.example/errors", "VST-9999"] {
            assert_eq!(refusal(uri), None, "{uri}");
        }
    }
}
