// The main job: a person signs in to the sample app, and the app shows what it got.
import { allow, expect, expectSignedIn, logIn, signInAtDemo, startAtDemo, test, world } from "./support/fixtures.mjs";

const json = async (page, id) => JSON.parse(await page.locator(`#${id}`).innerText());

test("sign in, consent, and see verified claims, userinfo and the access token", async ({ page }) => {
  await startAtDemo(page, { prompt: "consent" });
  await expect(page.getByRole("heading", { level: 1 })).toContainText("Sign in");
  await logIn(page);
  await expect(page.getByRole("heading", { level: 1 })).toContainText("Continue to");
  await expect(page.locator("main")).toContainText(world.user.email);
  await allow(page);
  await expectSignedIn(page);

  const idToken = await json(page, "id-token-claims");
  expect(idToken.iss).toBe(world.demo.issuer);
  expect(idToken.auth_time).toBeGreaterThan(0);
  await expect(page.locator(".checks")).toContainText("at_hash: matches the access token");
  const userinfo = await json(page, "userinfo");
  expect(userinfo.sub).toBe(idToken.sub);
  expect(userinfo.email).toBe(world.user.email);
  expect((await json(page, "access-token-header")).typ).toBe("at+jwt");
  const accessToken = await json(page, "access-token-payload");
  expect(accessToken.iss).toBe(world.demo.issuer);
  expect(accessToken.sub).toBe(idToken.sub);
  expect(accessToken.exp - accessToken.iat).toBeLessThanOrEqual(900);
  await expect(page.locator("#lifetimes")).toContainText(/Access token\s*\d+ s, of which \d+ s are left/);
});

test("refresh, revoke, and see that nothing works any more", async ({ page }) => {
  await signInAtDemo(page);
  const before = (await json(page, "access-token-payload")).jti;
  await page.getByRole("button", { name: "Refresh" }).click();
  await expect(page.locator("#notice")).toHaveText("The tokens are new.");
  expect((await json(page, "access-token-payload")).jti).not.toBe(before);
  await expect(page.locator("#lifetimes")).toContainText("used 1 times");

  await page.getByRole("button", { name: "Revoke" }).click();
  await expect(page.locator("#notice")).toHaveText("The server revoked this app's tokens.");
  await page.getByRole("button", { name: "Ask userinfo again" }).click();
  await expect(page.locator("#notice")).toContainText("invalid_token");
  await page.getByRole("button", { name: "Refresh" }).click();
  await expect(page.locator("#notice")).toContainText("invalid_grant");
});

test("sign out ends the session at the server too", async ({ page }) => {
  await signInAtDemo(page);
  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(page).toHaveURL(new RegExp(`^${world.demo.url}/signed-out`));
  await expect(page.locator("main")).toContainText("so has the server");
  await startAtDemo(page);
  await expect(page.getByLabel("Password", { exact: true })).toBeVisible();
});

test("a session serves the next sign-in without a question", async ({ page }) => {
  await signInAtDemo(page);
  await startAtDemo(page);
  await expectSignedIn(page);
});

test("prompt=none without a session tells the app login_required", async ({ page }) => {
  await startAtDemo(page, { prompt: "none" });
  await expect(page.locator("#error")).toHaveText("login_required");
});

test("prompt=login and max_age=0 ask for the password again, and auth_time moves", async ({ page }) => {
  await signInAtDemo(page);
  for (const choices of [{ prompt: "login" }, { max_age: "0" }]) {
    const before = (await json(page, "id-token-claims")).auth_time;
    // Whole seconds: the next sign-in has to fall into a later one.
    await expect.poll(() => Math.floor(Date.now() / 1000)).toBeGreaterThan(before);
    await startAtDemo(page, choices);
    await logIn(page);
    await expectSignedIn(page);
    expect((await json(page, "id-token-claims")).auth_time).toBeGreaterThan(before);
  }
});

test("prompt=select_account offers the account that is signed in, and another", async ({ page }) => {
  await signInAtDemo(page);
  await startAtDemo(page, { prompt: "select_account" });
  await expect(page.getByRole("heading", { level: 1 })).toContainText("Choose an account");
  await page.getByRole("button", { name: /^Continue as/ }).click();
  await expectSignedIn(page);

  await startAtDemo(page, { prompt: "select_account" });
  await page.getByRole("button", { name: "Use another account" }).click();
  await logIn(page, world.other_user);
  await allow(page);
  await expectSignedIn(page);
  expect((await json(page, "userinfo")).email).toBe(world.other_user.email);
});

test("response_mode=form_post arrives at the app", async ({ page }) => {
  await startAtDemo(page, { response_mode: "form_post" });
  await logIn(page);
  await expectSignedIn(page);
});

test("login_hint fills in the user name", async ({ page }) => {
  await startAtDemo(page, { login_hint: world.user.email });
  await expect(page.getByLabel("User name or mail address")).toHaveValue(world.user.email);
});

test.describe("with JavaScript off", () => {
  test.use({ javaScriptEnabled: false });

  test("signing in, consenting and signing out work", async ({ page }) => {
    await startAtDemo(page);
    await page.goto(`${world.demo.url}/sign-in?prompt=consent`);
    await logIn(page);
    await allow(page);
    await expectSignedIn(page);
    await page.getByRole("button", { name: "Sign out" }).click();
    await expect(page).toHaveURL(new RegExp(`^${world.demo.url}/signed-out`));
  });

  test("form_post has a button to press", async ({ page }) => {
    await page.goto(`${world.demo.url}/sign-in?response_mode=form_post`);
    await logIn(page);
    await page.getByRole("button", { name: "Continue" }).click();
    await expectSignedIn(page);
  });
});
