// The pages of accounts in every state that matters: accessible, fitting, and with a picture to
// look at.
import { expect, logIn, signInAt, test } from "./support/fixtures.mjs";
import { Request } from "./support/client.mjs";
import { inspect } from "./support/inspect.mjs";
import { authenticator } from "./support/passkeys.mjs";
import { Server, newPassword } from "./support/server.mjs";
import { alert, applyForAccount, arrive, askForReset, heading, press, stranger, typeCode } from "./support/steps.mjs";
import { appOf, codeNow, enrolTotp, freshCode } from "./support/totp.mjs";

const SCOPE = "openid profile email phone offline_access";
let server;
let rich;
let client;

test.beforeAll(async ({ browser }) => {
  const settings = { ACCOUNTS__TERMS_VERSION: "2026-01", ACCOUNTS__TERMS_URI: "https://example.com/terms" };
  server = await Server.start("pages", { smtp: true, settings });
  client = await server.client({ name: "Web Shop", scope: SCOPE, words: ["--optional-scope", "email phone"] });
  rich = await richPerson(await browser.newContext());
});
test.afterAll(() => server.stop());

/** Somebody with everything that an account can have, and the cookies of a browser signed in. */
async function richPerson(context) {
  const person = await server.person("Ana María Beispiel");
  const page = await context.newPage();
  await signInAt(page, server, person, "/account/profile");
  await page.getByLabel("Nickname", { exact: true }).fill("Nana");
  await page.getByLabel("Telephone number", { exact: true }).fill("+49301234567");
  await press(page, "Save");
  const { totp, codes } = await enrolTotp(page, server);
  const key = await authenticator(page);
  await key.addAt(page, server, "Laptop");
  await server.sql("INSERT INTO terms_acceptances (user_id, version, accepted_at) VALUES (?, '2026-01', 1)", person.sub);
  const request = await Request.begin(page, client, { scope: SCOPE });
  await arrive(page, request);
  const cookies = await context.cookies();
  await context.close();
  return { ...person, totp, codes, cookies };
}

/** The browser that the rich person is signed in with. */
async function asRich({ page, context }, path) {
  await context.addCookies(rich.cookies);
  await page.goto(`${server.issuer}${path}`);
}

/** A new person, signed in. */
async function asNew({ page }, path) {
  const person = await server.person("Ben Neu");
  await signInAt(page, server, person, path);
  return person;
}

/** A new person who sets an app up. */
async function asNewApp(around) {
  await asNew(around, "/account/mfa");
  await around.page.getByRole("link", { name: "Add an authenticator app" }).click();
}

const unchecked = (page) =>
  page.locator("main form").evaluateAll((forms) => forms.forEach((form) => { form.noValidate = true; }));
const waitForAlert = (page) => expect(alert(page)).toBeVisible();

async function toSecondStep({ page }) {
  await page.goto(`${server.issuer}/login`);
  await logIn(page, rich);
  await expect(heading(page)).toHaveText("One more step");
}

async function apply({ page }, person = stranger()) {
  await page.goto(`${server.issuer}/register`);
  await page.getByLabel("I accept the terms of service").check();
  await applyForAccount(page, person);
  await expect(heading(page)).toHaveText("Look into your mail");
  return person;
}

async function resetLink({ page }) {
  const person = await server.person();
  await askForReset(page, server, person.username);
  return { person, link: (await server.mails.next(person.email, /^Choose a new password/)).link("/recover/") };
}

async function mailAfterNewDevice(browser, { page }) {
  const person = await server.person();
  await signInAt(page, server, person);
  const other = await browser.newContext();
  await signInAt(await other.newPage(), server, person);
  await other.close();
  return server.mails.next(person.email, /^New sign-in/);
}

const DOORWAY = {
  "register": ({ page }) => page.goto(`${server.issuer}/register`),
  "register-toward-client": async ({ page }) => {
    await Request.begin(page, client);
    await page.getByRole("link", { name: "Make an account" }).click();
    await expect(heading(page)).toContainText("Web Shop");
  },
  "register-all-wrong": async ({ page }) => {
    await page.goto(`${server.issuer}/register`);
    await unchecked(page);
    await applyForAccount(page, { username: "a b", email: "nowhere", name: "", password: "qwerty" });
    await waitForAlert(page);
  },
  "register-code": (around) => apply(around),
  "register-code-wrong": async (around) => {
    await apply(around);
    await typeCode(around.page, "000000");
    await waitForAlert(around.page);
  },
  "register-code-too-soon": async (around) => {
    await apply(around);
    await press(around.page, "Send another mail");
    await waitForAlert(around.page);
  },
  "register-link": async (around) => {
    const person = await apply(around);
    await around.page.goto((await server.mails.next(person.email, /^Confirm/)).link("/verify/"));
  },
  "register-link-elsewhere-wrong": async (around) => {
    const person = await apply(around);
    const link = (await server.mails.next(person.email, /^Confirm/)).link("/verify/");
    await around.context.clearCookies();
    await around.page.goto(link);
    await around.page.getByLabel("Password", { exact: true }).fill("some other password");
    await press(around.page, "Yes, create my account");
    await waitForAlert(around.page);
  },
  "register-done-elsewhere": async (around) => {
    const person = await apply(around);
    const link = (await server.mails.next(person.email, /^Confirm/)).link("/verify/");
    await around.context.clearCookies();
    await around.page.goto(link);
    await around.page.getByLabel("Password", { exact: true }).fill(person.password);
    await press(around.page, "Yes, create my account");
    await expect(heading(around.page)).toHaveText("Your account is ready");
  },
  "invitation-over": ({ page }) => page.goto(`${server.issuer}/register?invite=${"x".repeat(43)}`),
  "terms": async ({ page }) => {
    const person = await server.person();
    await Request.begin(page, client);
    await logIn(page, person);
    await expect(heading(page)).toContainText("Terms of service");
  },
  "recover": ({ page }) => page.goto(`${server.issuer}/recover`),
  "recover-empty": async ({ page }) => {
    await page.goto(`${server.issuer}/recover`);
    await unchecked(page);
    await press(page, "Send the mail");
    await waitForAlert(page);
  },
  "recover-code": ({ page }) => askForReset(page, server, "somebody@example.org"),
  "recover-new-password": async (around) => {
    const { link } = await resetLink(around);
    await around.page.goto(link);
    await expect(heading(around.page)).toHaveText("Choose a new password");
  },
  "recover-new-password-wrong": async (around) => {
    const { link, person } = await resetLink(around);
    await around.page.goto(link);
    await unchecked(around.page);
    await around.page.getByLabel("New password", { exact: true }).fill(person.username);
    await press(around.page, "Save password");
    await waitForAlert(around.page);
  },
  "link-used": async (around) => {
    const { link } = await resetLink(around);
    await server.sql("UPDATE verifications SET consumed_at = created_at WHERE kind LIKE 'reset%'");
    await around.page.goto(link);
    await expect(heading(around.page)).toHaveText("This link was used already");
  },
  "link-too-old": async (around) => {
    const { link } = await resetLink(around);
    await server.sql("UPDATE verifications SET expires_at = created_at WHERE kind LIKE 'reset%'");
    await around.page.goto(link);
    await expect(heading(around.page)).toHaveText("This link is too old");
  },
  "link-unknown": ({ page }) => page.goto(`${server.issuer}/recover/${"x".repeat(43)}`),
  "link-freeze": async (around) => {
    const mail = await mailAfterNewDevice(around.browser, around);
    await around.page.goto(mail.link("/freeze/"));
  },
  "frozen": async (around) => {
    const mail = await mailAfterNewDevice(around.browser, around);
    await around.page.goto(mail.link("/freeze/"));
    await press(around.page, "Freeze my account");
    await expect(heading(around.page)).toHaveText("Your account is frozen");
  },
  "unlock": ({ page }) => page.goto(`${server.issuer}/unlock`),
  "unlock-sent": async ({ page }) => {
    await page.goto(`${server.issuer}/unlock`);
    await page.getByLabel("User name or mail address").fill("somebody@example.org");
    await press(page, "Send the mail");
    await expect(heading(page)).toHaveText("Look into your mail");
  },
  "login-locked": async ({ page }) => {
    await page.goto(`${server.issuer}/login`);
    const nobody = { username: stranger().username, password: "wrong" };
    for (let tries = 0; tries < 4; tries += 1) {
      await logIn(page, nobody);
      await waitForAlert(page);
    }
    await expect(alert(page)).toContainText("Too many tries");
  },
  "login-once-more": async (around) => {
    const person = await asNew(around, "/account");
    await server.sql("UPDATE browser_sessions SET auth_time = auth_time - 700 WHERE user_id = ?", person.sub);
    await around.page.goto(`${server.issuer}/account/password`);
    await expect(around.page.locator("main")).toContainText("once more");
  },
  "verify-app": (around) => toSecondStep(around).then(() => toMethod(around, "Use a code from your authenticator app")),
  "verify-app-wrong": async (around) => {
    await toSecondStep(around);
    await toMethod(around, "Use a code from your authenticator app");
    await typeCode(around.page, "000000");
    await waitForAlert(around.page);
  },
  "verify-passkey": (around) => toSecondStep(around).then(() => toMethod(around, "Use a passkey")),
  "verify-passkey-given-up": async (around) => {
    await authenticator(around.page);
    await toSecondStep(around);
    await toMethod(around, "Use a passkey");
    await press(around.page, "Use a passkey");
    await expect(around.page.getByText("No passkey was used")).toBeVisible();
  },
  "verify-recovery": (around) => toSecondStep(around).then(() => toMethod(around, "Use a recovery code")),
  "verify-mail": async ({ page }) => {
    await Request.begin(page, client, { acr_values: "urn:vestibule:acr:mail" });
    await logIn(page, await server.person());
    await expect(page.getByRole("button", { name: "Send me a code" })).toBeVisible();
  },
  "verify-mail-sent": async ({ page }) => {
    await Request.begin(page, client, { acr_values: "urn:vestibule:acr:mail" });
    await logIn(page, await server.person());
    await press(page, "Send me a code");
    await expect(page.getByLabel("Code", { exact: true })).toBeVisible();
  },
  "enrol": async ({ page }) => {
    await Request.begin(page, client, { acr_values: "urn:vestibule:acr:mfa" });
    await logIn(page, await server.person());
    await expect(heading(page)).toContainText("Set up a second step");
  },
  "enrol-wrong": async ({ page }) => {
    await Request.begin(page, client, { acr_values: "urn:vestibule:acr:mfa" });
    await logIn(page, await server.person());
    await page.getByLabel("Code", { exact: true }).fill("000000");
    await press(page, "Turn it on");
    await waitForAlert(page);
  },
  "recovery-codes": async (around) => {
    const { page } = around;
    await asNewApp(around);
    const totp = await appOf(page);
    await page.getByLabel("Code", { exact: true }).fill(codeNow(totp));
    await press(page, "Turn it on");
    await expect(heading(page)).toHaveText("Keep these recovery codes");
  },
  "consent-optional": async (around) => {
    await asRich(around, "/account");
    await Request.begin(around.page, client, { scope: SCOPE, prompt: "consent" });
    await expect(around.page.getByRole("group", { name: "You can leave these out" })).toBeVisible();
  },
  "select-account-two": async (around) => {
    await asNew(around, "/account");
    const request = await Request.begin(around.page, client, { prompt: "select_account" });
    await press(around.page, "Use another account");
    const other = await server.person("Carla Otra");
    await logIn(around.page, other);
    await press(around.page, "I accept");
    await arrive(around.page, request);
    await Request.begin(around.page, client, { prompt: "select_account" });
    await expect(around.page.getByText("Also signed in here")).toBeVisible();
  },
};

async function toMethod({ page }, name) {
  const link = page.getByRole("link", { name });
  // The page opens with the way that was used last.
  if (await link.isVisible()) await link.click();
}

const ACCOUNT = {
  "account-overview": (around) => asRich(around, "/account"),
  "account-overview-new": (around) => asNew(around, "/account"),
  "account-profile": (around) => asRich(around, "/account/profile"),
  "account-profile-wrong": async (around) => {
    await asNew(around, "/account/profile");
    await around.page.locator("#birthdate").fill("1985-02-29");
    await around.page.locator("#phone_number").fill("030 123");
    await unchecked(around.page);
    await press(around.page, "Save");
    await waitForAlert(around.page);
  },
  "account-profile-saved": async (around) => {
    await asNew(around, "/account/profile");
    await press(around.page, "Save");
    await expect(around.page.getByRole("status").first()).toBeVisible();
  },
  "account-email": (around) => asRich(around, "/account/email"),
  "account-email-wrong": async (around) => {
    const { email } = await asNew(around, "/account/email");
    await around.page.getByLabel("New address").fill(email);
    await press(around.page, "Change address");
    await waitForAlert(around.page);
  },
  "account-email-code": async (around) => {
    const { email } = await asNew(around, "/account/email");
    await around.page.getByLabel("New address").fill(`new.${email}`);
    await press(around.page, "Change address");
    await expect(heading(around.page)).toHaveText("Confirm your new address");
  },
  "account-email-waiting": async (around) => {
    const { email } = await asNew(around, "/account/email");
    await around.page.getByLabel("New address").fill(`new.${email}`);
    await press(around.page, "Change address");
    await around.page.goto(`${server.issuer}/account/email`);
    await expect(around.page.locator("main")).toContainText("Waiting to be confirmed");
  },
  "account-password": (around) => asRich(around, "/account/password"),
  "account-password-wrong": async (around) => {
    const { username } = await asNew(around, "/account/password");
    await unchecked(around.page);
    await around.page.getByLabel("Present password", { exact: true }).fill("wrong");
    await around.page.getByLabel("New password", { exact: true }).fill(username);
    await press(around.page, "Change password");
    await waitForAlert(around.page);
  },
  "account-password-changed": async (around) => {
    const { password } = await asNew(around, "/account/password");
    await around.page.getByLabel("Present password", { exact: true }).fill(password);
    await around.page.getByLabel("New password", { exact: true }).fill(newPassword());
    await press(around.page, "Change password");
    await expect(around.page.getByRole("status").first()).toBeVisible();
  },
  "account-mfa": (around) => asRich(around, "/account/mfa"),
  "account-mfa-none": (around) => asNew(around, "/account/mfa"),
  "account-mfa-app": (around) => asNewApp(around),
  "account-mfa-app-wrong": async (around) => {
    await asNewApp(around);
    await around.page.getByLabel("Code", { exact: true }).fill("000000");
    await press(around.page, "Turn it on");
    await waitForAlert(around.page);
  },
  "account-passkeys": (around) => asRich(around, "/account/passkeys"),
  "account-passkeys-none": (around) => asNew(around, "/account/passkeys"),
  "account-sessions": (around) => asRich(around, "/account/sessions"),
  "account-apps": (around) => asRich(around, "/account/apps"),
  "account-apps-none": (around) => asNew(around, "/account/apps"),
  "account-activity": (around) => asRich(around, "/account/activity"),
  "account-data": (around) => asRich(around, "/account/data"),
  "account-data-wrong": async (around) => {
    await asNew(around, "/account/data");
    await around.page.getByLabel(/type your user name/).fill("somebody else");
    await press(around.page, "Delete my account");
    await waitForAlert(around.page);
  },
  "account-data-leaving": async (around) => {
    const { username } = await asNew(around, "/account/data");
    await around.page.getByLabel(/type your user name/).fill(username);
    await press(around.page, "Delete my account");
    await expect(around.page.locator("main")).toContainText("Your account will be deleted");
  },
  "account-overview-leaving": async (around) => {
    await ACCOUNT["account-data-leaving"](around);
    await around.page.goto(`${server.issuer}/account`);
    await expect(around.page.getByRole("button", { name: "Keep my account" })).toBeVisible();
  },
};

for (const [name, open] of Object.entries({ ...DOORWAY, ...ACCOUNT })) {
  test(`${name}: accessible, fits, and has its picture taken`, async ({ page, context, browser }) => {
    await open({ page, context, browser });
    await inspect(page, name);
  });
}

test("signing in with a code by keyboard alone", async ({ page }) => {
  await server.sql("DELETE FROM passkeys WHERE user_id = ?", rich.sub);
  await Request.begin(page, client);
  await expect(page.getByLabel("User name or mail address")).toBeFocused();
  await page.keyboard.type(rich.username);
  await page.keyboard.press("Tab");
  await page.keyboard.type(rich.password);
  await page.keyboard.press("Enter");
  await expect(page.getByLabel("Code", { exact: true })).toBeFocused();
  await page.keyboard.type("000000");
  await page.keyboard.press("Enter");
  // The focus is on what went wrong, and the next stop but few is the field again.
  await expect(alert(page)).toBeFocused();
  for (let stops = 0; stops < 3; stops += 1) {
    await page.keyboard.press("Tab");
    if (await page.getByLabel("Code", { exact: true }).evaluate((field) => field === document.activeElement)) break;
  }
  await expect(page.getByLabel("Code", { exact: true })).toBeFocused();
  await page.keyboard.press("Control+A");
  await page.keyboard.type(await freshCode(server, rich.totp));
  await page.keyboard.press("Enter");
  await expect(page).toHaveTitle("arrived");
});

test("focus can be seen, in the order of the page", async ({ page, context }) => {
  await asRich({ page, context }, "/account/sessions");
  const seen = [];
  await page.keyboard.press("Tab");
  await expect(page.getByRole("link", { name: "Skip to the content" })).toBeFocused();
  for (let stops = 0; stops < 25; stops += 1) {
    await page.keyboard.press("Tab");
    const stop = await page.evaluate(() => {
      const element = document.activeElement;
      if (element === document.body) return undefined;
      const { outlineStyle, outlineWidth } = getComputedStyle(element);
      const place = [...document.querySelectorAll("*")].indexOf(element);
      return { place, ring: outlineStyle !== "none" && parseFloat(outlineWidth) >= 2, html: element.outerHTML.slice(0, 90) };
    });
    if (!stop) break;
    expect(stop.ring, `focus ring on ${stop.html}`).toBe(true);
    seen.push(stop.place);
  }
  expect(seen.length).toBeGreaterThan(10);
  expect(seen).toEqual([...seen].sort((one, other) => one - other));
});
