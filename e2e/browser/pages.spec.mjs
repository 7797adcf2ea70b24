// The pages on the way to a client and the demo's: accessible, fitting, and with a picture in
// e2e/output/pages to look at. Those of accounts are in account_pages.spec.mjs.
import { expect, logIn, startAtDemo, test, world } from "./support/fixtures.mjs";
import { inspect } from "./support/inspect.mjs";
import { authorizationUrl } from "./support/requests.mjs";

const { issuer } = world.demo;

/** Keeps the browser on the page it leaves from. */
const stay = (context, pattern) => context.route(pattern, (route) => route.fulfill({ status: 204, body: "" }));

async function consentPage({ page }) {
  await startAtDemo(page, { prompt: "consent" });
  await logIn(page);
  await expect(page.getByRole("button", { name: "Allow" })).toBeVisible();
}

const PAGES = {
  "home": ({ page }) => page.goto(`${issuer}/`),
  "login": ({ page }) => page.goto(authorizationUrl(world.clients.web)),
  "login-wrong-password": async ({ page }) => {
    await page.goto(authorizationUrl(world.clients.web));
    await logIn(page, { username: world.user.username, password: "wrong" });
    await expect(page.getByRole("alert")).toBeVisible();
  },
  "login-again": async ({ page }) => {
    await page.goto(`${issuer}/login`);
    await logIn(page);
    await page.goto(authorizationUrl(world.clients.web, { prompt: "login" }));
    await expect(page.getByLabel("Password", { exact: true })).toBeVisible();
  },
  "consent": consentPage,
  "consent-native-claims": async ({ page }) => {
    const claims = JSON.stringify({ userinfo: { phone_number: null, birthdate: { essential: true } } });
    const extra = { redirect_uri: "com.example.app:/cb", scope: "openid profile email offline_access", claims, prompt: "consent" };
    await page.goto(authorizationUrl(world.clients.native, extra));
    await logIn(page);
    await expect(page.getByRole("button", { name: "Allow" })).toBeVisible();
  },
  "returning": async ({ page, context }) => {
    await stay(context, `${world.demo.url}/callback*`);
    await consentPage({ page });
    await page.getByRole("button", { name: "Allow" }).click();
    await expect(page.getByRole("heading", { level: 1 })).toContainText("Returning to");
  },
  "form-post": async ({ page, context }) => {
    await stay(context, `${world.demo.url}/callback*`);
    await startAtDemo(page, { response_mode: "form_post", prompt: "consent" });
    await logIn(page);
    await page.getByRole("button", { name: "Allow" }).click();
    await expect(page.getByRole("heading", { level: 1 })).toContainText("Returning to");
  },
  "select-account": async ({ page }) => {
    await page.goto(`${issuer}/login`);
    await logIn(page);
    await page.goto(authorizationUrl(world.clients.web, { prompt: "select_account" }));
    await expect(page.getByRole("heading", { level: 1 })).toContainText("Choose an account");
  },
  "stale": async ({ page }) => {
    await page.goto(authorizationUrl(world.clients.brisk, {}, world.brisk.issuer));
    await expect
      .poll(async () => {
        await page.reload();
        return page.getByRole("heading", { level: 1 }).innerText();
      })
      .toContain("got old");
  },
  "account": async ({ page }) => {
    await page.goto(`${issuer}/login`);
    await logIn(page);
    await expect(page).toHaveURL(`${issuer}/account`);
  },
  "sign-out-question": async ({ page }) => {
    await page.goto(`${issuer}/login`);
    await logIn(page);
    await page.goto(`${issuer}/end_session`);
    await expect(page.getByRole("heading", { level: 1 })).toHaveText("Sign out?");
  },
  "signed-out": async ({ page }) => {
    await page.goto(`${issuer}/login`);
    await logIn(page);
    await page.getByRole("button", { name: "Sign out" }).click();
    await expect(page.getByRole("heading", { level: 1 })).toHaveText("You are signed out");
  },
  "error": ({ page }) => page.goto(authorizationUrl(world.clients.web, { redirect_uri: "https://web.example/cb/" })),
  "error-reference": ({ page }) => page.goto(`${issuer}/errors/VST-0105`),
  "error-index": ({ page }) => page.goto(`${issuer}/errors`),
  "not-found": ({ page }) => page.goto(`${issuer}/no-such-page`),
  "setup": ({ page }) => page.goto(world.brisk.setup_url),
  "demo-start": ({ page }) => page.goto(`${world.demo.url}/`),
  "demo-signed-in": async ({ page }) => {
    await consentPage({ page });
    await page.getByRole("button", { name: "Allow" }).click();
    await expect(page).toHaveURL(`${world.demo.url}/`);
  },
  "demo-denied": async ({ page }) => {
    await consentPage({ page });
    await page.getByRole("button", { name: "Cancel" }).click();
    await expect(page.locator("#error")).toHaveText("access_denied");
  },
};

for (const [name, open] of Object.entries(PAGES)) {
  test(`${name}: accessible, fits, and has its picture taken`, async ({ page, context }) => {
    await open({ page, context });
    await inspect(page, name);
  });
}

test("the login page can be used by keyboard alone", async ({ page }) => {
  await startAtDemo(page, { prompt: "consent" });
  await expect(page.getByLabel("User name or mail address")).toBeFocused();
  await page.keyboard.type(world.user.username);
  await page.keyboard.press("Tab");
  await expect(page.getByLabel("Password", { exact: true })).toBeFocused();
  await page.keyboard.type(world.user.password);
  await page.keyboard.press("Enter");
  await expect(page.getByRole("button", { name: "Allow" })).toBeVisible();
  await expect(page.getByRole("button", { name: "Allow" })).not.toBeFocused();
});

test("password managers find what they look for", async ({ page }) => {
  await page.goto(authorizationUrl(world.clients.web));
  await expect(page.getByLabel("User name or mail address")).toHaveAttribute("autocomplete", /username/);
  await expect(page.getByLabel("Password", { exact: true })).toHaveAttribute("autocomplete", "current-password");
});

test("everything comes from one origin", async ({ page }) => {
  const origins = new Set();
  page.on("request", (request) => origins.add(new URL(request.url()).origin));
  await page.goto(authorizationUrl(world.clients.web));
  await page.waitForLoadState("networkidle");
  expect([...origins]).toEqual([new URL(issuer).origin]);
});
