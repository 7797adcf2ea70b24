// Signing out with three clients in one browser, one of them down: each hears of it through the
// browser and from the server, nobody waits for the dead one, and a page of a client notices by
// itself.
import { once } from "node:events";
import { createServer } from "node:http";
import { createRemoteJWKSet, jwtVerify } from "jose";
import { Request } from "./support/client.mjs";
import { expect, logIn, test } from "./support/fixtures.mjs";
import { keepOutOfLogs, Server } from "./support/server.mjs";

test.describe.configure({ mode: "serial" });

/** A client's web site: takes browsers back, and hears of logouts at /front and /back. */
class Site {
  answers = new Map();
  fronts = [];
  tokens = [];
  /** Takes connections and says nothing. */
  isHanging = false;

  async start(host = "localhost") {
    this.server = createServer((request, response) => this.#serve(request, response));
    await once(this.server.listen(0, "127.0.0.1"), "listening");
    this.origin = `http://${host}:${this.server.address().port}`;
    return this;
  }

  async #serve(request, response) {
    const { pathname, searchParams } = new URL(request.url, this.origin);
    if (this.isHanging) return;
    let body = "";
    for await (const piece of request) body += piece;
    response.setHeader("content-type", "text/html");
    if (pathname === "/front") {
      this.fronts.push(Object.fromEntries(searchParams));
      response.end("<!doctype html><title>bye</title>");
    } else if (pathname === "/back") {
      this.tokens.push(new URLSearchParams(body).get("logout_token"));
      response.end();
    } else if (pathname === "/watch") {
      response.end(watchingPage(searchParams.get("frame")));
    } else {
      this.answers.set(searchParams.get("state"), Object.fromEntries(searchParams));
      response.end("<!doctype html><html lang=en><title>arrived</title><h1>Arrived</h1>");
    }
  }

  brought(state) {
    return this.answers.get(state);
  }

  stop() {
    this.server.close();
    this.server.closeAllConnections();
  }
}

/** A page that asks the provider's frame, as OIDC Session Management §3.1 has it. */
const watchingPage = (frame) => `<!doctype html><html lang=en><title>watching</title>
<iframe id="op" src="${frame}"></iframe>
<script>
window.ask = (words) => new Promise((told) => {
  const frame = document.getElementById("op");
  addEventListener("message", (event) => {
    if (event.source === frame.contentWindow) told(event.data);
  }, { once: true });
  frame.contentWindow.postMessage(words, new URL(frame.src).origin);
});
</script>`;

let server;
const sites = {};
const clients = {};

test.beforeAll(async () => {
  server = await Server.start("logout", {
    settings: { PROFILE: "oidc", OUTBOUND__ALLOW_PRIVATE_ADDRESSES: "true" },
  });
  // One of them on another host, and so another site, than the provider.
  for (const [name, host] of [["shop", "127.0.0.1"], ["notes", "localhost"], ["gone", "localhost"]]) {
    const site = await new Site().start(host);
    const client = await server.client({
      name,
      redirectUri: `${site.origin}/cb`,
      words: ["--post-logout-redirect-uri", `${site.origin}/bye`,
        ...(host === "127.0.0.1" ? ["--application-type", "native"] : [])],
    });
    await server.sql(
      `UPDATE clients SET metadata = json_set(metadata, '$.frontchannel_logout_uri', ?,
        '$.frontchannel_logout_session_required', json('true'), '$.backchannel_logout_uri', ?) WHERE id = ?`,
      `${site.origin}/front`, `${site.origin}/back`, client.id,
    );
    sites[name] = site;
    clients[name] = { ...client, callback: site };
  }
});

test.afterAll(async () => {
  for (const site of Object.values(sites)) site.stop();
  await server.stop();
});

/** Signs a new person in, and goes to each of the clients. */
async function signIn(page, names) {
  const person = await server.person();
  const tokens = {};
  for (const name of names) {
    const request = await Request.begin(page, clients[name]);
    if (await page.getByLabel("Password", { exact: true }).isVisible()) await logIn(page, person);
    await page.getByRole("button", { name: "Allow" }).click();
    tokens[name] = await request.tokens();
    tokens[name].session_state = sites[name].brought(request.state).session_state;
  }
  return tokens;
}

async function signOut(page) {
  await page.goto(`${server.issuer}/account`);
  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("You are signed out");
}

/** Holds that the client got one logout token, for the session of `tokens`. */
async function expectTold(name, tokens, count) {
  const site = sites[name];
  await expect.poll(() => site.tokens.length, { message: `${name} was told by the server` }).toBe(count);
  const token = site.tokens.at(-1);
  keepOutOfLogs(token);
  const keys = createRemoteJWKSet(new URL(`${server.issuer}/jwks`));
  const { payload } = await jwtVerify(token, keys, {
    issuer: server.issuer, audience: clients[name].id, typ: "logout+jwt",
    requiredClaims: ["iat", "exp", "jti"],
  });
  expect(payload.sid).toBe(tokens.claims.sid);
  expect(payload.sub).toBe(tokens.claims.sub);
  expect(payload.events).toEqual({ "http://schemas.openid.net/event/backchannel-logout": {} });
  expect(payload).not.toHaveProperty("nonce");
}

test("a page of a client notices that somebody signed out", async ({ page, context }) => {
  const tokens = await signIn(page, ["notes", "gone", "shop"]);
  const frame = encodeURIComponent(`${server.issuer}/check_session`);
  const watching = await context.newPage();
  const ask = async (name, words) => {
    await watching.goto(`${sites[name].origin}/watch?frame=${frame}`);
    return watching.evaluate((asked) => window.ask(asked), words);
  };
  const words = (name) => `${clients[name].id} ${tokens[name].session_state}`;
  expect(await ask("notes", words("notes"))).toBe("unchanged");
  expect(await ask("gone", words("gone"))).toBe("unchanged");
  // What another client was told is worth nothing, and nonsense is told to be that.
  expect(await ask("notes", words("gone"))).toBe("changed");
  for (const nonsense of [tokens.notes.session_state, `${clients.notes.id} nonsense`, { a: 1 }]) {
    expect(await ask("notes", nonsense)).toBe("error");
  }
  // From a page of another site this browser shows our frame no cookie: it must not say "changed"
  // for ever.
  expect(await ask("shop", words("shop"))).toBe("error");
  await signOut(page);
  expect(await ask("notes", words("notes"))).toBe("changed");
  expect(await ask("gone", words("gone"))).toBe("changed");
});

test("three clients, one of them down: the others hear of it at once", async ({ page }) => {
  const tokens = await signIn(page, ["gone", "shop", "notes"]);
  const before = { shop: sites.shop.tokens.length, notes: sites.notes.tokens.length };
  sites.shop.fronts = [];
  sites.notes.fronts = [];
  sites.gone.stop();
  const began = Date.now();
  await signOut(page);
  for (const name of ["shop", "notes"]) {
    await expectTold(name, tokens[name], before[name] + 1);
    await expect.poll(() => sites[name].fronts, { message: `${name} was told by the browser` })
      .toEqual([{ iss: server.issuer, sid: tokens[name].claims.sid }]);
  }
  expect(Date.now() - began).toBeLessThan(10_000);
  const waiting = await server.sql("SELECT client_id FROM logout_deliveries WHERE sent_at IS NULL");
  expect(waiting).toEqual([[clients.gone.id]]);
});

test("it goes on to the client that asked, though another one hangs", async ({ page }) => {
  const tokens = await signIn(page, ["shop", "notes"]);
  sites.notes.isHanging = true;
  sites.shop.fronts = [];
  const query = new URLSearchParams({
    id_token_hint: tokens.shop.id_token,
    post_logout_redirect_uri: `${sites.shop.origin}/bye`,
    state: "s-9",
  });
  const began = Date.now();
  await page.goto(`${server.issuer}/end_session?${query}`, { waitUntil: "commit" });
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("You are signed out");
  await page.waitForURL(`${sites.shop.origin}/bye?state=s-9`);
  expect(Date.now() - began).toBeLessThan(8_000);
  expect(sites.shop.fronts).toEqual([{ iss: server.issuer, sid: tokens.shop.claims.sid }]);
  sites.notes.isHanging = false;
});

test("without scripts it goes on too", async ({ elsewhere }) => {
  const page = await elsewhere({ javaScriptEnabled: false });
  const tokens = await signIn(page, ["shop"]);
  const query = new URLSearchParams({
    id_token_hint: tokens.shop.id_token,
    post_logout_redirect_uri: `${sites.shop.origin}/bye`,
    state: "s-10",
  });
  await page.goto(`${server.issuer}/end_session?${query}`, { waitUntil: "commit" });
  await expect(page.getByRole("link", { name: "Back to shop" })).toBeVisible();
  await page.waitForURL(`${sites.shop.origin}/bye?state=s-10`);
});
