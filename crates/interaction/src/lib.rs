//! The pages that people see in a browser. One file a page.
//!
//! A page of an authorization request ends in 303 to `web::urls::resume`, which decides what comes
//! next. Adding a page: a view in `vestibule-pages`, a file here, a row in `routes`.

pub mod account;
pub mod assets;
pub mod consent;
pub mod error_reference;
pub mod home;
pub mod login;
pub mod logout;
pub mod pending;
pub mod select_account;
pub mod setup;

use actix_web::{middleware::from_fn, web};
use vestibule_web::{headers, urls};

/// Registers every page of this crate. Each is a resource, for only a resource answers another
/// method by 405 (RFC 9110 §15.5.6); `config.route` makes it a 404.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/").route(web::get().to(home::get)))
        .service(
            web::resource(urls::LOGIN)
                .route(web::get().to(login::get))
                .route(web::post().to(login::post)),
        )
        .service(
            web::resource(urls::SELECT_ACCOUNT)
                .route(web::get().to(select_account::get))
                .route(web::post().to(select_account::post)),
        )
        .service(
            web::resource(urls::CONSENT)
                .route(web::get().to(consent::get))
                .route(web::post().to(consent::post)),
        )
        .service(
            web::resource(urls::LOGOUT)
                .route(web::get().to(logout::get))
                .route(web::post().to(logout::post)),
        )
        .service(web::resource(urls::SIGNED_OUT).route(web::get().to(logout::signed_out)))
        .service(
            web::resource(urls::ACCOUNT)
                .wrap(from_fn(headers::isolate))
                .route(web::get().to(account::get)),
        )
        .service(
            web::resource("/setup/{token}")
                .wrap(from_fn(headers::isolate))
                .route(web::get().to(setup::get))
                .route(web::post().to(setup::post)),
        )
        .service(web::resource("/errors").route(web::get().to(error_reference::index)))
        .service(web::resource("/errors/{code}").route(web::get().to(error_reference::get)))
        .service(web::resource("/static/{name}").route(web::get().to(assets::get)));
}
