// `jose`, unmodified: every algorithm that discovery names, used between the server and a library
// that shares no code with it. The client re-registers itself for each (RFC 7592).
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import {
  CompactEncrypt, compactDecrypt, createRemoteJWKSet, exportJWK, generateKeyPair, importJWK, jwtVerify, SignJWT,
  UnsecuredJWT,
} from "jose";
import { run } from "./support/flows.mjs";
import { FormDriver } from "./support/form_driver.mjs";
import { world } from "./support/world.mjs";

const { issuer } = world.full;
const home = "https://jose.example";
const person = new FormDriver();
const random = () => randomBytes(32).toString("base64url");
const metadata = await (await fetch(`${issuer}/.well-known/openid-configuration`)).json();
const serverKeys = createRemoteJWKSet(new URL(metadata.jwks_uri));

async function json(url, options = {}) {
  const response = await fetch(url, options);
  const body = await response.json();
  assert.ok(response.ok, `HTTP ${response.status}: ${JSON.stringify(body)}`);
  return body;
}

const pair = async (alg, options) => {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true, ...options });
  return { private: await exportJWK(privateKey), public: await exportJWK(publicKey) };
};
const keys = { sig: await pair("ES256"), rsa: await pair("RSA-OAEP-256"), ec: await pair("ECDH-ES", { crv: "P-256" }) };
const published = (key, use, kid, more) => ({ ...key.public, use, kid, ...more });

/** A client that registered itself and can change what it registered. */
class Client {
  redirectUri = `${home}/cb`;
  person = person;

  static async register(more = {}) {
    const client = new Client();
    client.wanted = {
      client_name: "jose",
      redirect_uris: [client.redirectUri],
      grant_types: ["authorization_code"],
      scope: "openid profile email",
      jwks: {
        keys: [
          published(keys.sig, "sig", "sig"), published(keys.rsa, "enc", "rsa"), published(keys.ec, "enc", "ec"),
        ],
      },
      ...more,
    };
    const headers = { "content-type": "application/json" };
    const body = JSON.stringify(client.wanted);
    client.#learn(await json(metadata.registration_endpoint, { method: "POST", headers, body }));
    return client;
  }

  #learn(made) {
    this.made = { ...this.made, ...made };
    this.id = this.made.client_id;
    this.secret = this.made.client_secret;
    // Never in a log: `logs.mjs` looks for them.
    const secrets = [this.secret, this.made.registration_access_token].filter(Boolean);
    appendFileSync(join(process.env.E2E_WORK, "secrets"), secrets.map((secret) => `${secret}\n`).join(""));
  }

  get #bearer() {
    return { authorization: `Bearer ${this.made.registration_access_token}` };
  }

  async change(more) {
    // RFC 7592 §2.2: all of the metadata, with the client_id and no token of the registration.
    const body = JSON.stringify({ ...this.wanted, ...more, client_id: this.id });
    const headers = { ...this.#bearer, "content-type": "application/json" };
    this.#learn(await json(this.made.registration_client_uri, { method: "PUT", headers, body }));
    for (const [name, value] of Object.entries(more)) assert.deepEqual(this.made[name], value, name);
  }

  async read() {
    return json(this.made.registration_client_uri, { headers: this.#bearer });
  }

  async remove() {
    const gone = await fetch(this.made.registration_client_uri, { method: "DELETE", headers: this.#bearer });
    assert.equal(gone.status, 204);
    const after = await fetch(this.made.registration_client_uri, { headers: this.#bearer });
    assert.equal(after.status, 401);
  }

  /** The tokens of a sign-in; `sent` turns the request's parameters into what the browser sends. */
  async signIn(sent = (parameters) => parameters) {
    const verifier = random();
    const parameters = {
      client_id: this.id,
      response_type: "code",
      redirect_uri: this.redirectUri,
      scope: "openid email",
      state: random(),
      nonce: random(),
      code_challenge: createHash("sha256").update(verifier).digest("base64url"),
      code_challenge_method: "S256",
    };
    const url = new URL(metadata.authorization_endpoint);
    url.search = new URLSearchParams(await sent(parameters));
    const back = (await this.person.walk(url, this)).searchParams;
    assert.equal(back.get("error"), null, back.get("error_description"));
    assert.equal(back.get("state"), parameters.state);
    const tokens = await this.#token({
      grant_type: "authorization_code", code: back.get("code"), redirect_uri: this.redirectUri, code_verifier: verifier,
    });
    return { ...tokens, nonce: parameters.nonce };
  }

  async #token(parameters) {
    const headers = {};
    if (this.assertion) {
      parameters.client_assertion_type = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
      parameters.client_assertion = await this.assertion();
    } else {
      headers.authorization = `Basic ${Buffer.from(`${this.id}:${this.secret}`).toString("base64")}`;
    }
    return json(metadata.token_endpoint, { method: "POST", headers, body: new URLSearchParams(parameters) });
  }

  /** A JWT from this client to the server. */
  jwt(claims, alg, key, kid) {
    const jwt = new SignJWT({ ...claims, iss: this.id, aud: issuer, jti: random() });
    return jwt.setProtectedHeader({ alg, ...(kid ? { kid } : {}) }).setIssuedAt().setExpirationTime("1m").sign(key);
  }

  /** OIDC Core §10.2: a symmetric key is as much as is needed of a hash of the secret. */
  symmetricKey(bits) {
    const hash = bits <= 256 ? "sha256" : bits <= 384 ? "sha384" : "sha512";
    return createHash(hash).update(this.secret).digest().subarray(0, bits / 8);
  }

  /** The key of this pair of algorithms on our side. */
  async key(alg, enc) {
    if (alg === "dir") return this.symmetricKey(Number(enc.match(/HS(\d+)$|^A(\d+)GCM$/).slice(1).find(Boolean)));
    if (/^A\d+KW$/.test(alg)) return this.symmetricKey(Number(alg.slice(1, 4)));
    return importJWK(alg.startsWith("RSA") ? keys.rsa.private : keys.ec.private, alg);
  }

  async open(jwe, alg, enc) {
    const { plaintext, protectedHeader } = await compactDecrypt(jwe, await this.key(alg, enc), {
      keyManagementAlgorithms: [alg], contentEncryptionAlgorithms: [enc],
    });
    assert.equal(protectedHeader.cty, "JWT");
    return new TextDecoder().decode(plaintext);
  }
}

const verify = (jwt, client, alg) =>
  jwtVerify(jwt, serverKeys, { issuer, audience: client.id, algorithms: [alg] }).then(({ payload }) => payload);

async function userinfo({ access_token: token }) {
  const response = await fetch(metadata.userinfo_endpoint, { headers: { authorization: `Bearer ${token}` } });
  assert.equal(response.status, 200);
  assert.match(response.headers.get("content-type"), /^application\/jwt/);
  return response.text();
}

async function everySignatureToTheClient() {
  const client = await Client.register();
  const algs = metadata.id_token_signing_alg_values_supported;
  assert.ok(algs.length >= 4);
  for (const alg of algs) {
    if (alg === "none") {
      await client.change({ id_token_signed_response_alg: "none" });
      UnsecuredJWT.decode((await client.signIn()).id_token, { issuer, audience: client.id });
      continue;
    }
    assert.ok(metadata.userinfo_signing_alg_values_supported.includes(alg));
    await client.change({ id_token_signed_response_alg: alg, userinfo_signed_response_alg: alg });
    const tokens = await client.signIn();
    const claims = await verify(tokens.id_token, client, alg);
    assert.equal(claims.nonce, tokens.nonce);
    assert.equal((await verify(await userinfo(tokens), client, alg)).sub, claims.sub);
  }
}

/** One sign-in for each algorithm, with a request object and a client assertion that it signed. */
async function everySignatureToTheServer() {
  const offered = metadata.token_endpoint_auth_signing_alg_values_supported;
  for (const alg of metadata.request_object_signing_alg_values_supported.filter((name) => name !== "none")) {
    assert.ok(offered.includes(alg), `${alg} is for request objects only`);
    const isMac = alg.startsWith("HS");
    const own = isMac ? undefined : await pair(alg);
    const client = await Client.register({
      token_endpoint_auth_method: isMac ? "client_secret_jwt" : "private_key_jwt",
      token_endpoint_auth_signing_alg: alg,
      request_object_signing_alg: alg,
      jwks: isMac ? undefined : { keys: [published(own, "sig", "own", { alg })] },
    });
    const key = isMac ? new TextEncoder().encode(client.secret) : await importJWK(own.private, alg);
    const sign = (claims) => client.jwt(claims, alg, key, isMac ? undefined : "own");
    client.assertion = () => sign({ sub: client.id });
    await client.signIn(async (parameters) =>
      ({ client_id: client.id, response_type: "code", scope: "openid", request: await sign(parameters) }));
  }
}

const product = (algs, encs) => algs.flatMap((alg) => encs.map((enc) => [alg, enc]));

async function everyEncryptionToTheClient() {
  // Registered so that the secret itself is kept from the beginning.
  const client = await Client.register({ id_token_encrypted_response_alg: "dir" });
  const pairs = product(
    metadata.id_token_encryption_alg_values_supported, metadata.id_token_encryption_enc_values_supported,
  );
  assert.ok(pairs.length >= 12);
  for (const [alg, enc] of pairs) {
    await client.change({
      id_token_encrypted_response_alg: alg, id_token_encrypted_response_enc: enc,
      userinfo_encrypted_response_alg: alg, userinfo_encrypted_response_enc: enc,
      userinfo_signed_response_alg: "RS256",
    });
    const tokens = await client.signIn();
    const claims = await verify(await client.open(tokens.id_token, alg, enc), client, "RS256");
    const answer = await client.open(await userinfo(tokens), alg, enc);
    assert.equal((await verify(answer, client, "RS256")).sub, claims.sub);
  }
}

/** The server's key for what is encrypted to it: of a fitting kind, for encryption. */
async function sealingKey(client, alg, enc) {
  if (alg === "dir" || /^A\d+KW$/.test(alg)) return [await client.key(alg, enc), undefined];
  const { keys: all } = await json(metadata.jwks_uri);
  const fits = ({ kty, use, alg: only }) =>
    use === "enc" && (only ?? alg) === alg && (alg.startsWith("RSA") ? kty === "RSA" : kty === "EC" || kty === "OKP");
  const found = all.find(fits);
  assert.ok(found, `no key for ${alg} in the JWKS`);
  return [await importJWK(found, alg), found.kid];
}

async function everyEncryptionToTheServer() {
  const client = await Client.register({
    request_object_signing_alg: "ES256", request_object_encryption_alg: "dir",
  });
  const pairs = product(
    metadata.request_object_encryption_alg_values_supported, metadata.request_object_encryption_enc_values_supported,
  );
  assert.ok(pairs.length >= 12);
  const signingKey = await importJWK(keys.sig.private, "ES256");
  for (const [alg, enc] of pairs) {
    await client.change({ request_object_encryption_alg: alg, request_object_encryption_enc: enc });
    const [key, kid] = await sealingKey(client, alg, enc);
    await client.signIn(async (parameters) => {
      const signed = await client.jwt(parameters, "ES256", signingKey, "sig");
      const request = await new CompactEncrypt(new TextEncoder().encode(signed))
        .setProtectedHeader({ alg, enc, cty: "JWT", ...(kid ? { kid } : {}) }).encrypt(key);
      // OIDC Core §6.1: client_id and response_type as OAuth asks for them, the rest is inside.
      return { client_id: client.id, response_type: "code", scope: "openid", request };
    });
  }
}

async function registrationManagement() {
  const client = await Client.register();
  const read = await client.read();
  assert.equal(read.client_id, client.id);
  assert.equal(read.client_name, "jose");
  await client.change({ client_name: "jose once more" });
  await client.remove();
}

/** A logout token, verified as OIDC Back-Channel Logout §2.6 has it. */
async function backChannelLogout() {
  const { id, secret, redirect_uri: redirectUri, post_logout_redirect_uri: after } = world.clients.told;
  const client = Object.assign(new Client(), { id, secret, redirectUri, person: new FormDriver() });
  const { id_token: idToken } = await client.signIn();
  const signedIn = await verify(idToken, client, "RS256");
  const url = new URL(metadata.end_session_endpoint);
  url.search = new URLSearchParams({ id_token_hint: idToken, post_logout_redirect_uri: after });
  await client.person.walk(url, { redirectUri: after });
  const { logout_token: token } = await json(`${world.outside}/post/told`);
  const { payload } = await jwtVerify(token, serverKeys, { issuer, audience: id, typ: "logout+jwt" });
  assert.deepEqual(payload.events, { "http://schemas.openid.net/event/backchannel-logout": {} });
  assert.equal(payload.sub, signedIn.sub);
  assert.equal(payload.sid, signedIn.sid);
  assert.ok(payload.sid && payload.jti && payload.exp - payload.iat <= 300);
  assert.equal(payload.nonce, undefined);
}

await run("jose", {
  "every signature to the client": everySignatureToTheClient,
  "every signature to the server": everySignatureToTheServer,
  "every encryption to the client": everyEncryptionToTheClient,
  "every encryption to the server": everyEncryptionToTheServer,
  "registration management": registrationManagement,
  "back-channel logout": backChannelLogout,
});
