// `openid-client`, unmodified, through every step a relying party takes.
import assert from "node:assert/strict";
import * as oidc from "openid-client";
import { decodeProtectedHeader, importJWK } from "jose";
import { run } from "./support/flows.mjs";
import { FormDriver } from "./support/form_driver.mjs";
import { world } from "./support/world.mjs";

const { clients } = world;
const insecure = { execute: [oidc.allowInsecureRequests] };
/** A browser for each server: theirs are one host, and drivers keep no cookies apart. */
const browsers = {};
const person = ({ issuer }) => (browsers[issuer] ??= new FormDriver());

async function authentication(client) {
  switch (client.auth_method) {
    case "none":
      return oidc.None();
    case "client_secret_basic":
      return oidc.ClientSecretBasic(client.secret);
    case "client_secret_post":
      return oidc.ClientSecretPost(client.secret);
    case "client_secret_jwt":
      return oidc.ClientSecretJwt(client.secret);
    case "private_key_jwt": {
      const key = await importJWK(client.private_jwk, client.private_jwk.alg);
      return oidc.PrivateKeyJwt({ key, kid: client.private_jwk.kid });
    }
    default:
      throw new Error(`no such method: ${client.auth_method}`);
  }
}

async function configuration(client, more = {}) {
  const metadata = { id_token_signed_response_alg: client.id_token_alg, ...more };
  const issuer = new URL(client.issuer);
  return oidc.discovery(issuer, client.id, metadata, await authentication(client), insecure);
}

/** Sends somebody off and waits for the answer: where they came back, and what to check it with. */
async function authorize(config, redirectUri, { extra = {}, driver, build, ...wishes } = {}) {
  const pkceCodeVerifier = oidc.randomPKCECodeVerifier();
  const expectedState = oidc.randomState();
  const expectedNonce = oidc.randomNonce();
  const url = await (build ?? oidc.buildAuthorizationUrl)(config, {
    redirect_uri: redirectUri,
    scope: "openid profile email offline_access",
    code_challenge: await oidc.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: "S256",
    state: expectedState,
    nonce: expectedNonce,
    ...extra,
  });
  const browser = driver ?? person(config.serverMetadata());
  const callback = await browser.walk(url, { redirectUri, ...wishes });
  const checks = { pkceCodeVerifier, expectedState, expectedNonce, idTokenExpected: true };
  return { callback, checks };
}

async function signIn(client, options = {}) {
  const config = options.config ?? (await configuration(client));
  const redirectUri = options.redirectUri ?? client.redirect_uri;
  const { callback, checks } = await authorize(config, redirectUri, options);
  const tokens = await oidc.authorizationCodeGrant(config, callback, { ...checks, ...options.checks });
  return { config, tokens, claims: tokens.claims() };
}

/** Introspection is for clients that can prove who they are, and a resource server is one. */
async function introspect(token) {
  return oidc.tokenIntrospection(await configuration(clients.resource_server), token);
}

async function discovery() {
  const metadata = (await configuration(clients.basic)).serverMetadata();
  assert.equal(metadata.issuer, world.issuer);
  assert.ok(metadata.supportsPKCE());
}

const code = (client) => async () => {
  const { tokens, config, claims } = await signIn(client);
  assert.equal(claims.iss, client.issuer);
  assert.equal(claims.aud, client.id);
  assert.equal(typeof claims.auth_time, "number");
  assert.equal(tokens.token_type, "bearer");
  assert.ok(tokens.expiresIn() >= 300 - 5 && tokens.expiresIn() <= 900);
  const isJwt = tokens.access_token.split(".").length === 3;
  assert.equal(isJwt, client.access_token_format === "jwt");
  const refreshed = await oidc.refreshTokenGrant(config, tokens.refresh_token);
  assert.equal(refreshed.claims().sub, claims.sub);
};

async function formPost() {
  const { claims } = await signIn(clients.basic, { extra: { response_mode: "form_post" } });
  assert.equal(claims.aud, clients.basic.id);
}

async function idToken({ post = false } = {}) {
  const config = await configuration(clients.every);
  oidc.useIdTokenResponseType(config);
  const { redirect_uri: redirectUri } = clients.every;
  const extra = { scope: "openid email", ...(post ? { response_mode: "form_post" } : {}) };
  const { callback, checks } = await authorize(config, redirectUri, { extra });
  const body = callback.searchParams;
  const answer = post ? new Request(redirectUri, { method: "POST", body }) : callback;
  const { expectedState } = checks;
  const claims = await oidc.implicitAuthentication(config, answer, checks.expectedNonce, { expectedState });
  assert.equal(claims.aud, clients.every.id);
  // OIDC Core §5.4: without an access token the claims of the scopes are in the ID token.
  assert.equal(claims.email, world.user.email);
}

async function codeIdToken() {
  const config = await configuration(clients.every);
  oidc.useCodeIdTokenResponseType(config);
  const { claims } = await signIn(clients.every, { config });
  assert.equal(claims.aud, clients.every.id);
}

/** An authorization request that consists of a JWT signed by the client (RFC 9101). */
async function signedRequest(config, parameters) {
  const key = await importJWK(clients.signed.private_jwk, "ES256");
  return oidc.buildAuthorizationUrlWithJAR(config, parameters, { key, kid: clients.signed.private_jwk.kid });
}

async function requestObject() {
  await signIn(clients.signed, { build: signedRequest });
}

async function requestByReference() {
  const [uri] = clients.signed.registration.request_uris;
  const build = async (config, parameters) => {
    const url = await signedRequest(config, parameters);
    await fetch(uri, { method: "PUT", body: url.searchParams.get("request") });
    url.searchParams.delete("request");
    url.searchParams.set("request_uri", uri);
    return url;
  };
  await signIn(clients.signed, { build });
}

async function signedUserinfo() {
  const config = await configuration(clients.signed, { userinfo_signed_response_alg: "RS256" });
  const { tokens, claims } = await signIn(clients.signed, { config });
  const userinfo = await oidc.fetchUserInfo(config, tokens.access_token, claims.sub);
  assert.equal(userinfo.email, world.user.email);
}

async function openingSealed() {
  const config = await configuration(clients.sealed, { userinfo_signed_response_alg: "RS256" });
  const keys = clients.sealed.opening_jwks.map(async ({ alg, kid, ...jwk }) =>
    ({ key: await importJWK(jwk, alg), alg, kid }));
  oidc.enableDecryptingResponses(config, ["A256GCM", "A128CBC-HS256"], ...(await Promise.all(keys)));
  return signIn(clients.sealed, { config });
}

async function encryptedIdToken() {
  const { tokens, claims } = await openingSealed();
  assert.equal(claims.aud, clients.sealed.id);
  const { alg, enc } = decodeProtectedHeader(tokens.id_token);
  assert.deepEqual([alg, enc], ["RSA-OAEP-256", "A256GCM"]);
}

async function encryptedUserinfo() {
  const { config, tokens, claims } = await openingSealed();
  const userinfo = await oidc.fetchUserInfo(config, tokens.access_token, claims.sub);
  assert.equal(userinfo.email, world.user.email);
}

async function pairwise() {
  const { config, tokens, claims } = await signIn(clients.pairwise);
  assert.notEqual(claims.sub, (await signIn(clients.every)).claims.sub);
  assert.equal((await oidc.fetchUserInfo(config, tokens.access_token, claims.sub)).sub, claims.sub);
}

async function registration() {
  const redirectUri = "https://openid-client.example/cb";
  const metadata = {
    client_name: "openid-client",
    "client_name#de": "openid-client auf Deutsch",
    redirect_uris: [redirectUri],
    grant_types: ["authorization_code", "refresh_token"],
    scope: "openid profile email offline_access",
    // What the library authenticates with unless it is told otherwise.
    token_endpoint_auth_method: "client_secret_post",
  };
  const issuer = new URL(world.full.issuer);
  const config = await oidc.dynamicClientRegistration(issuer, metadata, undefined, insecure);
  const registered = config.clientMetadata();
  assert.equal(registered["client_name#de"], metadata["client_name#de"]);
  const { claims } = await signIn({ redirect_uri: redirectUri }, { config });
  assert.equal(claims.aud, registered.client_id);
}

async function claimsParameter() {
  const asked = { id_token: { email: null, email_verified: { essential: true } }, userinfo: { name: null } };
  const extra = { scope: "openid", claims: JSON.stringify(asked) };
  const { config, tokens, claims } = await signIn(clients.basic, { extra });
  assert.equal(claims.email, world.user.email);
  assert.equal(claims.email_verified, true);
  const userinfo = await oidc.fetchUserInfo(config, tokens.access_token, claims.sub);
  assert.equal(userinfo.name, world.user.name);
  assert.equal(userinfo.email, undefined);
}

async function userinfo() {
  for (const client of [clients.basic, clients.opaque]) {
    const { config, tokens, claims } = await signIn(client);
    const answer = await oidc.fetchUserInfo(config, tokens.access_token, claims.sub);
    assert.equal(answer.preferred_username, world.user.username);
    assert.equal(answer.email, world.user.email);
  }
}

async function refresh() {
  const { config, tokens, claims } = await signIn(clients.basic);
  const refreshed = await oidc.refreshTokenGrant(config, tokens.refresh_token);
  assert.notEqual(refreshed.refresh_token, tokens.refresh_token);
  assert.notEqual(refreshed.access_token, tokens.access_token);
  assert.equal(refreshed.claims().sub, claims.sub);
  assert.equal(refreshed.claims().auth_time, claims.auth_time);
}

async function parallelRefresh() {
  const { config, tokens } = await signIn(clients.basic);
  const ask = () => oidc.refreshTokenGrant(config, tokens.refresh_token);
  const answers = await Promise.all(Array.from({ length: 20 }, ask));
  assert.equal(new Set(answers.map((answer) => answer.refresh_token)).size, 1);
}

async function introspection() {
  for (const client of [clients.basic, clients.opaque, clients.public]) {
    const { tokens, claims } = await signIn(client);
    const alive = await introspect(tokens.access_token);
    assert.equal(alive.active, true);
    assert.equal(alive.client_id, client.id);
    assert.equal(alive.sub, claims.sub);
  }
}

async function revocation() {
  for (const client of [clients.basic, clients.post, clients.public, clients.key, clients.opaque]) {
    const { config, tokens, claims } = await signIn(client);
    await oidc.tokenRevocation(config, tokens.refresh_token);
    assert.equal((await introspect(tokens.access_token)).active, false);
    await assert.rejects(oidc.refreshTokenGrant(config, tokens.refresh_token), { error: "invalid_grant" });
    await assert.rejects(oidc.fetchUserInfo(config, tokens.access_token, claims.sub));
  }
}

async function clientCredentials() {
  const config = await configuration(clients.service);
  const tokens = await oidc.clientCredentialsGrant(config, { scope: "api" });
  assert.equal(tokens.scope ?? "api", "api");
  assert.equal(tokens.refresh_token, undefined);
  const seen = await oidc.tokenIntrospection(config, tokens.access_token);
  assert.equal(seen.active, true);
  assert.equal(seen.sub, clients.service.id);
}

const silently = (driver) => signIn(clients.basic, { driver, extra: { prompt: "none" } });

async function promptNone() {
  await assert.rejects(silently(new FormDriver()), { error: "login_required" });
  await signIn(clients.basic);
  await silently();
}

async function refusedConsent() {
  const asked = signIn(clients.post, { extra: { prompt: "consent" }, decision: "deny" });
  await assert.rejects(asked, { error: "access_denied" });
}

async function wrongVerifier() {
  const checks = { pkceCodeVerifier: oidc.randomPKCECodeVerifier() };
  await assert.rejects(signIn(clients.basic, { checks }), { error: "invalid_grant" });
}

async function codeUsedTwice() {
  const config = await configuration(clients.basic);
  const { callback, checks } = await authorize(config, clients.basic.redirect_uri);
  const redeem = () => oidc.authorizationCodeGrant(config, callback, checks);
  const tokens = await redeem();
  await assert.rejects(redeem(), { error: "invalid_grant" });
  // RFC 6749 §4.1.2: what the first use got ends with it.
  await assert.rejects(oidc.refreshTokenGrant(config, tokens.refresh_token), { error: "invalid_grant" });
}

// RFC 8252 §7.3: a native app's loopback redirect may use any port.
async function loopbackPorts() {
  for (const port of [49_152, 61_234]) {
    const { claims } = await signIn(clients.public, { redirectUri: `http://127.0.0.1:${port}/cb` });
    assert.equal(claims.aud, clients.public.id);
  }
}

async function logout() {
  for (const client of [clients.basic, clients.public]) {
    const driver = new FormDriver();
    const { config, tokens } = await signIn(client, { driver });
    const state = oidc.randomState();
    const url = oidc.buildEndSessionUrl(config, {
      post_logout_redirect_uri: client.post_logout_redirect_uri,
      id_token_hint: tokens.id_token,
      state,
    });
    const back = await driver.walk(url, { redirectUri: client.post_logout_redirect_uri });
    assert.equal(back.searchParams.get("state"), state);
    // Signed out means: no session left to answer `prompt=none`.
    await assert.rejects(silently(driver), { error: "login_required" });
  }
}

await run("openid-client", {
  discovery,
  "code, none": code(clients.public),
  "code, client_secret_basic": code(clients.basic),
  "code, client_secret_post": code(clients.post),
  "code, private_key_jwt": code(clients.key),
  "ID token PS256": code(clients.post),
  "ID token ES256": code(clients.public),
  "ID token EdDSA": code(clients.opaque),
  "code, client_secret_jwt": code(clients.secret_jwt),
  id_token: () => idToken(),
  "code id_token": codeIdToken,
  form_post: formPost,
  "id_token by form_post": () => idToken({ post: true }),
  "request object": requestObject,
  "request object by reference": requestByReference,
  "signed userinfo": signedUserinfo,
  "encrypted ID token": encryptedIdToken,
  "encrypted userinfo": encryptedUserinfo,
  "pairwise subject": pairwise,
  registration,
  "claims parameter": claimsParameter,
  userinfo,
  refresh,
  "parallel refresh": parallelRefresh,
  introspection,
  revocation,
  "client credentials": clientCredentials,
  "prompt=none": promptNone,
  "refused consent": refusedConsent,
  "wrong verifier": wrongVerifier,
  "code used twice": codeUsedTwice,
  "loopback ports": loopbackPorts,
  logout,
});
