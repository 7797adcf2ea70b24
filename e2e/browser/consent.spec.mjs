// What a person lets a client have.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, logIn, signInAt, test } from "./support/fixtures.mjs";
import { Request, userinfo } from "./support/client.mjs";
import { inspect } from "./support/inspect.mjs";
import { Server } from "./support/server.mjs";
import { heading, press } from "./support/steps.mjs";

const SCOPE = "openid profile email phone";

test("optional scopes can be unticked, and the client does not get them", async ({ page, people }) => {
  const person = await people.person();
  const client = await people.client({ name: "Web Shop", scope: SCOPE, words: ["--optional-scope", "email phone"] });
  await signInAt(page, people, person);
  const request = await Request.begin(page, client, { scope: SCOPE });
  const boxes = page.getByRole("group", { name: "You can leave these out" });
  await expect(boxes.getByRole("checkbox")).toHaveCount(2);
  await expect(page.getByRole("button", { name: "Allow" })).not.toBeFocused();
  await boxes.getByLabel(/See your mail address/).uncheck();
  await press(page, "Allow");
  const tokens = await request.tokens();
  expect(tokens.scope.split(" ").sort()).toEqual(["openid", "phone", "profile"]);
  const { claims } = await userinfo(client, tokens);
  expect(claims.email).toBeUndefined();
  expect(claims.name).toBe(person.name);

  // What was left out is not asked again by itself, and not slipped in either.
  const again = await Request.begin(page, client, { scope: SCOPE });
  expect((await again.tokens()).scope.split(" ")).not.toContain("email");
  // The client asks with prompt=consent: the box stands as it was left.
  const third = await Request.begin(page, client, { scope: SCOPE, prompt: "consent" });
  await expect(boxes.getByLabel(/See your mail address/)).not.toBeChecked();
  await boxes.getByLabel(/See your mail address/).check();
  await press(page, "Allow");
  expect((await third.tokens()).scope.split(" ")).toContain("email");
});

test("a client that asks for more asks again, and shows what is new", async ({ page, people }) => {
  const person = await people.person();
  const client = await people.client({ name: "Web Shop", scope: `${SCOPE} offline_access` });
  await signInAt(page, people, person);
  const first = await Request.begin(page, client, { scope: "openid profile" });
  await press(page, "Allow");
  await first.tokens();
  const second = await Request.begin(page, client, { scope: "openid profile email" });
  await expect(page.locator("main")).toContainText("New this time");
  await expect(page.locator("main")).toContainText("You allowed this before");
  await press(page, "Allow");
  await second.tokens();
  const answers = await people.sql("SELECT decision, scope, wording FROM consent_records WHERE user_id = ? ORDER BY at, id", person.sub);
  expect(answers).toHaveLength(2);
  for (const [, , wording] of answers) expect(wording).not.toBe("");
});

test("saying no is remembered as an answer, and told to the client", async ({ page, people }) => {
  const person = await people.person();
  const client = await people.client({ name: "Web Shop" });
  await signInAt(page, people, person);
  const request = await Request.begin(page, client);
  await press(page, "Cancel");
  expect((await request.answer()).error).toBe("access_denied");
  await page.goto(`${people.issuer}/account/apps`);
  await expect(page.getByRole("heading", { name: "Web Shop" })).toHaveCount(0);
  await page.getByText("What you answered so far").click();
  await expect(page.locator("main")).toContainText("You refused Web Shop");
});

test("first-party clients skip the page, but never for offline access", async ({ page, context, people }) => {
  const person = await people.person();
  // Programs on a device never skip it, so this one is on the web.
  const client = await people.client({ name: "House App", redirectUri: "https://house.example/cb", words: ["--first-party"] });
  await context.route("https://house.example/cb*", (route) =>
    route.fulfill({ contentType: "text/html", body: "<title>at home</title>" }));
  await Request.begin(page, client);
  await logIn(page, person);
  await expect(page).toHaveTitle("at home");
  await page.goto(`${people.issuer}/account/apps`);
  await expect(page.getByRole("heading", { name: /House App/ })).toContainText("run by Example ID");
  await Request.begin(page, client, { scope: "openid offline_access", prompt: "consent" });
  await expect(heading(page)).toHaveText("Continue to House App?");
  await expect(page.locator("main")).toContainText("Stay connected while you’re away");
});

/** Something like a logo: a PNG that a canvas would make. */
const PICTURE = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64");

/** A client that says much about itself, in two languages. */
async function talkative(server, logo) {
  const file = join(server.folder, "talkative.json");
  writeFileSync(file, JSON.stringify({
    client_name: "Quill Notes",
    "client_name#de": "Feder-Notizen",
    client_uri: "https://notes.quill.example/",
    logo_uri: logo,
    policy_uri: "https://legal.quill.example/privacy",
    "policy_uri#de": "https://legal.quill.example/datenschutz",
    tos_uri: "https://legal.quill.example/terms",
    initiate_login_uri: "https://notes.quill.example/login",
  }));
  return server.client({ words: ["--metadata-file", file] });
}

/** Answers what `logo_uri` leads to; the server under test may speak to this machine. */
async function site(answer) {
  const { createServer } = await import("node:http");
  const server = createServer(answer).listen(0, "127.0.0.1");
  await new Promise((ready) => server.once("listening", ready));
  return { url: `http://localhost:${server.address().port}/logo`, stop: () => server.close() };
}

/** Inspects one page after another: the last one was left in forced colours. */
async function look(page, name) {
  await page.emulateMedia({ forcedColors: "none" });
  await inspect(page, name);
}

test("what a client says of itself is on the page, its logo from us, and all of it in the person’s language", async ({ page }) => {
  const server = await Server.start("talkative", { settings: { OUTBOUND__ALLOW_PRIVATE_ADDRESSES: "true" } });
  const visits = [];
  const pictures = await site((request, response) => {
    visits.push(request.headers);
    response.setHeader("content-type", "text/plain");
    response.end(PICTURE);
  });
  const broken = await site((_request, response) => {
    response.setHeader("content-type", "image/svg+xml");
    response.end("<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>");
  });
  const requested = [];
  page.on("request", (request) => requested.push(new URL(request.url()).origin));
  const person = await server.person();
  const client = await talkative(server, pictures.url);
  await signInAt(page, server, person);
  const request = await Request.begin(page, client);
  await expect(heading(page)).toHaveText("Continue to Quill Notes?");
  const logo = page.locator(".logo img");
  await expect.poll(() => logo.evaluate((image) => image.naturalWidth)).toBe(1);
  await expect(page.getByRole("link", { name: /^Privacy policy/ })).toHaveAttribute("href", "https://legal.quill.example/privacy");
  await expect(page.getByRole("link", { name: /^Terms of service/ })).toHaveAttribute("rel", "noopener noreferrer");
  await expect(page.locator("main")).toContainText(`Your answer goes to a program on this device, at ${new URL(client.redirect_uri).host}.`);
  await look(page, "consent-about-client");
  await page.getByRole("link", { name: "Deutsch" }).click();
  await expect(heading(page)).toHaveText("Weiter zu Feder-Notizen?");
  await expect(page.getByRole("link", { name: /^Datenschutzerklärung/ })).toHaveAttribute("href", "https://legal.quill.example/datenschutz");
  await page.getByRole("link", { name: "English" }).click();
  await press(page, "Allow");
  await request.tokens();
  expect(visits).toHaveLength(1);
  expect(visits[0].cookie).toBeUndefined();
  expect(new Set(requested)).not.toContain(new URL(pictures.url).origin);

  // The app can be opened from the account, by way of the address that it registered.
  await page.goto(`${server.issuer}/account/apps`);
  await look(page, "apps-open");
  await page.route("https://notes.quill.example/**", (route) =>
    route.fulfill({ contentType: "text/html", body: "<title>at the app</title>" }));
  await page.getByRole("link", { name: "Open Quill Notes" }).click();
  await expect(page).toHaveTitle("at the app");
  expect(new URL(page.url()).searchParams.get("iss")).toBe(server.issuer);

  // Without a picture the page is whole as well: no broken image, and the letter in its place.
  await server.sql("UPDATE clients SET metadata = json_set(metadata, '$.logo_uri', ?)", broken.url);
  await Request.begin(page, client, { prompt: "consent" });
  await expect.poll(() => logo.evaluate((image) => image.complete)).toBe(true);
  const { naturalWidth, box } = await logo.evaluate((image) =>
    ({ naturalWidth: image.naturalWidth, box: image.getBoundingClientRect().toJSON() }));
  expect([naturalWidth, box.height], JSON.stringify(box)).toEqual([0, 0]);
  await look(page, "consent-without-logo");

  // A client that opens a small window gets small pages.
  await Request.begin(page, client, { prompt: "consent", display: "popup" });
  await expect(page.locator("body")).toHaveClass("wall popup");
  await look(page, "consent-popup");
  await Request.begin(page, client, { prompt: "login", display: "popup" });
  await look(page, "login-popup");
  pictures.stop();
  broken.stop();
  await server.stop();
});
