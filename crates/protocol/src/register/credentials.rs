//! What a client gets to prove itself with.

use vestibule_keys::{Digester, KeyError, Sealer};
use vestibule_model::{Entropy, Secret, client::Client, sealed::SealedColumn};

/// Gives the client this `client_secret`, or none: as a hash, and sealed beside it where what it
/// registered takes the secret for a key (OIDC Core §10).
///
/// # Errors
/// [`KeyError::SealTooLong`], beyond all measure.
pub fn keep_secret(
    client: &mut Client,
    secret: Option<&Secret>,
    digester: &Digester,
    sealer: &Sealer,
    entropy: &dyn Entropy,
) -> Result<(), KeyError> {
    let needed = secret.filter(|_| client.metadata.needs_secret_itself());
    let purpose = SealedColumn::ClientSecret.purpose(client.id.as_str());
    let seal = |secret: &Secret| sealer.seal(&purpose, secret.expose().as_bytes(), entropy);
    client.sealed_secret = needed.map(seal).transpose()?;
    client.secret_hash = secret.map(|secret| digester.client_secret(secret));
    Ok(())
}
