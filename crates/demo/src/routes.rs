//! The app's pages and buttons.

use actix_web::{
    HttpRequest, HttpResponse,
    cookie::{Cookie, SameSite},
    http::{StatusCode, header},
    middleware::DefaultHeaders,
    rt,
    web::{self, Data, Form, Query, ServiceConfig},
};
use maud::Markup;
use openidconnect::url::Url;
use serde::Deserialize;

use crate::{
    Shared,
    browsers::random_key,
    settings::DemoSettings,
    sign_in::{self, Answer, Wish},
    tokens::in_words,
    trouble::Trouble,
    views,
};

/// Tells sign-ins under way apart: which browser began them.
const BROWSER: &str = "sample_app_browser";
/// A signed-in session.
const SESSION: &str = "sample_app_session";

/// Every route of the app.
pub fn configure(config: &mut ServiceConfig) {
    config
        .route("/", web::get().to(home))
        .route("/sign-in", web::get().to(begin))
        .route("/callback", web::get().to(callback))
        .route("/callback", web::post().to(callback_posted))
        .route("/refresh", web::post().to(refresh))
        .route("/userinfo", web::post().to(userinfo))
        .route("/revoke", web::post().to(revoke))
        .route("/sign-out", web::post().to(sign_out))
        .route("/signed-out", web::get().to(signed_out))
        .route("/style.css", web::get().to(style))
        .route("/icon.svg", web::get().to(icon))
        .default_service(web::to(nothing_here));
}

/// The headers of every answer. The server's origin is a form target, because signing in and out
/// begins with a form here and ends with a redirect there.
pub fn security_headers(settings: &DemoSettings) -> DefaultHeaders {
    let server = Url::parse(&settings.issuer)
        .map(|url| url.origin().ascii_serialization())
        .unwrap_or_default();
    let policy = format!(
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self' {server}; \
         frame-ancestors 'none'; base-uri 'none'"
    );
    DefaultHeaders::new()
        .add((header::CONTENT_SECURITY_POLICY, policy))
        .add((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        // Not `no-referrer`: that would send `Origin: null` with the app's own forms.
        .add((header::REFERRER_POLICY, "same-origin"))
        .add((header::CACHE_CONTROL, "no-store"))
}

async fn home(request: HttpRequest, shared: Data<Shared>) -> HttpResponse {
    let session = cookie(&request, SESSION).and_then(|key| shared.browsers.session(&key));
    match session {
        Some(session) => {
            let mut session = session.lock().await;
            let page = views::signed_in(&shared.settings, &session);
            session.notice = None;
            ok(page)
        }
        None => ok(views::start(&shared.settings)),
    }
}

async fn begin(request: HttpRequest, shared: Data<Shared>, wish: Query<Wish>) -> HttpResponse {
    let provider = match shared.provider.get(&shared.settings, &shared.http).await {
        Ok(provider) => provider,
        Err(trouble) => return failed(&shared, &trouble),
    };
    let (url, state, pending) = sign_in::begin(&provider, &wish);
    let browser = browser(&request);
    shared.browsers.start(&browser, &state, pending);
    see_other(url.as_str(), [keep(BROWSER, browser)])
}

async fn callback(
    request: HttpRequest,
    shared: Data<Shared>,
    answer: Query<Answer>,
) -> HttpResponse {
    finish(&request, shared, answer.into_inner()).await
}

async fn callback_posted(
    request: HttpRequest,
    shared: Data<Shared>,
    answer: Form<Answer>,
) -> HttpResponse {
    finish(&request, shared, answer.into_inner()).await
}

async fn finish(request: &HttpRequest, shared: Data<Shared>, answer: Answer) -> HttpResponse {
    let browser = browser(request);
    // A task of its own: a browser that goes away in the middle must not leave a code half used.
    let worker = shared.clone();
    let outcome = rt::spawn(async move { sign_in::finish(&worker, &browser, answer).await }).await;
    match outcome {
        Ok(Ok(session)) => see_other("/", [keep(SESSION, session)]),
        Ok(Err(trouble)) => failed(&shared, &trouble),
        Err(_) => failed(&shared, &Trouble::Unsupported("The sign-in was interrupted.")),
    }
}

async fn refresh(request: HttpRequest, shared: Data<Shared>) -> HttpResponse {
    let session = match own_session(&request, &shared) {
        Ok((_, session)) => session,
        Err(trouble) => return failed(&shared, &trouble),
    };
    let mut session = session.lock().await;
    session.notice = Some(match session.refresh(&shared).await {
        Ok(()) => "The tokens are new.".to_owned(),
        Err(trouble) => in_words(&trouble),
    });
    see_other("/", [])
}

async fn userinfo(request: HttpRequest, shared: Data<Shared>) -> HttpResponse {
    let session = match own_session(&request, &shared) {
        Ok((_, session)) => session,
        Err(trouble) => return failed(&shared, &trouble),
    };
    let mut session = session.lock().await;
    session.ask_userinfo(&shared).await;
    session.notice = Some(match &session.userinfo {
        Ok(_) => "The server answered at userinfo.".to_owned(),
        Err(reason) => reason.clone(),
    });
    see_other("/", [])
}

async fn revoke(request: HttpRequest, shared: Data<Shared>) -> HttpResponse {
    let session = match own_session(&request, &shared) {
        Ok((_, session)) => session,
        Err(trouble) => return failed(&shared, &trouble),
    };
    let mut session = session.lock().await;
    session.notice = Some(match session.revoke(&shared).await {
        Ok(()) => "The server revoked this app's tokens.".to_owned(),
        Err(trouble) => in_words(&trouble),
    });
    see_other("/", [])
}

async fn sign_out(request: HttpRequest, shared: Data<Shared>) -> HttpResponse {
    let (key, session) = match own_session(&request, &shared) {
        Ok(found) => found,
        Err(trouble) => return failed(&shared, &trouble),
    };
    let provider = match shared.provider.get(&shared.settings, &shared.http).await {
        Ok(provider) => provider,
        Err(trouble) => return failed(&shared, &trouble),
    };
    let outcome = session.lock().await.sign_out_url(&shared, &provider);
    match outcome {
        Ok((url, state)) => {
            let browser = browser(&request);
            shared.browsers.sign_out(&key, &browser, &state);
            see_other(url.as_str(), [keep(BROWSER, browser), gone(SESSION)])
        }
        Err(trouble) => failed(&shared, &trouble),
    }
}

#[derive(Deserialize)]
struct Returned {
    #[serde(default)]
    state: String,
}

async fn signed_out(
    request: HttpRequest,
    shared: Data<Shared>,
    returned: Query<Returned>,
) -> HttpResponse {
    let known = shared.browsers.take_sign_out(&browser(&request), &returned.state);
    ok(views::signed_out(&shared.settings, known))
}

async fn style() -> HttpResponse {
    HttpResponse::Ok().content_type("text/css; charset=utf-8").body(include_str!("style.css"))
}

async fn icon() -> HttpResponse {
    HttpResponse::Ok().content_type("image/svg+xml").body(include_str!("icon.svg"))
}

async fn nothing_here(shared: Data<Shared>) -> HttpResponse {
    page(StatusCode::NOT_FOUND, views::nothing_here(&shared.settings))
}

type Session = std::sync::Arc<tokio::sync::Mutex<crate::tokens::SignedIn>>;

/// The session of a button press, if the press came from one of this app's own pages.
fn own_session(request: &HttpRequest, shared: &Shared) -> Result<(String, Session), Trouble> {
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    let same_origin = header("sec-fetch-site") == Some("same-origin")
        || header("origin") == Some(shared.settings.public_url.as_str());
    if !same_origin {
        return Err(Trouble::ForeignPage);
    }
    cookie(request, SESSION)
        .and_then(|key| shared.browsers.session(&key).map(|session| (key, session)))
        .ok_or(Trouble::NotSignedIn)
}

fn failed(shared: &Shared, trouble: &Trouble) -> HttpResponse {
    let status = match trouble {
        Trouble::Unreachable(_) | Trouble::Nonsense(_) | Trouble::Unverified(_) => {
            StatusCode::BAD_GATEWAY
        }
        Trouble::ForeignPage => StatusCode::FORBIDDEN,
        _ => StatusCode::BAD_REQUEST,
    };
    page(status, views::trouble(&shared.settings, trouble))
}

fn ok(markup: Markup) -> HttpResponse {
    page(StatusCode::OK, markup)
}

fn page(status: StatusCode, markup: Markup) -> HttpResponse {
    HttpResponse::build(status).content_type("text/html; charset=utf-8").body(markup.into_string())
}

fn see_other<const N: usize>(location: &str, cookies: [Cookie<'static>; N]) -> HttpResponse {
    let mut answer = HttpResponse::SeeOther();
    answer.insert_header((header::LOCATION, location));
    for cookie in cookies {
        answer.cookie(cookie);
    }
    answer.finish()
}

/// The browser's own key; a new one if it has none yet.
fn browser(request: &HttpRequest) -> String {
    cookie(request, BROWSER).filter(|key| key.len() == 43).unwrap_or_else(random_key)
}

fn cookie(request: &HttpRequest, name: &str) -> Option<String> {
    request.cookie(name).map(|cookie| cookie.value().to_owned())
}

/// A cookie until the browser closes. Not `Secure`: Safari would drop it on plain http.
fn keep(name: &'static str, value: String) -> Cookie<'static> {
    Cookie::build(name, value).path("/").http_only(true).same_site(SameSite::Lax).finish()
}

fn gone(name: &'static str) -> Cookie<'static> {
    let mut cookie = keep(name, String::new());
    cookie.make_removal();
    cookie
}

#[cfg(test)]
mod tests {
    use actix_web::{App, dev::ServiceResponse, test};

    use super::*;
    use crate::{
        browsers::Browsers,
        http::HttpClient,
        provider::{
            ProviderCell,
            tests::{provider, settings},
        },
    };

    async fn send(request: test::TestRequest) -> ServiceResponse {
        let shared = Data::new(Shared {
            settings: settings(),
            http: HttpClient::new().unwrap(),
            provider: ProviderCell::known(provider(&settings())),
            browsers: Browsers::default(),
        });
        let app =
            App::new().app_data(shared).wrap(security_headers(&settings())).configure(configure);
        test::call_service(&test::init_service(app).await, request.to_request()).await
    }

    async fn text(response: ServiceResponse) -> String {
        String::from_utf8(test::read_body(response).await.to_vec()).unwrap()
    }

    #[actix_web::test]
    async fn the_start_page_offers_to_sign_in_under_a_strict_policy() {
        let response = send(test::TestRequest::get().uri("/")).await;
        assert_eq!(response.status(), StatusCode::OK);
        let policy = response.headers().get(header::CONTENT_SECURITY_POLICY).unwrap();
        assert!(policy.to_str().unwrap().contains("form-action 'self' http://localhost:8080;"));
        assert!(text(response).await.contains("Sign in"));
    }

    #[actix_web::test]
    async fn signing_in_goes_to_the_server_and_binds_the_browser() {
        let response = send(test::TestRequest::get().uri("/sign-in?prompt=login")).await;
        assert_eq!(response.status(), StatusCode::SEE_OTHER);
        let to = response.headers().get(header::LOCATION).unwrap().to_str().unwrap();
        assert!(to.starts_with("http://localhost:8080/authorize?") && to.contains("prompt=login"));
        let cookie = response.response().cookies().find(|cookie| cookie.name() == BROWSER).unwrap();
        assert_eq!(cookie.http_only(), Some(true));
        assert_eq!(cookie.same_site(), Some(SameSite::Lax));
    }

    #[actix_web::test]
    async fn a_stray_answer_gets_a_page_with_a_way_on() {
        let uri = "/callback?code=x&state=y&iss=http%3A%2F%2Flocalhost%3A8080";
        let response = send(test::TestRequest::get().uri(uri)).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST);
        let page = text(response).await;
        assert!(page.contains("began in this browser") && page.contains("Sign in"), "{page}");
    }

    #[actix_web::test]
    async fn buttons_work_from_our_own_pages_only() {
        for uri in ["/refresh", "/revoke", "/userinfo", "/sign-out"] {
            let foreign = test::TestRequest::post()
                .uri(uri)
                .insert_header(("origin", "http://localhost:8080"));
            assert_eq!(send(foreign).await.status(), StatusCode::FORBIDDEN, "{uri}");
            let own = test::TestRequest::post()
                .uri(uri)
                .insert_header(("origin", "http://localhost:8081"));
            assert_eq!(send(own).await.status(), StatusCode::BAD_REQUEST, "{uri}");
        }
    }

    #[actix_web::test]
    async fn a_sign_out_that_nobody_began_is_not_confirmed() {
        let response = send(test::TestRequest::get().uri("/signed-out?state=x")).await;
        let page = text(response).await;
        assert!(page.contains("did not begin here"), "{page}");
    }
}
