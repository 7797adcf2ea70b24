// Makes the users and clients of the tests through the command line, beside the running servers,
// and writes down what it made for everybody to read (E2E_WORLD).
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { exportJWK, generateKeyPair } from "jose";

const { E2E_WORK: work, E2E_BINARY: binary, E2E_PYTHON: python, E2E_WORLD: path } = process.env;
const [demoPort, appPort, mainPort, briskPort] = process.env.E2E_PORTS.split(" ");

const server = (name, port) => ({
  issuer: `http://localhost:${port}`,
  environment: {
    VESTIBULE__ISSUER: `http://localhost:${port}`,
    VESTIBULE__SERVER__LISTEN: `127.0.0.1:${port}`,
    VESTIBULE__DATA_DIR: join(work, name, "data"),
  },
});
const demo = server("demo", demoPort);
const main = server("main", mainPort);
const brisk = server("brisk", briskPort);

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
  return { username, password, email };
}

async function client(where, id, { method = "client_secret_basic", grants = ["authorization_code", "refresh_token"],
  redirectUris = [`https://${id}.example/cb`], scope = "openid profile email offline_access", native = false,
  idTokenAlg = "RS256", format = "jwt", name } = {}) {
  const words = ["client", "create", "--client-id", id, "--auth-method", method, "--scope", scope,
    "--id-token-alg", idTokenAlg, "--access-token-format", format];
  for (const grant of grants) words.push("--grant-type", grant);
  const out = `https://${id}.example/out`;
  if (grants.includes("authorization_code")) {
    for (const uri of redirectUris) words.push("--redirect-uri", uri);
    words.push("--post-logout-redirect-uri", out);
  }
  if (native) words.push("--application-type", "native");
  if (name) words.push("--name", name);
  const made = { id, auth_method: method, redirect_uri: redirectUris[0], post_logout_redirect_uri: out,
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

// One password for both servers keeps the browser tests short.
const ana = user(main, "ana", "Ana Example");
const shared = (where, { username, password, email }, name) => {
  vestibule(where, "user", "create", "--username", username, "--email", email, "--email-verified",
    "--name", name, "--password-file", secretFile(`${username}-again`, password));
};
shared(demo, ana, "Ana Example");
shared(brisk, ana, "Ana Example");
const ben = user(demo, "ben", "Ben Example");

const loopback = { method: "none", native: true, redirectUris: ["http://127.0.0.1/cb", "com.example.app:/cb"] };
const clients = {
  basic: await client(main, "basic"),
  post: await client(main, "post", { method: "client_secret_post", idTokenAlg: "PS256" }),
  public: await client(main, "public", loopback),
  key: await client(main, "key", { method: "private_key_jwt", idTokenAlg: "ES256" }),
  opaque: await client(main, "opaque", { format: "opaque", idTokenAlg: "EdDSA" }),
  service: await client(main, "service", { grants: ["client_credentials"], scope: "api" }),
  resource_server: await client(main, "resource-server", { grants: ["client_credentials"], scope: "api" }),
  web: await client(demo, "web", { name: "Web Shop" }),
  native: await client(demo, "native", { ...loopback, name: "Pocket App" }),
  brisk: await client(brisk, "hasty", { name: "Hasty Client" }),
};

const world = {
  issuer: main.issuer,
  environment: main.environment,
  binary,
  python,
  user: ana,
  other_user: ben,
  demo: { issuer: demo.issuer, url: `http://localhost:${appPort}` },
  brisk: { issuer: brisk.issuer, setup_url: vestibule(brisk, "admin", "setup-link").url },
  clients,
};
writeFileSync(path, JSON.stringify(world, undefined, 2), { mode: 0o600 });
