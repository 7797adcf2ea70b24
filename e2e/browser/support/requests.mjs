// Authorization requests of clients that have no pages of their own.
import { createHash, randomBytes } from "node:crypto";
import { world } from "../../clients/support/world.mjs";

/** A valid authorization request for `client`, with `extra` parameters on top. */
export function authorizationUrl(client, extra = {}, issuer = world.demo.issuer) {
  const verifier = randomBytes(32).toString("base64url");
  const url = new URL(`${issuer}/authorize`);
  const parameters = {
    client_id: client.id,
    response_type: "code",
    redirect_uri: client.redirect_uri,
    scope: "openid profile",
    state: randomBytes(16).toString("base64url"),
    nonce: randomBytes(16).toString("base64url"),
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
    code_challenge_method: "S256",
    ...extra,
  };
  url.search = new URLSearchParams(parameters);
  return url.href;
}
