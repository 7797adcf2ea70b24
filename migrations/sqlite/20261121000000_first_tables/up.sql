-- Time is Unix seconds (BIGINT). Lists and sub-documents are JSON text. Secrets rest as hashes.
-- Tables whose rows are small and found by their key alone are WITHOUT ROWID: one tree, not two.

CREATE TABLE clients (
    id TEXT NOT NULL PRIMARY KEY,
    metadata TEXT NOT NULL,
    secret_hash TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    disabled_at BIGINT
);

-- The web origins of each client's redirect URIs: whose scripts may call the token endpoints.
CREATE TABLE client_origins (
    origin TEXT NOT NULL,
    client_id TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    PRIMARY KEY (origin, client_id)
) WITHOUT ROWID;
CREATE INDEX client_origins_client_id ON client_origins (client_id);

-- The *_key columns hold the lower-case form that sign-in compares.
CREATE TABLE users (
    id TEXT NOT NULL PRIMARY KEY,
    username TEXT NOT NULL,
    username_key TEXT NOT NULL,
    email TEXT NOT NULL,
    email_key TEXT NOT NULL,
    email_verified BOOLEAN NOT NULL,
    password_hash TEXT NOT NULL,
    is_admin BOOLEAN NOT NULL,
    profile TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    disabled_at BIGINT
);
CREATE UNIQUE INDEX users_username_key ON users (username_key);
CREATE UNIQUE INDEX users_email_key ON users (email_key);
CREATE INDEX users_is_admin ON users (is_admin);

CREATE TABLE browser_sessions (
    id TEXT NOT NULL PRIMARY KEY,
    token_hash TEXT NOT NULL,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    auth_time BIGINT NOT NULL,
    amr TEXT NOT NULL,
    acr TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX browser_sessions_token_hash ON browser_sessions (token_hash);
CREATE INDEX browser_sessions_user_id ON browser_sessions (user_id);
CREATE INDEX browser_sessions_expires_at ON browser_sessions (expires_at);

CREATE TABLE interactions (
    id TEXT NOT NULL PRIMARY KEY,
    client_id TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    request TEXT NOT NULL,
    progress TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX interactions_client_id ON interactions (client_id);
CREATE INDEX interactions_expires_at ON interactions (expires_at);

-- session_id refers to no row: a grant with offline_access outlives its session.
CREATE TABLE grants (
    id TEXT NOT NULL PRIMARY KEY,
    client_id TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    session_id TEXT NOT NULL,
    scope TEXT NOT NULL,
    is_offline BOOLEAN NOT NULL,
    claims TEXT NOT NULL,
    auth_time BIGINT NOT NULL,
    acr TEXT NOT NULL,
    amr TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    revoked_at BIGINT
);
CREATE INDEX grants_client_id ON grants (client_id);
CREATE INDEX grants_user_id ON grants (user_id);
CREATE INDEX grants_session_id ON grants (session_id);
CREATE INDEX grants_expires_at ON grants (expires_at);

-- nonce is JSON text: it is the client's own text and may hold U+0000, which PostgreSQL refuses.
CREATE TABLE authorization_codes (
    hash TEXT NOT NULL PRIMARY KEY,
    grant_id TEXT NOT NULL REFERENCES grants (id) ON DELETE CASCADE,
    client_id TEXT NOT NULL,
    redirect_uri TEXT NOT NULL,
    code_challenge TEXT NOT NULL,
    nonce TEXT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    consumed_at BIGINT
) WITHOUT ROWID;
CREATE INDEX authorization_codes_grant_id ON authorization_codes (grant_id);
CREATE INDEX authorization_codes_expires_at ON authorization_codes (expires_at);

-- One row a generation: a family that forked could not even be stored.
CREATE TABLE refresh_tokens (
    hash TEXT NOT NULL PRIMARY KEY,
    grant_id TEXT NOT NULL REFERENCES grants (id) ON DELETE CASCADE,
    generation BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT,
    successor_hash TEXT,
    sealed_reply TEXT
);
CREATE UNIQUE INDEX refresh_tokens_generation ON refresh_tokens (grant_id, generation);
CREATE INDEX refresh_tokens_expires_at ON refresh_tokens (expires_at);
CREATE INDEX refresh_tokens_sealed_reply ON refresh_tokens (used_at) WHERE sealed_reply IS NOT NULL;

CREATE TABLE opaque_access_tokens (
    hash TEXT NOT NULL PRIMARY KEY,
    client_id TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    grant_id TEXT REFERENCES grants (id) ON DELETE CASCADE,
    claims TEXT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX opaque_access_tokens_client_id ON opaque_access_tokens (client_id);
CREATE INDEX opaque_access_tokens_grant_id ON opaque_access_tokens (grant_id);
CREATE INDEX opaque_access_tokens_expires_at ON opaque_access_tokens (expires_at);

CREATE TABLE revoked_tokens (
    jti TEXT NOT NULL PRIMARY KEY,
    expires_at BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX revoked_tokens_expires_at ON revoked_tokens (expires_at);

-- jti is the client's own text of any length, so its hash is the key.
CREATE TABLE client_assertions (
    jti_hash TEXT NOT NULL,
    client_id TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (jti_hash, client_id)
) WITHOUT ROWID;
CREATE INDEX client_assertions_client_id ON client_assertions (client_id);
CREATE INDEX client_assertions_expires_at ON client_assertions (expires_at);

CREATE TABLE consents (
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    client_id TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    scope TEXT NOT NULL,
    claims TEXT NOT NULL,
    granted_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, client_id)
) WITHOUT ROWID;
CREATE INDEX consents_client_id ON consents (client_id);

CREATE TABLE signing_keys (
    kid TEXT NOT NULL PRIMARY KEY,
    alg TEXT NOT NULL,
    public_jwk TEXT NOT NULL,
    sealed_private_jwk TEXT NOT NULL,
    published_at BIGINT NOT NULL,
    active_at BIGINT,
    retired_at BIGINT,
    expires_at BIGINT
);

CREATE TABLE setup_links (
    hash TEXT NOT NULL PRIMARY KEY,
    expires_at BIGINT NOT NULL,
    consumed_at BIGINT
) WITHOUT ROWID;
CREATE INDEX setup_links_expires_at ON setup_links (expires_at);

-- No foreign keys: what happened stays true after the user or the client is gone.
CREATE TABLE audit_events (
    id INTEGER NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL,
    event TEXT NOT NULL,
    user_id TEXT,
    client_id TEXT,
    request_id TEXT NOT NULL,
    detail TEXT NOT NULL
);
