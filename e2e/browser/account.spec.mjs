// The pages of an account.
import { readFileSync } from "node:fs";
import { expect, logIn, signInAt, test } from "./support/fixtures.mjs";
import { Request, refresh, userinfo } from "./support/client.mjs";
import { alert, arrive, askForReset, heading, press } from "./support/steps.mjs";
import { enrolTotp } from "./support/totp.mjs";

const saved = (page, words) => page.getByRole("status").filter({ hasText: words });

test("the profile is saved, and a client sees it in userinfo", async ({ page, people }) => {
  const person = await people.person();
  const client = await people.client({ name: "Web Shop", scope: "openid profile email phone address" });
  await signInAt(page, people, person, "/account/profile");
  const profile = {
    "Full name": ["name", "Ana María Beispiel"],
    "Given name": ["given_name", "Ana María"],
    "Family name": ["family_name", "Beispiel"],
    "Nickname": ["nickname", "Nana"],
    "Gender": ["gender", "female"],
    "Date of birth": ["birthdate", "1984-02-29"],
    "Address of a picture": ["picture", "https://pictures.example/ana.png"],
    "Website": ["website", "https://ana.example/"],
    "Time zone": ["zoneinfo", "Europe/Berlin"],
    "Language for apps": ["locale", "de-AT"],
    "Telephone number": ["phone_number", "+49301234567"],
  };
  for (const [label, [, value]] of Object.entries(profile)) await page.getByLabel(label, { exact: true }).fill(value);
  await page.getByLabel("Street and number").fill("Lindenweg 7");
  await page.getByLabel("Town").fill("Köln");
  await page.getByLabel("Country").fill("DE");
  await press(page, "Save");
  await expect(saved(page, "Your profile is saved")).toBeVisible();
  await expect(page.getByLabel("Full name", { exact: true })).toHaveValue("Ana María Beispiel");

  const request = await Request.begin(page, client, { scope: "openid profile email phone address" });
  const tokens = await arrive(page, request);
  const { claims } = await userinfo(client, tokens);
  for (const [claim, value] of Object.values(profile)) expect(claims[claim], claim).toBe(value);
  expect(claims.address).toMatchObject({ street_address: "Lindenweg 7", locality: "Köln", country: "DE" });
  expect(claims.updated_at).toBeGreaterThan(0);
  // Sealed at rest.
  const [[row]] = await people.sql("SELECT quote(sealed_profile) FROM users WHERE id = ?", person.sub);
  expect(row).not.toContain("+49301234567");
  expect(row).not.toContain("Lindenweg");
});

test("what a profile may not be is said at its field, and nothing is lost", async ({ page, people }) => {
  const person = await people.person();
  await signInAt(page, people, person, "/account/profile");
  await page.getByLabel("Nickname", { exact: true }).fill("Nana");
  const wrong = {
    birthdate: "1985-02-29", phone_number: "030 123", zoneinfo: "Mars/Base", locale: "no language",
    picture: "ftp://x", website: "javascript:alert(1)",
  };
  for (const [field, value] of Object.entries(wrong)) await page.locator(`#${field}`).fill(value);
  await page.locator("form", { has: page.locator("#birthdate") }).evaluate((form) => { form.noValidate = true; });
  await press(page, "Save");
  await expect(alert(page)).toBeFocused();
  for (const field of Object.keys(wrong)) {
    await expect(alert(page).locator(`a[href="#${field}"]`), field).toHaveCount(1);
    await expect(page.locator(`#${field}`)).toHaveAttribute("aria-invalid", "true");
    await expect(page.locator(`#${field}`)).toHaveValue(wrong[field]);
  }
  await expect(page.getByLabel("Nickname", { exact: true })).toHaveValue("Nana");
  await page.goto(`${people.issuer}/account/profile`);
  await expect(page.getByLabel("Nickname", { exact: true })).toHaveValue("");
});

test("the language of the account is that of pages and mails", async ({ page, people, elsewhere }) => {
  const person = await people.person();
  await signInAt(page, people, person, "/account/profile");
  await page.locator("#language").selectOption("de");
  await press(page, "Save");
  await expect(page.locator("html")).toHaveAttribute("lang", "de");
  const other = await elsewhere({ locale: "fr-FR" });
  await other.goto(`${people.issuer}/login`);
  await expect(other.locator("html")).toHaveAttribute("lang", "fr");
  await other.locator("#username").fill(person.username);
  await other.locator("#password").fill(person.password);
  await other.locator("button.act").click();
  await expect(other).toHaveURL(`${people.issuer}/account`);
  await expect(other.locator("html")).toHaveAttribute("lang", "de");
  const mail = await people.mails.next(person.email, /Example ID/);
  expect(mail.subject).toMatch(/^Neue Anmeldung/);
});

test("connected apps say what they may do; withdrawing ends their tokens", async ({ page, people }) => {
  const person = await people.person();
  const client = await people.client({ name: "Web Shop" });
  const request = await Request.begin(page, client, { scope: "openid email offline_access", prompt: "consent" });
  await logIn(page, person);
  const tokens = await arrive(page, request);
  const stays = await people.client({ name: "Other Shop" });
  const kept = await arrive(page, await Request.begin(page, stays, { scope: "openid offline_access", prompt: "consent" }));

  await page.goto(`${people.issuer}/account/apps`);
  const app = page.locator("section", { has: page.getByRole("heading", { name: "Web Shop" }) });
  await expect(app).toContainText("See your mail address");
  await expect(app).toContainText("Stay connected while you’re away");
  await app.getByRole("button", { name: /^Withdraw access/ }).click();
  await expect(saved(page, "can’t use your account any more")).toBeVisible();
  await expect(app).toHaveCount(0);
  expect((await refresh(client, tokens)).error).toBe("invalid_grant");
  expect((await userinfo(client, tokens)).status).toBe(401);
  expect((await refresh(stays, kept)).error).toBeUndefined();
  await Request.begin(page, client);
  await expect(heading(page)).toHaveText("Continue to Web Shop?");
});

test("activity tells what happened, and where from", async ({ page, people, elsewhere }) => {
  const person = await people.person();
  const client = await people.client({ name: "Web Shop" });
  const stranger = await elsewhere();
  await stranger.goto(`${people.issuer}/login`);
  await logIn(stranger, { ...person, password: "wrong" });
  await expect(alert(stranger)).toBeVisible();
  const request = await Request.begin(page, client);
  await logIn(page, person);
  await arrive(page, request);
  await page.goto(`${people.issuer}/account/profile`);
  await page.getByLabel("Nickname", { exact: true }).fill("Nana");
  await press(page, "Save");
  await expect(saved(page, "saved")).toBeVisible();
  await page.goto(`${people.issuer}/account/activity`);
  const rows = page.locator("tbody tr");
  for (const words of ["You signed in.", "A wrong password was typed.", "You allowed an app", "The profile was changed."]) {
    await expect(rows.filter({ hasText: words }).first(), words).toBeVisible();
  }
  await expect(rows.filter({ hasText: "You signed in." }).first()).toContainText("127.0.0.1");
  await expect(rows.filter({ hasText: "You allowed an app" })).toContainText("Web Shop");
  // The latest first, and nobody else's.
  await expect(rows.first()).toContainText("The profile was changed.");
  const other = await people.person("Ben Example");
  const theirs = await elsewhere();
  await signInAt(theirs, people, other, "/account/activity");
  await expect(theirs.locator("tbody")).not.toContainText("The profile was changed.");
});

test("a long history has pages", async ({ page, people }) => {
  const person = await people.person();
  await signInAt(page, people, person);
  await people.sql(
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 120) "
    + "INSERT INTO audit_events (at, event, user_id, request_id, detail) "
    + "SELECT at, event, user_id, request_id, detail FROM audit_events, n WHERE event = 'sign_in.ok' AND user_id = ?",
    person.sub,
  );
  await page.goto(`${people.issuer}/account/activity`);
  await page.getByRole("link", { name: "Earlier" }).click();
  await expect(page.locator("tbody tr")).not.toHaveCount(0);
  await page.getByRole("link", { name: "The latest" }).click();
  await expect(page).toHaveURL(`${people.issuer}/account/activity`);
});

test("everything that is kept can be taken along", async ({ page, people }) => {
  const person = await people.person();
  const client = await people.client({ name: "Web Shop" });
  const request = await Request.begin(page, client);
  await logIn(page, person);
  await arrive(page, request);
  const { totp, codes } = await enrolTotp(page, people, "My phone");
  await page.goto(`${people.issuer}/account/data`);
  await expect(page.locator("main")).toContainText(person.email);
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("link", { name: "Download my data" }).click(),
  ]);
  const text = readFileSync(await download.path(), "utf8");
  const data = JSON.parse(text);
  expect(JSON.stringify(data)).toContain(person.email);
  for (const part of [person.sub, person.username, "My phone", client.id, "127.0.0.1", "sign_in.ok"]) expect(text, part).toContain(part);
  for (const secret of [person.password, totp.secret, "$argon2", ...codes]) expect(text.includes(secret)).toBe(false);
  const printed = await people.vestibule("user", "export", person.username);
  expect(Object.keys(printed)).toEqual(expect.arrayContaining(Object.keys(data)));
});

test("an account is deleted after a while, and can be kept until then", async ({ page, people, elsewhere }) => {
  const person = await people.person();
  const client = await people.client({ name: "Web Shop" });
  const request = await Request.begin(page, client, { scope: "openid offline_access", prompt: "consent" });
  await logIn(page, person);
  const tokens = await arrive(page, request);
  const remove = async () => {
    await page.goto(`${people.issuer}/account/data`);
    await page.getByLabel(/type your user name/).fill(person.username);
    await press(page, "Delete my account");
    await expect(page.locator("main")).toContainText("Your account will be deleted");
  };
  await page.goto(`${people.issuer}/account/data`);
  await page.getByLabel(/type your user name/).fill("somebody else");
  await press(page, "Delete my account");
  await expect(alert(page)).toContainText("Nothing was deleted");
  await remove();
  const mail = await people.mails.next(person.email, /will be deleted$/);
  expect((await refresh(client, tokens)).error).toBe("invalid_grant");

  // By the page …
  await page.goto(`${people.issuer}/account`);
  await press(page, "Keep my account");
  await expect(page.locator("main")).not.toContainText("Your account will be deleted");
  // … and by the link, from anywhere.
  await remove();
  const second = await people.mails.next(person.email, /will be deleted$/);
  const phone = await elsewhere();
  await phone.goto(second.link("/undo-deletion/"));
  await press(phone, "Keep my account");
  await expect(heading(phone)).toHaveText("Your account stays");
  await page.goto(`${people.issuer}/account`);
  await expect(page.locator("main")).not.toContainText("Your account will be deleted");
  await phone.goto(mail.link("/undo-deletion/"));
  await expect(phone.locator("main")).toBeVisible();
});

test("erasure takes everything personal, and leaves a pseudonym in the audit log", async ({ page, people }) => {
  const person = await people.person();
  await signInAt(page, people, person, "/account/profile");
  await page.getByLabel("Telephone number", { exact: true }).fill("+4915112345678");
  await press(page, "Save");
  await enrolTotp(page, people);
  await people.vestibule("user", "erase", person.username, "--yes");
  await page.goto(`${people.issuer}/account`);
  await logIn(page, person);
  await expect(alert(page)).toContainText("don’t match");
  const tables = (await people.sql("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")).flat();
  for (const table of tables.filter((name) => !["audit_events", "guesses"].includes(name))) {
    const rows = JSON.stringify(await people.sql(`SELECT * FROM "${table}"`));
    expect(rows.includes(person.sub), `${table} knows the account`).toBe(false);
    expect(rows.includes(person.email), `${table} knows the address`).toBe(false);
  }
  const audit = await people.sql("SELECT event, ip FROM audit_events WHERE user_id = ?", person.sub);
  expect(audit.length).toBeGreaterThan(2);
  expect(audit.every(([, ip]) => ip === null)).toBe(true);
  // The command wrote a last mail; what the server sends next takes it along.
  await askForReset(page, people, (await people.person()).username);
  await people.mails.next(person.email, /is deleted$/);
});

test("the overview says what is worth a look, and every page is one click away", async ({ page, people }) => {
  const person = await people.person();
  await people.sql("UPDATE users SET email_verified = 0 WHERE id = ?", person.sub);
  await signInAt(page, people, person);
  await expect(page.locator("main")).toContainText("not confirmed");
  await expect(page.locator("main")).toContainText("Only your password stands between");
  const map = page.getByRole("navigation", { name: "Your account" });
  for (const name of ["Profile", "Mail address", "Password", "Two-step sign-in", "Passkeys", "Devices and sessions",
    "Connected apps", "Activity", "Your data", "Overview"]) {
    await map.getByRole("link", { name, exact: true }).click();
    await expect(map.locator("[aria-current=page]")).toHaveText(name);
    await expect(heading(page)).toBeVisible();
  }
  await page.getByRole("link", { name: "Confirm your address" }).click();
  await press(page, "Confirm this address");
  const { code } = await people.mails.next(person.email, /^Confirm your mail address/);
  await page.getByLabel("Code", { exact: true }).fill(code);
  await press(page, "Continue");
  await expect(page.locator("main")).not.toContainText("not confirmed");
});

test.describe("with JavaScript off", () => {
  test.use({ javaScriptEnabled: false });

  test("every account page works", async ({ page, people }) => {
    const person = await people.person();
    await signInAt(page, people, person, "/account/profile");
    await page.getByLabel("Nickname", { exact: true }).fill("Nana");
    await press(page, "Save");
    await expect(saved(page, "saved")).toBeVisible();
    for (const part of ["", "/email", "/password", "/mfa", "/passkeys", "/sessions", "/apps", "/activity", "/data"]) {
      const answer = await page.goto(`${people.issuer}/account${part}`);
      expect(answer.status(), part).toBe(200);
      await expect(heading(page)).toBeVisible();
    }
  });
});
