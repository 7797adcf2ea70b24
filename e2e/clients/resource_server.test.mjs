// Resource servers that verify access tokens (RFC 9068 §4) while the signing key changes under
// them: `jose` here, PyJWT in a process beside.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { createLocalJWKSet, createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from "jose";
import * as oidc from "openid-client";
import { vestibule, world } from "./support/world.mjs";

const BEFORE = 30;
const AFTER = 60;

/** PyJWT as a resource server: one token a line in, one verdict a line out. */
class PyJwt {
  #child = spawn(world.python, [fileURLToPath(new URL("./resource_server_pyjwt.py", import.meta.url))], {
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...process.env, ISSUER: world.issuer, JWKS_URI: `${world.issuer}/jwks` },
  });
  #verdicts = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();

  async verify(token) {
    this.#child.stdin.write(`${token}\n`);
    const { value, done } = await this.#verdicts.next();
    if (done) throw new Error("the PyJWT process ended");
    if (value !== "ok") throw new Error(`PyJWT: ${value}`);
  }

  close() {
    this.#child.stdin.end();
  }
}

test("no token fails to verify while keys rotate", async (context) => {
  const client = world.clients.service;
  const config = await oidc.discovery(
    new URL(world.issuer), client.id, {}, oidc.ClientSecretBasic(client.secret),
    { execute: [oidc.allowInsecureRequests] },
  );
  const { jwks_uri: jwksUri } = config.serverMetadata();
  const remote = createRemoteJWKSet(new URL(jwksUri));
  // The strictest resource server: it read the keys before the rotation and never again.
  const stale = createLocalJWKSet(await (await fetch(jwksUri)).json());
  const python = new PyJwt();
  context.after(() => python.close());

  const signers = new Set();
  const kept = [];
  let failures = 0;
  const check = async (token, why) => {
    const options = { issuer: world.issuer, typ: "at+jwt", algorithms: ["RS256"] };
    const verdicts = await Promise.allSettled([
      jwtVerify(token, remote, options),
      jwtVerify(token, stale, options),
      python.verify(token),
    ]);
    for (const verdict of verdicts.filter(({ status }) => status === "rejected")) {
      failures += 1;
      context.diagnostic(`${why}: ${verdict.reason}`);
    }
  };
  const traffic = async (count, why) => {
    for (let number = 0; number < count; number += 1) {
      const { access_token: token } = await oidc.clientCredentialsGrant(config, { scope: "api" });
      signers.add(decodeProtectedHeader(token).kid);
      kept.push(token);
      await check(token, why);
    }
  };

  await traffic(BEFORE, "before the rotation");
  const [rotated] = await Promise.all([
    vestibule("keys", "rotate"),
    traffic(AFTER, "during the rotation"),
  ]);
  assert.ok(rotated, "the command reports what it did");
  // The running server takes the new key without a restart, within its own polling interval.
  const until = Date.now() + 90_000;
  while (signers.size < 2 && Date.now() < until) await traffic(5, "until the new key signs");
  await traffic(AFTER, "after the rotation");
  assert.equal(signers.size, 2, "tokens were signed by the old key and by the new one");

  for (const token of kept) await check(token, "an old token, afterwards");
  const fresh = createLocalJWKSet(await (await fetch(jwksUri)).json());
  for (const token of kept) await jwtVerify(token, fresh, { issuer: world.issuer, typ: "at+jwt" });
  assert.equal(failures, 0);
  context.diagnostic(`${kept.length} tokens, ${signers.size} keys, ${failures} failed verifications`);
});

test("the JWKS may be cached for as long as it says, and holds no private member", async () => {
  const response = await fetch(`${world.issuer}/jwks`);
  assert.match(response.headers.get("cache-control") ?? "", /max-age=\d+/);
  const { keys } = await response.json();
  assert.ok(keys.length >= 2, "a key that signs and one that stands by");
  for (const key of keys) {
    for (const member of ["d", "p", "q", "dp", "dq", "qi", "k"]) assert.equal(key[member], undefined);
  }
  const etag = response.headers.get("etag");
  assert.ok(etag);
  const again = await fetch(`${world.issuer}/jwks`, { headers: { "if-none-match": etag } });
  assert.equal(again.status, 304);
});
