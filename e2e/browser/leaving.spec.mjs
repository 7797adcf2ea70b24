// Leaving for the client after a form of ours: every kind of redirect URI, under `form-action
// 'self'`, without one violated policy (the fixtures watch for those).
import { createServer } from "node:http";
import { allow, expect, logIn, test, world } from "./support/fixtures.mjs";
import { authorizationUrl } from "./support/requests.mjs";

/** Signs in and allows for `url`; consent may have been given before. */
async function passThrough(page, url) {
  await page.goto(url);
  await logIn(page);
  const consent = page.getByRole("button", { name: "Allow" });
  await consent.click();
}

/** A listener on a port that the system chose, as a native app has one. */
async function listen(answer) {
  const server = createServer(answer);
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  return { server, port: server.address().port };
}

test("the login page allows forms to itself only", async ({ page }) => {
  const response = await page.goto(authorizationUrl(world.clients.web));
  const policy = (await response.headerValue("content-security-policy")) ?? "";
  expect(policy).toMatch(/form-action 'self'(;|$)/);
  expect(policy).toMatch(/frame-ancestors 'none'/);
  expect(policy).not.toMatch(/unsafe/);
  await expect(page.locator("script:not([src]), style, [style], [onclick], [onload]")).toHaveCount(0);
});

test("the watch for violated policies sees one", async ({ page, faults }) => {
  await page.goto(authorizationUrl(world.clients.web));
  await page.evaluate(() => {
    const form = document.createElement("form");
    form.action = "https://elsewhere.example/";
    document.body.append(form);
    form.submit();
  });
  await expect.poll(() => faults.filter((fault) => fault.includes("form-action")).length).toBeGreaterThan(0);
  faults.length = 0;
});

test("to an https address elsewhere", async ({ page, context }) => {
  const client = world.clients.web;
  let seen;
  await context.route(`${client.redirect_uri}*`, (route) => {
    seen = new URL(route.request().url());
    return route.fulfill({ contentType: "text/html", body: "<title>arrived</title>" });
  });
  await passThrough(page, authorizationUrl(client, { prompt: "consent" }));
  await expect(page).toHaveTitle("arrived");
  expect(seen.searchParams.get("iss")).toBe(world.demo.issuer);
  expect(seen.searchParams.get("code")).toBeTruthy();
});

test("to a native app on a loopback port", async ({ page }) => {
  const { server, port } = await listen((_request, response) => {
    response.setHeader("content-type", "text/html");
    response.end("<title>arrived</title>");
  });
  const redirectUri = `http://127.0.0.1:${port}/cb`;
  await passThrough(page, authorizationUrl(world.clients.native, { redirect_uri: redirectUri, prompt: "consent" }));
  await expect(page).toHaveTitle("arrived");
  expect(page.url().startsWith(`${redirectUri}?`)).toBe(true);
  server.close();
});

/** The first request for a custom-scheme URL, as the browser's network layer sees it. */
async function customScheme(page, scheme) {
  const session = await page.context().newCDPSession(page);
  await session.send("Network.enable");
  await session.send("Page.enable");
  return new Promise((resolve) => {
    const take = (url) => url.startsWith(`${scheme}:`) && resolve(url);
    session.on("Network.requestWillBeSent", ({ request }) => take(request.url));
    session.on("Page.frameRequestedNavigation", ({ url }) => take(url));
    session.on("Page.frameScheduledNavigation", ({ url }) => take(url));
  });
}

test("to an app's own scheme", async ({ page }) => {
  const left = customScheme(page, "com.example.app");
  const redirectUri = "com.example.app:/cb";
  await passThrough(page, authorizationUrl(world.clients.native, { redirect_uri: redirectUri, prompt: "consent" }));
  expect((await left).startsWith("com.example.app:/cb?")).toBe(true);
});

test("to a callback that hops on to an app's own scheme", async ({ page }) => {
  const { server, port } = await listen((_request, response) => {
    response.writeHead(302, { location: "com.example.app:/after" });
    response.end();
  });
  const left = customScheme(page, "com.example.app");
  const redirectUri = `http://127.0.0.1:${port}/cb`;
  await passThrough(page, authorizationUrl(world.clients.native, { redirect_uri: redirectUri, prompt: "consent" }));
  expect(await left).toBe("com.example.app:/after");
  server.close();
});

test("denial leaves by the same door", async ({ page }) => {
  const { server, port } = await listen((_request, response) => response.end("arrived"));
  const redirectUri = `http://127.0.0.1:${port}/cb`;
  await page.goto(authorizationUrl(world.clients.native, { redirect_uri: redirectUri, prompt: "consent" }));
  await logIn(page);
  await page.getByRole("button", { name: "Cancel" }).click();
  await expect(page).toHaveURL(/error=access_denied/);
  server.close();
});

test("a redirect URI that is one character off never leaves, and says so plainly", async ({ page }) => {
  const client = world.clients.web;
  const response = await page.goto(authorizationUrl(client, { redirect_uri: `${client.redirect_uri}/` }));
  expect(response.status()).toBe(400);
  expect(new URL(page.url()).origin).toBe(new URL(world.demo.issuer).origin);
  await expect(page.locator("main")).toContainText("VST-0105");
  const id = await response.headerValue("x-request-id");
  await expect(page.locator("#request-id")).toHaveText(id);
});
