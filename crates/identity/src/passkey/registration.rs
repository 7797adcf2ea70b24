//! Adding a passkey (WebAuthn §7.1).

use serde_cbor_2::Value as Cbor;
use uuid::Uuid;
use vestibule_model::{Timestamp, UserId, factor::Passkey};
use webauthn_rs_core::proto::{
    AuthenticatorTransport, Credential, ExtnState, PublicKeyCredentialDescriptor,
    RegisterPublicKeyCredential, RegistrationState, RequestRegistrationExtensions,
    ResidentKeyRequirement, UserVerificationPolicy,
};

use super::{
    Challenge, PasskeyError, Passkeys,
    authentication::credential_of,
    ceremony::{self, Kind},
    encode, parse, quietly, user_handle, user_handle_bytes,
};

/// Where the AAGUID stands in authenticator data: after the hash of the RP ID, the flags and the
/// counter (WebAuthn §6.1, §6.5.1).
const AAGUID: std::ops::Range<usize> = 37..53;

/// Who adds a passkey, as their device will show it.
#[derive(Clone, Copy, Debug)]
pub struct Owner<'a> {
    /// The account; the device keeps [`user_handle`] of it.
    pub user: &'a UserId,
    /// The name to sign in with.
    pub username: &'a str,
    /// The person's name; the user name stands in for an empty one.
    pub display_name: &'a str,
}

/// A passkey that was added.
#[derive(Clone, Debug)]
pub struct NewPasskey {
    /// The credential id, base64url. Unique among all people: who stores it must refuse one that
    /// is there already (WebAuthn §7.1 step 26).
    pub id: String,
    /// What `begin_*` and `finish_*` read again: public key, counter, flags. Nothing secret.
    pub credential: String,
    /// The authenticator's model, unless it keeps that to itself. Nobody vouches for it: good for
    /// suggesting a name by [`model_name`](super::model_name), and for nothing else.
    pub aaguid: Option<String>,
    /// Whether it is synchronised between devices already.
    pub backed_up: bool,
    /// How the device is reached (WebAuthn §5.8.4).
    pub transports: Vec<String>,
    /// Whether the authenticator verified its person.
    pub user_verified: bool,
    /// Whether it can be found without a user name, as far as the browser told (WebAuthn §10.1.3).
    pub discoverable: Option<bool>,
}

impl Passkeys {
    /// The challenge for adding a passkey. `existing` are the person's passkeys, so that the same
    /// authenticator is not added twice.
    pub fn begin_registration(
        &self,
        owner: &Owner<'_>,
        existing: &[Passkey],
        now: Timestamp,
    ) -> Result<Challenge, PasskeyError> {
        let display_name =
            if owner.display_name.is_empty() { owner.username } else { owner.display_name };
        let builder = self
            .core
            .new_challenge_register_builder(
                &user_handle_bytes(owner.user),
                owner.username,
                display_name,
            )?
            .attestation(self.attestation.into())
            .user_verification_policy(UserVerificationPolicy::Preferred)
            .extensions(Some(RequestRegistrationExtensions {
                uvm: None,
                cred_props: Some(true),
                ..RequestRegistrationExtensions::default()
            }));
        let (mut options, state) = self.core.generate_challenge_register(builder)?;
        // "preferred" and not "required": an old security key still makes a second factor.
        if let Some(selection) = &mut options.public_key.authenticator_selection {
            selection.resident_key = Some(ResidentKeyRequirement::Preferred);
        }
        let exclude: Result<_, _> = existing.iter().map(descriptor).collect();
        options.public_key.exclude_credentials = Some(exclude?);
        let handle = user_handle(owner.user);
        Ok(Challenge {
            options: serde_json::to_string(&options).map_err(|_| PasskeyError::State)?,
            state: ceremony::write(Kind::Registration, Some(handle), state, now)?,
        })
    }

    /// Checks the answer of `user`'s browser to a challenge for adding a passkey.
    pub fn finish_registration(
        &self,
        user: &UserId,
        response: &str,
        state: &str,
        now: Timestamp,
    ) -> Result<NewPasskey, PasskeyError> {
        let ceremony = ceremony::read::<RegistrationState>(Kind::Registration, state, now)?;
        if ceremony.user_handle != Some(user_handle(user)) {
            return Err(PasskeyError::OtherCeremony);
        }
        let response: RegisterPublicKeyCredential = parse(response)?;
        let mut credential =
            quietly(|| self.core.register_credential(&response, &ceremony.state, None))?;
        // The library keeps them for attested credentials only; they are a hint in any case.
        credential.transports = response.response.transports.as_deref().map(known);
        Ok(NewPasskey {
            id: encode(&credential.cred_id),
            credential: serde_json::to_string(&credential).map_err(|_| PasskeyError::State)?,
            aaguid: aaguid(&response.response.attestation_object),
            backed_up: credential.backup_state,
            transports: names(credential.transports.as_deref().unwrap_or_default()),
            user_verified: credential.user_verified,
            discoverable: discoverable(&credential),
        })
    }
}

fn descriptor(passkey: &Passkey) -> Result<PublicKeyCredentialDescriptor, PasskeyError> {
    let credential = credential_of(passkey)?;
    Ok(PublicKeyCredentialDescriptor {
        type_: "public-key".to_owned(),
        id: credential.cred_id,
        transports: credential.transports,
    })
}

/// The transports of the specification; what else a browser names would come back to it.
fn known(transports: &[AuthenticatorTransport]) -> Vec<AuthenticatorTransport> {
    use AuthenticatorTransport::{Test, Unknown};
    transports.iter().filter(|one| !matches!(one, Test | Unknown)).cloned().collect()
}

fn names(transports: &[AuthenticatorTransport]) -> Vec<String> {
    transports.iter().map(ToString::to_string).collect()
}

fn discoverable(credential: &Credential) -> Option<bool> {
    match &credential.extensions.cred_props {
        ExtnState::Set(props) | ExtnState::Unsolicited(props) | ExtnState::Unsigned(props) => {
            props.rk
        }
        ExtnState::NotRequested | ExtnState::Ignored => None,
    }
}

/// The AAGUID of an attestation object that was checked already; all zeroes mean "not told".
fn aaguid(attestation_object: &[u8]) -> Option<String> {
    let Cbor::Map(object) = serde_cbor_2::from_slice(attestation_object).ok()? else {
        return None;
    };
    let Cbor::Bytes(data) = object.get(&Cbor::Text("authData".to_owned()))? else {
        return None;
    };
    let bytes: [u8; 16] = data.get(AAGUID)?.try_into().ok()?;
    let aaguid = Uuid::from_bytes(bytes);
    (!aaguid.is_nil()).then(|| aaguid.to_string())
}
