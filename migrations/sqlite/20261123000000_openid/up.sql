-- The complete OpenID Provider: clients that register themselves, secrets that are keys, encryption
-- keys, and who has to hear of a logout. Adds only: no row that was there before is touched, so that
-- the previous version can still run beside this one.

-- client_secret itself, where a hash does not do.
ALTER TABLE clients ADD COLUMN sealed_secret TEXT;
-- Of clients that registered themselves (RFC 7591, RFC 7592). initial_access_token: which one they
-- came with. unused_until: removed then, unless somebody signs in with it before.
ALTER TABLE clients ADD COLUMN registration_token_hash TEXT;
ALTER TABLE clients ADD COLUMN initial_access_token TEXT;
ALTER TABLE clients ADD COLUMN unused_until BIGINT;
CREATE INDEX clients_unused_until ON clients (unused_until) WHERE unused_until IS NOT NULL;

-- uses_left: NULL is without bound.
CREATE TABLE initial_access_tokens (
    id TEXT NOT NULL PRIMARY KEY,
    hash TEXT NOT NULL,
    label TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    uses_left BIGINT
);
CREATE UNIQUE INDEX initial_access_tokens_hash ON initial_access_tokens (hash);
CREATE INDEX initial_access_tokens_expires_at ON initial_access_tokens (expires_at);

-- What opens the request objects that clients encrypt for us.
CREATE TABLE encryption_keys (
    kid TEXT NOT NULL PRIMARY KEY,
    key_type TEXT NOT NULL,
    public_jwk TEXT NOT NULL,
    sealed_private_jwk TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    retired_at BIGINT,
    expires_at BIGINT
);

-- A grant with offline_access outlives its session; its access tokens of before do not.
ALTER TABLE grants ADD COLUMN session_ended_at BIGINT;

-- The clients that somebody went to from a session: who hears of its end, and as whom.
CREATE TABLE session_clients (
    session_id TEXT NOT NULL REFERENCES browser_sessions (id) ON DELETE CASCADE,
    client_id TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    sub TEXT NOT NULL,
    first_at BIGINT NOT NULL,
    PRIMARY KEY (session_id, client_id)
);
CREATE INDEX session_clients_client_id ON session_clients (client_id);

-- Logout tokens on their way (OIDC Back-Channel Logout). The token is made when it is sent.
CREATE TABLE logout_deliveries (
    id TEXT NOT NULL PRIMARY KEY,
    client_id TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    session_id TEXT NOT NULL,
    sub TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    next_attempt_at BIGINT,
    attempts BIGINT NOT NULL,
    last_error TEXT,
    leased_until BIGINT,
    sent_at BIGINT,
    expires_at BIGINT NOT NULL
);
CREATE INDEX logout_deliveries_next_attempt_at ON logout_deliveries (next_attempt_at)
    WHERE next_attempt_at IS NOT NULL;
CREATE INDEX logout_deliveries_client_id ON logout_deliveries (client_id);
CREATE INDEX logout_deliveries_expires_at ON logout_deliveries (expires_at);
