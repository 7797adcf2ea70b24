//! The flows: each is a function that fails when the flow does not work.

use std::{pin::Pin, str::FromStr};

use openidconnect::{
    AccessToken, AuthenticationFlow, AuthorizationCode, ClientId, ClientName, ClientSecret,
    CsrfToken, IssuerUrl, LocalizedClaim, LogoutRequest, OAuth2TokenResponse,
    PostLogoutRedirectUrl, RedirectUrl, RefreshToken, Scope, TokenIntrospectionResponse,
    TokenResponse,
    core::{
        CoreAuthPrompt, CoreClient, CoreClientRegistrationRequest, CoreIdToken, CoreResponseType,
        CoreTokenResponse, CoreUserInfoClaims,
    },
    registration::{EmptyAdditionalClientMetadata, EmptyAdditionalClientRegistrationResponse},
};

use crate::{
    CLIENT, Outcome, expect,
    party::{Metadata, Party, SignedIn, Wish},
    world::{REFUSER, World, send},
};

pub type Flow<'w> = (&'static str, Pin<Box<dyn Future<Output = Outcome> + 'w>>);

/// Every flow, by its name in the table.
pub fn all(world: &World) -> Vec<Flow<'_>> {
    vec![
        ("discovery", Box::pin(discovery(world))),
        ("code, none", Box::pin(code(world, "public"))),
        ("code, client_secret_basic", Box::pin(code(world, "basic"))),
        ("code, client_secret_post", Box::pin(code(world, "post"))),
        ("ID token PS256", Box::pin(code(world, "post"))),
        ("ID token ES256", Box::pin(code(world, "public"))),
        ("ID token EdDSA", Box::pin(code(world, "opaque"))),
        ("id_token", Box::pin(implicit(world, &["id_token"]))),
        ("id_token token", Box::pin(implicit(world, &["id_token", "token"]))),
        ("code id_token", Box::pin(implicit(world, &["code", "id_token"]))),
        ("code token", Box::pin(implicit(world, &["code", "token"]))),
        ("code id_token token", Box::pin(implicit(world, &["code", "id_token", "token"]))),
        ("signed userinfo", Box::pin(signed_userinfo(world))),
        ("pairwise subject", Box::pin(pairwise_subject(world))),
        ("registration", Box::pin(registration(world))),
        ("form_post", Box::pin(form_post(world))),
        ("claims parameter", Box::pin(claims_parameter(world))),
        ("userinfo", Box::pin(userinfo(world))),
        ("refresh", Box::pin(refresh(world))),
        ("introspection", Box::pin(introspection(world))),
        ("client credentials", Box::pin(client_credentials(world))),
        ("prompt=none", Box::pin(prompt_none(world))),
        ("refused consent", Box::pin(refused_consent(world))),
        ("wrong verifier", Box::pin(wrong_verifier(world))),
        ("code used twice", Box::pin(code_used_twice(world))),
        ("logout", Box::pin(logout(world))),
    ]
}

/// The fault has to name the refusal `code`.
fn refuses<T>(code: &str, outcome: Outcome<T>) -> Outcome {
    match outcome {
        Ok(_) => Err(format!("no {code}").into()),
        Err(fault) if fault.to_string().contains(code) => Ok(()),
        Err(fault) => Err(fault),
    }
}

fn refresh_token(tokens: &CoreTokenResponse) -> Outcome<&RefreshToken> {
    tokens.refresh_token().ok_or_else(|| "no refresh token".into())
}

async fn userinfo_of(party: &Party<'_>, signed_in: &SignedIn) -> Outcome<CoreUserInfoClaims> {
    party.userinfo(signed_in.tokens.access_token(), signed_in.claims.subject()).await
}

async fn discovery(world: &World) -> Outcome {
    Party::new(world, "basic").await.map(|_| ())
}

async fn code(world: &World, name: &str) -> Outcome {
    let party = Party::new(world, name).await?;
    let signed_in = party.sign_in(Wish::default()).await?;
    userinfo_of(&party, &signed_in).await?;
    party.refresh(refresh_token(&signed_in.tokens)?).await.map(|_| ())
}

async fn form_post(world: &World) -> Outcome {
    let wish = Wish { parameters: &[("response_mode", "form_post")], ..Wish::default() };
    Party::new(world, "basic").await?.sign_in(wish).await.map(|_| ())
}

async fn claims_parameter(world: &World) -> Outcome {
    let asked = r#"{"id_token":{"email":null},"userinfo":{"name":{"essential":true}}}"#;
    let party = Party::new(world, "basic").await?;
    let parameters = &[("claims", asked)];
    let wish = Wish { parameters, openid_only: true, ..Wish::default() };
    let signed_in = party.sign_in(wish).await?;
    let email = signed_in.claims.email().map(|email| email.as_str());
    expect(email == Some(&world.user.email), "no email in the ID token")?;
    let userinfo = userinfo_of(&party, &signed_in).await?;
    let name = userinfo.name().and_then(|name| name.get(None)).map(|name| name.as_str());
    expect(name == Some(&world.user.name), "no name from userinfo")?;
    expect(userinfo.email().is_none(), "an email that nobody asked userinfo for")
}

async fn userinfo(world: &World) -> Outcome {
    let party = Party::new(world, "basic").await?;
    let signed_in = party.sign_in(Wish::default()).await?;
    let answer = userinfo_of(&party, &signed_in).await?;
    let username = answer.preferred_username().map(|name| name.as_str());
    expect(username == Some(&world.user.username), "another user name")?;
    expect(answer.email().map(|email| email.as_str()) == Some(&world.user.email), "another email")
}

async fn refresh(world: &World) -> Outcome {
    let party = Party::new(world, "basic").await?;
    let first = party.sign_in(Wish::default()).await?.tokens;
    let second = party.refresh(refresh_token(&first)?).await?;
    let successor = refresh_token(&second)?;
    expect(successor.secret() != refresh_token(&first)?.secret(), "the same refresh token")
}

async fn introspection(world: &World) -> Outcome {
    let tokens = Party::new(world, "basic").await?.sign_in(Wish::default()).await?.tokens;
    let asker = Party::new(world, "basic").await?.client;
    let ask = async |token: &AccessToken| asker.introspect(token).request_async(&send).await;
    expect(ask(tokens.access_token()).await?.active(), "not active")?;
    let nonsense = AccessToken::new("nonsense".into());
    expect(!ask(&nonsense).await?.active(), "nonsense is active")
}

async fn client_credentials(world: &World) -> Outcome {
    let service = world.client("service")?;
    let issuer = IssuerUrl::new(service.issuer.clone())?;
    let metadata = Metadata::discover_async(issuer, &send).await?;
    let secret = service.secret.clone().map(ClientSecret::new);
    let id = ClientId::new(service.id.clone());
    let client = CoreClient::from_provider_metadata(metadata, id, secret);
    let request = client.exchange_client_credentials()?.add_scope(Scope::new("api".into()));
    let tokens: CoreTokenResponse = request.request_async(&send).await?;
    expect(tokens.refresh_token().is_none(), "a refresh token for a service")
}

async fn prompt_none(world: &World) -> Outcome {
    let party = Party::new(world, "basic").await?;
    let silently = |browser| {
        party.sign_in(Wish {
            browser,
            prompt: Some(CoreAuthPrompt::None),
            openid_only: true,
            ..Wish::default()
        })
    };
    refuses("login_required", silently(Some("openidconnect, nobody")).await)?;
    party.sign_in(Wish::default()).await?;
    silently(None).await.map(|_| ())
}

async fn refused_consent(world: &World) -> Outcome {
    let party = Party::new(world, "basic").await?;
    let (browser, prompt) = (Some(REFUSER), Some(CoreAuthPrompt::Consent));
    refuses("access_denied", party.sign_in(Wish { browser, prompt, ..Wish::default() }).await)
}

async fn wrong_verifier(world: &World) -> Outcome {
    let wish = Wish { other_verifier: true, ..Wish::default() };
    refuses("invalid_grant", Party::new(world, "basic").await?.sign_in(wish).await)
}

async fn code_used_twice(world: &World) -> Outcome {
    let party = Party::new(world, "basic").await?;
    let first = party.sign_in(Wish::default()).await?;
    refuses("invalid_grant", party.redeem(&first.code, &first.verifier).await)?;
    refuses("invalid_grant", party.refresh(refresh_token(&first.tokens)?).await)
}

async fn logout(world: &World) -> Outcome {
    let leaver = "openidconnect, who leaves";
    let browser = Some(leaver);
    let party = Party::new(world, "basic").await?;
    let signed_in = party.sign_in(Wish { browser, ..Wish::default() }).await?;
    let back = &party.registered.post_logout_redirect_uri;
    let state = CsrfToken::new_random();
    let url = LogoutRequest::from(party.further.end_session_endpoint.clone())
        .set_id_token_hint(signed_in.tokens.id_token().ok_or("no ID token")?)
        .set_post_logout_redirect_uri(PostLogoutRedirectUrl::new(back.clone())?)
        .set_state(state.clone())
        .http_get_url();
    let answer = world.walk(leaver, &url, back).await?;
    expect(answer.get("state") == Some(state.secret()), "the state is another")?;
    let prompt = Some(CoreAuthPrompt::None);
    refuses("login_required", party.sign_in(Wish { browser, prompt, ..Wish::default() }).await)
}

/// A sign-in whose answer has tokens in it, and maybe a code for more of them.
async fn implicit(world: &World, words: &[&str]) -> Outcome {
    let kinds = words.iter().map(|word| match *word {
        "id_token" => CoreResponseType::IdToken,
        "token" => CoreResponseType::Token,
        _ => CoreResponseType::Code,
    });
    let flow = match words {
        ["id_token"] => AuthenticationFlow::Implicit(false),
        ["id_token", "token"] => AuthenticationFlow::Implicit(true),
        _ => AuthenticationFlow::Hybrid(kinds.collect()),
    };
    let party = Party::new(world, "every").await?;
    let front =
        party.front(Wish { flow: Some(flow), openid_only: true, ..Wish::default() }).await?;
    let brought = |name: &str| front.answer.get(name).cloned().ok_or(format!("no {name}"));
    let token = words.contains(&"token").then(|| brought("access_token").map(AccessToken::new));
    let code = words.contains(&"code").then(|| brought("code").map(AuthorizationCode::new));
    let (token, code) = (token.transpose()?, code.transpose()?);
    let mut subject = None;
    if words.contains(&"id_token") {
        let id_token = CoreIdToken::from_str(&brought("id_token")?)?;
        let claims = party.verified(&id_token, token.as_ref(), code.as_ref(), &front.nonce)?;
        subject = Some(claims.subject().clone());
    }
    if let Some(code) = code {
        let tokens = party.redeem(code.secret(), &front.verifier).await?;
        let id_token = tokens.id_token().ok_or("no ID token")?;
        let claims = party.verified(id_token, Some(tokens.access_token()), None, &front.nonce)?;
        let same = subject.is_none_or(|subject| subject == *claims.subject());
        expect(same, "another subject from the token endpoint")?;
        subject = Some(claims.subject().clone());
    }
    if let (Some(token), Some(subject)) = (token, subject) {
        party.userinfo(&token, &subject).await?;
    }
    Ok(())
}

async fn signed_userinfo(world: &World) -> Outcome {
    let party = Party::new(world, "signed").await?;
    let signed_in = party.sign_in(Wish::default()).await?;
    let token = signed_in.tokens.access_token().clone();
    let request = party.client.user_info(token, Some(signed_in.claims.subject().clone()))?;
    let signed = request.require_signed_response(true).request_async(&send).await;
    let answer: CoreUserInfoClaims = signed?;
    expect(answer.email().map(|email| email.as_str()) == Some(&world.user.email), "another email")
}

async fn pairwise_subject(world: &World) -> Outcome {
    let mut subjects = Vec::new();
    for name in ["pairwise", "every", "pairwise"] {
        let signed_in = Party::new(world, name).await?.sign_in(Wish::default()).await?;
        subjects.push(signed_in.claims.subject().clone());
    }
    let [first, public, again] = subjects.as_slice() else { return Err("no subjects".into()) };
    expect(first == again && first != public, "no subject of its own")
}

async fn registration(world: &World) -> Outcome {
    let issuer = IssuerUrl::new(world.full.issuer.clone())?;
    let metadata = Metadata::discover_async(issuer, &send).await?;
    let endpoint = metadata.registration_endpoint().ok_or("no registration endpoint")?;
    let name = LocalizedClaim::from_iter([(None, ClientName::new(CLIENT.into()))]);
    let registered = CoreClientRegistrationRequest::new(
        vec![RedirectUrl::new("https://openidconnect.example/cb".into())?],
        EmptyAdditionalClientMetadata::default(),
    )
    .set_client_name(Some(name))
    .register_async(endpoint, &send)
    .await?;
    let _: &EmptyAdditionalClientRegistrationResponse = registered.additional_response();
    expect(registered.client_secret().is_some(), "no secret")?;
    expect(registered.registration_access_token().is_some(), "no registration access token")
}
