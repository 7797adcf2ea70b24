//! The demo's user and client, put into a development database.

use vestibule_demo::DemoSettings;
use vestibule_model::client::{Client, ClientMetadata, GrantType};
use vestibule_model::entropy::{random_client_secret, random_id};
use vestibule_model::user::{Profile, User};
use vestibule_model::{ClientId, ResponseType, ScopeSet, Secret, UserId};
use vestibule_storage::StorageError;

use crate::entropy::OsEntropy;
use crate::fault::Fault;
use crate::passwords;
use crate::premises::Premises;

/// The demo client. A public server refuses to start while it is registered.
pub const CLIENT_ID: &str = "vestibule-demo";
/// The demo user's name.
pub const USERNAME: &str = "demo";
/// The demo user's password.
pub const PASSWORD: &str = "try-vestibule-today";

/// Makes the demo user if there is none, and registers the sample app under a new secret. Gives the
/// sample app's settings back.
///
/// # Errors
/// See [`Fault`].
pub fn seed(premises: &Premises, listen: &str, public_url: &str) -> Result<DemoSettings, Fault> {
    let secret = random_client_secret(&OsEntropy);
    let settings = DemoSettings {
        issuer: premises.config.instance.issuer.as_str().to_owned(),
        listen: listen.to_owned(),
        public_url: public_url.to_owned(),
        client_id: CLIENT_ID.to_owned(),
        client_secret: secret.expose().to_owned(),
        name: "Sample app".to_owned(),
    };
    let user = user(premises)?;
    let client = client(premises, &settings, &secret)?;
    let seeded = premises.write(move |conn| {
        if vestibule_storage::user::find_by_login(conn, USERNAME)?.is_none() {
            vestibule_storage::user::insert(conn, &user)?;
        }
        if !vestibule_storage::client::update(conn, &client)? {
            vestibule_storage::client::insert(conn, &client)?;
        }
        Ok::<_, StorageError>(())
    });
    seeded?;
    Ok(settings)
}

fn user(premises: &Premises) -> Result<User, Fault> {
    let id = UserId::new(random_id(&OsEntropy));
    let hash = passwords::hash(&premises.config.password, Secret::new(PASSWORD))?;
    Ok(User {
        email_verified: true,
        profile: Profile {
            name: Some("Dana Demo".to_owned()),
            given_name: Some("Dana".to_owned()),
            family_name: Some("Demo".to_owned()),
            nickname: Some("dd".to_owned()),
            zoneinfo: Some("Europe/Lisbon".to_owned()),
            locale: Some("en".to_owned()),
            ..Profile::default()
        },
        ..User::new(id, USERNAME, "demo@example.com", hash, premises.now())
    })
}

fn client(premises: &Premises, settings: &DemoSettings, secret: &Secret) -> Result<Client, Fault> {
    let now = premises.now();
    let instance = &premises.config.instance;
    let playground = instance.playground.then(|| instance.issuer.url("/playground/callback"));
    let scope =
        ScopeSet::parse(DemoSettings::SCOPE).map_err(|fault| Fault::refused(fault.to_string()))?;
    Ok(Client {
        id: ClientId::new(CLIENT_ID),
        metadata: ClientMetadata {
            client_name: Some(settings.name.clone()),
            client_uri: Some(settings.public_url.clone()),
            redirect_uris: [settings.redirect_uri()].into_iter().chain(playground).collect(),
            post_logout_redirect_uris: vec![settings.post_logout_redirect_uri()],
            grant_types: vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
            response_types: vec![ResponseType::Code],
            scope,
            ..ClientMetadata::default()
        },
        secret_hash: Some(premises.digester().client_secret(secret)),
        sealed_secret: None,
        registration: None,
        created_at: now,
        updated_at: now,
        disabled_at: None,
    })
}
