//! The pages that people see in a browser. One file a page.
//!
//! A page of an authorization request ends in 303 to `web::urls::resume`, which decides what comes
//! next. Adding a page: a view in `vestibule-pages`, a file here, a row in `routes`.

pub mod account;
pub mod assets;
pub mod client_logo;
pub mod consent;
pub mod dev_mailbox;
pub mod email_links;
pub mod enrol;
pub mod enrolment;
pub mod error_reference;
pub mod freeze;
pub mod home;
pub mod language;
pub mod login;
pub mod logout;
pub mod passkey;
pub mod pending;
pub mod playground;
pub mod recover;
pub mod register;
pub mod select_account;
pub mod setup;
pub mod sign_in;
pub mod start;
pub mod terms;
pub mod unlock;
pub mod verification;
pub mod verify;
pub mod verify_email;

mod charged;
mod new_password;
mod notice;
mod table;

use vestibule_web::urls;

pub use table::{Access, Page};

table::pages! {
    "/" => Public { get home::get }
    "/language" => Public { get language::get }
    urls::LOGIN => Public { get login::get, post login::post }
    urls::LOGIN_OTHER => Public { post login::other::post }
    urls::PASSKEY => Public { post passkey::post }
    urls::VERIFY => HalfSignedIn { get verify::get, post verify::post }
    urls::ENROL => HalfSignedIn { get enrol::get, post enrol::post }
    urls::SELECT_ACCOUNT => Request { get select_account::get, post select_account::post }
    urls::CONSENT => Request { get consent::get, post consent::post }
    "/client-logo/{client_id}" => Public { get client_logo::get }
    "/start/{client_id}" => Public { get start::get }
    urls::LOGOUT => Public { get logout::get, post logout::post }
    urls::SIGNED_OUT => Public { get logout::signed_out }
    urls::ACCOUNT => Account { get account::overview::get, post account::overview::post }
    "/account/profile" => Account { get account::profile::get, post account::profile::post }
    "/account/email" => Account { get account::email::get, post account::email::post }
    "/account/password" => Account { get account::password::get, post account::password::post }
    "/account/sessions" => Account { get account::sessions::get, post account::sessions::post }
    "/account/apps" => Account { get account::apps::get, post account::apps::post }
    "/account/activity" => Account { get account::activity::get }
    "/account/data" => Account { get account::data::get, post account::data::post }
    "/account/data.json" => Account { get account::data::export }
    "/account/mfa" => Account { get account::mfa::get }
    "/account/mfa/totp" => Account { get account::mfa::totp_form, post account::mfa::totp_add }
    "/account/mfa/remove" => Account { post account::mfa::remove }
    "/account/mfa/recovery" => Account { post account::mfa::recovery }
    "/account/passkeys" => Account { get account::passkeys::get, post account::passkeys::post }
    "/account/passkeys/rename" => Account { post account::passkeys::rename }
    "/account/passkeys/remove" => Account { post account::passkeys::remove }
    urls::TERMS => Request { get terms::get, post terms::post }
    urls::REGISTER => Public { get register::get, post register::post }
    register::verify::PATH => Public { get register::verify::get, post register::verify::post }
    urls::RECOVER => Public { get recover::get, post recover::post }
    recover::code::PATH => Public { get recover::code::get, post recover::code::post }
    "/recover/{token}" => Link { get recover::link::get, post recover::link::post }
    urls::UNLOCK => Public { get unlock::get, post unlock::post }
    "/unlock/{token}" => Link { get unlock::ask, post unlock::confirm }
    "/verify/{token}" => Link { get email_links::verify_get, post email_links::verify_post }
    "/undo-email/{token}" => Link { get freeze::undo_get, post freeze::undo_post }
    "/undo-deletion/{token}" => Link { get email_links::keep_get, post email_links::keep_post }
    "/freeze/{token}" => Link { get freeze::get, post freeze::post }
    verify_email::PAGE => Account { get verify_email::get, post verify_email::post }
    "/.well-known/change-password" => Public { get recover::change_password }
    "/setup/{token}" => Link { get setup::get, post setup::post }
    urls::MAILBOX => Public { get dev_mailbox::list }
    urls::MAILBOX_JSON => Public { get dev_mailbox::json }
    "/dev/mailbox/{id}" => Public { get dev_mailbox::get }
    playground::PATH => Public { get playground::compose::get }
    playground::CHECK => Public { get playground::check::get, post playground::check::post }
    playground::CALLBACK => Public { get playground::answer::get, post playground::answer::post }
    playground::TOKEN => Public { get playground::token::get, post playground::token::post }
    "/errors" => Public { get error_reference::index }
    "/errors.json" => Public { get error_reference::json }
    "/errors/{code}" => Public { get error_reference::get }
    "/static/{name}" => Public { get assets::get }
    "/.well-known/passkey-endpoints" => Public { get passkey::endpoints }
}
