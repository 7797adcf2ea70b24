// The debugger for developers of clients: from a composed request to tokens that are understood.
import { expect, logIn, test, world } from "./support/fixtures.mjs";
import { inspect } from "./support/inspect.mjs";
import { heading, press } from "./support/steps.mjs";

const playground = (server) => `${server.issuer}/playground`;
const callback = (server) => `${playground(server)}/callback`;
const DEMO = "vestibule-demo";

/** A client that lets its answers come back to the playground. */
const clientHere = (server, extra = {}) =>
  server.client({ name: "Web Shop", redirectUri: callback(server), ...extra });

const verdictOf = (page, name) => page.getByRole("row").filter({ has: page.getByRole("rowheader", { name }) });

async function checked(page, server, client) {
  await page.goto(playground(server));
  await page.getByLabel("client_id").fill(client.id);
  await press(page, "Compose");
  await expect(heading(page)).toContainText("A request of Web Shop");
  await press(page, "Check the request");
  await expect(heading(page)).toContainText("This request is good");
}

async function answered(page, server, client, person) {
  await checked(page, server, client);
  await page.getByRole("link", { name: "Run it" }).click();
  await logIn(page, person);
  const allow = page.getByRole("button", { name: "Allow" });
  await expect(allow.or(heading(page).filter({ hasText: "A code came back" }))).toBeVisible();
  if (await allow.isVisible()) await allow.click();
  await expect(heading(page)).toContainText("A code came back");
}

test("the demo's client: compose, check, run, sign in, and a code comes back", async ({ page }) => {
  const { issuer } = world.demo;
  await page.goto(`${issuer}/playground`);
  await page.getByRole("link", { name: /Sample app/ }).click();
  await expect(page.getByLabel("redirect_uri")).toHaveValue(`${issuer}/playground/callback`);
  await press(page, "Check the request");
  await expect(heading(page)).toContainText("This request is good");
  for (const name of [/^client_id/, /^redirect_uri/, /^scope/, /^state/, /^nonce/, /^code_challenge /]) {
    await expect(verdictOf(page, name)).toContainText("Good");
  }
  await page.getByRole("link", { name: "Run it" }).click();
  await logIn(page, world.user);
  const allow = page.getByRole("button", { name: "Allow" });
  await expect(allow.or(heading(page).filter({ hasText: "A code came back" }))).toBeVisible();
  if (await allow.isVisible()) await allow.click();
  await expect(heading(page)).toContainText("A code came back");
  await expect(verdictOf(page, /^state/)).toContainText("The same as in the request");
  await expect(verdictOf(page, /^iss/)).toContainText("It is this server");
});

test("an exchange that is refused says why, in place", async ({ page, people }) => {
  const [person, client] = [await people.person(), await clientHere(people)];
  await answered(page, people, client, person);
  // A wrong secret first: the reason is a link away.
  await page.getByLabel("client_secret", { exact: true }).fill("wrong");
  await press(page, "Exchange");
  await expect(page.locator("#exchange-json")).toContainText("invalid_client");
  await expect(page.getByRole("link", { name: "Why, and what helps" })).toHaveAttribute("href", /errors\/VST-0402/);
});

test("a right secret brings tokens, each with its key and what a receiver checks", async ({ page, people }) => {
  const [person, client] = [await people.person(), await clientHere(people)];
  await answered(page, people, client, person);
  await page.getByLabel("client_secret", { exact: true }).fill(client.secret);
  await press(page, "Exchange");
  await expect(page.getByText("Tokens were issued")).toBeVisible();
  await expect(page.locator("#exchange-json")).toContainText("id_token");
  await press(page, "Look into the tokens");
  await expect(heading(page)).toHaveText("Look into a token");
  const tokens = page.getByRole("article");
  await expect(tokens).toHaveCount(2);
  for (const token of await tokens.all()) await expect(token).toContainText("Signature holds");
  await expect(tokens.first()).toContainText("at_hash fits the access token");
  await expect(tokens.first()).toContainText("The nonce is that of the request");
  await expect(page.locator(".seal.bad")).toHaveCount(0);
  await inspect(page, "playground-token");
});

test("without JavaScript every step works too", async ({ elsewhere, people }) => {
  const [person, client] = [await people.person(), await clientHere(people, { words: ["--auth-method", "client_secret_post"] })];
  const page = await elsewhere({ javaScriptEnabled: false });
  await answered(page, people, client, person);
  await page.getByLabel("client_secret", { exact: true }).fill(client.secret);
  await press(page, "Exchange");
  const tokens = JSON.parse(await page.locator("body").innerText());
  await page.goto(`${playground(people)}/token`);
  await page.getByLabel("The token", { exact: true }).fill(tokens.id_token);
  await press(page, "Take it apart");
  await expect(page.getByRole("article")).toContainText("Signature holds");
  expect(page.url()).toBe(`${playground(people)}/token`);
});

test("an answer in the fragment is handed over and leaves the address", async ({ page, people }) => {
  await page.goto(`${callback(people)}#code=abc&state=s&iss=${encodeURIComponent(people.issuer)}`);
  await expect(heading(page)).toContainText("A code came back");
  expect(page.url()).toBe(callback(people));
  await page.goBack().catch(() => undefined);
  expect(page.url()).not.toContain("#code");
});

test("every fault of a pasted request is found, and the way back keeps what was typed", async ({ page, people }) => {
  const client = await clientHere(people);
  const broken = new URL(`${people.issuer}/authorize`);
  broken.search = new URLSearchParams({
    client_id: client.id, redirect_uri: "https://shop.example/cb", response_type: "code",
    scope: "openid admin", prompt: "none login", redirect_url: "x",
  });
  await page.goto(playground(people));
  await page.getByLabel("The whole address of a request").fill(broken.href);
  await press(page, "Take it apart");
  await expect(heading(page)).toContainText("This request ends on an error page");
  for (const [name, code] of [[/^redirect_uri/, "VST-0105"], [/^scope/, "VST-0208"], [/^prompt/, "VST-0209"]]) {
    await expect(verdictOf(page, name)).toContainText(code);
  }
  await inspect(page, "playground-check-refused");
  await page.getByRole("link", { name: "Change the request" }).first().click();
  await expect(page.getByLabel("redirect_uri")).toHaveValue("https://shop.example/cb");
  await expect(page.getByLabel("Other scopes")).toHaveValue("admin");
});

const PAGES = {
  "playground-start": ({ page, people }) => page.goto(playground(people)),
  "playground-unknown-client": ({ page, people }) => page.goto(`${playground(people)}?client_id=nobody`),
  "playground-compose": async ({ page, people }) => {
    const client = await people.client({ name: "Web Shop" });
    await page.goto(`${playground(people)}?client_id=${client.id}`);
    await page.getByText("More: how people sign in").click();
  },
  "playground-check": async ({ page, people }) => {
    await checked(page, people, await clientHere(people));
    await page.getByText("The same as a program").click();
  },
  "playground-waiting": ({ page, people }) => page.goto(callback(people)),
  "playground-answer-refused": ({ page, people }) =>
    page.goto(`${callback(people)}?error=access_denied&error_uri=${people.issuer}/errors/VST-0218&iss=${people.issuer}`),
  "playground-answer": async ({ page, people }) => {
    await answered(page, people, await clientHere(people), await people.person());
  },
  "playground-token-empty": ({ page, people }) => page.goto(`${playground(people)}/token`),
};

for (const [name, open] of Object.entries(PAGES)) {
  test(`${name}: accessible, fits, and has its picture taken`, async ({ page, people }) => {
    await open({ page, people });
    await inspect(page, name);
  });
}
