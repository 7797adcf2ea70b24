// Making an account, alone and in the middle of a client's request, with mails from a real SMTP
// server.
import { allow, expect, logIn, test, world } from "./support/fixtures.mjs";
import { Request } from "./support/client.mjs";
import { Server } from "./support/server.mjs";
import { aMinuteLater, alert, applyForAccount, arrive, heading, press, says, stranger, typeCode }
  from "./support/steps.mjs";

/** Fills in the page at `/register` and waits for the one that asks for the code. */
async function apply(page, server, person) {
  await page.goto(`${server.issuer}/register`);
  await applyForAccount(page, person);
  await expect(heading(page)).toHaveText("Look into your mail");
}

const confirmation = (server, person) => server.mails.next(person.email, /^Confirm your mail address/);

test("registration in the middle of a client's request ends at the client", async ({ page, people }) => {
  const client = await people.client({ name: "Web Shop" });
  const person = stranger();
  const request = await Request.begin(page, client);
  await page.getByRole("link", { name: "Make an account" }).click();
  await expect(heading(page)).toContainText("to continue to Web Shop");
  await applyForAccount(page, person);
  await expect(page.locator("main")).toContainText(person.email);
  const mail = await confirmation(people, person);
  expect(mail.headers.from).toContain("id@example.com");
  expect(mail.html).toContain(mail.code);
  await typeCode(page, mail.code);
  await expect(heading(page)).toHaveText("Continue to Web Shop?");
  await allow(page);
  const { claims } = await request.tokens();
  expect(claims).toMatchObject({ acr: "urn:vestibule:acr:pwd", amr: ["pwd"] });
  const [user] = (await people.vestibule("user", "list")).filter((one) => one.username === person.username);
  expect(user).toMatchObject({ sub: claims.sub, email: person.email, email_verified: true, name: person.name });
});

test("the link of the mail works in the same browser, and goes on with the request", async ({ page, people }) => {
  const client = await people.client({ name: "Web Shop" });
  const person = stranger();
  const request = await Request.begin(page, client);
  await page.getByRole("link", { name: "Make an account" }).click();
  await applyForAccount(page, person);
  const mail = await confirmation(people, person);
  await page.goto(mail.link("/verify/"));
  await expect(page.locator("main")).toContainText(person.username);
  await press(page, "Yes, create my account");
  await expect(heading(page)).toHaveText("Continue to Web Shop?");
  await arrive(page, request);
});

test("the link in another browser makes the account and signs nobody in there", async ({ page, people, elsewhere }) => {
  const person = stranger();
  await apply(page, people, person);
  const mail = await confirmation(people, person);
  const phone = await elsewhere();
  const opened = await phone.goto(mail.link("/verify/"));
  // Mail scanners fetch links: only the button counts.
  expect(opened.headers()["referrer-policy"]).toBe("no-referrer");
  await expect(heading(phone)).toHaveText("Confirm your new account");
  await phone.reload();
  await phone.getByLabel("Password", { exact: true }).fill(person.password);
  await press(phone, "Yes, create my account");
  await expect(heading(phone)).toHaveText("Your account is ready");
  await phone.goto(`${people.issuer}/account`);
  await expect(phone.getByLabel("Password", { exact: true })).toBeVisible();

  // Once: link and code are used up together.
  await phone.goto(mail.link("/verify/"));
  await expect(heading(phone)).toHaveText("This link was used already");
  await typeCode(page, mail.code);
  await expect(heading(page)).toHaveText("This link was used already");
  await page.goto(`${people.issuer}/login`);
  await logIn(page, person);
  await expect(page).toHaveURL(`${people.issuer}/account`);
});

test("a wrong code says how many tries are left, and after five the mail is spent", async ({ page, people }) => {
  const person = stranger();
  await apply(page, people, person);
  const { code } = await confirmation(people, person);
  const wrong = code === "000000" ? "111111" : "000000";
  await typeCode(page, "12 34");
  await expect(alert(page)).toContainText("six digits");
  for (const left of ["4 more times", "3 more times", "2 more times", "once more"]) {
    await typeCode(page, wrong);
    await expect(alert(page)).toContainText(left);
  }
  await typeCode(page, wrong);
  await expect(alert(page)).toContainText("can’t be tried again");
  await typeCode(page, code);
  await expect(alert(page)).toContainText("Send yourself another mail");
});

test("another mail can be sent after a minute, and only its code counts", async ({ page, people }) => {
  const person = stranger();
  await apply(page, people, person);
  const first = await confirmation(people, person);
  const [refused] = await Promise.all([
    page.waitForResponse((response) => response.request().method() === "POST"),
    press(page, "Send another mail"),
  ]);
  expect(refused.status()).toBe(429);
  expect(Number(refused.headers()["retry-after"])).toBeGreaterThan(0);
  await expect(alert(page)).toContainText("a moment ago");

  await aMinuteLater(people);
  await press(page, "Send another mail");
  await expect(page.getByRole("status").filter({ hasText: "Another mail is on its way" })).toBeVisible();
  const waiting = page.url();
  const second = await confirmation(people, person);
  expect(second.link("/verify/")).not.toBe(first.link("/verify/"));
  if (first.code !== second.code) {
    await typeCode(page, first.code);
    await expect(alert(page)).toContainText("isn’t right");
  }
  await page.goto(first.link("/verify/"));
  await expect(heading(page)).toHaveText("This link was used already");
  await page.goto(waiting);
  await typeCode(page, second.code);
  await expect(page).toHaveURL(`${people.issuer}/account`);
});

test("a link that is too old has its own page", async ({ page, people }) => {
  const person = stranger();
  await apply(page, people, person);
  const mail = await confirmation(people, person);
  await people.sql("UPDATE verifications SET expires_at = created_at - 1 WHERE subject = ?", person.email);
  await page.goto(mail.link("/verify/"));
  await expect(heading(page)).toHaveText("This link is too old");
  await page.goto(`${people.issuer}/verify/${"x".repeat(43)}`);
  await expect(heading(page)).toHaveText("We don’t know this link");
});

test("an address that has an account gets the same page, and its owner another mail", async ({ page, people, elsewhere }) => {
  const owner = await people.person("Olga Owner");
  const fresh = stranger();
  await apply(page, people, fresh);
  const known = await says(page, fresh.email);
  const second = { ...stranger(), email: owner.email };
  const other = await elsewhere();
  await apply(other, people, second);
  expect(await says(other, owner.email)).toBe(known);
  expect(new URL(other.url()).pathname).toBe(new URL(page.url()).pathname);

  const mail = await people.mails.next(owner.email, /^You already have an account/);
  expect(mail.text).not.toMatch(/\b\d{6}\b/);
  expect(mail.link("/recover")).toBe(`${people.issuer}/recover`);
  await typeCode(other, "123456");
  await expect(alert(other)).toContainText("isn’t right");
});

test("everything that is wrong is said at once, next to its field", async ({ page, people }) => {
  const taken = await people.person("Tara Taken");
  await page.goto(`${people.issuer}/register`);
  await page.locator("form").first().evaluate((form) => { form.noValidate = true; });
  await applyForAccount(page, { username: "two words", email: "nowhere", name: "", password: "short" });
  for (const [field, words] of [["username", "no spaces"], ["email", "look like a mail"], ["password", "too short"]]) {
    await expect(alert(page).locator(`a[href="#${field}"]`).first()).toContainText(words);
    await expect(page.locator(`#${field}`)).toHaveAttribute("aria-invalid", "true");
    await expect(page.locator(`#${field}`)).toHaveAttribute("aria-describedby", new RegExp(`${field}-error`));
    await expect(page.locator(`#${field}-error`)).toContainText(words);
  }
  await expect(page).toHaveTitle(/^Error: /);
  await applyForAccount(page, { ...stranger(), username: taken.username });
  await expect(page.locator("#username-error")).toContainText("taken");
});

test("a form sent twice makes one mail", async ({ page, people, elsewhere }) => {
  const person = stranger();
  await apply(page, people, person);
  const first = page.url();
  await page.goBack();
  await applyForAccount(page, person);
  await expect(page).toHaveURL(first);
  const mail = await confirmation(people, person);
  await typeCode(page, mail.code);
  await expect(page).toHaveURL(`${people.issuer}/account`);
  expect(people.mails.to(person.email)).toHaveLength(1);
});

test.describe("by invitation", () => {
  let server;
  test.beforeAll(async () => {
    const settings = { ACCOUNTS__REGISTRATION: "invite" };
    server = await Server.start("invite", { smtp: true, settings });
  });
  test.afterAll(() => server.stop());

  test("whoever was invited registers without a code; nobody else can", async ({ page, elsewhere }) => {
    const person = stranger("Ivy Invited");
    await page.goto(`${server.issuer}/register`);
    await expect(heading(page)).toHaveText("You need an invitation");
    await page.goto(`${server.issuer}/login`);
    await expect(page.getByRole("link", { name: "Make an account" })).toHaveCount(0);

    const made = await server.vestibule("invite", "create", "--email", person.email);
    await page.goto(made.url);
    await expect(page.getByLabel("Mail address", { exact: true })).toHaveValue(person.email);
    await expect(page.getByLabel("Mail address", { exact: true })).toHaveJSProperty("readOnly", true);
    await page.getByLabel("User name", { exact: true }).fill(person.username);
    await page.getByLabel("Password", { exact: true }).fill(person.password);
    await press(page, "Create account");
    await expect(page).toHaveURL(`${server.issuer}/account`);
    const other = await elsewhere();
    await other.goto(made.url);
    await expect(heading(other)).toHaveText("This invitation is over");
  });
});

test.describe("with terms of service", () => {
  let server;
  test.beforeAll(async () => {
    const settings = { ACCOUNTS__TERMS_VERSION: "2026-01", ACCOUNTS__TERMS_URI: "https://example.com/terms" };
    server = await Server.start("terms", { smtp: true, settings });
  });
  test.afterAll(() => server.stop());

  test("they are accepted when registering, and asked again when they change", async ({ page }) => {
    const client = await server.client({ name: "Web Shop" });
    const person = stranger("Tess Terms");
    await page.goto(`${server.issuer}/register`);
    await page.locator("form").first().evaluate((form) => { form.noValidate = true; });
    await applyForAccount(page, person);
    await expect(alert(page)).toContainText("terms of service");
    await page.getByLabel("Password", { exact: true }).fill(person.password);
    await page.getByLabel("I accept the terms of service").check();
    await press(page, "Create account");
    await typeCode(page, (await confirmation(server, person)).code);
    await expect(page).toHaveURL(`${server.issuer}/account`);

    const first = await Request.begin(page, client);
    await arrive(page, first);
    await server.sql("UPDATE terms_acceptances SET version = '2025-01'");
    const second = await Request.begin(page, client);
    await expect(heading(page)).toContainText("Terms of service");
    await expect(page.locator("main")).toContainText("2026-01");
    await press(page, "Cancel");
    expect((await second.answer()).error).toBe("access_denied");
    const third = await Request.begin(page, client);
    await press(page, "I accept");
    await third.tokens();
    await (await Request.begin(page, client)).tokens();
  });
});

test("accounts that are made for people: /register says so", async ({ page }) => {
  const server = await Server.start("closed", { settings: { ACCOUNTS__REGISTRATION: "off" } });
  await page.goto(`${server.issuer}/register`);
  await expect(heading(page)).toHaveText("Accounts are made for you");
  await server.stop();
});

test.describe("with JavaScript off", () => {
  test.use({ javaScriptEnabled: false });

  test("registering in the middle of a request works", async ({ page, people }) => {
    const client = await people.client({ name: "Web Shop" });
    const person = stranger();
    const request = await Request.begin(page, client);
    await page.getByRole("link", { name: "Make an account" }).click();
    await applyForAccount(page, person);
    await typeCode(page, (await confirmation(people, person)).code);
    await allow(page);
    await request.tokens();
  });
});

test("the development mailbox shows mails to people and to scripts", async ({ page, faults }) => {
  const server = { issuer: world.demo.issuer };
  const person = stranger("Mia Mailbox");
  await apply(page, server, person);
  const mails = async () => (await fetch(`${server.issuer}/dev/mailbox.json`)).json();
  await expect.poll(async () => (await mails()).some((mail) => mail.to.includes(person.email))).toBe(true);
  const mail = (await mails()).find((one) => one.to.includes(person.email));
  expect(mail).toMatchObject({ kind: expect.any(String), subject: expect.stringMatching(/^Confirm your mail/) });
  const waiting = page.url();
  await page.goto(`${server.issuer}/dev/mailbox`);
  await page.getByRole("link", { name: new RegExp(person.email) }).click();
  const code = (await page.locator(".mail").first().innerText()).match(/\b\d{6}\b/)[0];
  await page.goto(waiting);
  await typeCode(page, code);
  await expect(page).toHaveURL(`${server.issuer}/account`);
});
