//! The profile.

use askama::Template;
use vestibule_model::Message;
use vestibule_text::Lang;

use crate::{FieldProblem, Shell, samples::SHELL};

/// A field of the form, named after its claim (OIDC Core §5.1, §5.1.1).
struct Field {
    name: &'static str,
    label: &'static str,
    hint: Option<&'static str>,
    kind: Kind,
    autocomplete: &'static str,
}

enum Kind {
    /// The `type` of an input.
    Line(&'static str),
    /// Several lines.
    Lines,
}

impl Field {
    const fn new(name: &'static str, label: &'static str, autocomplete: &'static str) -> Self {
        Self { name, label, hint: None, kind: Kind::Line("text"), autocomplete }
    }

    const fn hint(self, key: &'static str) -> Self {
        Self { hint: Some(key), ..self }
    }

    const fn kind(self, kind: Kind) -> Self {
        Self { kind, ..self }
    }
}

/// Fields that belong together, under the key of their heading.
struct Group {
    heading: &'static str,
    fields: &'static [Field],
}

const GROUPS: [Group; 4] = [
    Group {
        heading: "profile-group-name",
        fields: &[
            Field::new("name", "profile-name", "name").hint("profile-name-hint"),
            Field::new("given_name", "profile-given-name", "given-name"),
            Field::new("middle_name", "profile-middle-name", "additional-name"),
            Field::new("family_name", "profile-family-name", "family-name"),
            Field::new("nickname", "profile-nickname", "nickname"),
        ],
    },
    Group {
        heading: "profile-group-about",
        fields: &[
            Field::new("gender", "profile-gender", "sex"),
            Field::new("birthdate", "profile-birthdate", "bday").hint("profile-birthdate-hint"),
            Field::new("picture", "profile-picture", "photo")
                .hint("profile-picture-hint")
                .kind(Kind::Line("url")),
            Field::new("website", "profile-website", "url")
                .hint("profile-url-hint")
                .kind(Kind::Line("url")),
            Field::new("profile", "profile-page", "url")
                .hint("profile-url-hint")
                .kind(Kind::Line("url")),
        ],
    },
    Group {
        heading: "profile-group-where",
        fields: &[
            Field::new("zoneinfo", "profile-zoneinfo", "off").hint("profile-zoneinfo-hint"),
            Field::new("locale", "profile-locale", "language").hint("profile-locale-hint"),
        ],
    },
    Group {
        heading: "profile-group-contact",
        fields: &[
            Field::new("phone_number", "profile-phone", "tel")
                .hint("profile-phone-hint")
                .kind(Kind::Line("tel")),
            Field::new("street_address", "profile-street", "street-address").kind(Kind::Lines),
            Field::new("postal_code", "profile-postal-code", "postal-code"),
            Field::new("locality", "profile-locality", "address-level2"),
            Field::new("region", "profile-region", "address-level1"),
            Field::new("country", "profile-country", "country-name"),
            Field::new("formatted", "profile-formatted", "off")
                .hint("profile-formatted-hint")
                .kind(Kind::Lines),
        ],
    },
];

/// The key of the label of a claim of the profile or a member of the address.
pub(crate) fn label(claim: &str) -> Option<&'static str> {
    let fields = GROUPS.iter().flat_map(|group| group.fields);
    fields.into_iter().find(|field| field.name == claim).map(|field| field.label)
}

/// `/account/profile`: what a person says about themselves.
///
/// Posts `csrf_token`, `language` and the claims of OIDC Core §5.1, those of the address by their own
/// names, to `{base}/account/profile`.
#[derive(Clone, Debug, Template)]
#[template(path = "account_profile.html")]
pub struct ProfilePage<'a> {
    /// The frame.
    pub shell: Shell<'a>,
    /// Which page of the account this is: `profile`.
    pub section: &'a str,
    /// The form's CSRF token.
    pub csrf_token: &'a str,
    /// What was done just now.
    pub done: Option<&'a Message>,
    /// The name to sign in with.
    pub username: &'a str,
    /// The language of pages and mails; `None` follows the browser.
    pub language: Option<Lang>,
    /// The claims that have a value, by name: as they are, or as they were typed before an error.
    pub values: Vec<(&'a str, &'a str)>,
    /// What is wrong, every reason at once.
    pub problems: Vec<FieldProblem<'a>>,
}

impl ProfilePage<'_> {
    #[expect(clippy::unused_self, reason = "templates call methods of the view")]
    const fn groups(&self) -> &'static [Group] {
        &GROUPS
    }

    fn value(&self, name: &str) -> &str {
        let found = self.values.iter().find(|(known, _)| *known == name);
        found.map_or("", |(_, value)| value)
    }

    /// What is wrong, after the name of the field: a form this long has to say where.
    fn problem(&self, problem: &FieldProblem<'_>) -> String {
        let message = self.shell.msg(problem.message);
        let Some(key) = label(problem.field) else { return message };
        self.shell.ta("profile-problem", &[("field", self.shell.t(key)), ("problem", message)])
    }

    fn is_chosen(&self, lang: Lang) -> bool {
        self.language == Some(lang)
    }

    #[expect(clippy::unused_self, reason = "templates call methods of the view")]
    const fn languages(&self) -> [Lang; Lang::ALL.len()] {
        Lang::ALL
    }

    /// The page in its states.
    #[must_use]
    pub fn samples() -> Vec<(&'static str, Self)> {
        static SAVED: Message = Message::new("profile-saved");
        static DATE: Message = Message::new("profile-birthdate-no-such-day");
        static PHONE: Message = Message::new("profile-phone-country");
        static STREET: Message = Message::new("profile-text-control");
        let empty = Self {
            shell: SHELL,
            section: "profile",
            csrf_token: "csrf",
            done: None,
            username: "ana",
            language: None,
            values: vec![("name", "Ana Lima")],
            problems: vec![],
        };
        let full = Self {
            done: Some(&SAVED),
            language: Some(Lang::De),
            values: vec![
                ("name", "Ana Lima"),
                ("birthdate", "1984-02-29"),
                ("picture", "https://ana.example/me.jpg"),
                ("zoneinfo", "Europe/Lisbon"),
                ("phone_number", "+351210000000"),
                ("street_address", "Rua da Prata 1\n2.º esq."),
            ],
            ..empty.clone()
        };
        let problem = |field, message| FieldProblem { field, message };
        let wrong = Self {
            values: vec![("birthdate", "1983-02-29"), ("phone_number", "21 000 00 00")],
            problems: vec![
                problem("birthdate", &DATE),
                problem("phone_number", &PHONE),
                problem("street_address", &STREET),
            ],
            ..empty.clone()
        };
        vec![("profile", empty), ("profile-saved", full), ("profile-error", wrong)]
    }
}
