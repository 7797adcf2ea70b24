// There are none: whatever a person does with tabs, history, cookies and time ends at the app or on
// a page with one working button.
import { allow, expect, expectSignedIn, logIn, signInAtDemo, startAtDemo, test, watch, world } from "./support/fixtures.mjs";
import { authorizationUrl } from "./support/requests.mjs";

const onlyButton = async (page) => {
  const ways = page.locator("main").locator("a.button, button[type=submit]").filter({ visible: true });
  await expect(ways).toHaveCount(1);
  return ways.first();
};

test("a person who refuses is sent back with access_denied", async ({ page }) => {
  await startAtDemo(page, { prompt: "consent" });
  await logIn(page);
  await page.getByRole("button", { name: "Cancel" }).click();
  await expect(page).toHaveURL(new RegExp(`^${world.demo.url}/callback`));
  await expect(page.locator("#error")).toHaveText("access_denied");
});

test("a wrong password keeps the name, says one sentence, and lets the person try again", async ({ page }) => {
  const sentences = new Set();
  for (const username of [world.user.username, "nobody-of-that-name"]) {
    await startAtDemo(page);
    await logIn(page, { username, password: "not the password" });
    const error = page.getByRole("alert");
    await expect(error).toBeVisible();
    sentences.add(await error.innerText());
    await expect(page.getByLabel("User name or mail address")).toHaveValue(username);
    await expect(page.getByLabel("Password", { exact: true })).toHaveValue("");
    await expect(page.getByLabel("Password", { exact: true })).toHaveAttribute("aria-describedby", /form-error/);
  }
  expect(sentences.size, "known and unknown names read alike").toBe(1);
  await logIn(page);
  await expect(page.getByRole("button", { name: "Allow" }).or(page.getByText("Hello, "))).toBeVisible();
});

test("a request that got too old offers to continue, and continues", async ({ page }) => {
  const client = world.clients.brisk;
  await page.goto(authorizationUrl(client, {}, world.brisk.issuer));
  await expect(page.getByLabel("Password", { exact: true })).toBeVisible();
  // The brisk server gives a person one second.
  await expect
    .poll(async () => {
      await page.reload();
      return page.getByRole("heading", { level: 1 }).innerText();
    })
    .toContain("got old");
  expect((await page.locator("body").innerText()).toLowerCase()).not.toContain("cookie");
  const button = await onlyButton(page);
  await button.click();
  await expect(page.getByLabel("Password", { exact: true })).toBeVisible();
});

test("a password sent on a page that got too old leads on as well", async ({ page }) => {
  await page.goto(authorizationUrl(world.clients.brisk, {}, world.brisk.issuer));
  const started = Date.now();
  await expect.poll(() => Date.now() - started).toBeGreaterThan(2_500);
  await logIn(page);
  await expect(page.getByRole("heading", { level: 1 })).toContainText("got old");
  await (await onlyButton(page)).click();
  await expect(page.getByLabel("Password", { exact: true })).toBeVisible();
});

test("back to the password page ends at the app, with or without another submit", async ({ page }) => {
  await signInAtDemo(page);
  await startAtDemo(page, { prompt: "login" });
  await logIn(page);
  await expectSignedIn(page);
  await page.goBack();
  // A browser that asks the server again is led on; one that shows the old page can submit it.
  const password = page.getByLabel("Password", { exact: true });
  await expect(password.or(page.getByText("Hello, "))).toBeVisible();
  if (await password.isVisible()) await logIn(page);
  await expectSignedIn(page);
});

test("a password page that was finished before still works from the history", async ({ page }) => {
  await startAtDemo(page, { prompt: "consent" });
  const loginPage = page.url();
  await logIn(page);
  await allow(page);
  await expectSignedIn(page);
  await page.goto(loginPage);
  await expectSignedIn(page);
});

test("a double click on Sign in and on Allow ends at the app", async ({ page }) => {
  await startAtDemo(page, { prompt: "consent" });
  await page.getByLabel("User name or mail address").fill(world.user.username);
  await page.getByLabel("Password", { exact: true }).fill(world.user.password);
  await page.getByRole("button", { name: "Sign in", exact: true }).dblclick();
  const consent = page.getByRole("button", { name: "Allow" });
  await expect(consent).toBeVisible();
  await consent.dblclick();
  await expectSignedIn(page);
});

test("the same form sent twice by two requests ends at the app both times", async ({ page, context }) => {
  await startAtDemo(page, { prompt: "consent" });
  await page.getByLabel("User name or mail address").fill(world.user.username);
  await page.getByLabel("Password", { exact: true }).fill(world.user.password);
  const form = await page.locator("form[action$='/login']").evaluate((element) => ({
    action: element.action,
    fields: Object.fromEntries(new FormData(element)),
  }));
  const origin = new URL(world.demo.issuer).origin;
  const send = () => context.request.post(form.action, { form: form.fields, headers: { origin }, maxRedirects: 0 });
  const answers = await Promise.all([send(), send()]);
  for (const answer of answers) expect(answer.status()).toBe(303);
  await page.goto(new URL(answers[0].headers().location, form.action).href);
  await allow(page);
  await expectSignedIn(page);
});

test("two tabs, two sign-ins, both arrive", async ({ page, context }) => {
  const other = await context.newPage();
  await startAtDemo(page);
  await startAtDemo(other);
  await logIn(page);
  const consent = page.getByRole("button", { name: "Allow" });
  await expect(consent.or(page.getByText("Hello, "))).toBeVisible();
  if (await consent.isVisible()) await consent.click();
  await expectSignedIn(page);
  await logIn(other);
  await expectSignedIn(other);
});

test("five tabs: sign in in the third, submit the other four, all arrive", async ({ context }) => {
  const tabs = [];
  for (let number = 0; number < 5; number += 1) {
    const tab = await context.newPage();
    await startAtDemo(tab);
    tabs.push(tab);
  }
  const [third] = tabs.splice(2, 1);
  await logIn(third);
  const consent = third.getByRole("button", { name: "Allow" });
  await expect(consent.or(third.getByText("Hello, "))).toBeVisible();
  if (await consent.isVisible()) await consent.click();
  await expectSignedIn(third);
  for (const tab of tabs) {
    const callback = tab.waitForResponse((response) => response.url().startsWith(`${world.demo.url}/callback`));
    await logIn(tab);
    expect((await callback).status()).toBe(303);
    await expectSignedIn(tab);
  }
});

test("cookies deleted on the password page: one working button, and not a word about cookies", async ({ page, context }) => {
  await startAtDemo(page);
  await context.clearCookies();
  const answer = page.waitForResponse((response) => response.request().method() === "POST");
  await logIn(page);
  expect([200, 400, 403]).toContain((await answer).status());
  expect((await page.locator("body").innerText()).toLowerCase()).not.toContain("cookie");
  await (await onlyButton(page)).click();
  await expect(page.getByLabel("Password", { exact: true })).toBeVisible();
  await logIn(page);
  // The app forgot this browser with its cookies, and says so with a way on.
  await expect(page.getByRole("heading", { name: /Continue to|That did not work|Hello/ })).toBeVisible();
});

test("cookies of the server alone deleted: the sign-in still reaches the app", async ({ page, context }) => {
  await startAtDemo(page);
  await context.clearCookies({ name: /^__Host-/ });
  await logIn(page);
  await (await onlyButton(page)).click();
  await logIn(page);
  const consent = page.getByRole("button", { name: "Allow" });
  await expect(consent.or(page.getByText("Hello, "))).toBeVisible();
  if (await consent.isVisible()) await consent.click();
  await expectSignedIn(page);
});

test("a bookmarked login page leads to the account, signed in or not", async ({ page }) => {
  await page.goto(`${world.demo.issuer}/login`);
  await logIn(page);
  await expect(page).toHaveURL(`${world.demo.issuer}/account`);
  await page.goto(`${world.demo.issuer}/login`);
  await expect(page).toHaveURL(`${world.demo.issuer}/account`);
});

test("a bookmarked login page of a request long gone has a way on", async ({ page }) => {
  const response = await page.goto(`${world.demo.issuer}/login?interaction=gone`);
  expect(response.status()).toBeLessThan(500);
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  expect((await page.locator("body").innerText()).toLowerCase()).not.toContain("cookie");
});

test("a session deleted between sign-in and consent asks again and arrives", async ({ browser }) => {
  const context = await browser.newContext();
  const faults = [];
  await watch(context, faults);
  const page = await context.newPage();
  await startAtDemo(page, { prompt: "consent" });
  await logIn(page);
  await expect(page.getByRole("button", { name: "Allow" })).toBeVisible();
  const session = (await context.cookies()).find((cookie) => cookie.name.startsWith("__Host-") && /session/i.test(cookie.name));
  expect(session, "the session is a __Host- cookie").toBeTruthy();
  expect(session).toMatchObject({ httpOnly: true, secure: true, path: "/" });
  expect(["Lax", "Strict"]).toContain(session.sameSite);
  await context.clearCookies({ name: session.name });
  await allow(page);
  await logIn(page);
  await allow(page);
  await expectSignedIn(page);
  expect(faults).toEqual([]);
  await context.close();
});
