// What client programs of every language need around them: a person with a browser who walks
// through the server's pages, an address that the server can post to, and a place for a web app.
//
//   POST /walk               {browser, url, until, decision?} → {url}
//   POST /post/NAME          keeps what was posted
//   GET  /post/NAME          waits for a form posted there, and hands its fields out once
//   PUT  /hosted/NAME        keeps what GET answers from then on
//   GET  /spa/…              the app of clients/oidc_client_ts
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { FormDriver } from "./form_driver.mjs";
import { world } from "./world.mjs";

/** How long somebody who asks for a post waits for it, in milliseconds. */
const PATIENCE = 10_000;

const browsers = new Map();
const posts = new Map();

/** A browser of that name; each keeps its own cookies, and all servers are one host to those. */
function browser(name, url) {
  const key = `${name} at ${new URL(url).origin}`;
  if (!browsers.has(key)) browsers.set(key, new FormDriver());
  return browsers.get(key);
}

async function walk({ browser: name, url, until, decision }) {
  const arrived = await browser(name, url).walk(url, { redirectUri: until, decision });
  return { url: arrived.href };
}

function keep(name, body) {
  posts.set(name, [...(posts.get(name) ?? []), body]);
  return {};
}

async function posted(name) {
  const until = Date.now() + PATIENCE;
  while (Date.now() < until) {
    const post = posts.get(name)?.shift();
    if (post !== undefined) return Object.fromEntries(new URLSearchParams(post));
    await new Promise((again) => setTimeout(again, 20));
  }
  throw new Error(`nothing was posted to ${name} in ${PATIENCE} ms`);
}

const app = (name) => readFile(new URL(`../oidc_client_ts/${name}`, import.meta.url));
const library = createRequire(import.meta.url).resolve("oidc-client-ts/package.json");

/** What GET answers: media type and a function for the body, by path. */
const files = new Map([
  ["/spa/", ["text/html", () => app("index.html")]],
  ["/spa/app.js", ["text/javascript", () => app("app.js")]],
  ["/spa/oidc-client-ts.js",
    ["text/javascript", () => readFile(join(dirname(library), "dist/browser/oidc-client-ts.min.js"))]],
  ["/spa/settings.json", ["application/json", () => JSON.stringify(appSettings())]],
  ["/health/ready", ["text/plain", () => "ready"]],
]);

/** What the app is registered as, by the client's name. */
function appSettings() {
  const of = (client) => ({
    authority: client.issuer,
    client_id: client.id,
    redirect_uri: client.redirect_uri,
    post_logout_redirect_uri: client.post_logout_redirect_uri,
    scope: "openid profile email offline_access",
  });
  return { spa: of(world.clients.spa), watching: of(world.clients.watching) };
}

function host(path, body) {
  files.set(path, ["application/jwt", () => body]);
  return {};
}

async function act(method, path, body) {
  const [, place, name] = path.split("/");
  const what = `${method} ${place}`;
  if (what === "POST walk") return walk(JSON.parse(body));
  if (what === "POST post") return keep(name, body);
  if (what === "GET post") return posted(name);
  if (what === "PUT hosted") return host(path, body);
  throw new Error(`nothing at ${method} ${path}`);
}

async function answer({ method, path, body }) {
  const file = method === "GET" && files.get(path);
  if (file) return [200, file[0], await file[1]()];
  try {
    return [200, "application/json", JSON.stringify(await act(method, path, body))];
  } catch (error) {
    return [500, "application/json", JSON.stringify({ error: error.message })];
  }
}

const server = createServer(async (request, response) => {
  let body = "";
  for await (const chunk of request) body += chunk;
  const path = new URL(request.url, "http://outside").pathname;
  const [status, type, text] = await answer({ method: request.method, path, body });
  response.writeHead(status, { "content-type": type, "cache-control": "no-store" });
  response.end(text);
});
server.listen(Number(process.argv[2]), "127.0.0.1");
