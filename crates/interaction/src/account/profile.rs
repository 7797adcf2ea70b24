//! `/account/profile`: what a person says about themselves.

use std::collections::BTreeMap;

use actix_web::{HttpRequest, HttpResponse, http::StatusCode};
use serde_json::Value;
use vestibule_model::{
    ErrorCode, Message, OAuthError, Timestamp, UserId,
    audit::AuditEvent,
    user::{Profile, User},
};
use vestibule_pages::{FieldProblem, ProfilePage};
use vestibule_policy::{params::Params, profile};
use vestibule_text::Lang;
use vestibule_web::{
    AppState, FormParams, QueryParams, State,
    browser::SignedIn,
    cookies, language, page_error,
    profile::{opened, opened_by, sealed},
    visitor::{Visitor, visitor},
};

use super::{done, event, frame, stranger, told};
use crate::sign_in::finish::add_cookie;

/// This page.
const PATH: &str = "/account/profile";

/// `GET /account/profile`.
pub async fn get(state: State, http: HttpRequest, query: QueryParams) -> HttpResponse {
    show(&state, &http, query.0).await.unwrap_or_else(|error| page_error(&state, &http, &error))
}

async fn show(
    state: &AppState,
    http: &HttpRequest,
    query: Result<Params, OAuthError>,
) -> Result<HttpResponse, OAuthError> {
    let query = query?;
    let Visitor { mut who, .. } = match visitor(state, http, state.now()).await? {
        Ok(found) => found,
        Err(elsewhere) => return Ok(elsewhere),
    };
    who.user = opened(state, who.user).await?;
    let form = Form {
        done: told(&query, &[("saved", "profile-saved")]),
        language: who.user.language.as_deref().and_then(Lang::parse),
        values: claims(&who.user.profile)?,
        problems: Vec::new(),
    };
    form.render(state, http, &who, StatusCode::OK)
}

/// The claims of a profile as the form has them: texts by name, the members of the address among
/// them.
pub(super) fn claims(profile: &Profile) -> Result<BTreeMap<String, String>, OAuthError> {
    let fault = |fault: serde_json::Error| {
        OAuthError::new(ErrorCode::Internal).because(format!("a profile: {fault}"))
    };
    let mut texts = BTreeMap::new();
    if let Value::Object(all) = serde_json::to_value(profile).map_err(fault)? {
        let (address, plain): (Vec<_>, Vec<_>) =
            all.into_iter().partition(|(_, value)| value.is_object());
        let members = address.into_iter().filter_map(|(_, value)| match value {
            Value::Object(members) => Some(members),
            _ => None,
        });
        for (name, value) in plain.into_iter().chain(members.flatten()) {
            if let Value::String(text) = value {
                texts.insert(name, text);
            }
        }
    }
    Ok(texts)
}

/// The page's own values.
struct Form {
    done: Option<Message>,
    language: Option<Lang>,
    values: BTreeMap<String, String>,
    problems: Vec<(&'static str, Message)>,
}

impl Form {
    fn render(
        &self,
        state: &AppState,
        http: &HttpRequest,
        who: &SignedIn,
        status: StatusCode,
    ) -> Result<HttpResponse, OAuthError> {
        let frame = frame(state, http, who);
        let problems = self.problems.iter().map(|(field, message)| FieldProblem { field, message });
        let view = ProfilePage {
            shell: frame.shell(),
            section: "profile",
            csrf_token: &frame.csrf_token,
            done: self.done.as_ref(),
            username: &who.user.username,
            language: self.language,
            values: self.values.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect(),
            problems: problems.collect(),
        };
        frame.page(status, &view)
    }
}

/// `POST /account/profile`.
pub async fn post(state: State, http: HttpRequest, form: FormParams) -> HttpResponse {
    take(&state, &http, form.0).await.unwrap_or_else(|error| page_error(&state, &http, &error))
}

async fn take(
    state: &State,
    http: &HttpRequest,
    form: Result<Params, OAuthError>,
) -> Result<HttpResponse, OAuthError> {
    let now = state.now();
    let params = form?;
    let Visitor { who, .. } = match visitor(state, http, now).await? {
        Ok(found) => found,
        Err(elsewhere) => return Ok(elsewhere),
    };
    if let Some(stale) = stranger(state, http, &params, &who, PATH) {
        return Ok(stale);
    }
    let language = params.get("language").and_then(Lang::parse);
    let read = profile::read(&|name| params.get(name).map(str::to_owned), now);
    let new = match read {
        Ok(new) => new,
        Err(problems) => {
            let typed = params.iter().map(|(name, text)| (name.to_owned(), text.to_owned()));
            let values = typed.collect();
            let form = Form { done: None, language, values, problems };
            return form.render(state, http, &who, StatusCode::UNPROCESSABLE_ENTITY);
        }
    };
    let line = event(http, "profile.changed", &who.user, now);
    save(state, who.user.id, Wish { profile: new, language }, line, now).await?;
    let mut response = done(state, PATH, "saved");
    // A choice made with the language links would win over this one, which is newer.
    let cookie = match language {
        Some(lang) => language::chosen(lang, now),
        None => cookies::clear(language::COOKIE),
    };
    add_cookie(&mut response, &cookie)?;
    Ok(response)
}

/// What the person wants to be stored.
#[derive(Clone)]
struct Wish {
    profile: Profile,
    language: Option<Lang>,
}

impl Wish {
    /// The person as they will be, with the names of what changes.
    fn carried_out(self, old: &User) -> Result<(User, Vec<String>), OAuthError> {
        let new = User {
            profile: profile::merge(&old.profile, self.profile),
            language: self.language.map(|lang| lang.tag().to_owned()),
            ..old.clone()
        };
        let (before, after) = (claims(&old.profile)?, claims(&new.profile)?);
        let names = before.keys().chain(after.keys().filter(|name| !before.contains_key(*name)));
        let mut changed: Vec<String> =
            names.filter(|name| before.get(*name) != after.get(*name)).cloned().collect();
        if old.language != new.language {
            changed.push("language".to_owned());
        }
        Ok((new, changed))
    }
}

/// Reads and writes in one transaction, so that two forms do not undo each other.
async fn save(
    state: &State,
    id: UserId,
    wish: Wish,
    line: AuditEvent,
    now: Timestamp,
) -> Result<(), OAuthError> {
    let shared = State::clone(state);
    state
        .write(move |conn| {
            vestibule_storage::user::hold(conn, &id)?;
            let found = vestibule_storage::user::find(conn, &id)?;
            let gone = || OAuthError::new(ErrorCode::Internal).because("the account is gone");
            let old = opened_by(conn, &shared.sealer, found.ok_or_else(gone)?)?;
            let (mut new, changed) = wish.carried_out(&old)?;
            if changed.is_empty() {
                return Ok(());
            }
            new.updated_at = now;
            vestibule_storage::user::save(conn, &sealed(&shared, new)?)?;
            let line = line.detail(format!("fields {}", changed.join(" ")));
            Ok(vestibule_storage::audit::insert(conn, &line)?)
        })
        .await
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn person(profile: Profile) -> User {
        let user = User::new(UserId::new("u"), "ana", "ana@x.example", "", Timestamp(1));
        User { profile, ..user }
    }

    fn changed(old: &Profile, new: Profile, language: Option<Lang>) -> (User, Vec<String>) {
        let wish = Wish { profile: new, language };
        wish.carried_out(&person(old.clone())).expect("a profile that is JSON")
    }

    #[test]
    fn only_what_changes_is_named() {
        let old = Profile {
            name: Some("Ana".to_owned()),
            nickname: Some("A".to_owned()),
            address: Some(json!({ "country": "PT", "locality": "Lisboa" })),
            ..Profile::default()
        };
        assert_eq!(changed(&old, old.clone(), None).1, Vec::<String>::new());
        let new = Profile {
            name: Some("Ana Lima".to_owned()),
            birthdate: Some("1984".to_owned()),
            address: Some(json!({ "country": "PT", "region": "Lisboa" })),
            ..Profile::default()
        };
        let (_, names) = changed(&old, new, Some(Lang::De));
        assert_eq!(names, ["locality", "name", "nickname", "birthdate", "region", "language"]);
    }

    #[test]
    fn another_number_is_no_longer_proved() {
        let old = Profile {
            phone_number: Some("+351210000000".to_owned()),
            phone_number_verified: Some(true),
            ..Profile::default()
        };
        let with =
            |number: &str| Profile { phone_number: Some(number.to_owned()), ..Profile::default() };
        let verified =
            |number: &str| changed(&old, with(number), None).0.profile.phone_number_verified;
        assert_eq!(verified("+351210000000"), Some(true));
        assert_eq!(verified("+351210000001"), Some(false));
    }
}
