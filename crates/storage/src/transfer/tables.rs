//! What a database holds, table by table. `tests/contract/transfers.rs` holds this list to the
//! catalogues of both databases, so that no table and no column can be forgotten. The tables of
//! [`BOOKKEEPING`](crate::migrate::BOOKKEEPING) are about the one database, and in no export.

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    Text,
    /// A whole number.
    Integer,
    /// True or false.
    Boolean,
}

/// A column.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// What it holds, if it holds anything.
    pub kind: Kind,
}

/// A table whose rows are data.
#[derive(Clone, Copy, Debug)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// Its primary key.
    pub key: &'static [&'static str],
    /// Its columns, in the order in which a row is written.
    pub columns: &'static [Column],
}

impl Table {
    /// The column of that name, with its place.
    pub(super) fn column(&self, name: &str) -> Option<(usize, Column)> {
        let place = self.columns.iter().position(|column| column.name == name)?;
        self.columns.get(place).map(|column| (place, *column))
    }
}

/// The tables that draw their own keys, by table and column: a copy draws on from there.
pub(super) const DRAWN: [(&str, &str); 1] = [("audit_events", "id")];

macro_rules! tables {
    ($($table:ident ($($key:ident),+) { $($column:ident: $kind:ident,)+ })+) => {
        /// Every table, parents before children. What opens sealed rows comes first, so that an
        /// import knows after a few lines whether it has the right master key.
        pub const TABLES: &[Table] = &[$(Table {
            name: stringify!($table),
            key: &[$(stringify!($key)),+],
            columns: &[$(Column { name: stringify!($column), kind: Kind::$kind }),+],
        }),+];
    };
}

tables! {
    data_keys (id) { id: Text, sealed_key: Text, created_at: Integer, retired_at: Integer, }
    signing_keys (kid) {
        kid: Text, alg: Text, public_jwk: Text, sealed_private_jwk: Text, published_at: Integer,
        active_at: Integer, retired_at: Integer, expires_at: Integer,
    }
    encryption_keys (kid) {
        kid: Text, key_type: Text, public_jwk: Text, sealed_private_jwk: Text, created_at: Integer,
        retired_at: Integer, expires_at: Integer,
    }
    users (id) {
        id: Text, username: Text, username_key: Text, email: Text, email_key: Text,
        email_verified: Boolean, password_hash: Text, is_admin: Boolean, profile: Text,
        created_at: Integer, updated_at: Integer, disabled_at: Integer, language: Text,
        group_names: Text, sealed_profile: Text, password_changed_at: Integer,
        deletion_at: Integer, passkey_offer_after: Integer,
    }
    clients (id) {
        id: Text, metadata: Text, secret_hash: Text, created_at: Integer, updated_at: Integer,
        disabled_at: Integer, sealed_secret: Text, registration_token_hash: Text,
        initial_access_token: Text, unused_until: Integer,
    }
    client_origins (origin, client_id) { origin: Text, client_id: Text, }
    initial_access_tokens (id) {
        id: Text, hash: Text, label: Text, created_at: Integer, expires_at: Integer,
        uses_left: Integer,
    }
    setup_links (hash) { hash: Text, expires_at: Integer, consumed_at: Integer, }
    password_history (id) { id: Text, user_id: Text, password_hash: Text, replaced_at: Integer, }
    totp_devices (id) {
        id: Text, user_id: Text, name: Text, sealed_secret: Text, created_at: Integer,
        confirmed_at: Integer, last_used_at: Integer, last_step: Integer,
    }
    passkeys (id) {
        id: Text, user_id: Text, name: Text, credential: Text, aaguid: Text, backed_up: Boolean,
        created_at: Integer, last_used_at: Integer,
    }
    recovery_codes (hash) { hash: Text, user_id: Text, created_at: Integer, used_at: Integer, }
    devices (id) {
        id: Text, token_hash: Text, user_id: Text, user_agent: Text, ip: Text, created_at: Integer,
        last_seen_at: Integer, trusted_until: Integer, expires_at: Integer,
    }
    terms_acceptances (user_id, version) { user_id: Text, version: Text, accepted_at: Integer, }
    consents (user_id, client_id) {
        user_id: Text, client_id: Text, scope: Text, claims: Text, granted_at: Integer,
        declined: Text, wording: Text,
    }
    consent_records (id) {
        id: Text, user_id: Text, client_id: Text, decision: Text, scope: Text, claims: Text,
        wording: Text, at: Integer,
    }
    browser_sessions (id) {
        id: Text, token_hash: Text, user_id: Text, auth_time: Integer, amr: Text, acr: Text,
        created_at: Integer, last_seen_at: Integer, expires_at: Integer, device_id: Text, ip: Text,
        user_agent: Text,
    }
    session_clients (session_id, client_id) {
        session_id: Text, client_id: Text, sub: Text, first_at: Integer,
    }
    sign_ins (id) {
        id: Text, token_hash: Text, user_id: Text, session_id: Text, amr: Text, auth_time: Integer,
        created_at: Integer, expires_at: Integer,
    }
    interactions (id) {
        id: Text, client_id: Text, request: Text, progress: Text, created_at: Integer,
        expires_at: Integer, user_id: Text,
    }
    grants (id) {
        id: Text, client_id: Text, user_id: Text, session_id: Text, scope: Text,
        is_offline: Boolean, claims: Text, auth_time: Integer, acr: Text, amr: Text,
        created_at: Integer, expires_at: Integer, revoked_at: Integer, session_ended_at: Integer,
    }
    authorization_codes (hash) {
        hash: Text, grant_id: Text, client_id: Text, redirect_uri: Text, code_challenge: Text,
        nonce: Text, created_at: Integer, expires_at: Integer, consumed_at: Integer,
    }
    refresh_tokens (hash) {
        hash: Text, grant_id: Text, generation: Integer, created_at: Integer, expires_at: Integer,
        used_at: Integer, successor_hash: Text, sealed_reply: Text,
    }
    opaque_access_tokens (hash) {
        hash: Text, client_id: Text, grant_id: Text, claims: Text, expires_at: Integer,
    }
    revoked_tokens (jti) { jti: Text, expires_at: Integer, }
    client_assertions (jti_hash, client_id) {
        jti_hash: Text, client_id: Text, expires_at: Integer,
    }
    spent_challenges (hash) { hash: Text, expires_at: Integer, }
    guesses (subject) {
        subject: Text, failures: Integer, first_at: Integer, last_at: Integer,
        locked_until: Integer, expires_at: Integer,
    }
    verifications (id) {
        id: Text, kind: Text, subject: Text, user_id: Text, token_hash: Text, code_hash: Text,
        sealed_data: Text, attempts: Integer, created_at: Integer, expires_at: Integer,
        consumed_at: Integer,
    }
    outbox (id) {
        id: Text, kind: Text, user_id: Text, sealed_message: Text, created_at: Integer,
        next_attempt_at: Integer, attempts: Integer, last_error: Text, leased_until: Integer,
        sent_at: Integer, expires_at: Integer,
    }
    logout_deliveries (id) {
        id: Text, client_id: Text, session_id: Text, sub: Text, created_at: Integer,
        next_attempt_at: Integer, attempts: Integer, last_error: Text, leased_until: Integer,
        sent_at: Integer, expires_at: Integer,
    }
    audit_events (id) {
        id: Integer, at: Integer, event: Text, user_id: Text, client_id: Text, request_id: Text,
        detail: Text, ip: Text,
    }
}
