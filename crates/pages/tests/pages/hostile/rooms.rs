//! The pages of the account.

use vestibule_model::{Message, Timestamp, grant::ConsentDecision};
use vestibule_pages::{
    AccountPage, ActivityPage, ActivityRow, AnswerRow, AppRow, AppsPage, DataPage, DeviceRow,
    EmailPage, FieldProblem, Kept, PasswordPage, PendingEmail, Person, Place, ProfilePage,
    RenderError, RulesShown, SessionRow, SessionsPage, Shell, View as _, WaysIn,
};
use vestibule_text::Lang;

use super::Pages;

const AT: Timestamp = Timestamp(i64::MIN);

pub fn pages(
    shell: Shell<'static>,
    person: Person<'static>,
    text: &'static str,
) -> Result<Pages, RenderError> {
    // A key that does not exist is its own sentence.
    let message = Message::new(text);
    let account = AccountPage {
        shell,
        section: text,
        csrf_token: text,
        own_csrf_token: text,
        logout: text,
        done: Some(&message),
        person,
        signed_in_since: AT,
        email_verified: false,
        ways_in: WaysIn { password_changed_at: Some(AT), has_password: true, ..WaysIn::default() },
        sessions: 0,
        apps: 0,
        deletion_at: Some(AT),
    };
    let activity = ActivityPage {
        shell,
        section: text,
        rows: vec![ActivityRow { event: text, at: AT, ip: Some(text), app: Some(text) }],
        has_newer: true,
        older_before: Some(i64::MIN),
    };
    let mut pages = forms(shell, text)?;
    pages.push(("account", account.render()?));
    pages.push(("activity", activity.render()?));
    pages.push(("sessions", sessions(shell, text)?));
    pages.push(("apps", apps(shell, person, text)?));
    for deletion_at in [None, Some(AT)] {
        pages.push(("data", data(shell, person, text, deletion_at)?));
    }
    Ok(pages)
}

fn forms(shell: Shell<'static>, text: &'static str) -> Result<Pages, RenderError> {
    let message = Message::new(text);
    let problem = |field| FieldProblem { field, message: &message };
    let claims = ["name", "picture", "phone_number", "street_address", "formatted"];
    let profile = ProfilePage {
        shell,
        section: text,
        csrf_token: text,
        done: Some(&message),
        username: text,
        language: Some(Lang::Es),
        values: claims.map(|claim| (claim, text)).to_vec(),
        problems: claims.map(problem).to_vec(),
    };
    let email = EmailPage {
        shell,
        section: text,
        csrf_token: text,
        email: text,
        verified: false,
        pending: Some(PendingEmail { address: text, id: text }),
        has_mail: true,
        typed: text,
        problems: vec![problem("email")],
    };
    let password = PasswordPage {
        shell,
        section: text,
        csrf_token: text,
        done: Some(&message),
        username: text,
        has_password: true,
        can_recover: true,
        rules: RulesShown { min: 12, max: 128, shown: vec![&message] },
        problems: vec![problem("password"), problem("new_password")],
    };
    Ok(vec![
        ("profile", profile.render()?),
        ("email", email.render()?),
        ("password", password.render()?),
    ])
}

fn sessions(shell: Shell<'static>, text: &'static str) -> Result<String, RenderError> {
    let message = Message::new(text);
    let session = |place| SessionRow {
        id: text,
        is_this: false,
        browser: text,
        place,
        since: AT,
        last_used: AT,
        apps: vec![text, text],
    };
    let device = DeviceRow {
        id: text,
        is_this: false,
        browser: text,
        place: Place::Here(text),
        last_seen: AT,
        trusted_until: Some(AT),
    };
    let places = [Place::Unknown, Place::Here(text), Place::Private(text), Place::Address(text)];
    SessionsPage {
        shell,
        section: text,
        csrf_token: text,
        done: Some(&message),
        sessions: places.map(session).to_vec(),
        devices: vec![device],
    }
    .render()
}

fn apps(
    shell: Shell<'static>,
    person: Person<'static>,
    text: &'static str,
) -> Result<String, RenderError> {
    let message = Message::new(text);
    let app = AppRow {
        id: text,
        name: text.to_owned(),
        host: Some(text),
        start: Some(text.to_owned()),
        is_own: true,
        scopes: vec![text, "profile", "email"],
        claims: vec![text, "name"],
        since: AT,
        last_used: Some(AT),
    };
    let answer =
        |decision| AnswerRow { app: text.to_owned(), decision, scopes: vec![text], at: AT };
    AppsPage {
        shell,
        section: text,
        csrf_token: text,
        done: Some(&message),
        person,
        apps: vec![app],
        answers: ConsentDecision::ALL.map(answer).to_vec(),
    }
    .render()
}

fn data(
    shell: Shell<'static>,
    person: Person<'static>,
    text: &'static str,
    deletion_at: Option<Timestamp>,
) -> Result<String, RenderError> {
    let message = Message::new(text);
    DataPage {
        shell,
        section: text,
        csrf_token: text,
        done: Some(&message),
        person,
        created_at: AT,
        updated_at: AT,
        groups: vec![text, text],
        language: Some(Lang::De),
        profile: vec![(text, text), ("name", text)],
        kept: Kept::default(),
        terms: vec![(text, AT)],
        mails: vec![(text, AT)],
        deletion_at,
        grace: i64::MAX,
        is_last_administrator: false,
        typed: text,
        problems: vec![FieldProblem { field: "username", message: &message }],
    }
    .render()
}
