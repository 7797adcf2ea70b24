//! `/playground`: composes an authorization request.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode};
use vestibule_model::{
    ClientId, Message, OAuthError, client::Client, entropy::random_id, interaction::Display,
    scope::OPENID, settings::Settings,
};
use vestibule_pages::{Playground, PlaygroundChoice, PlaygroundField, PlaygroundRequest};
use vestibule_policy::{
    authorize,
    explain::{self, REQUEST},
    params::Params,
};
use vestibule_web::{AppState, State, html::FormFrame, page_error};

use super::{OWN, callback, client, memory, open};

/// The clients that are listed in development.
const SHOWN: usize = 24;
/// Scopes that are ticked beforehand.
const TICKED: [&str; 3] = [OPENID, "profile", "email"];
/// Parameters with a field for typing, beside `state` and `nonce`.
const TYPED: [&str; 4] = ["max_age", "login_hint", "acr_values", "ui_locales"];
/// Parameters with another kind of field.
const FIELDS: [&str; 11] = [
    "client_id",
    "redirect_uri",
    "response_type",
    "response_mode",
    "scope",
    "state",
    "nonce",
    "code_challenge",
    "code_challenge_method",
    "prompt",
    "display",
];

/// `GET /playground`.
pub async fn get(state: State, http: HttpRequest) -> HttpResponse {
    show(&state, &http).await.unwrap_or_else(|error| page_error(&state, &http, &error))
}

async fn show(state: &AppState, http: &HttpRequest) -> Result<HttpResponse, OAuthError> {
    open(state)?;
    // What cannot be read of a request is shown on the page that checks it.
    let (params, _) = Params::salvage(http.query_string().as_bytes());
    let typed = params.get("client_id").map(str::trim).unwrap_or_default();
    if typed.is_empty() {
        return start(state, http, &Entry::default()).await;
    }
    let Some(client) = client(state, typed).await? else {
        let problem = Message::new("playground-client-unknown");
        let entry = Entry { client_id: typed, pasted: "", problem: Some(("client_id", problem)) };
        return start(state, http, &entry).await;
    };
    let (sealed_verifier, challenge) = memory::fresh_verifier(state)?;
    let draft = Draft::of(state, &client, &folded(&params).0);
    let request = draft.view(&client, &challenge, &sealed_verifier);
    let frame = FormFrame::new(state, http);
    let view = Playground {
        shell: frame.shell(),
        csrf_token: &frame.csrf_token,
        callback: &callback(state),
        client_id: client.id.as_str(),
        known: Vec::new(),
        problem: None,
        pasted: "",
        request: Some(request),
    };
    frame.page(StatusCode::OK, &view)
}

/// What was typed on the first page, and what is wrong with it.
#[derive(Default)]
pub(super) struct Entry<'a> {
    pub(super) client_id: &'a str,
    pub(super) pasted: &'a str,
    pub(super) problem: Option<(&'static str, Message)>,
}

/// The first page.
pub(super) async fn start(
    state: &AppState,
    http: &HttpRequest,
    entry: &Entry<'_>,
) -> Result<HttpResponse, OAuthError> {
    let known = known(state).await?;
    let frame = FormFrame::new(state, http);
    let view = Playground {
        shell: frame.shell(),
        csrf_token: &frame.csrf_token,
        callback: &callback(state),
        client_id: entry.client_id,
        known: known.iter().map(|(id, name)| (id.as_str(), name.as_str())).collect(),
        problem: entry.problem.as_ref().map(|(field, message)| (*field, message)),
        pasted: entry.pasted,
        request: None,
    };
    let wrong = entry.problem.is_some();
    frame.page(if wrong { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK }, &view)
}

/// Ids and names of clients to choose from: nobody's business but in development.
async fn known(state: &AppState) -> Result<Vec<(ClientId, String)>, OAuthError> {
    if !state.settings.development {
        return Ok(Vec::new());
    }
    let clients = state.read(|conn| Ok(vestibule_storage::client::list(conn)?)).await?;
    let usable = clients
        .into_iter()
        .filter(|client| client.disabled_at.is_none() && !client.metadata.redirect_uris.is_empty());
    let named = usable.map(|client| {
        let name = client.display_name().to_owned();
        (client.id, name)
    });
    Ok(named.take(SHOWN).collect())
}

/// The request that a form of ours stands for, and the sealed verifier beside it. Parameters of a
/// request that came otherwise are taken as they are.
pub(super) fn folded(params: &Params) -> (Params, Option<String>) {
    let is_form = params.get("pg.form").is_some();
    let pkce = !is_form || params.get("pg.pkce").is_some();
    let plain =
        |name: &str| !name.starts_with(OWN) && (pkce || !name.starts_with("code_challenge"));
    let mut pairs: Vec<(String, String)> = params
        .iter()
        .filter(|(name, _)| plain(name))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    for (name, more) in [("scope", params.get("pg.scope")), ("prompt", None)] {
        let prefix = format!("{OWN}{name}.");
        let ticked = params.iter().filter_map(|(field, _)| field.strip_prefix(prefix.as_str()));
        let words: Vec<&str> = ticked.chain(more.map(str::trim)).collect();
        if !words.is_empty() && params.get(name).is_none() {
            pairs.push((name.to_owned(), words.join(" ")));
        }
    }
    let lines = params.get("pg.more").unwrap_or_default().lines().filter_map(|line| {
        let (name, value) = line.split_once('=')?;
        Some((name.trim().to_owned(), value.trim().to_owned()))
    });
    for (name, value) in lines.filter(|(name, _)| !name.is_empty() && !name.starts_with(OWN)) {
        // A parameter comes once: what was typed last is meant.
        pairs.retain(|(known, _)| *known != name);
        pairs.push((name, value));
    }
    let place =
        |name: &str| REQUEST.iter().position(|row| row.name == name).unwrap_or(REQUEST.len());
    pairs.sort_by_key(|(name, _)| place(name));
    // What is too long for a parameter was refused when the form was read.
    let request = Params::from_pairs(pairs).unwrap_or_default();
    (request, params.get("pg.verifier").map(str::to_owned))
}

/// The values of the form: what was given, or else a request that works.
struct Draft {
    answers_here: bool,
    given: bool,
    redirect_uris: Vec<(String, bool)>,
    response_types: Vec<(String, bool)>,
    response_modes: Vec<(String, bool)>,
    scopes: Vec<(String, bool)>,
    more_scope: String,
    prompts: Vec<(String, bool)>,
    displays: Vec<(String, bool)>,
    typed: Vec<(&'static str, String)>,
    pkce: bool,
    claims: String,
    more: String,
}

impl Draft {
    fn of(state: &AppState, client: &Client, request: &Params) -> Self {
        let here = callback(state);
        let given = request.iter().any(|(name, _)| name != "client_id");
        let answers_here = client.metadata.redirect_uris.contains(&here);
        let redirect = request.get("redirect_uri").or(answers_here.then_some(here.as_str()));
        let registered = client.metadata.redirect_uris.iter().map(String::as_str);
        let words = |name: &str| -> Vec<String> {
            let words = request.get(name).unwrap_or_default().split(' ');
            words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
        };
        let asked = words("scope");
        let ticked = |name: &str| {
            if given { asked.iter().any(|word| word == name) } else { TICKED.contains(&name) }
        };
        let scope = &client.metadata.scope;
        let more_scope: Vec<_> =
            asked.iter().filter(|word| !scope.contains(word)).cloned().collect();
        let prompted = words("prompt");
        let prompts = authorize::prompts(&state.settings).into_iter();
        let prompts = prompts.map(|prompt| prompt.as_str().to_owned());
        let fresh = |name: &str| match request.get(name) {
            Some(value) => value.to_owned(),
            None if given => String::new(),
            None => random_id(state.entropy.as_ref()),
        };
        let typed = |name: &&'static str| (*name, request.get(name).unwrap_or_default().to_owned());
        Self {
            answers_here,
            given,
            redirect_uris: choices(registered, redirect),
            response_types: choices(usable(client, &state.settings), request.get("response_type")),
            response_modes: choices(
                state.settings.profile.response_modes().iter().map(|mode| mode.as_str()),
                request.get("response_mode"),
            ),
            scopes: scope.iter().map(|name| (name.to_owned(), ticked(name))).collect(),
            more_scope: more_scope.join(" "),
            prompts: prompts.map(|name| (name.clone(), prompted.contains(&name))).collect(),
            displays: choices(
                Display::ALL.iter().map(|display| display.as_str()),
                request.get("display"),
            ),
            typed: [("state", fresh("state")), ("nonce", fresh("nonce"))]
                .into_iter()
                .chain(TYPED.iter().map(typed))
                .collect(),
            pkce: !given || request.get("code_challenge").is_some(),
            claims: request.get("claims").unwrap_or_default().to_owned(),
            more: others(request),
        }
    }

    fn view<'a>(
        &'a self,
        client: &'a Client,
        challenge: &'a str,
        sealed_verifier: &'a str,
    ) -> PlaygroundRequest<'a> {
        let field = |(name, value): &'a (&'static str, String)| PlaygroundField {
            name,
            value,
            meaning: explain::meaning(REQUEST, name)
                .map_or(Message::new("playground-no-meaning"), explain::Meaning::message),
        };
        let (binding, person) = self.typed.split_at(2);
        let chosen = |list: &[(String, bool)]| list.iter().any(|(_, chosen)| *chosen);
        let filled = person.iter().any(|(_, value)| !value.is_empty());
        let texts = !self.claims.is_empty() || !self.more.is_empty();
        let unfolded =
            self.given && (filled || texts || chosen(&self.prompts) || chosen(&self.displays));
        PlaygroundRequest {
            client: client.display_name(),
            answers_here: self.answers_here,
            redirect_uris: shown(&self.redirect_uris),
            response_types: shown(&self.response_types),
            response_modes: shown(&self.response_modes),
            scopes: shown(&self.scopes),
            more_scope: &self.more_scope,
            binding: binding.iter().map(field).collect(),
            pkce: self.pkce,
            challenge,
            sealed_verifier,
            prompts: shown(&self.prompts),
            displays: shown(&self.displays),
            person: person.iter().map(field).collect(),
            claims: &self.claims,
            more: &self.more,
            unfolded,
        }
    }
}

fn shown(list: &[(String, bool)]) -> Vec<PlaygroundChoice<'_>> {
    list.iter().map(|(value, chosen)| PlaygroundChoice { value, chosen: *chosen }).collect()
}

/// What can be chosen, and what was given even if it cannot.
fn choices<'a>(known: impl Iterator<Item = &'a str>, given: Option<&str>) -> Vec<(String, bool)> {
    let mut choices: Vec<_> = known.map(|value| (value.to_owned(), given == Some(value))).collect();
    if let Some(given) = given
        && !choices.iter().any(|(_, chosen)| *chosen)
    {
        choices.push((given.to_owned(), true));
    }
    choices
}

/// The response types that profile and client allow.
fn usable<'a>(client: &'a Client, settings: &'a Settings) -> impl Iterator<Item = &'a str> {
    let allowed = |asked: &&vestibule_model::ResponseType| {
        client.may_ask_for(**asked)
            && asked.grant_types().iter().all(|needed| client.may_use(*needed))
    };
    settings.profile.response_types().iter().filter(allowed).map(|asked| asked.as_str())
}

/// The parameters without a field, one a line.
fn others(request: &Params) -> String {
    let fielded = |name: &str| FIELDS.contains(&name) || TYPED.contains(&name) || name == "claims";
    let single = |value: &str| !value.contains(['\n', '\r']);
    let others = request.iter().filter(|(name, value)| !fielded(name) && single(value));
    let lines: Vec<_> = others.map(|(name, value)| format!("{name}={value}")).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(form: &str) -> Vec<(String, String)> {
        let params = Params::parse(form.as_bytes()).unwrap();
        let pairs = folded(&params).0;
        pairs.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    #[test]
    fn a_form_becomes_the_request_it_stands_for() {
        let form = "pg.form=1&client_id=app&pg.scope.openid=1&pg.scope.email=1&pg.scope=x+y\
            &pg.prompt.login=1&pg.pkce=1&code_challenge=c&code_challenge_method=S256\
            &pg.more=claims_locales%3Dde%0D%0Astate%3Dmine&state=theirs&max_age=";
        let expected = [
            ("client_id", "app"),
            ("scope", "openid email x y"),
            ("state", "mine"),
            ("code_challenge", "c"),
            ("code_challenge_method", "S256"),
            ("prompt", "login"),
            ("claims_locales", "de"),
        ];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(request(form), expected);
    }

    #[test]
    fn without_the_tick_there_is_no_challenge() {
        let form = "pg.form=1&client_id=app&code_challenge=c&code_challenge_method=S256";
        assert_eq!(request(form), [("client_id".to_owned(), "app".to_owned())]);
    }

    #[test]
    fn a_request_that_is_no_form_is_left_as_it_is() {
        let query = "client_id=app&scope=openid&code_challenge=c&x=y";
        let found = request(query);
        assert_eq!(found.len(), 4);
        assert!(found.contains(&("code_challenge".to_owned(), "c".to_owned())));
    }

    #[test]
    fn lines_cannot_bring_fields_of_ours() {
        let found =
            request("pg.form=1&client_id=app&pg.more=pg.verifier%3Dx%0A%3Dy%0Anothing%0Aa%3Db");
        let names: Vec<_> = found.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["client_id", "a"]);
    }
}
