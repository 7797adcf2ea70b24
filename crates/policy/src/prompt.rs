//! What the person has to do before the client gets its answer (OIDC Core §3.1.2.3, §3.1.2.4).
//!
//! Asked once when a request comes in and again after each page, so that there is one place that
//! decides. The answer depends on rows only, never on how the browser got here.

use vestibule_model::{
    ErrorCode, OAuthError, ScopeSet, SessionId, Subject, Timestamp,
    browser_session::BrowserSession,
    client::{AuthMethod, Client},
    grant::Consent,
    interaction::{AuthorizationRequest, Progress, Prompt},
    scope::OFFLINE_ACCESS,
    settings::Settings,
    user::User,
};

use crate::{acr::Level, claims, consent, mfa, redirect_uri};

/// Where the person stands.
#[derive(Clone, Copy, Debug)]
pub struct Standing<'a> {
    /// The browser's session; only one that `session::is_live` accepts.
    pub session: Option<&'a BrowserSession>,
    /// What this person allowed this client before.
    pub consent: Option<&'a Consent>,
    /// What was done on this request's own pages.
    pub progress: &'a Progress,
    /// The client that asks.
    pub client: &'a Client,
    /// The session's owner.
    pub user: Option<&'a User>,
    /// The owner as this client sees them: `sub` (OIDC Core §8).
    pub subject: Option<&'a Subject>,
    /// The owner accepted the terms of service in force, or there are none.
    pub terms_accepted: bool,
}

/// The next thing to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Show the sign-in page.
    Login {
        /// Why, so that the page can say so.
        reason: LoginReason,
    },
    /// Ask which account to use.
    SelectAccount,
    /// Ask the person who is signed in for more than they proved (RFC 9470 §5).
    StepUp {
        /// What has to be reached.
        level: Level,
    },
    /// Show the terms of service in force.
    Terms,
    /// Ask whether the client may.
    Consent {
        /// Asked for the first time.
        new_scopes: ScopeSet,
        /// Allowed before.
        known_scopes: ScopeSet,
    },
    /// Tell the client no.
    Deny(OAuthError),
    /// Give the client its code.
    Issue,
}

/// Why the person has to sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginReason {
    /// Nobody is signed in here.
    NoSession,
    /// The client wants an account to be made (`prompt=create`); whoever has one already signs in.
    NewAccount,
    /// The client wants another person (`id_token_hint`, or `sub` in `claims`).
    OtherSubject,
    /// The client wants the password again (`prompt=login`).
    PromptLogin,
    /// The last sign-in is older than `max_age` allows.
    TooOld,
}

/// Decides the next step. With `prompt=none` every page turns into its error (OIDC Core §3.1.2.6).
#[must_use]
pub fn next(
    request: &AuthorizationRequest,
    standing: &Standing<'_>,
    settings: &Settings,
    now: Timestamp,
) -> Step {
    if standing.progress.denied {
        return Step::Deny(OAuthError::new(ErrorCode::AccessDenied));
    }
    let step = match needs_login(request, standing, now) {
        Err(reason) => Step::Login { reason },
        Ok(session) if needs_account_choice(request, standing, session) => Step::SelectAccount,
        Ok(session) => match missing_level(request, standing, settings, session) {
            Some(level) => Step::StepUp { level },
            None if !standing.terms_accepted => Step::Terms,
            None => consent_step(request, standing, settings, session),
        },
    };
    if request.prompt.contains(&Prompt::None) { silently(step) } else { step }
}

/// `prompt=none` (OIDC Core §3.1.2.1): no page may be shown, so each becomes its error.
fn silently(step: Step) -> Step {
    let code = match step {
        Step::Login { reason: LoginReason::OtherSubject } => ErrorCode::SubjectMismatch,
        Step::Login { .. } | Step::StepUp { .. } => ErrorCode::LoginRequired,
        Step::Terms => ErrorCode::InteractionRequired,
        Step::SelectAccount => ErrorCode::AccountSelectionRequired,
        Step::Consent { .. } => ErrorCode::ConsentRequired,
        Step::Deny(_) | Step::Issue => return step,
    };
    Step::Deny(OAuthError::new(code))
}

/// The session that may go on, or why there must be a new sign-in.
fn needs_login<'a>(
    request: &AuthorizationRequest,
    standing: &Standing<'a>,
    now: Timestamp,
) -> Result<&'a BrowserSession, LoginReason> {
    let here = standing.session.filter(|session| by(standing.progress.signed_in.as_ref(), session));
    if request.prompt.contains(&Prompt::Create) && here.is_none() {
        return Err(LoginReason::NewAccount);
    }
    let session = standing.session.ok_or(LoginReason::NoSession)?;
    if !is_expected(request, standing.subject) {
        return Err(LoginReason::OtherSubject);
    }
    // A sign-in on this request's own page answers prompt=login and max_age=0, which otherwise
    // nobody could ever satisfy; a longer max_age it answers as long as it is young enough.
    let wants_password = request.prompt.contains(&Prompt::Login) || request.max_age == Some(0);
    if wants_password && here.is_none() {
        return Err(LoginReason::PromptLogin);
    }
    let age = now.since(session.auth_time);
    if request.max_age.is_some_and(|allowed| allowed > 0 && age > allowed) {
        return Err(LoginReason::TooOld);
    }
    Ok(session)
}

/// Whether the client would have this person: by `id_token_hint`, and by `sub` in `claims` (OIDC Core
/// §3.1.2.2).
fn is_expected(request: &AuthorizationRequest, subject: Option<&Subject>) -> bool {
    let hinted = request.hinted_subject.as_ref();
    hinted.is_none_or(|hinted| subject == Some(hinted))
        && subject.is_none_or(|subject| claims::fits_subject(&request.claims, subject))
}

fn needs_account_choice(
    request: &AuthorizationRequest,
    standing: &Standing<'_>,
    session: &BrowserSession,
) -> bool {
    request.prompt.contains(&Prompt::SelectAccount)
        && !by(standing.progress.account_chosen.as_ref(), session)
        && !by(standing.progress.signed_in.as_ref(), session)
}

/// The level that the session lacks.
fn missing_level(
    request: &AuthorizationRequest,
    standing: &Standing<'_>,
    settings: &Settings,
    session: &BrowserSession,
) -> Option<Level> {
    let user = standing.user?;
    let required = mfa::required(user, Some((request, standing.client)), &settings.mfa);
    let reached = Level::of_acr(&session.acr).unwrap_or(Level::Password);
    (reached < required).then_some(required)
}

fn by(mark: Option<&SessionId>, session: &BrowserSession) -> bool {
    mark == Some(&session.id)
}

fn consent_step(
    request: &AuthorizationRequest,
    standing: &Standing<'_>,
    settings: &Settings,
    session: &BrowserSession,
) -> Step {
    // A row of another person or client must never count, however it got here.
    let remembered = standing.consent.filter(|consent| {
        consent.user_id == session.user_id && consent.client_id == standing.client.id
    });
    let covers = remembered.is_some_and(|consent| covers(consent, request, standing.client));
    // A yes on this request's own page counts as long as it is remembered: it may have been taken
    // back since.
    if covers && by(standing.progress.consented.as_ref(), session) {
        return Step::Issue;
    }
    let asks_again = request.prompt.contains(&Prompt::Consent);
    let covered = covers && counts_for(request, standing.client);
    if !asks_again && (covered || may_skip(request, standing.client, settings)) {
        return Step::Issue;
    }
    let known = remembered.map(|consent| consent.scope.clone()).unwrap_or_default();
    Step::Consent {
        new_scopes: request.scope.difference(&known),
        known_scopes: request.scope.intersection(&known),
    }
}

fn covers(consent: &Consent, request: &AuthorizationRequest, client: &Client) -> bool {
    consent::granted(request, client, Some(consent)).is_subset(&consent.scope)
        && claims::asked_by_name(&request.claims).iter().all(|name| consent.claims.contains(name))
}

/// RFC 8252 §8.6: any app can claim a custom scheme, so a public client that lives behind one could
/// be anybody, and an earlier yes was perhaps said to another app.
fn counts_for(request: &AuthorizationRequest, client: &Client) -> bool {
    client.metadata.token_endpoint_auth_method != AuthMethod::None
        || !redirect_uri::is_custom_scheme(&request.redirect_uri)
}

/// The operator's own clients need not ask, except for lasting access and for apps on a device,
/// which cannot prove who they are (RFC 8252 §8.6).
fn may_skip(request: &AuthorizationRequest, client: &Client, settings: &Settings) -> bool {
    let uri = &request.redirect_uri;
    client.metadata.first_party
        && settings.skip_first_party_consent
        && !request.scope.contains(OFFLINE_ACCESS)
        && !redirect_uri::is_custom_scheme(uri)
        && !redirect_uri::is_loopback(uri)
}

#[cfg(test)]
mod tests;
