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

-- From the second schema on: accounts.
INSERT INTO users (id, username, username_key, email, email_key, email_verified, password_hash, is_admin, profile, created_at, updated_at, language, group_names, sealed_profile, password_changed_at, deletion_at, passkey_offer_after) VALUES
    ('u3', 'cleo', 'cleo', 'cleo@example.org', 'cleo@example.org', TRUE, '$argon2id$cleo', FALSE, '{"name":"Cleo"}', 1700000140, 1700000141, 'fr', '["staff"]', 'v2.sealed profile', 1700000142, 1700000143, 1700000144);
INSERT INTO password_history (id, user_id, password_hash, replaced_at) VALUES ('h1', 'u3', '$argon2id$former', 1700000142);
INSERT INTO devices (id, token_hash, user_id, user_agent, ip, created_at, last_seen_at, trusted_until, expires_at) VALUES
    ('d1', 'd0', 'u3', 'Firefox on Linux', '192.0.2.1', 1700000150, 1700000151, 1700000152, 1700000153);
INSERT INTO browser_sessions (id, token_hash, user_id, auth_time, amr, acr, created_at, last_seen_at, expires_at, device_id, ip, user_agent) VALUES
    ('s3', '5e53', 'u3', 1700000154, '["pwd","otp"]', 'urn:vestibule:acr:mfa', 1700000155, 1700000156, 1700000157, 'd1', '192.0.2.1', 'Firefox on Linux');
INSERT INTO sign_ins (id, token_hash, user_id, session_id, amr, auth_time, created_at, expires_at) VALUES
    ('si1', '51', 'u3', 's3', '["pwd"]', 1700000160, 1700000161, 1700000162);
INSERT INTO spent_challenges (hash, expires_at) VALUES ('5c', 1700000163);
INSERT INTO verifications (id, kind, subject, user_id, token_hash, code_hash, sealed_data, attempts, created_at, expires_at, consumed_at) VALUES
    ('v1', 'reset_password', 'u3', 'u3', '71', '72', 'v2.sealed data', 2, 1700000164, 1700000165, 1700000166);
INSERT INTO outbox (id, kind, user_id, sealed_message, created_at, next_attempt_at, attempts, last_error, leased_until, sent_at, expires_at) VALUES
    ('m1', 'reset-password', 'u3', 'v2.sealed mail', 1700000170, 1700000171, 1, 'no answer', 1700000172, NULL, 1700000173),
    ('m2', 'new-device', 'u3', 'v2.sealed mail', 1700000174, NULL, 1, NULL, NULL, 1700000175, 1700000176);
INSERT INTO totp_devices (id, user_id, name, sealed_secret, created_at, confirmed_at, last_used_at, last_step) VALUES
    ('t1', 'u3', 'Phone', 'v2.sealed secret', 1700000180, 1700000181, 1700000182, 56666672);
INSERT INTO passkeys (id, user_id, name, credential, aaguid, backed_up, created_at, last_used_at) VALUES
    ('p1', 'u3', 'Laptop', '{"counter":7}', '08987058-cadc-4b81-b6e1-30de50dcbe96', TRUE, 1700000183, 1700000184);
INSERT INTO recovery_codes (hash, user_id, created_at, used_at) VALUES
    ('c1', 'u3', 1700000185, 1700000186), ('c2', 'u3', 1700000185, NULL);
INSERT INTO guesses (subject, failures, first_at, last_at, locked_until, expires_at) VALUES
    ('5b', 5, 1700000190, 1700000191, 1700000192, 1700000193);
INSERT INTO terms_acceptances (user_id, version, accepted_at) VALUES ('u3', '2026-01', 1700000194);
INSERT INTO interactions (id, client_id, request, progress, created_at, expires_at, user_id) VALUES
    ('i3', 'app', '{"client_id":"app","redirect_uri":"https://app.example/cb","response_mode":"query","scope":"openid","state":null,"nonce":null,"code_challenge":"ccccccccccccccccccccccccccccccccccccccccccc","prompt":[],"max_age":null,"login_hint":null,"hinted_subject":null,"acr_values":[],"ui_locales":[],"claims":{}}', '{"signed_in":"s3","account_chosen":null,"consented":null,"denied":false}', 1700000195, 1700000196, 'u3');
INSERT INTO consents (user_id, client_id, scope, claims, granted_at, declined, wording) VALUES
    ('u3', 'app', 'openid', '[]', 1700000197, 'email', '2026-01');
INSERT INTO consent_records (id, user_id, client_id, decision, scope, claims, wording, at) VALUES
    ('cr1', 'u3', 'app', 'given', 'openid', '["name"]', '2026-01', 1700000197);
INSERT INTO data_keys (id, sealed_key, created_at, retired_at) VALUES
    ('dk1', 'v1.sealed data key', 1700000198, 1700000199), ('dk2', 'v1.sealed data key', 1700000199, NULL);
INSERT INTO audit_events (at, event, user_id, client_id, request_id, detail, ip) VALUES
    (1700000132, 'login.failed', 'u3', NULL, 'r3', '', '192.0.2.1');

-- From the third on: the complete OpenID Provider.
INSERT INTO clients (id, metadata, secret_hash, created_at, updated_at, sealed_secret, registration_token_hash, initial_access_token, unused_until) VALUES
    ('reg', '{"application_type":"web","redirect_uris":["https://reg.example/cb"],"post_logout_redirect_uris":[],"grant_types":["authorization_code"],"token_endpoint_auth_method":"client_secret_jwt","scope":"openid","id_token_signed_response_alg":"ES256","access_token_signed_response_alg":"ES256","access_token_format":"jwt","first_party":false}', NULL, 1700000200, 1700000201, 'v2.sealed secret', '4e6', 'iat1', 1700000202);
INSERT INTO initial_access_tokens (id, hash, label, created_at, expires_at, uses_left) VALUES
    ('iat1', '1a7', 'partners', 1700000203, 1700000204, 3);
INSERT INTO encryption_keys (kid, key_type, public_jwk, sealed_private_jwk, created_at, retired_at, expires_at) VALUES
    ('e1', 'P-256', '{"kty":"EC"}', 'v1.sealed key', 1700000205, 1700000206, 1700000207);
INSERT INTO grants (id, client_id, user_id, session_id, scope, is_offline, claims, auth_time, acr, amr, created_at, expires_at, revoked_at, session_ended_at) VALUES
    ('g3', 'app', 'u3', 's0', 'offline_access openid', TRUE, '{}', 1700000208, 'urn:vestibule:acr:pwd', '["pwd"]', 1700000209, 1700000210, NULL, 1700000211);
INSERT INTO session_clients (session_id, client_id, sub, first_at) VALUES ('s3', 'app', 'u3', 1700000212);
INSERT INTO logout_deliveries (id, client_id, session_id, sub, created_at, next_attempt_at, attempts, last_error, leased_until, sent_at, expires_at) VALUES
    ('s0.app', 'app', 's0', 'u3', 1700000220, 1700000221, 1, 'no answer', 1700000222, NULL, 1700000223),
    ('s9.app', 'app', 's9', 'u3', 1700000224, NULL, 1, NULL, NULL, 1700000225, 1700000226);
