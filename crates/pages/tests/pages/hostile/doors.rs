//! The pages by which an account comes to be and comes back.

use vestibule_model::Message;
use vestibule_pages::{
    CodePurpose, EmailCode, FieldProblem, FindAccount, FindPurpose, LinkConfirm, LinkKind,
    MailCode, Notice, NoticeKind, OnwardFields, Person, RecoverPassword, Register, RenderError,
    RulesShown, Shell, TermsBox, TermsPage, View as _, Way,
};

use super::Pages;

pub fn pages(
    shell: Shell<'static>,
    person: Person<'static>,
    text: &'static str,
) -> Result<Pages, RenderError> {
    let mut pages = forms(shell, text)?;
    for kind in LinkKind::ALL {
        let confirm = LinkConfirm {
            shell,
            csrf_token: text,
            action: text,
            kind,
            who: text,
            address: text,
            password: None,
        };
        pages.push(("link-confirm", confirm.render()?));
    }
    for (name, kind) in NoticeKind::ALL {
        let ways = vec![(Way::SignIn, text), (Way::Account, text)];
        pages.push((name, Notice { shell, kind, about: text, ways }.render()?));
    }
    let terms = TermsPage {
        shell,
        csrf_token: text,
        interaction: text,
        client: text,
        person,
        version: text,
        uri: text,
    };
    pages.push(("terms", terms.render()?));
    Ok(pages)
}

fn forms(shell: Shell<'static>, text: &'static str) -> Result<Pages, RenderError> {
    // A key that does not exist is its own sentence.
    let message = Message::new(text);
    let rules = RulesShown { min: 12, max: 128, shown: vec![&message] };
    let problems = |fields: &[&'static str]| {
        fields.iter().map(|&field| FieldProblem { field, message: &message }).collect::<Vec<_>>()
    };
    let onward = OnwardFields { interaction: Some(text), next: Some(text) };
    let register = Register {
        shell,
        csrf_token: text,
        onward,
        invite: Some(text),
        client: Some(text),
        username: text,
        email: text,
        name: text,
        rules: rules.clone(),
        terms: Some(TermsBox { version: text, uri: text, ticked: true }),
        sign_in: text,
        problems: problems(&["username", "email", "name", "password", "terms"]),
    };
    let find = |purpose| FindAccount {
        shell,
        csrf_token: text,
        purpose,
        onward,
        username: text,
        sign_in: text,
        problems: problems(&["username"]),
    };
    let recover = RecoverPassword {
        shell,
        csrf_token: text,
        action: text,
        proof: Some((text, text)),
        username: text,
        rules,
        problems: problems(&["new_password"]),
    };
    let mut pages = vec![
        ("register", register.render()?),
        ("recover", find(FindPurpose::Recover).render()?),
        ("unlock", find(FindPurpose::Unlock).render()?),
        ("recover-password", recover.render()?),
    ];
    for purpose in [CodePurpose::Register, CodePurpose::Recover] {
        let code = MailCode {
            shell,
            csrf_token: text,
            action: text,
            purpose,
            id: text,
            to: text,
            valid_for: 1_800,
            start_over: text,
            sent_again: false,
            problems: problems(&["code"]),
        };
        pages.push(("mail-code", code.render()?));
    }
    for purpose in [CodePurpose::VerifyEmail, CodePurpose::ChangeEmail] {
        let code = EmailCode {
            shell,
            section: text,
            csrf_token: text,
            action: text,
            purpose,
            id: text,
            to: text,
            valid_for: 1_800,
            sent_again: false,
            problems: problems(&["code"]),
        };
        pages.push(("email-code", code.render()?));
    }
    Ok(pages)
}
