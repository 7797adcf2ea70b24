//! The tables, as both migration folders make them. `tests/contract/parity.rs` holds the two
//! folders together; the repositories' own tests hold this file to them.

diesel::table! {
    clients (id) {
        id -> Text,
        metadata -> Text,
        secret_hash -> Nullable<Text>,
        created_at -> BigInt,
        updated_at -> BigInt,
        disabled_at -> Nullable<BigInt>,
        sealed_secret -> Nullable<Text>,
        registration_token_hash -> Nullable<Text>,
        initial_access_token -> Nullable<Text>,
        unused_until -> Nullable<BigInt>,
    }
}

diesel::table! {
    users (id) {
        id -> Text,
        username -> Text,
        username_key -> Text,
        email -> Text,
        email_key -> Text,
        email_verified -> Bool,
        password_hash -> Text,
        is_admin -> Bool,
        profile -> Text,
        created_at -> BigInt,
        updated_at -> BigInt,
        disabled_at -> Nullable<BigInt>,
        language -> Nullable<Text>,
        group_names -> Text,
        sealed_profile -> Nullable<Text>,
        password_changed_at -> Nullable<BigInt>,
        deletion_at -> Nullable<BigInt>,
        passkey_offer_after -> Nullable<BigInt>,
    }
}

diesel::table! {
    browser_sessions (id) {
        id -> Text,
        token_hash -> Text,
        user_id -> Text,
        auth_time -> BigInt,
        amr -> Text,
        acr -> Text,
        created_at -> BigInt,
        last_seen_at -> BigInt,
        expires_at -> BigInt,
        device_id -> Nullable<Text>,
        ip -> Nullable<Text>,
        user_agent -> Nullable<Text>,
    }
}

diesel::table! {
    interactions (id) {
        id -> Text,
        client_id -> Text,
        request -> Text,
        progress -> Text,
        created_at -> BigInt,
        expires_at -> BigInt,
        user_id -> Nullable<Text>,
    }
}

diesel::table! {
    grants (id) {
        id -> Text,
        client_id -> Text,
        user_id -> Text,
        session_id -> Text,
        scope -> Text,
        is_offline -> Bool,
        claims -> Text,
        auth_time -> BigInt,
        acr -> Text,
        amr -> Text,
        created_at -> BigInt,
        expires_at -> BigInt,
        revoked_at -> Nullable<BigInt>,
        session_ended_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    authorization_codes (hash) {
        hash -> Text,
        grant_id -> Text,
        client_id -> Text,
        redirect_uri -> Text,
        code_challenge -> Text,
        nonce -> Nullable<Text>,
        created_at -> BigInt,
        expires_at -> BigInt,
        consumed_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    refresh_tokens (hash) {
        hash -> Text,
        grant_id -> Text,
        generation -> BigInt,
        created_at -> BigInt,
        expires_at -> BigInt,
        used_at -> Nullable<BigInt>,
        successor_hash -> Nullable<Text>,
        sealed_reply -> Nullable<Text>,
    }
}

diesel::table! {
    opaque_access_tokens (hash) {
        hash -> Text,
        client_id -> Text,
        grant_id -> Nullable<Text>,
        claims -> Text,
        expires_at -> BigInt,
    }
}

diesel::table! {
    revoked_tokens (jti) {
        jti -> Text,
        expires_at -> BigInt,
    }
}

diesel::table! {
    client_assertions (jti_hash, client_id) {
        jti_hash -> Text,
        client_id -> Text,
        expires_at -> BigInt,
    }
}

diesel::table! {
    consents (user_id, client_id) {
        user_id -> Text,
        client_id -> Text,
        scope -> Text,
        claims -> Text,
        granted_at -> BigInt,
        declined -> Text,
        wording -> Text,
    }
}

diesel::table! {
    signing_keys (kid) {
        kid -> Text,
        alg -> Text,
        public_jwk -> Text,
        sealed_private_jwk -> Text,
        published_at -> BigInt,
        active_at -> Nullable<BigInt>,
        retired_at -> Nullable<BigInt>,
        expires_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    setup_links (hash) {
        hash -> Text,
        expires_at -> BigInt,
        consumed_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    audit_events (id) {
        id -> BigInt,
        at -> BigInt,
        event -> Text,
        user_id -> Nullable<Text>,
        client_id -> Nullable<Text>,
        request_id -> Text,
        detail -> Text,
        ip -> Nullable<Text>,
    }
}

diesel::table! {
    client_origins (origin, client_id) {
        origin -> Text,
        client_id -> Text,
    }
}

diesel::table! {
    devices (id) {
        id -> Text,
        token_hash -> Text,
        user_id -> Text,
        user_agent -> Text,
        ip -> Nullable<Text>,
        created_at -> BigInt,
        last_seen_at -> BigInt,
        trusted_until -> Nullable<BigInt>,
        expires_at -> BigInt,
    }
}

diesel::table! {
    sign_ins (id) {
        id -> Text,
        token_hash -> Text,
        user_id -> Text,
        session_id -> Nullable<Text>,
        amr -> Text,
        auth_time -> BigInt,
        created_at -> BigInt,
        expires_at -> BigInt,
    }
}

diesel::table! {
    spent_challenges (hash) {
        hash -> Text,
        expires_at -> BigInt,
    }
}

diesel::table! {
    verifications (id) {
        id -> Text,
        kind -> Text,
        subject -> Text,
        user_id -> Nullable<Text>,
        token_hash -> Text,
        code_hash -> Nullable<Text>,
        sealed_data -> Nullable<Text>,
        attempts -> BigInt,
        created_at -> BigInt,
        expires_at -> BigInt,
        consumed_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    outbox (id) {
        id -> Text,
        kind -> Text,
        user_id -> Nullable<Text>,
        sealed_message -> Text,
        created_at -> BigInt,
        next_attempt_at -> Nullable<BigInt>,
        attempts -> BigInt,
        last_error -> Nullable<Text>,
        leased_until -> Nullable<BigInt>,
        sent_at -> Nullable<BigInt>,
        expires_at -> BigInt,
    }
}

diesel::table! {
    totp_devices (id) {
        id -> Text,
        user_id -> Text,
        name -> Text,
        sealed_secret -> Text,
        created_at -> BigInt,
        confirmed_at -> Nullable<BigInt>,
        last_used_at -> Nullable<BigInt>,
        last_step -> Nullable<BigInt>,
    }
}

diesel::table! {
    passkeys (id) {
        id -> Text,
        user_id -> Text,
        name -> Text,
        credential -> Text,
        aaguid -> Nullable<Text>,
        backed_up -> Bool,
        created_at -> BigInt,
        last_used_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    recovery_codes (hash) {
        hash -> Text,
        user_id -> Text,
        created_at -> BigInt,
        used_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    password_history (id) {
        id -> Text,
        user_id -> Text,
        password_hash -> Text,
        replaced_at -> BigInt,
    }
}

diesel::table! {
    guesses (subject) {
        subject -> Text,
        failures -> BigInt,
        first_at -> BigInt,
        last_at -> BigInt,
        locked_until -> Nullable<BigInt>,
        expires_at -> BigInt,
    }
}

diesel::table! {
    terms_acceptances (user_id, version) {
        user_id -> Text,
        version -> Text,
        accepted_at -> BigInt,
    }
}

diesel::table! {
    consent_records (id) {
        id -> Text,
        user_id -> Text,
        client_id -> Text,
        decision -> Text,
        scope -> Text,
        claims -> Text,
        wording -> Text,
        at -> BigInt,
    }
}

diesel::table! {
    data_keys (id) {
        id -> Text,
        sealed_key -> Text,
        created_at -> BigInt,
        retired_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    initial_access_tokens (id) {
        id -> Text,
        hash -> Text,
        label -> Text,
        created_at -> BigInt,
        expires_at -> BigInt,
        uses_left -> Nullable<BigInt>,
    }
}

diesel::table! {
    encryption_keys (kid) {
        kid -> Text,
        key_type -> Text,
        public_jwk -> Text,
        sealed_private_jwk -> Text,
        created_at -> BigInt,
        retired_at -> Nullable<BigInt>,
        expires_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    session_clients (session_id, client_id) {
        session_id -> Text,
        client_id -> Text,
        sub -> Text,
        first_at -> BigInt,
    }
}

diesel::table! {
    logout_deliveries (id) {
        id -> Text,
        client_id -> Text,
        session_id -> Text,
        sub -> Text,
        created_at -> BigInt,
        next_attempt_at -> Nullable<BigInt>,
        attempts -> BigInt,
        last_error -> Nullable<Text>,
        leased_until -> Nullable<BigInt>,
        sent_at -> Nullable<BigInt>,
        expires_at -> BigInt,
    }
}

diesel::table! {
    leases (name) {
        name -> Text,
        holder -> Text,
        fence -> BigInt,
        renewed_at -> BigInt,
        expires_at -> BigInt,
        done_at -> Nullable<BigInt>,
    }
}

diesel::allow_tables_to_appear_in_same_query!(browser_sessions, interactions);
