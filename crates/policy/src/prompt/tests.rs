//! The truth table of `prompt`, and what must hold whatever the row.

mod worlds;

use vestibule_model::{
    ErrorCode, SessionId, Subject, UserId,
    browser_session::BrowserSession,
    claims::ClaimsRequest,
    client::{AuthMethod, Client},
    grant::Consent,
    interaction::{AuthorizationRequest, Progress, Prompt},
    settings::{MfaRequired, Settings},
    user::User,
};

use super::{LoginReason, Standing, Step, next};
use crate::{
    acr::Level,
    samples::{self, NOW, scope},
};

/// One row's world, starting from: alice signed in 100 s ago and allowed everything before.
struct World {
    request: AuthorizationRequest,
    session: Option<BrowserSession>,
    consent: Option<Consent>,
    progress: Progress,
    client: Client,
    user: User,
    terms_accepted: bool,
    settings: Settings,
}

impl World {
    fn new() -> Self {
        Self {
            request: samples::request(),
            session: Some(samples::session()),
            consent: Some(samples::consent("openid profile")),
            progress: Progress::default(),
            client: samples::client(),
            user: samples::user(),
            terms_accepted: true,
            settings: samples::settings(),
        }
    }

    fn next(&self) -> Step {
        let sub = self.session.as_ref().map(|session| Subject::new(session.user_id.as_str()));
        let standing = Standing {
            subject: sub.as_ref(),
            session: self.session.as_ref(),
            consent: self.consent.as_ref(),
            progress: &self.progress,
            client: &self.client,
            user: Some(&self.user),
            terms_accepted: self.terms_accepted,
        };
        next(&self.request, &standing, &self.settings, NOW)
    }
}

#[expect(clippy::unnecessary_wraps, reason = "a mark is an option")]
fn mine() -> Option<SessionId> {
    Some(samples::session().id)
}

#[expect(clippy::unnecessary_wraps, reason = "a mark is an option")]
fn other() -> Option<SessionId> {
    Some(SessionId::new("another"))
}

/// A step without its particulars.
fn name(step: &Step) -> &'static str {
    match step {
        Step::Login { reason: LoginReason::NoSession } => "login: nobody",
        Step::Login { reason: LoginReason::NewAccount } => "register",
        Step::Login { reason: LoginReason::OtherSubject } => "login: other person",
        Step::Login { reason: LoginReason::PromptLogin } => "login: asked for",
        Step::Login { reason: LoginReason::TooOld } => "login: too old",
        Step::SelectAccount => "select",
        Step::StepUp { level: Level::Password } => "step up to nothing",
        Step::StepUp { level: Level::Mail } => "step up: mail",
        Step::StepUp { level: Level::Mfa } => "step up: mfa",
        Step::StepUp { level: Level::PhishingResistant } => "step up: phr",
        Step::Terms => "terms",
        Step::Consent { .. } => "consent",
        Step::Deny(error) => error.code.id(),
        Step::Issue => "issue",
    }
}

type Row = (&'static str, fn(&mut World), &'static str, &'static str);

/// What is so, and the step without and with `prompt=none`.
const ROWS: &[Row] = &[
    ("all is well", |_| {}, "issue", "issue"),
    ("nobody is signed in", |w| w.session = None, "login: nobody", "VST-0215"),
    ("never consented", |w| w.consent = None, "consent", "VST-0216"),
    (
        "nobody, never consented",
        |w| (w.session, w.consent) = (None, None),
        "login: nobody",
        "VST-0215",
    ),
    ("denied", |w| w.progress.denied = true, "VST-0218", "VST-0218"),
    ("denied, nobody", |w| (w.session, w.progress.denied) = (None, true), "VST-0218", "VST-0218"),
    // More than a password.
    (
        "acr_values asks for more",
        |w| w.request.acr_values = vec![Level::Mfa.acr().to_owned()],
        "step up: mfa",
        "VST-0215",
    ),
    (
        "acr_values asks for less than was proved",
        |w| {
            w.request.acr_values = vec![Level::Mfa.acr().to_owned()];
            Level::PhishingResistant.acr().clone_into(&mut w.session.as_mut().unwrap().acr);
        },
        "issue",
        "issue",
    ),
    (
        "the client needs more, and the session is too old as well",
        |w| {
            w.client.metadata.required_acr = Some(Level::PhishingResistant.acr().to_owned());
            w.request.max_age = Some(1);
        },
        "login: too old",
        "VST-0215",
    ),
    (
        "the rule asks everybody for more, consent is missing too",
        |w| {
            w.settings.mfa.required = MfaRequired::Everyone;
            w.consent = None;
        },
        "step up: mfa",
        "VST-0215",
    ),
    ("new terms", |w| w.terms_accepted = false, "terms", "VST-0224"),
    (
        "new terms, never consented",
        |w| (w.terms_accepted, w.consent) = (false, None),
        "terms",
        "VST-0224",
    ),
    // max_age.
    ("max_age not reached", |w| w.request.max_age = Some(101), "issue", "issue"),
    ("max_age just reached", |w| w.request.max_age = Some(100), "issue", "issue"),
    ("max_age passed", |w| w.request.max_age = Some(99), "login: too old", "VST-0215"),
    ("max_age=0", |w| w.request.max_age = Some(0), "login: asked for", "VST-0215"),
    (
        "max_age=0, signed in this very second",
        |w| {
            w.request.max_age = Some(0);
            w.session.as_mut().unwrap().auth_time = NOW;
        },
        "login: asked for",
        "VST-0215",
    ),
    (
        "max_age=0, signed in here",
        |w| {
            w.request.max_age = Some(0);
            w.progress.signed_in = mine();
        },
        "issue",
        "issue",
    ),
    (
        "max_age passed, signed in here, but long ago",
        |w| {
            w.request.max_age = Some(1);
            w.progress.signed_in = mine();
        },
        "login: too old",
        "VST-0215",
    ),
    (
        "max_age passed, another session signed in here",
        |w| {
            w.request.max_age = Some(1);
            w.progress.signed_in = other();
        },
        "login: too old",
        "VST-0215",
    ),
    // The expected person.
    ("hint fits", |w| w.request.hinted_subject = Some(Subject::new("alice")), "issue", "issue"),
    (
        "hint is of another",
        |w| {
            w.request.hinted_subject = Some(Subject::new("bob"));
        },
        "login: other person",
        "VST-0223",
    ),
    (
        "hint is of another, signed in here",
        |w| {
            w.request.hinted_subject = Some(Subject::new("bob"));
            w.progress.signed_in = mine();
        },
        "login: other person",
        "VST-0223",
    ),
    (
        "hint, nobody",
        |w| {
            w.request.hinted_subject = Some(Subject::new("bob"));
            w.session = None;
        },
        "login: nobody",
        "VST-0215",
    ),
    (
        "the claims name others",
        |w| w.request.claims = wanted_sub(&["bob", "carol"]),
        "login: other person",
        "VST-0223",
    ),
    (
        "the claims name this person among others",
        |w| w.request.claims = wanted_sub(&["bob", "alice"]),
        "issue",
        "issue",
    ),
    // Consent.
    ("new scope", |w| w.request.scope = scope("openid email"), "consent", "VST-0216"),
    ("fewer scopes", |w| w.request.scope = scope("openid"), "issue", "issue"),
    ("no scope, known client", |w| w.request.scope = scope(""), "issue", "issue"),
    (
        "no scope, new client",
        |w| {
            w.request.scope = scope("");
            w.consent = None;
        },
        "consent",
        "VST-0216",
    ),
    (
        "consented here",
        |w| {
            w.request.prompt = vec![Prompt::Consent];
            w.progress.consented = mine();
        },
        "issue",
        "issue",
    ),
    (
        "consented here, and taken back since",
        |w| {
            w.consent = None;
            w.progress.consented = mine();
        },
        "consent",
        "VST-0216",
    ),
    (
        "another session consented here",
        |w| {
            w.consent = None;
            w.progress.consented = other();
        },
        "consent",
        "VST-0216",
    ),
    (
        "the consent of another person",
        |w| {
            w.consent.as_mut().unwrap().user_id = UserId::new("bob");
        },
        "consent",
        "VST-0216",
    ),
    (
        "the consent for another client",
        |w| {
            w.consent.as_mut().unwrap().client_id = vestibule_model::ClientId::new("other");
        },
        "consent",
        "VST-0216",
    ),
    ("a new claim", |w| w.request.claims = email_claim(), "consent", "VST-0216"),
    (
        "a known claim",
        |w| {
            w.request.claims = email_claim();
            w.consent.as_mut().unwrap().claims = vec!["email".to_owned()];
        },
        "issue",
        "issue",
    ),
    // First party.
    (
        "own client",
        |w| {
            w.consent = None;
            w.client.metadata.first_party = true;
        },
        "issue",
        "issue",
    ),
    (
        "own client, setting off",
        |w| {
            w.consent = None;
            w.client.metadata.first_party = true;
            w.settings.skip_first_party_consent = false;
        },
        "consent",
        "VST-0216",
    ),
    (
        "own client wants offline_access",
        |w| {
            w.consent = None;
            w.client.metadata.first_party = true;
            w.request.scope = scope("openid offline_access");
        },
        "consent",
        "VST-0216",
    ),
    (
        "own client on a loopback port",
        |w| {
            w.consent = None;
            w.client.metadata.first_party = true;
            w.request.redirect_uri = "http://127.0.0.1:5000/cb".to_owned();
        },
        "consent",
        "VST-0216",
    ),
    (
        "own client behind a custom scheme",
        |w| {
            w.consent = None;
            w.client.metadata.first_party = true;
            w.request.redirect_uri = "com.example.app:/cb".to_owned();
        },
        "consent",
        "VST-0216",
    ),
    // Apps on a device.
    (
        "public app on a loopback port, remembered",
        |w| {
            w.client.metadata.token_endpoint_auth_method = AuthMethod::None;
            w.request.redirect_uri = "http://127.0.0.1:5000/cb".to_owned();
        },
        "issue",
        "issue",
    ),
    (
        "public app behind a custom scheme, remembered",
        |w| {
            w.client.metadata.token_endpoint_auth_method = AuthMethod::None;
            w.request.redirect_uri = "com.example.app:/cb".to_owned();
        },
        "consent",
        "VST-0216",
    ),
    (
        "app with a key behind a custom scheme, remembered",
        |w| {
            w.client.metadata.token_endpoint_auth_method = AuthMethod::PrivateKeyJwt;
            w.request.redirect_uri = "com.example.app:/cb".to_owned();
        },
        "issue",
        "issue",
    ),
];

fn wanted_sub(values: &[&str]) -> ClaimsRequest {
    let text = serde_json::json!({ "id_token": { "sub": { "values": values } } }).to_string();
    crate::claims::parse_request(&text).expect("a claims request")
}

fn email_claim() -> ClaimsRequest {
    let mut claims = ClaimsRequest::default();
    claims.userinfo.insert("email".to_owned(), None);
    claims
}

#[test]
fn the_table_holds_with_and_without_prompt_none() {
    for (what, arrange, shown, silent) in ROWS {
        let mut world = World::new();
        arrange(&mut world);
        assert_eq!(name(&world.next()), *shown, "{what}");
        world.request.prompt = vec![Prompt::None];
        assert_eq!(name(&world.next()), *silent, "{what}, prompt=none");
    }
}

/// `prompt`, what was done on this request's pages, the step.
#[test]
fn each_prompt_asks_once_and_only_this_session_counts() {
    use Prompt::{Consent, Create, Login, SelectAccount};
    type Marks = (Option<SessionId>, Option<SessionId>, Option<SessionId>);
    let nothing: Marks = (None, None, None);
    let rows: Vec<(&[Prompt], Marks, &str)> = vec![
        (&[Login], nothing.clone(), "login: asked for"),
        (&[Login], (other(), other(), other()), "login: asked for"),
        (&[Login], (None, mine(), mine()), "login: asked for"),
        (&[Login], (mine(), None, None), "issue"),
        (&[SelectAccount], nothing.clone(), "select"),
        (&[SelectAccount], (other(), other(), None), "select"),
        (&[SelectAccount], (None, mine(), None), "issue"),
        (&[SelectAccount], (mine(), None, None), "issue"),
        (&[Consent], nothing.clone(), "consent"),
        (&[Consent], (mine(), mine(), None), "consent"),
        (&[Consent], (None, None, other()), "consent"),
        (&[Consent], (None, None, mine()), "issue"),
        (&[Login, Consent], nothing.clone(), "login: asked for"),
        (&[Login, Consent], (mine(), None, None), "consent"),
        (&[Login, Consent], (mine(), None, mine()), "issue"),
        (&[Login, SelectAccount], (None, mine(), None), "login: asked for"),
        (&[Login, SelectAccount], (mine(), None, None), "issue"),
        (&[SelectAccount, Consent], nothing.clone(), "select"),
        (&[SelectAccount, Consent], (None, mine(), None), "consent"),
        (&[Login, SelectAccount, Consent], (mine(), mine(), mine()), "issue"),
        (&[Create], nothing.clone(), "register"),
        (&[Create], (other(), mine(), mine()), "register"),
        (&[Create], (mine(), None, None), "issue"),
        (&[Create, Consent], (mine(), None, None), "consent"),
        (&[Login, Create], nothing.clone(), "register"),
    ];
    for (prompt, (signed_in, account_chosen, consented), step) in rows {
        let mut world = World::new();
        world.request.prompt = prompt.to_vec();
        world.progress = Progress { signed_in, account_chosen, consented, ..Progress::default() };
        assert_eq!(name(&world.next()), step, "{prompt:?} {:?}", world.progress);
        world.client.metadata.first_party = true;
        let asks = step == "consent";
        assert_eq!(name(&world.next()) == "consent", asks, "own client: {prompt:?}");
    }
}

#[test]
fn nobody_signed_in_makes_an_account_first() {
    let mut world = World::new();
    world.session = None;
    world.request.prompt = vec![Prompt::Create];
    assert_eq!(name(&world.next()), "register");
}

#[test]
fn the_consent_step_tells_new_scopes_from_known_ones() {
    let mut world = World::new();
    world.request.scope = scope("openid email api");
    let step = world.next();
    let (new_scopes, known_scopes) = (scope("api email"), scope("openid"));
    assert_eq!(step, Step::Consent { new_scopes, known_scopes });
}

#[test]
fn prompt_none_maps_each_page_to_its_own_error() {
    let mut world = World::new();
    world.request.prompt = vec![Prompt::None, Prompt::SelectAccount];
    let Step::Deny(error) = world.next() else { panic!("a page under prompt=none") };
    assert_eq!(error.code, ErrorCode::AccountSelectionRequired);
}
