//! `/register`: making an account.
//!
//! Nobody learns here who has an account: a known and an unknown address take the same path, the
//! same work and the same answer, and what differs is in the mail.

mod begin;
pub(crate) mod complete;
pub mod verify;

use actix_web::{HttpRequest, HttpResponse, http::StatusCode};
use vestibule_identity::password::PasswordError;
use vestibule_model::{
    Message, OAuthError, Secret, Timestamp,
    client::Client,
    settings::{Registration, Terms},
    verification::VerificationKind,
};
use vestibule_pages::{FieldProblem, NoticeKind, Register, Shell, TermsBox, Way};
use vestibule_policy::{account, params::Params, password::Person, profile};
use vestibule_web::{
    AppState, FormParams, QueryParams, State, csrf,
    html::{self, FormFrame},
    invitation::Invitation,
    page_error, urls,
};

use crate::{
    new_password,
    notice::{Say, own},
    pending,
    sign_in::Destination,
    verification::{self, Found, onward_fields},
};

/// `GET /register`.
pub async fn get(state: State, http: HttpRequest, query: QueryParams) -> HttpResponse {
    show(&state, &http, query.0).await.unwrap_or_else(|error| page_error(&state, &http, &error))
}

async fn show(
    state: &AppState,
    http: &HttpRequest,
    query: Result<Params, OAuthError>,
) -> Result<HttpResponse, OAuthError> {
    let params = query?;
    match Door::open(state, http, &params, state.now()).await? {
        Ok(door) => {
            let entry = Entry { email: door.address().to_owned(), ..Entry::default() };
            entry.render(state, http, &door, StatusCode::OK)
        }
        Err(elsewhere) => Ok(elsewhere),
    }
}

/// `POST /register`.
pub async fn post(state: State, http: HttpRequest, form: FormParams) -> HttpResponse {
    register(&state, &http, form.0).await.unwrap_or_else(|error| page_error(&state, &http, &error))
}

async fn register(
    state: &AppState,
    http: &HttpRequest,
    form: Result<Params, OAuthError>,
) -> Result<HttpResponse, OAuthError> {
    let now = state.now();
    let params = form?;
    let door = match Door::open(state, http, &params, now).await? {
        Ok(door) => door,
        Err(elsewhere) => return Ok(elsewhere),
    };
    if csrf::check(state, http, &params).is_err() {
        let client = html::name_of_either(state, http, door.client.as_ref());
        return Ok(html::stale(state, http, &client, &door.again(state)));
    }
    let (entry, password) = Entry::read(&params, &door);
    let mut applying = begin::Applying { state, http, door: &door, entry, password, now };
    match applying.entry.check(state, &applying.password, now).await {
        Ok(()) if applying.entry.problems.is_empty() => applying.begin().await,
        Ok(()) => applying.entry.render(state, http, &door, StatusCode::UNPROCESSABLE_ENTITY),
        Err(PasswordError::Busy) => applying.busy(),
        Err(fault) => Err(new_password::fault(&fault)),
    }
}

/// What the page is opened for.
pub(crate) struct Door {
    pub(crate) destination: Destination,
    /// The client that asks.
    client: Option<Client>,
    invited: Option<Invited>,
}

/// An invitation that is still good.
struct Invited {
    secret: Secret,
    /// The verification's name.
    id: String,
    invitation: Invitation,
}

impl Door {
    /// Opens it, or says why it stays shut.
    async fn open(
        state: &AppState,
        http: &HttpRequest,
        params: &Params,
        now: Timestamp,
    ) -> Result<Result<Self, HttpResponse>, OAuthError> {
        let destination = Destination::of(params);
        let registration = state.settings.accounts.registration;
        let shut = |kind| {
            let to = destination.behind(&state.settings.issuer, urls::LOGIN);
            Ok(Err(Say::new(kind, &[(Way::SignIn, to)]).page(state, http)?))
        };
        if registration == Registration::Off {
            return shut(NoticeKind::RegisterOff);
        }
        let invited = match params.get("invite") {
            Some(secret) => match Invited::find(state, Secret::new(secret), now).await? {
                Some(invited) => Some(invited),
                None => return shut(NoticeKind::InviteOver),
            },
            None if registration == Registration::Invite => return shut(NoticeKind::InviteNeeded),
            None => None,
        };
        let client = match destination.request() {
            Some(id) => match pending::read(state, http, Some(id.clone()), now).await? {
                Ok(asked) => Some(asked.situation.client),
                Err(elsewhere) => return Ok(Err(elsewhere)),
            },
            None => None,
        };
        Ok(Ok(Self { destination, client, invited }))
    }

    /// A door for somebody who has to choose another name: without invitation.
    pub(crate) const fn again_for(destination: Destination) -> Self {
        Self { destination, client: None, invited: None }
    }

    /// The address that the invitation fixes.
    fn address(&self) -> &str {
        self.invited.as_ref().map_or("", |invited| &invited.invitation.email)
    }

    /// The form's address, with everything that belongs to it.
    fn again(&self, state: &AppState) -> String {
        let base = self.destination.behind(&state.settings.issuer, urls::REGISTER);
        match &self.invited {
            Some(invited) => format!("{base}&invite={}", invited.secret.expose()),
            None => base,
        }
    }
}

impl Invited {
    async fn find(
        state: &AppState,
        secret: Secret,
        now: Timestamp,
    ) -> Result<Option<Self>, OAuthError> {
        let kinds = &[VerificationKind::Invite];
        let Found::Good(row) = verification::by_link(state, &secret, kinds, now).await? else {
            return Ok(None);
        };
        let sealed = row.sealed_data.as_deref().unwrap_or_default();
        let purpose = vestibule_model::sealed::SealedColumn::Verification.purpose(&row.id);
        let plain = state.open_sealed(&purpose, sealed).await?;
        Ok(Some(Self { secret, id: row.id, invitation: Invitation::read(&plain)? }))
    }
}

/// What was typed, and what is wrong with it.
#[derive(Default)]
pub(crate) struct Entry {
    pub(crate) username: String,
    pub(crate) email: String,
    pub(crate) name: String,
    /// The version of the terms that was accepted.
    pub(crate) terms: Option<String>,
    pub(crate) problems: Vec<(&'static str, Message)>,
}

impl Entry {
    fn read(params: &Params, door: &Door) -> (Self, Secret) {
        let text = |name: &str| params.get(name).unwrap_or_default().trim().to_owned();
        let typed = params.get("password").or_else(|| params.get("new_password"));
        let password = Secret::new(typed.unwrap_or_default());
        let mut entry = Self {
            username: text("username"),
            email: text("email"),
            name: text("name"),
            terms: params.get("terms").map(str::to_owned),
            problems: Vec::new(),
        };
        if door.invited.is_some() {
            door.address().clone_into(&mut entry.email);
        }
        (entry, password)
    }

    /// Every reason at once.
    async fn check(
        &mut self,
        state: &AppState,
        password: &Secret,
        now: Timestamp,
    ) -> Result<(), PasswordError> {
        let name = (!self.name.is_empty()).then_some(self.name.as_str());
        let person = Person { username: &self.username, email: &self.email, name };
        let mut problems = Vec::new();
        problems.extend(account::check_username(&self.username).err().map(|why| ("username", why)));
        problems.extend(account::check_email(&self.email).err().map(|why| ("email", why)));
        let named = name.and_then(|name| profile::check("name", name, now).err());
        problems.extend(named.map(|why| ("name", why)));
        let reasons = new_password::weaknesses(state, password, &person).await?;
        problems.extend(reasons.into_iter().map(|why| ("password", why)));
        let in_force = state.settings.accounts.terms.as_ref().map(|terms| &terms.version);
        if in_force.is_some() && self.terms.as_ref() != in_force {
            problems.push(("terms", Message::new("register-terms-needed")));
            self.terms = None;
        }
        self.problems = problems;
        Ok(())
    }

    /// The page, with what was typed.
    pub(crate) fn render(
        &self,
        state: &AppState,
        http: &HttpRequest,
        door: &Door,
        status: StatusCode,
    ) -> Result<HttpResponse, OAuthError> {
        let frame = FormFrame::new(state, http);
        let (here, rules) = (door.again(state), new_password::rules(state, false));
        let problems = self.problems.iter();
        let client = door.client.as_ref().map(|client| frame.client_name(client));
        let view = Register {
            shell: Shell { here: &here, ..frame.shell() },
            csrf_token: &frame.csrf_token,
            onward: onward_fields(&door.destination),
            invite: door.invited.as_ref().map(|invited| invited.secret.expose()),
            client: client.as_deref(),
            username: &self.username,
            email: &self.email,
            name: &self.name,
            rules: new_password::shown(state, &rules),
            terms: state.settings.accounts.terms.as_ref().map(|terms| self.terms_box(terms)),
            sign_in: &door.destination.behind(&state.settings.issuer, urls::LOGIN),
            problems: problems.map(|(field, message)| FieldProblem { field, message }).collect(),
        };
        frame.page(status, &view)
    }

    fn terms_box<'a>(&self, terms: &'a Terms) -> TermsBox<'a> {
        TermsBox { version: &terms.version, uri: &terms.uri, ticked: self.terms.is_some() }
    }

    /// The page once more, with one thing that is wrong.
    fn refused(
        mut self,
        state: &AppState,
        http: &HttpRequest,
        door: &Door,
        problem: (&'static str, Message),
        status: StatusCode,
    ) -> Result<HttpResponse, OAuthError> {
        self.problems.push(problem);
        self.render(state, http, door, status)
    }
}

/// What to tell whoever proved an address that has an account.
pub(crate) fn address_taken(
    state: &AppState,
    http: &HttpRequest,
    email: &str,
    destination: &Destination,
) -> Result<HttpResponse, OAuthError> {
    let ways = [
        (Way::SignIn, destination.behind(&state.settings.issuer, urls::LOGIN)),
        (Way::Recover, own(state, urls::RECOVER)),
    ];
    Say { kind: NoticeKind::AddressTaken, about: email, ways: &ways }.page(state, http)
}
