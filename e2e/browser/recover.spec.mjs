// Back into an account by mail: new passwords, changed addresses, "this wasn't me", and a mail
// server that is not there.
import { expect, logIn, signInAt, test } from "./support/fixtures.mjs";
import { Request, refresh } from "./support/client.mjs";
import { Server } from "./support/server.mjs";
import { enrolTotp, freshCode } from "./support/totp.mjs";
import { alert, arrive, askForReset, chooseNewPassword, heading, press, says, stranger, typeCode }
  from "./support/steps.mjs";

const RESET = /^Choose a new password/;

test("a reset by link ends all other sessions and refresh tokens, and tells the owner", async ({ page, people, elsewhere }) => {
  const person = await people.person();
  const client = await people.client({ name: "Web Shop" });
  const old = await elsewhere();
  const request = await Request.begin(old, client, { scope: "openid offline_access", prompt: "consent" });
  await logIn(old, person);
  const tokens = await arrive(old, request);

  await askForReset(page, people, person.username);
  const mail = await people.mails.next(person.email, RESET);
  await page.goto(mail.link("/recover/"));
  await expect(page.getByLabel("User name", { exact: true })).toHaveValue(person.username);
  const renewed = await chooseNewPassword(page, person);
  await expect(page).toHaveURL(`${people.issuer}/account`);

  await people.mails.next(person.email, /password for Example ID was changed/);
  await old.goto(`${people.issuer}/account`);
  await expect(old.getByLabel("Password", { exact: true })).toBeVisible();
  expect((await refresh(client, tokens)).error).toBe("invalid_grant");
  await logIn(old, person);
  await expect(alert(old)).toContainText("don’t match");
  await logIn(old, renewed);
  await expect(old).toHaveURL(`${people.issuer}/account`);

  // The link was good once.
  await page.goto(mail.link("/recover/"));
  await expect(heading(page)).toHaveText("This link was used already");
  await expect(page.getByRole("link", { name: "Send me another mail" })).toBeVisible();
});

test("a reset by code goes on with the client's request", async ({ page, people }) => {
  const person = await people.person();
  const client = await people.client({ name: "Web Shop" });
  const request = await Request.begin(page, client);
  await page.getByRole("link", { name: "Forgot your password?" }).click();
  await page.getByLabel("User name or mail address").fill(person.email);
  await press(page, "Send the mail");
  await typeCode(page, (await people.mails.next(person.email, RESET)).code);
  await chooseNewPassword(page, person);
  const { claims } = await arrive(page, request);
  expect(claims.sub).toBe(person.sub);
});

test("nobody learns who has an account", async ({ page, people, elsewhere }) => {
  const person = await people.person();
  const nobody = stranger("Nil Nobody");
  await askForReset(page, people, person.email);
  const known = await says(page, person.email);
  const other = await elsewhere();
  await askForReset(other, people, nobody.email);
  expect(await says(other, nobody.email)).toBe(known);
  await people.mails.next(person.email, RESET);
  const words = [];
  for (const [where, code] of [[page, "000000"], [other, "000000"]]) {
    await typeCode(where, code);
    words.push(await alert(where).innerText());
  }
  expect(words[0]).toBe(words[1]);
  // A mail that was asked for later has arrived by now; one to nobody would have come before it.
  const last = await people.person();
  await askForReset(other, people, last.email);
  await people.mails.next(last.email, RESET);
  expect(people.mails.to(nobody.email)).toEqual([]);
});

test("the reset page tells every reason at once and keeps the link good", async ({ page, people }) => {
  const person = await people.person();
  await askForReset(page, people, person.email);
  const link = (await people.mails.next(person.email, RESET)).link("/recover/");
  await page.goto(link);
  await expect(page.locator("#password-rules li")).not.toHaveCount(0);
  await page.locator("form").first().evaluate((form) => { form.noValidate = true; });
  await page.getByLabel("New password", { exact: true }).fill(person.username);
  await press(page, "Save password");
  await expect(page.locator("#new_password-error p")).not.toHaveCount(0);
  await expect(page.locator("#new_password-error")).toContainText("user name");
  await page.getByLabel("New password", { exact: true }).fill(person.password);
  await press(page, "Save password");
  await expect(page.locator("#new_password-error")).toContainText("one of your last 5 passwords");
  await chooseNewPassword(page, person);
  await expect(page).toHaveURL(`${people.issuer}/account`);
});

test("recovery never lowers assurance: the second factor is still asked for", async ({ page, people, elsewhere }) => {
  const person = await people.person();
  const device = await elsewhere();
  await signInAt(device, people, person);
  const { totp } = await enrolTotp(device, people);
  await askForReset(page, people, person.email);
  await page.goto((await people.mails.next(person.email, RESET)).link("/recover/"));
  await chooseNewPassword(page, person);
  await expect(heading(page)).toHaveText("One more step");
  // Mail has just been used as a factor: it does not serve as the other one.
  await expect(page.getByText("Get a code by mail")).toHaveCount(0);
  await page.goto(`${people.issuer}/account`);
  await expect(page.getByLabel("Password", { exact: true })).toBeVisible();
  await page.goto(`${people.issuer}/login/verify?next=/account`);
  await typeCode(page, await freshCode(people, totp));
  await expect(page).toHaveURL(`${people.issuer}/account`);
});

test.describe("another mail address", () => {
  const change = async (page, server, address) => {
    await page.goto(`${server.issuer}/account/email`);
    await page.getByLabel("New address").fill(address);
    await press(page, "Change address");
  };

  test("counts once it is confirmed; the old one is warned and can take it back", async ({ page, people, elsewhere }) => {
    const person = await people.person();
    const fresh = `new.${person.email}`;
    await signInAt(page, people, person);
    await change(page, people, fresh);
    const confirm = await people.mails.next(fresh, /^Confirm your new mail address/);
    await page.goto(`${people.issuer}/account/email`);
    await expect(page.locator("main")).toContainText("Waiting to be confirmed");
    expect((await people.vestibule("user", "list")).find((user) => user.sub === person.sub).email).toBe(person.email);
    await page.getByRole("link", { name: "Type the code" }).click();
    await typeCode(page, confirm.code);
    await expect(page.locator("main")).toContainText(fresh);
    const warning = await people.mails.next(person.email, /was changed/);
    expect(warning.text).not.toContain(fresh);

    // Whoever took the account over does not keep it.
    const owner = await elsewhere();
    await owner.goto(warning.link("/undo-email/"));
    await expect(owner.locator("main")).toContainText(person.email);
    await press(owner, "Take it back");
    await expect(heading(owner)).toHaveText("Your old address is back");
    await page.goto(`${people.issuer}/account`);
    await expect(page.getByLabel("Password", { exact: true })).toBeVisible();
    await logIn(page, person);
    await expect(alert(page)).toContainText("don’t match");
    await owner.getByRole("link", { name: "Set a new password" }).click();
    await owner.getByLabel("User name or mail address").fill(person.email);
    await press(owner, "Send the mail");
    await owner.goto((await people.mails.next(person.email, RESET)).link("/recover/"));
    const renewed = await chooseNewPassword(owner, person);
    await expect(owner).toHaveURL(`${people.issuer}/account`);
    await logIn(page, renewed);
    await expect(page).toHaveURL(`${people.issuer}/account`);
    await expect(page.locator("main")).not.toContainText(fresh);
  });

  test("can be confirmed by the link on another device", async ({ page, people, elsewhere }) => {
    const person = await people.person();
    const fresh = `new.${person.email}`;
    await signInAt(page, people, person);
    await change(page, people, fresh);
    const phone = await elsewhere();
    await phone.goto((await people.mails.next(fresh, /^Confirm your new/)).link("/verify/"));
    await press(phone, "Use this address");
    await expect(heading(phone)).toHaveText("Your new address is in use");
    await page.goto(`${people.issuer}/account/email`);
    await expect(page.locator("main")).toContainText(fresh);
  });

  test("that somebody else has gives the same page, and tells only its owner", async ({ page, people }) => {
    const person = await people.person();
    const owner = await people.person("Olga Owner");
    await signInAt(page, people, person);
    await change(page, people, owner.email);
    await expect(heading(page)).toHaveText("Confirm your new address");
    await people.mails.next(owner.email, /^You already have an account/);
  });
});

test("“this wasn't me” freezes the account until its owner is back", async ({ page, people, elsewhere }) => {
  const person = await people.person();
  const home = await elsewhere();
  await signInAt(home, people, person);
  // A browser that was never here: the owner is told.
  await signInAt(page, people, person);
  const mail = await people.mails.next(person.email, /^New sign-in/);
  await home.goto(mail.link("/freeze/"));
  await press(home, "Freeze my account");
  await expect(heading(home)).toHaveText("Your account is frozen");
  await page.goto(`${people.issuer}/account`);
  await logIn(page, person);
  await expect(alert(page)).toBeVisible();
  await people.mails.next(person.email, /is frozen$/);
  await home.getByRole("link", { name: "Set a new password" }).click();
  await home.getByLabel("User name or mail address").fill(person.email);
  await press(home, "Send the mail");
  await typeCode(home, (await people.mails.next(person.email, RESET)).code);
  await chooseNewPassword(home, person);
  await expect(home).toHaveURL(`${people.issuer}/account`);
});

test("a mail server that is gone blocks no page and loses no mail", async ({ page }) => {
  const server = await Server.start("outage", { smtp: true });
  const person = await server.person();
  await server.smtp.kill();
  const asked = Date.now();
  await askForReset(page, server, person.email);
  expect(Date.now() - asked).toBeLessThan(5_000);
  // The server tried, and keeps the mail.
  const tried = async () => (await server.sql("SELECT attempts, sent_at FROM outbox"))[0];
  await expect.poll(async () => (await tried())?.[0]).toBeGreaterThan(0);
  expect((await tried())[1]).toBeNull();
  await server.smtp.start();
  // The back-off passes.
  await server.sql("UPDATE outbox SET next_attempt_at = 0 WHERE sent_at IS NULL");
  // A mail that is written wakes the outbox, as time would.
  const other = await server.person();
  await askForReset(page, server, other.email);
  const mail = await server.mails.next(person.email, RESET);
  await page.goto(mail.link("/recover/"));
  await chooseNewPassword(page, person);
  await expect(page).toHaveURL(`${server.issuer}/account`);
  await server.stop();
});

test("password managers find the page to change a password", async ({ page, people }) => {
  await page.goto(`${people.issuer}/.well-known/change-password`);
  await expect(page).toHaveURL(`${people.issuer}/login?next=%2Faccount%2Fpassword`);
});

test.describe("with JavaScript off", () => {
  test.use({ javaScriptEnabled: false });

  test("a password is reset", async ({ page, people }) => {
    const person = await people.person();
    await askForReset(page, people, person.email);
    await typeCode(page, (await people.mails.next(person.email, RESET)).code);
    await chooseNewPassword(page, person);
    await expect(page).toHaveURL(`${people.issuer}/account`);
  });
});
