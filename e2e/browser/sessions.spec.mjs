// Where somebody is signed in, and who is signed in here.
import { allow, expect, logIn, signInAt, test } from "./support/fixtures.mjs";
import { Request, refresh, userinfo } from "./support/client.mjs";
import { Server } from "./support/server.mjs";
import { arrive, heading, press } from "./support/steps.mjs";

const FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0";
const IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 "
  + "(KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1";

const signedIn = (page) => page.getByRole("list").filter({ hasText: "Last used on" }).getByRole("listitem");
const knownDevices = (page) => page.getByRole("list").filter({ hasText: "Last sign-in on" }).getByRole("listitem");

async function expectSignedOut(page, server) {
  await page.goto(`${server.issuer}/account`);
  await expect(page.getByLabel("Password", { exact: true })).toBeVisible();
}

test("sessions are listed with browser, place and clients, and ended one by one", async ({ page, people, elsewhere }) => {
  const person = await people.person();
  const client = await people.client({ name: "Web Shop" });
  const other = await elsewhere({ userAgent: FIREFOX });
  const request = await Request.begin(other, client);
  await logIn(other, person);
  const tokens = await arrive(other, request);
  await signInAt(page, people, person, "/account/sessions");
  await expect(signedIn(page)).toHaveCount(2);
  const there = signedIn(page).filter({ hasText: "Firefox" });
  await expect(there).toContainText("Linux");
  await expect(there).toContainText("127.0.0.1");
  await expect(there).toContainText("Signed in to: Web Shop");
  await expect(there.getByText("this one")).toHaveCount(0);
  await expect(signedIn(page).filter({ hasText: "this one" })).toHaveCount(1);

  await there.getByRole("button", { name: /^Sign out/ }).click();
  await expect(page.getByRole("status").filter({ hasText: "That browser is signed out" })).toBeVisible();
  await expect(signedIn(page)).toHaveCount(1);
  await expectSignedOut(other, people);
  // Its tokens end with it: they were not meant to outlive it.
  expect((await userinfo(client, tokens)).status).toBe(401);
});

test("all others are ended with one button", async ({ page, people, elsewhere }) => {
  const person = await people.person();
  const others = [await elsewhere({ userAgent: FIREFOX }), await elsewhere({ userAgent: IPHONE })];
  for (const other of others) await signInAt(other, people, person);
  await signInAt(page, people, person, "/account/sessions");
  await expect(signedIn(page)).toHaveCount(3);
  await press(page, "Sign out everywhere else");
  await expect(page.getByRole("status").filter({ hasText: "signed out everywhere but here" })).toBeVisible();
  await expect(signedIn(page)).toHaveCount(1);
  for (const other of others) await expectSignedOut(other, people);
  await page.goto(`${people.issuer}/account`);
  await expect(heading(page)).toHaveText("Your account");
});

test("a device that was never seen is told by mail, once", async ({ page, people, elsewhere }) => {
  const person = await people.person();
  await signInAt(page, people, person);
  const phone = await elsewhere({ userAgent: IPHONE });
  await signInAt(phone, people, person);
  const mail = await people.mails.next(person.email, /^New sign-in/);
  expect(mail.text).toContain("Safari");
  expect(mail.text).toContain("127.0.0.1");
  // Known devices cause no mail: neither the first one nor the phone.
  for (const known of [page, phone]) {
    await known.goto(`${people.issuer}/logout`);
    await press(known, "Sign out");
    await signInAt(known, people, person);
  }
  await page.goto(`${people.issuer}/account/sessions`);
  await expect(knownDevices(page)).toHaveCount(2);
  await knownDevices(page).filter({ hasText: "Safari" }).getByRole("button", { name: /^Forget/ }).click();
  await expect(page.getByRole("status").filter({ hasText: "That device is forgotten" })).toBeVisible();
  await phone.goto(`${people.issuer}/logout`);
  if (await phone.getByRole("button", { name: "Sign out" }).isVisible()) await press(phone, "Sign out");
  await signInAt(phone, people, person);
  await people.mails.next(person.email, /^New sign-in/);
  expect(people.mails.to(person.email).filter((one) => /^New sign-in/.test(one.subject))).toHaveLength(2);
});

test("two people are signed in, and the chooser offers both", async ({ page, people }) => {
  const [ana, ben] = [await people.person("Ana Example"), await people.person("Ben Example")];
  const client = await people.client({ name: "Web Shop" });
  await signInAt(page, people, ana);
  const first = await Request.begin(page, client, { prompt: "select_account" });
  await press(page, "Use another account");
  await logIn(page, ben);
  expect((await arrive(page, first)).claims.sub).toBe(ben.sub);

  const second = await Request.begin(page, client, { prompt: "select_account" });
  await expect(page.getByRole("button", { name: "Continue as Ben Example" })).toBeVisible();
  const row = page.getByRole("listitem").filter({ hasText: ana.email });
  await expect(row).toContainText("signed in");
  await row.getByRole("button", { name: /^Continue/ }).click();
  expect((await arrive(page, second)).claims.sub).toBe(ana.sub);

  // Now Ana is in front, and Ben can be signed out without switching.
  const third = await Request.begin(page, client, { prompt: "select_account" });
  await expect(page.getByRole("button", { name: "Continue as Ana Example" })).toBeVisible();
  await page.getByRole("listitem").filter({ hasText: ben.email }).getByRole("button", { name: /^Sign out/ }).click();
  await expect(page.getByText(ben.email)).toHaveCount(0);
  await press(page, "Continue as Ana Example");
  expect((await third.tokens()).claims.sub).toBe(ana.sub);
});

test("“Not Ana?” comes back to the same request", async ({ page, people }) => {
  const [ana, ben] = [await people.person("Ana Example"), await people.person("Ben Example")];
  const client = await people.client({ name: "Web Shop" });
  await signInAt(page, people, ana);
  const request = await Request.begin(page, client, { prompt: "login" });
  await expect(page.locator("main")).toContainText(ana.email);
  await expect(page.locator("main")).toContainText("Web Shop");
  await press(page, "Not Ana Example?");
  await expect(page.getByLabel("User name or mail address")).toBeEditable();
  await logIn(page, ben);
  await allow(page);
  const { claims } = await request.tokens();
  expect(claims.sub).toBe(ben.sub);
  await page.goto(`${people.issuer}/account`);
  await expect(page.locator("main")).toContainText(ben.email);
});

test("sessions end when nobody uses them, and at the latest", async ({ page }) => {
  const settings = { LIFETIMES__SESSION_IDLE: "1h", LIFETIMES__SESSION_ABSOLUTE: "2h" };
  const server = await Server.start("timeouts", { settings });
  const person = await server.person();
  await signInAt(page, server, person);
  await server.sql("UPDATE browser_sessions SET last_seen_at = last_seen_at - 3601");
  await expectSignedOut(page, server);
  await signInAt(page, server, person);
  await server.sql("UPDATE browser_sessions SET expires_at = expires_at - 7201, created_at = created_at - 7201");
  await expectSignedOut(page, server);
  await server.stop();
});

test("tokens for when somebody is away survive a sign-out, and not the end of the session by hand", async ({ page, people, elsewhere }) => {
  const person = await people.person();
  const client = await people.client({ name: "Web Shop" });
  const other = await elsewhere({ userAgent: FIREFOX });
  const request = await Request.begin(other, client, { scope: "openid offline_access", prompt: "consent" });
  await logIn(other, person);
  const tokens = await arrive(other, request);
  await signInAt(page, people, person, "/account/sessions");
  await signedIn(page).filter({ hasText: "Firefox" }).getByRole("button", { name: /^Sign out/ }).click();
  await expect(page.getByRole("status").filter({ hasText: "That browser is signed out" })).toBeVisible();
  // The page says so, and where to end them.
  const renewed = await refresh(client, tokens);
  expect(renewed.error).toBeUndefined();
  await page.getByRole("main").getByRole("link", { name: "Connected apps" }).click();
  await page.getByRole("button", { name: /^Withdraw access/ }).click();
  expect((await refresh(client, renewed)).error).toBe("invalid_grant");
});
