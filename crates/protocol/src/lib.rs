//! The endpoints that machines call, and `/authorize`.
//!
//! One file an endpoint or grant, named after its specification's term. Adding a grant: one file
//! in `token/`, one arm in `token::TokenRequest`, one file in `acceptance/tests/http/`.

pub mod authorize;
pub mod bearer;
pub mod client_auth;
pub mod discovery;
pub mod end_session;
pub mod introspect;
pub mod issue;
pub mod jwks;
pub mod revoke;
pub mod token;
pub mod userinfo;

use actix_web::{middleware::from_fn, web};
use vestibule_web::{cors, urls};

/// Registers every endpoint of this crate.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(
            web::resource(urls::AUTHORIZE)
                .route(web::get().to(authorize::get))
                .route(web::post().to(authorize::post)),
        )
        .service(
            web::resource("/authorize/resume/{id}").route(web::get().to(authorize::resume::get)),
        )
        .service(
            web::resource("/authorize/restart/{id}").route(web::get().to(authorize::restart::get)),
        )
        .service(
            web::resource(urls::TOKEN)
                .wrap(from_fn(cors::registered))
                .route(web::post().to(token::post)),
        )
        .service(
            web::resource(urls::REVOKE)
                .wrap(from_fn(cors::registered))
                .route(web::post().to(revoke::post)),
        )
        .service(web::resource(urls::INTROSPECT).route(web::post().to(introspect::post)))
        .service(
            web::resource(urls::USERINFO)
                .wrap(from_fn(cors::registered))
                .route(web::get().to(userinfo::get))
                .route(web::post().to(userinfo::post)),
        )
        .service(
            web::resource(urls::JWKS).wrap(from_fn(cors::public)).route(web::get().to(jwks::get)),
        )
        .service(
            web::resource([discovery::OPENID_CONFIGURATION, discovery::OAUTH_METADATA])
                .wrap(from_fn(cors::public))
                .route(web::get().to(discovery::get)),
        )
        .service(
            web::resource(urls::END_SESSION)
                .route(web::get().to(end_session::get))
                .route(web::post().to(end_session::post)),
        );
}
