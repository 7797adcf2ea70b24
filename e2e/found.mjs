// Makes the users and clients of the tests through the command line, beside the running servers,
// and writes down what it made for everybody to read (E2E_WORLD).
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { appendFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { exportJWK, generateKeyPair } from "jose";

const { E2E_WORK: work, E2E_BINARY: binary, E2E_PYTHON: python, E2E_WORLD: path } = process.env;
const [demoPort, appPort, mainPort, briskPort, fullPort, outsidePort] = process.env.E2E_PORTS.split(" ");

const server = (name, port) => ({
  issuer: `http://localhost:${port}`,
  environment: {
    VESTIBULE__ISSUER: `http://localhost:${port}`,
    VESTIBULE__SERVER__LISTEN: `127.0.0.1:${port}`,
    VESTIBULE__DATA_DIR: join(work, name, "data"),
  },
});
const outside = `http://localhost:${outsidePort}`;
const demo = server("demo", demoPort);
const main = server("main", mainPort);
const brisk = server("brisk", briskPort);
const full = server("full", fullPort);

function vestibule(where, ...words) {
  const options = { env: { ...process.env, ...where.environment }, encoding: "utf8", cwd: work };
  return JSON.parse(execFileSync(binary, [...words, "--json"], options));
}

function secretFile(name, secret) {
  const file = join(work, `${name}.secret`);
  writeFileSync(file, secret, { mode: 0o600 });
  return file;
}

function user(where, username, name) {
  const password = randomBytes(18).toString("base64url");
  const email = `${username}@people.example`;
  vestibule(where, "user", "create", "--username", username, "--email", email, "--email-verified",
    "--name", name, "--password-file", secretFile(`${username}-${where.issuer.split(":").at(-1)}`, password));
  return { username, password, email, name };
}

async function client(where, id, { method = "client_secret_basic", grants = ["authorization_code", "refresh_token"],
  redirectUris = [`https://${id}.example/cb`], out = `https://${id}.example/out`,
  scope = "openid profile email offline_access", native = false,
  idTokenAlg = "RS256", format = "jwt", name } = {}) {
  const words = ["client", "create", "--client-id", id, "--auth-method", method, "--scope", scope,
    "--id-token-alg", idTokenAlg, "--access-token-format", format];
  for (const grant of grants) words.push("--grant-type", grant);
  if (grants.includes("authorization_code")) {
    for (const uri of redirectUris) words.push("--redirect-uri", uri);
    words.push("--post-logout-redirect-uri", out);
  }
  if (native) words.push("--application-type", "native");
  if (name) words.push("--name", name);
  const made = { issuer: where.issuer, id, auth_method: method, redirect_uri: redirectUris[0], post_logout_redirect_uri: out,
    id_token_alg: idTokenAlg, access_token_format: format };
  if (method === "private_key_jwt") {
    const { publicKey, privateKey } = await generateKeyPair("ES256", { extractable: true });
    const named = { alg: "ES256", kid: `${id}-1`, use: "sig" };
    made.private_jwk = { ...(await exportJWK(privateKey)), ...named };
    const jwks = join(work, `${id}.jwks.json`);
    writeFileSync(jwks, JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), ...named }] }));
    words.push("--jwks-file", jwks);
  } else if (method !== "none") {
    made.secret = randomBytes(32).toString("base64url");
    words.push("--secret-file", secretFile(id, made.secret));
  }
  vestibule(where, ...words);
  return made;
}

/** A key pair of a client: the private JWK, and the public one that it registers. */
async function keyPair(alg, use) {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  const named = { alg, use, kid: `${alg} ${use}` };
  return [{ ...(await exportJWK(privateKey)), ...named }, { ...(await exportJWK(publicKey)), ...named }];
}

/** A client that registers itself (RFC 7591), with all that the command line has no words for. */
async function registered(where, name, metadata = {}) {
  const discovery = await fetch(`${where.issuer}/.well-known/openid-configuration`);
  const { registration_endpoint: endpoint } = await discovery.json();
  const asked = {
    client_name: name,
    redirect_uris: [`https://${name}.example/cb`],
    post_logout_redirect_uris: [`https://${name}.example/out`],
    grant_types: ["authorization_code", "refresh_token"],
    scope: "openid profile email offline_access",
    ...metadata,
  };
  const headers = { "content-type": "application/json" };
  const response = await fetch(endpoint, { method: "POST", headers, body: JSON.stringify(asked) });
  const made = await response.json();
  if (response.status !== 201) throw new Error(`registration of ${name}: ${JSON.stringify(made)}`);
  // Never in a log: `logs.mjs` looks for it.
  appendFileSync(join(work, "secrets"), `${made.registration_access_token}\n`);
  return {
    issuer: where.issuer,
    id: made.client_id,
    secret: made.client_secret,
    auth_method: made.token_endpoint_auth_method,
    redirect_uri: made.redirect_uris[0],
    post_logout_redirect_uri: made.post_logout_redirect_uris[0],
    id_token_alg: made.id_token_signed_response_alg ?? "RS256",
    access_token_format: "jwt",
    registration: made,
  };
}

/** The clients of what only `profile = "oidc"` has. */
async function fullClients() {
  const [signing, verifying] = await keyPair("ES256", "sig");
  const [openingRsa, sealingRsa] = await keyPair("RSA-OAEP-256", "enc");
  const [openingEc, sealingEc] = await keyPair("ECDH-ES+A128KW", "enc");
  return {
    every: await registered(full, "every", {
      grant_types: ["authorization_code", "refresh_token", "implicit"],
      response_types: ["code", "id_token", "id_token token", "code id_token", "code token", "code id_token token"],
    }),
    secret_jwt: await registered(full, "secret-jwt", { token_endpoint_auth_method: "client_secret_jwt" }),
    pairwise: await registered(full, "pairwise", { subject_type: "pairwise" }),
    signed: {
      ...(await registered(full, "signed", {
        jwks: { keys: [verifying] },
        id_token_signed_response_alg: "ES256",
        userinfo_signed_response_alg: "RS256",
        request_object_signing_alg: "ES256",
        request_uris: [`${outside}/hosted/request.jwt`],
      })),
      private_jwk: signing,
    },
    sealed: {
      ...(await registered(full, "sealed", {
        jwks: { keys: [sealingRsa, sealingEc] },
        id_token_encrypted_response_alg: "RSA-OAEP-256",
        id_token_encrypted_response_enc: "A256GCM",
        userinfo_signed_response_alg: "RS256",
        userinfo_encrypted_response_alg: "ECDH-ES+A128KW",
        userinfo_encrypted_response_enc: "A128CBC-HS256",
      })),
      opening_jwks: [openingRsa, openingEc],
    },
    told: await registered(full, "told", {
      backchannel_logout_uri: `${outside}/post/told`,
      backchannel_logout_session_required: true,
    }),
  };
}

// One password for both servers keeps the browser tests short.
const ana = user(main, "ana", "Ana Example");
const shared = (where, { username, password, email }, name) => {
  vestibule(where, "user", "create", "--username", username, "--email", email, "--email-verified",
    "--name", name, "--password-file", secretFile(`${username}-again`, password));
};
shared(demo, ana, "Ana Example");
shared(brisk, ana, "Ana Example");
shared(full, ana, "Ana Example");
const ben = user(demo, "ben", "Ben Example");

const loopback = { method: "none", native: true, redirectUris: ["http://127.0.0.1/cb", "com.example.app:/cb"] };
const webApp = { method: "none", redirectUris: [`${outside}/spa/`], out: `${outside}/spa/` };
const clients = {
  basic: await client(main, "basic"),
  post: await client(main, "post", { method: "client_secret_post", idTokenAlg: "PS256" }),
  public: await client(main, "public", { ...loopback, idTokenAlg: "ES256" }),
  spa: await client(main, "spa", webApp),
  watching: await client(full, "watching", webApp),
  key: await client(main, "key", { method: "private_key_jwt", idTokenAlg: "ES256" }),
  opaque: await client(main, "opaque", { format: "opaque", idTokenAlg: "EdDSA" }),
  service: await client(main, "service", { grants: ["client_credentials"], scope: "api" }),
  resource_server: await client(main, "resource-server", { grants: ["client_credentials"], scope: "api" }),
  web: await client(demo, "web", { name: "Web Shop" }),
  native: await client(demo, "native", { ...loopback, name: "Pocket App" }),
  brisk: await client(brisk, "hasty", { name: "Hasty Client" }),
  ...(await fullClients()),
};

const world = {
  issuer: main.issuer,
  environment: main.environment,
  full: { issuer: full.issuer },
  binary,
  python,
  outside,
  user: ana,
  other_user: ben,
  demo: { issuer: demo.issuer, url: `http://localhost:${appPort}` },
  brisk: { issuer: brisk.issuer, setup_url: vestibule(brisk, "admin", "setup-link").url },
  clients,
};
writeFileSync(path, JSON.stringify(world, undefined, 2), { mode: 0o600 });
