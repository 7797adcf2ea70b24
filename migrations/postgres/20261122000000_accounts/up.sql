-- What a person does with their account: factors, devices, mails, codes. Adds only: no row that was
-- there before is touched, so that the previous version can still run beside this one.

-- What the previous version does not know it leaves at its default.
ALTER TABLE users ADD COLUMN language TEXT;
ALTER TABLE users ADD COLUMN group_names TEXT NOT NULL DEFAULT '[]';
ALTER TABLE users ADD COLUMN sealed_profile TEXT;
ALTER TABLE users ADD COLUMN password_changed_at BIGINT;
ALTER TABLE users ADD COLUMN deletion_at BIGINT;
ALTER TABLE users ADD COLUMN passkey_offer_after BIGINT;
CREATE INDEX users_deletion_at ON users (deletion_at) WHERE deletion_at IS NOT NULL;

ALTER TABLE browser_sessions ADD COLUMN device_id TEXT COLLATE "C";
ALTER TABLE browser_sessions ADD COLUMN ip TEXT;
ALTER TABLE browser_sessions ADD COLUMN user_agent TEXT;

ALTER TABLE consents ADD COLUMN declined TEXT NOT NULL DEFAULT '';
ALTER TABLE consents ADD COLUMN wording TEXT NOT NULL DEFAULT '';

-- Whose session last left a mark on the request, so that erasing the account finds it.
ALTER TABLE interactions ADD COLUMN user_id TEXT COLLATE "C";
CREATE INDEX interactions_user_id ON interactions (user_id) WHERE user_id IS NOT NULL;

ALTER TABLE audit_events ADD COLUMN ip TEXT;
CREATE INDEX audit_events_user_id ON audit_events (user_id, id);

-- A browser that a person signed in with before. trusted_until: no second factor until then.
CREATE TABLE devices (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    token_hash TEXT COLLATE "C" NOT NULL,
    user_id TEXT COLLATE "C" NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    user_agent TEXT NOT NULL,
    ip TEXT,
    created_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    trusted_until BIGINT,
    expires_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX devices_token_hash ON devices (token_hash, user_id);
CREATE INDEX devices_user_id ON devices (user_id);
CREATE INDEX devices_expires_at ON devices (expires_at);

-- Half signed in: the first factor was right, or a session has to prove more. Not a session.
CREATE TABLE sign_ins (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    token_hash TEXT COLLATE "C" NOT NULL,
    user_id TEXT COLLATE "C" NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    session_id TEXT COLLATE "C",
    amr TEXT NOT NULL,
    auth_time BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX sign_ins_token_hash ON sign_ins (token_hash);
CREATE INDEX sign_ins_user_id ON sign_ins (user_id);
CREATE INDEX sign_ins_expires_at ON sign_ins (expires_at);

-- WebAuthn challenges that were used. They travel sealed in the page, and count once.
CREATE TABLE spent_challenges (
    hash TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    expires_at BIGINT NOT NULL
);
CREATE INDEX spent_challenges_expires_at ON spent_challenges (expires_at);

-- Links and codes that a mail carries: single use, with an end. token_hash is the link's, code_hash
-- the code's; subject is whom a new one voids (a user id, or a folded mail address).
CREATE TABLE verifications (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    kind TEXT COLLATE "C" NOT NULL,
    subject TEXT COLLATE "C" NOT NULL,
    user_id TEXT COLLATE "C" REFERENCES users (id) ON DELETE CASCADE,
    token_hash TEXT COLLATE "C" NOT NULL,
    code_hash TEXT,
    sealed_data TEXT,
    attempts BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    consumed_at BIGINT
);
CREATE UNIQUE INDEX verifications_token_hash ON verifications (token_hash);
CREATE INDEX verifications_subject ON verifications (subject, kind, created_at);
CREATE INDEX verifications_user_id ON verifications (user_id);
CREATE INDEX verifications_expires_at ON verifications (expires_at);

-- Mails on their way. The message is sealed: it holds addresses, links and codes.
CREATE TABLE outbox (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    kind TEXT COLLATE "C" NOT NULL,
    user_id TEXT COLLATE "C",
    sealed_message TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    next_attempt_at BIGINT,
    attempts BIGINT NOT NULL,
    last_error TEXT,
    leased_until BIGINT,
    sent_at BIGINT,
    expires_at BIGINT NOT NULL
);
CREATE INDEX outbox_next_attempt_at ON outbox (next_attempt_at) WHERE next_attempt_at IS NOT NULL;
CREATE INDEX outbox_user_id ON outbox (user_id);
CREATE INDEX outbox_created_at ON outbox (created_at);
CREATE INDEX outbox_expires_at ON outbox (expires_at);

CREATE TABLE totp_devices (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    user_id TEXT COLLATE "C" NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    sealed_secret TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    confirmed_at BIGINT,
    last_used_at BIGINT,
    last_step BIGINT
);
CREATE INDEX totp_devices_user_id ON totp_devices (user_id);

-- id is the credential id, base64url; credential is the public key and its counter, as JSON.
CREATE TABLE passkeys (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    user_id TEXT COLLATE "C" NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    credential TEXT NOT NULL,
    aaguid TEXT,
    backed_up BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT
);
CREATE INDEX passkeys_user_id ON passkeys (user_id);

CREATE TABLE recovery_codes (
    hash TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    user_id TEXT COLLATE "C" NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    used_at BIGINT
);
CREATE INDEX recovery_codes_user_id ON recovery_codes (user_id);

-- Hashes of passwords that were in use before.
CREATE TABLE password_history (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    user_id TEXT COLLATE "C" NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    password_hash TEXT NOT NULL,
    replaced_at BIGINT NOT NULL
);
CREATE INDEX password_history_user_id ON password_history (user_id, replaced_at);

-- Failures that count against somebody; subject is a keyed hash.
CREATE TABLE guesses (
    subject TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    failures BIGINT NOT NULL,
    first_at BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    locked_until BIGINT,
    expires_at BIGINT NOT NULL
);
CREATE INDEX guesses_expires_at ON guesses (expires_at);

CREATE TABLE terms_acceptances (
    user_id TEXT COLLATE "C" NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    version TEXT COLLATE "C" NOT NULL,
    accepted_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, version)
);

-- Every answer to the question of consent. No foreign key to the client: a record outlives it.
CREATE TABLE consent_records (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    user_id TEXT COLLATE "C" NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    client_id TEXT COLLATE "C" NOT NULL,
    decision TEXT NOT NULL,
    scope TEXT NOT NULL,
    claims TEXT NOT NULL,
    wording TEXT NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX consent_records_user_id ON consent_records (user_id, at);

-- What sealed columns are sealed under; each sealed itself under the master key.
CREATE TABLE data_keys (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    sealed_key TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    retired_at BIGINT
);
