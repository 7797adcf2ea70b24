// `openid-client`, unmodified, through every step a relying party takes.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as oidc from "openid-client";
import { importJWK } from "jose";
import { FormDriver } from "./support/form_driver.mjs";
import { world } from "./support/world.mjs";

const insecure = { execute: [oidc.allowInsecureRequests] };
const { clients } = world;

async function configuration(client) {
  const metadata = { id_token_signed_response_alg: client.id_token_alg };
  return oidc.discovery(new URL(world.issuer), client.id, metadata, await authentication(client), insecure);
}

async function authentication(client) {
  switch (client.auth_method) {
    case "none":
      return oidc.None();
    case "client_secret_basic":
      return oidc.ClientSecretBasic(client.secret);
    case "client_secret_post":
      return oidc.ClientSecretPost(client.secret);
    case "private_key_jwt": {
      const key = await importJWK(client.private_jwk, client.private_jwk.alg);
      return oidc.PrivateKeyJwt({ key, kid: client.private_jwk.kid });
    }
    default:
      throw new Error(`no such method: ${client.auth_method}`);
  }
}

async function signIn(config, redirectUri, driver, extra = {}) {
  const pkceCodeVerifier = oidc.randomPKCECodeVerifier();
  const expectedState = oidc.randomState();
  const expectedNonce = oidc.randomNonce();
  const url = oidc.buildAuthorizationUrl(config, {
    redirect_uri: redirectUri,
    scope: "openid profile email offline_access",
    code_challenge: await oidc.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: "S256",
    state: expectedState,
    nonce: expectedNonce,
    ...extra,
  });
  const callback = await driver.walk(url, { redirectUri });
  const checks = { pkceCodeVerifier, expectedState, expectedNonce, idTokenExpected: true };
  return oidc.authorizationCodeGrant(config, callback, checks);
}

for (const name of ["basic", "post", "public", "key", "opaque"]) {
  const client = clients[name];
  describe(`${client.auth_method} (${client.id}, ${client.id_token_alg}, ${client.access_token_format})`, () => {
    test("discovery, code with PKCE, userinfo, refresh, revoke, introspect, logout", async () => {
      const config = await configuration(client);
      const redirectUri = client.redirect_uri;
      const driver = new FormDriver();
      const tokens = await signIn(config, redirectUri, driver);

      const claims = tokens.claims();
      assert.equal(claims.iss, world.issuer);
      assert.equal(claims.aud, client.id);
      assert.equal(typeof claims.auth_time, "number");
      assert.equal(tokens.token_type, "bearer");
      assert.ok(tokens.expiresIn() >= 300 - 5 && tokens.expiresIn() <= 900);
      const isJwt = tokens.access_token.split(".").length === 3;
      assert.equal(isJwt, client.access_token_format === "jwt");

      const userinfo = await oidc.fetchUserInfo(config, tokens.access_token, claims.sub);
      assert.equal(userinfo.preferred_username, world.user.username);
      assert.equal(userinfo.email, world.user.email);

      const refreshed = await oidc.refreshTokenGrant(config, tokens.refresh_token);
      assert.notEqual(refreshed.refresh_token, tokens.refresh_token);
      assert.notEqual(refreshed.access_token, tokens.access_token);
      assert.equal(refreshed.claims().sub, claims.sub);
      assert.equal(refreshed.claims().auth_time, claims.auth_time);

      // Introspection is for clients that can prove who they are; a public one's resource server
      // asks instead.
      const asker = client.auth_method === "none" ? await configuration(clients.resource_server) : config;
      const alive = await oidc.tokenIntrospection(asker, refreshed.access_token);
      assert.equal(alive.active, true);
      assert.equal(alive.client_id, client.id);
      assert.equal(alive.sub, claims.sub);

      await oidc.tokenRevocation(config, refreshed.refresh_token);
      assert.equal((await oidc.tokenIntrospection(asker, refreshed.access_token)).active, false);
      await assert.rejects(oidc.refreshTokenGrant(config, refreshed.refresh_token), {
        error: "invalid_grant",
      });
      await assert.rejects(oidc.fetchUserInfo(config, refreshed.access_token, claims.sub));

      const state = oidc.randomState();
      const signOut = oidc.buildEndSessionUrl(config, {
        post_logout_redirect_uri: client.post_logout_redirect_uri,
        id_token_hint: tokens.id_token,
        state,
      });
      const back = await driver.walk(signOut, { redirectUri: client.post_logout_redirect_uri });
      assert.equal(back.searchParams.get("state"), state);
      // Signed out means: no session left to answer `prompt=none`.
      await assert.rejects(signIn(config, redirectUri, driver, { prompt: "none" }), {
        error: "login_required",
      });
    });
  });
}

test("response_mode=form_post carries the same answer", async () => {
  const config = await configuration(clients.basic);
  const { redirect_uri: redirectUri } = clients.basic;
  const tokens = await signIn(config, redirectUri, new FormDriver(), { response_mode: "form_post" });
  assert.equal(tokens.claims().aud, clients.basic.id);
});

test("RFC 8252 §7.3: a native app's loopback redirect may use any port", async () => {
  const config = await configuration(clients.public);
  for (const port of [49_152, 61_234]) {
    const redirectUri = `http://127.0.0.1:${port}/cb`;
    const tokens = await signIn(config, redirectUri, new FormDriver());
    assert.equal(tokens.claims().aud, clients.public.id);
  }
});

test("a person who refuses sends the client access_denied", async () => {
  const config = await configuration(clients.post);
  const { redirect_uri: redirectUri } = clients.post;
  const url = oidc.buildAuthorizationUrl(config, {
    redirect_uri: redirectUri,
    scope: "openid",
    prompt: "consent",
    code_challenge: await oidc.calculatePKCECodeChallenge(oidc.randomPKCECodeVerifier()),
    code_challenge_method: "S256",
    state: "s",
  });
  const back = await new FormDriver().walk(url, { redirectUri, decision: "deny" });
  await assert.rejects(
    oidc.authorizationCodeGrant(config, back, { expectedState: "s", pkceCodeVerifier: "x".repeat(43) }),
    { error: "access_denied" },
  );
});

test("a code works once, and its second use ends what the first one got", async () => {
  const config = await configuration(clients.basic);
  const redirectUri = clients.basic.redirect_uri;
  const pkceCodeVerifier = oidc.randomPKCECodeVerifier();
  const url = oidc.buildAuthorizationUrl(config, {
    redirect_uri: redirectUri,
    scope: "openid offline_access",
    code_challenge: await oidc.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: "S256",
    state: "s",
  });
  const callback = await new FormDriver().walk(url, { redirectUri });
  const redeem = () => oidc.authorizationCodeGrant(config, callback, { pkceCodeVerifier, expectedState: "s" });
  const tokens = await redeem();
  await assert.rejects(redeem(), { error: "invalid_grant" });
  await assert.rejects(oidc.refreshTokenGrant(config, tokens.refresh_token), { error: "invalid_grant" });
});

test("client credentials, for a service of its own", async () => {
  const config = await configuration(clients.service);
  const tokens = await oidc.clientCredentialsGrant(config, { scope: "api" });
  assert.equal(tokens.scope ?? "api", "api");
  assert.equal(tokens.refresh_token, undefined);
  const seen = await oidc.tokenIntrospection(config, tokens.access_token);
  assert.equal(seen.active, true);
  assert.equal(seen.sub, clients.service.id);
});

test("concurrent refreshes with one token all get the one successor", async () => {
  const config = await configuration(clients.basic);
  const tokens = await signIn(config, clients.basic.redirect_uri, new FormDriver());
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => oidc.refreshTokenGrant(config, tokens.refresh_token)),
  );
  assert.equal(new Set(answers.map((answer) => answer.refresh_token)).size, 1);
});
