-- Rows as the previous release wrote them: the columns that its program names, in its own formats.
-- Both databases take every statement.

INSERT INTO clients (id, metadata, secret_hash, created_at, updated_at, disabled_at) VALUES
    ('app', '{"client_name":"Ünïcode & <b>Co</b>","application_type":"native","redirect_uris":["https://app.example/cb"],"post_logout_redirect_uris":[],"grant_types":["authorization_code","refresh_token"],"token_endpoint_auth_method":"private_key_jwt","scope":"offline_access openid","jwks":{"keys":[]},"id_token_signed_response_alg":"ES256","access_token_signed_response_alg":"EdDSA","access_token_format":"opaque","default_max_age":300,"first_party":true}', 'c11e', 1700000001, 1700000002, NULL),
    ('off', '{"application_type":"web","redirect_uris":["https://off.example/cb"],"post_logout_redirect_uris":[],"grant_types":["authorization_code"],"token_endpoint_auth_method":"none","scope":"openid","id_token_signed_response_alg":"ES256","access_token_signed_response_alg":"ES256","access_token_format":"jwt","first_party":false}', NULL, 1700000003, 1700000004, 1700000005);
INSERT INTO client_origins (origin, client_id) VALUES ('https://app.example', 'app');

INSERT INTO users (id, username, username_key, email, email_key, email_verified, password_hash, is_admin, profile, created_at, updated_at, disabled_at) VALUES
    ('u1', 'Ärger', 'ärger', 'Ada@Example.org', 'ada@example.org', TRUE, '$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA', TRUE, '{"name":"Ada Lovelace","birthdate":"1815-12-10","phone_number":"+441234567","phone_number_verified":true,"address":{"country":"GB"}}', 1700000010, 1700000011, NULL),
    ('u2', 'bob', 'bob', 'bob@example.org', 'bob@example.org', FALSE, '$argon2id$bob', FALSE, '{}', 1700000012, 1700000012, 1700000013);

INSERT INTO browser_sessions (id, token_hash, user_id, auth_time, amr, acr, created_at, last_seen_at, expires_at) VALUES
    ('s1', '5e55', 'u1', 1700000020, '["pwd"]', 'urn:vestibule:acr:pwd', 1700000021, 1700000022, 1700000023);

INSERT INTO interactions (id, client_id, request, progress, created_at, expires_at) VALUES
    ('i1', 'app', '{"client_id":"app","redirect_uri":"https://app.example/cb","response_mode":"form_post","scope":"openid","state":"with \u0000 inside","nonce":"n","code_challenge":"ccccccccccccccccccccccccccccccccccccccccccc","prompt":["login","consent"],"max_age":0,"login_hint":null,"hinted_subject":"u1","acr_values":[],"ui_locales":["de"],"claims":{}}', '{"signed_in":"s1","account_chosen":null,"consented":null,"denied":false}', 1700000030, 1700000031);

INSERT INTO grants (id, client_id, user_id, session_id, scope, is_offline, claims, auth_time, acr, amr, created_at, expires_at, revoked_at) VALUES
    ('g1', 'app', 'u1', 's1', 'offline_access openid', TRUE, '{"userinfo":{"email":null}}', 1700000040, 'urn:vestibule:acr:pwd', '["pwd"]', 1700000041, 1700000042, NULL),
    ('g2', 'app', 'u1', 's1', 'openid', FALSE, '{}', 1700000043, 'urn:vestibule:acr:pwd', '["pwd"]', 1700000044, 1700000045, 1700000046);

INSERT INTO authorization_codes (hash, grant_id, client_id, redirect_uri, code_challenge, nonce, created_at, expires_at, consumed_at) VALUES
    ('c0de', 'g1', 'app', 'https://app.example/cb?x=1', 'ccccccccccccccccccccccccccccccccccccccccccc', '"a \u0000 nonce"', 1700000050, 1700000051, 1700000052);

INSERT INTO refresh_tokens (hash, grant_id, generation, created_at, expires_at, used_at, successor_hash, sealed_reply) VALUES
    ('0a', 'g1', 0, 1700000060, 1700000061, 1700000062, '0b', 'v1.sealed'),
    ('0b', 'g1', 1, 1700000063, 1700000064, NULL, NULL, NULL);

INSERT INTO opaque_access_tokens (hash, client_id, grant_id, claims, expires_at) VALUES
    ('0c', 'app', 'g1', '{"iss":"https://id.example","sub":"u1","aud":"https://api.example","client_id":"app","scope":"openid","jti":"g1.j","iat":1700000070,"exp":1700000071,"sid":"s1"}', 1700000071);
INSERT INTO revoked_tokens (jti, expires_at) VALUES ('jti', 1700000080);
INSERT INTO client_assertions (jti_hash, client_id, expires_at) VALUES
    ('b426544090b611d4cfa07140cb6571f8a33de774b85aa5f12fddacbb3dc01219', 'app', 1700000090);

INSERT INTO consents (user_id, client_id, scope, claims, granted_at) VALUES
    ('u1', 'app', 'email openid', '["name"]', 1700000100);
INSERT INTO consents (user_id, client_id, scope, claims, granted_at) VALUES
    ('u1', 'app', 'email openid', '["name"]', 1700000101)
    ON CONFLICT (user_id, client_id) DO UPDATE SET
    scope = excluded.scope, claims = excluded.claims, granted_at = excluded.granted_at;

INSERT INTO signing_keys (kid, alg, public_jwk, sealed_private_jwk, published_at, active_at, retired_at, expires_at) VALUES
    ('k1', 'EdDSA', '{"kty":"OKP"}', 'v1.sealed key', 1700000110, 1700000111, 1700000112, 1700000113),
    ('k2', 'ES256', '{"kty":"EC"}', 'v1.sealed key', 1700000114, NULL, NULL, NULL);
INSERT INTO setup_links (hash, expires_at, consumed_at) VALUES ('11', 1700000120, 1700000121);
INSERT INTO setup_links (hash, expires_at) VALUES ('12', 1700000122);

INSERT INTO audit_events (at, event, user_id, client_id, request_id, detail) VALUES
    (1700000130, 'login.succeeded', 'u1', NULL, 'r1', ''),
    (1700000131, 'refresh_token.reused', 'u1', 'gone', 'r2', 'the family is revoked');
