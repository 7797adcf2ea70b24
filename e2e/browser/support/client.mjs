// A client in a few lines: sends the browser off, waits for it to come back, swaps the code.
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { expect } from "@playwright/test";
import { decodeJwt } from "jose";

const random = () => randomBytes(32).toString("base64url");

/** Where browsers come back to: notes what they bring, by the `state` of the request. */
export class Callback {
  #brought = new Map();

  async start() {
    this.server = createServer((request, response) => {
      const { searchParams } = new URL(request.url, "http://localhost");
      this.#brought.set(searchParams.get("state"), Object.fromEntries(searchParams));
      response.setHeader("content-type", "text/html");
      response.end("<!doctype html><html lang=en><title>arrived</title><h1>Arrived</h1>");
    });
    await once(this.server.listen(0, "127.0.0.1"), "listening");
    this.origin = `http://localhost:${this.server.address().port}`;
  }

  stop() {
    this.server.close();
    this.server.closeAllConnections();
  }

  brought(state) {
    return this.#brought.get(state);
  }
}

export class Request {
  /** A request of `client` in the browser of `page`; `extra` are parameters on top. */
  static async begin(page, client, extra = {}) {
    const request = new Request();
    Object.assign(request, { page, client, verifier: random(), state: random(), nonce: random() });
    const url = new URL(`${client.issuer}/authorize`);
    url.search = new URLSearchParams({
      client_id: client.id,
      response_type: "code",
      redirect_uri: client.redirect_uri,
      scope: "openid profile email",
      state: request.state,
      nonce: request.nonce,
      code_challenge: createHash("sha256").update(request.verifier).digest("base64url"),
      code_challenge_method: "S256",
      ...extra,
    });
    await page.goto(url.href);
    return request;
  }

  /** Whether the browser came back. */
  get isAnswered() {
    return this.client.callback.brought(this.state) !== undefined;
  }

  /** What the client got: an error, or a code. */
  async answer() {
    await expect.poll(() => this.isAnswered, { message: "back at the client" }).toBe(true);
    await expect(this.page).toHaveTitle("arrived");
    const answer = this.client.callback.brought(this.state);
    expect(answer.iss).toBe(this.client.issuer);
    return answer;
  }

  /** The tokens that the code brings, with the ID token's claims. */
  async tokens() {
    const answer = await this.answer();
    expect(answer.error, answer.error_description).toBeUndefined();
    const tokens = await token(this.client, {
      grant_type: "authorization_code",
      code: answer.code,
      redirect_uri: this.client.redirect_uri,
      code_verifier: this.verifier,
    });
    expect(tokens.error, tokens.error_description).toBeUndefined();
    const claims = decodeJwt(tokens.id_token);
    expect(claims.nonce).toBe(this.nonce);
    return { ...tokens, claims };
  }
}

/** Asks the token endpoint; resolves to its JSON, be it tokens or an error. */
export async function token(client, parameters) {
  const credentials = Buffer.from(`${client.id}:${client.secret}`).toString("base64");
  const response = await fetch(`${client.issuer}/token`, {
    method: "POST",
    headers: { authorization: `Basic ${credentials}` },
    body: new URLSearchParams(parameters),
  });
  return response.json();
}

export const refresh = (client, tokens) =>
  token(client, { grant_type: "refresh_token", refresh_token: tokens.refresh_token });

/** What userinfo answers to that access token. */
export async function userinfo(client, tokens) {
  const response = await fetch(`${client.issuer}/userinfo`, {
    headers: { authorization: `Bearer ${tokens.access_token}` },
  });
  return { status: response.status, claims: response.ok ? await response.json() : undefined };
}
