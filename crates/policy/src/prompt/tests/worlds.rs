//! What must hold in every world, however odd.

use super::*;

/// Every combination of what a request can ask and what can be so.
fn every_world() -> impl Iterator<Item = World> {
    let prompts: Vec<Vec<Prompt>> = (0..32_u32)
        .map(|bits| {
            let chosen = |(at, _): &(usize, Prompt)| bits & (1 << at) != 0;
            Prompt::ALL.into_iter().enumerate().filter(chosen).map(|(_, p)| p).collect()
        })
        .collect();
    let marks = || [None, mine(), other()].into_iter();
    let worlds = prompts.into_iter().flat_map(move |prompt| {
        [None, Some(0), Some(50), Some(500)].into_iter().flat_map(move |max_age| {
            let prompt = prompt.clone();
            [None, Some("alice"), Some("bob")].into_iter().flat_map(move |hint| {
                let prompt = prompt.clone();
                [0, 1, 2].into_iter().map(move |who| (prompt.clone(), max_age, hint, who))
            })
        })
    });
    worlds.flat_map(move |(prompt, max_age, hint, who)| {
        marks().flat_map(move |signed_in| {
            let prompt = prompt.clone();
            marks().flat_map(move |consented| {
                let (prompt, signed_in) = (prompt.clone(), signed_in.clone());
                [false, true].into_iter().map(move |remembered| {
                    let mut world = World::new();
                    world.request.prompt = prompt.clone();
                    world.request.max_age = max_age;
                    world.request.hinted_subject = hint.map(Subject::new);
                    match who {
                        0 => world.session = None,
                        1 => {}
                        _ => world.client.metadata.first_party = true,
                    }
                    world.progress.signed_in = signed_in.clone();
                    world.progress.consented = consented.clone();
                    if !remembered {
                        world.consent = None;
                    }
                    world
                })
            })
        })
    })
}

#[test]
fn prompt_none_never_shows_a_page_and_a_code_is_never_given_too_early() {
    let mut count = 0;
    for world in every_world() {
        count += 1;
        let step = world.next();
        let asked = |prompt| world.request.prompt.contains(&prompt);
        if asked(Prompt::None) {
            assert!(matches!(step, Step::Deny(_) | Step::Issue), "{:?}", world.request);
        }
        if step != Step::Issue {
            continue;
        }
        let session = world.session.as_ref().expect("no code without a session");
        let done = |mark: &Option<SessionId>| mark.as_ref() == Some(&session.id);
        let signed_in = done(&world.progress.signed_in);
        if let Some(hinted) = &world.request.hinted_subject {
            assert_eq!(hinted.as_str(), session.user_id.as_str());
        }
        assert!(!asked(Prompt::Login) || signed_in);
        assert!(!asked(Prompt::Create) || signed_in);
        assert!(world.request.max_age.is_none_or(|age| age > 99 || (age == 0 && signed_in)));
        assert!(!asked(Prompt::Consent) || done(&world.progress.consented));
        let allowed = world.consent.is_some() || world.client.metadata.first_party;
        assert!(allowed);
    }
    assert_eq!(count, 32 * 4 * 3 * 3 * 3 * 3 * 2);
}

#[test]
fn a_person_who_does_each_step_reaches_the_client() {
    for mut world in every_world() {
        let impossible = world.request.hinted_subject.as_ref().is_some_and(|h| h.as_str() == "bob");
        if world.request.prompt.contains(&Prompt::None) || impossible {
            continue;
        }
        let mut steps = Vec::new();
        loop {
            let step = world.next();
            steps.push(name(&step));
            assert!(steps.len() <= 4, "{steps:?}");
            match step {
                Step::Login { .. } => {
                    world.session = Some(BrowserSession { auth_time: NOW, ..samples::session() });
                    world.progress.signed_in = mine();
                }
                Step::SelectAccount => world.progress.account_chosen = mine(),
                Step::StepUp { level } => {
                    level.acr().clone_into(&mut world.session.as_mut().unwrap().acr);
                }
                Step::Terms => world.terms_accepted = true,
                Step::Consent { .. } => {
                    world.progress.consented = mine();
                    world.consent = Some(samples::consent("openid profile"));
                }
                Step::Issue => break,
                Step::Deny(error) => panic!("{error} after {steps:?}"),
            }
        }
    }
}
