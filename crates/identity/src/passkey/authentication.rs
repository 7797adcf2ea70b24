//! Using a passkey (WebAuthn §7.2).

use vestibule_model::{Timestamp, UserId, factor::Passkey};
use webauthn_rs_core::{
    error::WebauthnError,
    internals::AuthenticatorData,
    proto::{
        Authentication, AuthenticationState, CollectedClientData, Credential, PublicKeyCredential,
        UserVerificationPolicy,
    },
};

use super::{
    Challenge, PasskeyError, Passkeys,
    ceremony::{self, Ceremony, Kind},
    encode, parse, quietly, user_handle,
};

/// Whether the authenticator has to verify its person by PIN or biometrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verification {
    /// If it can: enough beside a password.
    Preferred,
    /// Always: the passkey is both factors.
    Required,
}

/// Whom an answer claims to come from. Proves nothing: it tells which rows to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The credential id, base64url.
    pub credential_id: String,
    /// The [`user_handle`](super::user_handle) of the owner, if the authenticator told.
    pub user_handle: Option<String>,
}

/// A passkey that was used, and how.
#[derive(Clone, Debug)]
pub struct Used {
    /// The credential id, base64url.
    pub id: String,
    /// What to store in place of the old `credential`: the counter has gone up. An update that
    /// only passes over the old text lets one of two uses at the same time win.
    pub credential: String,
    /// Whether the authenticator verified its person.
    pub user_verified: bool,
    /// Whether it may leave its device.
    pub backup_eligible: bool,
    /// Whether it is synchronised between devices.
    pub backed_up: bool,
}

/// How a passkey proves who somebody is (RFC 8176 §2): `hwk` for a key bound to its device, `swk`
/// for one that may leave it; `user`, because presence is always tested; `mfa` if the
/// authenticator verified its person too.
pub fn amr(used: &Used) -> Vec<String> {
    let key = if used.backup_eligible || used.backed_up { "swk" } else { "hwk" };
    let mut methods = vec![key, "user"];
    if used.user_verified {
        methods.push("mfa");
    }
    methods.into_iter().map(str::to_owned).collect()
}

/// Reads whom an answer claims to come from.
pub fn identify(response: &str) -> Result<Named, PasskeyError> {
    let response: PublicKeyCredential = parse(response)?;
    Ok(named(&response))
}

fn named(response: &PublicKeyCredential) -> Named {
    Named {
        credential_id: encode(&response.raw_id),
        user_handle: response.response.user_handle.as_deref().map(encode),
    }
}

impl Passkeys {
    /// The challenge for a person who is known already: second factor or step-up. `allow` are the
    /// passkeys of `user`.
    pub fn begin_authentication(
        &self,
        user: &UserId,
        allow: &[Passkey],
        verification: Verification,
        now: Timestamp,
    ) -> Result<Challenge, PasskeyError> {
        let credentials: Vec<_> = allow.iter().map(credential_of).collect::<Result<_, _>>()?;
        if credentials.is_empty() {
            return Err(PasskeyError::NoPasskeys);
        }
        // Where each passkey has to verify its person anyway, browsers must know: some skip what
        // is only preferred, for example when a laptop's fingerprint reader is out of reach.
        let always = credentials.iter().all(|credential| credential.user_verified);
        let policy = match verification {
            Verification::Preferred if !always => UserVerificationPolicy::Preferred,
            Verification::Preferred | Verification::Required => UserVerificationPolicy::Required,
        };
        let handle = Some(user_handle(user));
        self.begin(Kind::Authentication, handle, credentials, policy, now)
    }

    /// Checks the answer to [`begin_authentication`](Self::begin_authentication). `stored` are the
    /// person's passkeys as they are now.
    pub fn finish_authentication(
        &self,
        response: &str,
        state: &str,
        stored: &[Passkey],
        now: Timestamp,
    ) -> Result<Used, PasskeyError> {
        let ceremony = ceremony::read::<AuthenticationState>(Kind::Authentication, state, now)?;
        let response: PublicKeyCredential = parse(response)?;
        let named = named(&response);
        if named.user_handle.is_some() && named.user_handle != ceremony.user_handle {
            return Err(PasskeyError::OtherOwner);
        }
        let passkey = stored
            .iter()
            .find(|passkey| passkey.id == named.credential_id)
            .filter(|passkey| ceremony.user_handle == Some(user_handle(&passkey.user_id)))
            .ok_or(PasskeyError::Unknown)?;
        self.verify(&response, &ceremony, passkey)
    }

    /// The challenge for anybody: sign-in without user name and password, also by autofill
    /// (`mediation: "conditional"`). Requires user verification.
    pub fn begin_discoverable(&self, now: Timestamp) -> Result<Challenge, PasskeyError> {
        self.begin(Kind::Discoverable, None, Vec::new(), UserVerificationPolicy::Required, now)
    }

    /// Checks the answer to [`begin_discoverable`](Self::begin_discoverable). `stored` is the row
    /// that [`identify`] named; its owner is who signed in.
    pub fn finish_discoverable(
        &self,
        response: &str,
        state: &str,
        stored: &Passkey,
        now: Timestamp,
    ) -> Result<Used, PasskeyError> {
        let ceremony = ceremony::read::<AuthenticationState>(Kind::Discoverable, state, now)?;
        let response: PublicKeyCredential = parse(response)?;
        let named = named(&response);
        if named.credential_id != stored.id {
            return Err(PasskeyError::Unknown);
        }
        // §7.2 step 6: without a user known beforehand, the handle has to be there.
        if named.user_handle != Some(user_handle(&stored.user_id)) {
            return Err(PasskeyError::OtherOwner);
        }
        self.verify(&response, &ceremony, stored)
    }

    fn begin(
        &self,
        kind: Kind,
        user_handle: Option<String>,
        credentials: Vec<Credential>,
        policy: UserVerificationPolicy,
        now: Timestamp,
    ) -> Result<Challenge, PasskeyError> {
        let builder = self
            .core
            .new_challenge_authenticate_builder(credentials, Some(policy))?
            // Some authenticators learn to synchronise after registration.
            .allow_backup_eligible_upgrade(true);
        let (options, mut state) = self.core.generate_challenge_authenticate(builder)?;
        // `finish_*` judges by the rows as they are then, not by a copy of today.
        state.set_allowed_credentials(Vec::new());
        Ok(Challenge {
            options: serde_json::to_string(&options).map_err(|_| PasskeyError::State)?,
            state: ceremony::write(kind, user_handle, state, now)?,
        })
    }

    fn verify(
        &self,
        response: &PublicKeyCredential,
        ceremony: &Ceremony<AuthenticationState>,
        stored: &Passkey,
    ) -> Result<Used, PasskeyError> {
        let mut credential = credential_of(stored)?;
        let result = quietly(|| {
            self.core.authenticate_single_credential(response, &ceremony.state, &credential)
        })
        .map_err(|error| match error {
            WebauthnError::CredentialPossibleCompromise => {
                went_back(response, stored, credential.counter)
            }
            other => other.into(),
        })?;
        not_framed(response)?;
        credential.counter = result.counter();
        credential.backup_eligible = result.backup_eligible();
        credential.backup_state = result.backup_state();
        Ok(Used {
            id: stored.id.clone(),
            credential: serde_json::to_string(&credential).map_err(|_| PasskeyError::State)?,
            user_verified: result.user_verified(),
            backup_eligible: result.backup_eligible(),
            backed_up: result.backup_state(),
        })
    }
}

pub(super) fn credential_of(passkey: &Passkey) -> Result<Credential, PasskeyError> {
    serde_json::from_str(&passkey.credential)
        .map_err(|_| PasskeyError::Stored { id: passkey.id.clone() })
}

/// §7.2 step 12, which the library checks at registration only: our pages are in nobody's frame.
fn not_framed(response: &PublicKeyCredential) -> Result<(), PasskeyError> {
    let client: CollectedClientData = serde_json::from_slice(&response.response.client_data_json)
        .map_err(|_| PasskeyError::Malformed)?;
    if client.cross_origin == Some(true) { Err(PasskeyError::Origin) } else { Ok(()) }
}

fn went_back(response: &PublicKeyCredential, stored: &Passkey, counter: u32) -> PasskeyError {
    let data = response.response.authenticator_data.as_slice();
    let sent = AuthenticatorData::<Authentication>::try_from(data).map_or(0, |data| data.counter);
    PasskeyError::CounterWentBack { id: stored.id.clone(), stored: counter, sent }
}
