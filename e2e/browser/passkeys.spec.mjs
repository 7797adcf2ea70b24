// Passkeys with Chromium's virtual authenticator.
import { expect, logIn, signInAt, test } from "./support/fixtures.mjs";
import { Request } from "./support/client.mjs";
import { authenticator } from "./support/passkeys.mjs";
import { alert, arrive, heading, press, typeCode } from "./support/steps.mjs";
import { enrolTotp, freshCode, savedCodes } from "./support/totp.mjs";

/** Somebody with a passkey in the browser of `page`, and signed out again. */
async function withPasskey(page, server, options) {
  const person = await server.person();
  const key = await authenticator(page, options);
  await signInAt(page, server, person, "/account/passkeys");
  const codes = await key.addAt(page, server, "Laptop");
  await page.context().clearCookies();
  return { person, key, codes };
}

test("a passkey is added, named, used, renamed and removed", async ({ page, people }) => {
  const person = await people.person();
  const key = await authenticator(page);
  await signInAt(page, people, person, "/account/passkeys");
  const codes = await key.addAt(page, people, "Laptop");
  expect(codes.length).toBeGreaterThanOrEqual(8);
  await people.mails.next(person.email, /^Passkey added/);
  const row = page.getByRole("listitem").filter({ hasText: "added" });
  await expect(row).toContainText("Laptop");
  // The same authenticator is not asked twice.
  await key.present(true);
  await page.getByRole("button", { name: "Add a passkey" }).click();
  await expect(page.getByRole("status").filter({ hasText: "No passkey was added" })).toBeVisible();

  await row.getByText("Rename").click();
  await row.getByLabel("Name", { exact: true }).fill("Work laptop");
  await row.getByRole("button", { name: "Save" }).click();
  await expect(row).toContainText("Work laptop");

  await people.sql("UPDATE passkeys SET last_used_at = NULL WHERE user_id = ?", person.sub);
  await page.reload();
  await expect(row).not.toContainText("last used");
  await key.present(false);
  await page.context().clearCookies();
  await page.goto(`${people.issuer}/login`);
  await key.signIn(page);
  await expect(page).toHaveURL(`${people.issuer}/account`);
  await page.goto(`${people.issuer}/account/passkeys`);
  await expect(row).toContainText("last used");
  await press(page, "Remove Work laptop");
  await expect(page.getByRole("status").filter({ hasText: "It is removed" })).toBeVisible();
  await people.mails.next(person.email, /^Passkey removed/);
  await key.present(false);
  await page.context().clearCookies();
  await page.goto(`${people.issuer}/login`);
  await key.signIn(page);
  await expect(alert(page)).toContainText("We don’t know that passkey");
  await key.forgetAll();
  // Autofill may just be handing the same passkey over once more.
  await expect(() => page.goto(`${people.issuer}/login`)).toPass();
  await logIn(page, person);
  await expect(page).toHaveURL(`${people.issuer}/account`);
});

test("the button signs in without a name, and the client hears how", async ({ page, people }) => {
  const { person, key } = await withPasskey(page, people);
  const client = await people.client({ name: "Web Shop" });
  const request = await Request.begin(page, client);
  await key.signIn(page);
  const { claims } = await arrive(page, request);
  expect(claims.sub).toBe(person.sub);
  expect(claims.acr).toBe("phr");
  expect(claims.amr).toEqual(expect.arrayContaining(["mfa", "user"]));
  expect(claims.amr).not.toContain("pwd");
});

test("autofill offers the passkey on the sign-in page", async ({ page, people }) => {
  const { person, key } = await withPasskey(page, people);
  const client = await people.client({ name: "Web Shop" });
  await Request.begin(page, client);
  await expect(page.getByLabel("User name or mail address")).toHaveAttribute("autocomplete", "username webauthn");
  // The authenticator stands for a person who chooses it from the list under the field.
  await key.present(true);
  const request = await Request.begin(page, client);
  const { claims } = await arrive(page, request);
  expect(claims).toMatchObject({ sub: person.sub, acr: "phr" });
});

test("a passkey is the second factor after a password", async ({ page, people }) => {
  const { person, key } = await withPasskey(page, people);
  const client = await people.client({ name: "Web Shop" });
  const request = await Request.begin(page, client);
  await logIn(page, person);
  await expect(heading(page)).toContainText("One more step");
  await key.present(true);
  await press(page, "Use a passkey");
  const { claims } = await arrive(page, request);
  expect(claims.acr).toBe("phr");
  expect(claims.amr).toEqual(expect.arrayContaining(["pwd", "mfa"]));
});

test("giving up leaves the page as it was", async ({ page, people }) => {
  const { person, key } = await withPasskey(page, people);
  await page.goto(`${people.issuer}/login`);
  await page.getByLabel("User name or mail address").fill(person.username);
  // A wrong finger: the browser says NotAllowedError, as for "Cancel".
  await key.verifies(false);
  await key.present(true);
  const button = page.getByRole("button", { name: "Sign in with a passkey" });
  await button.click();
  await expect(page.getByText("No passkey was used. Try again, or use your password.")).toBeVisible();
  await expect(button).toBeFocused();
  await expect(page.getByLabel("User name or mail address")).toHaveValue(person.username);
  await expect(alert(page)).toHaveCount(0);
  await key.verifies(true);
  await button.click();
  await expect(page).toHaveURL(`${people.issuer}/account`);
});

test("giving up at the second step leaves the other ways open", async ({ page, people }) => {
  const { person, key, codes } = await withPasskey(page, people);
  await key.present(false);
  await page.goto(`${people.issuer}/login`);
  await logIn(page, person);
  await key.forgetAll();
  await key.present(true);
  await press(page, "Use a passkey");
  await expect(page.getByText("No passkey was used. Try again, or choose another way.")).toBeVisible();
  await page.getByRole("link", { name: "Use a recovery code" }).click();
  await page.getByLabel("Recovery code", { exact: true }).fill(codes[0]);
  await press(page, "Continue");
  await expect(page).toHaveURL(`${people.issuer}/account`);
});

test("a client that asks for phishing resistance has a passkey set up in its request", async ({ page, people }) => {
  const person = await people.person();
  const key = await authenticator(page, { present: false });
  const client = await people.client({ name: "Web Shop" });
  const request = await Request.begin(page, client, { acr_values: "phr" });
  await logIn(page, person);
  await expect(heading(page)).toContainText("Set up a second step");
  await expect(page.locator(".qr")).toHaveCount(0);
  await key.present(true);
  await press(page, "Add a passkey");
  await savedCodes(page);
  await press(page, "Use a passkey");
  const { claims } = await arrive(page, request);
  expect(claims.acr).toBe("phr");
});

test("an app is no way around a demand for a passkey", async ({ page, people, elsewhere }) => {
  const { person, key } = await withPasskey(page, people);
  const client = await people.client({ name: "Web Shop" });
  await page.goto(`${people.issuer}/login`);
  await key.signIn(page);
  await expect(page).toHaveURL(`${people.issuer}/account`);
  await enrolTotp(page, people);
  const other = await elsewhere();
  await Request.begin(other, client, { acr_values: "phr" });
  await logIn(other, person);
  await expect(heading(other)).toContainText("One more step");
  await expect(other.getByText("Use a code from your authenticator app")).toHaveCount(0);
});

test("several passkeys, each removed on its own", async ({ page, people }) => {
  const person = await people.person();
  await signInAt(page, people, person, "/account/passkeys");
  const first = await authenticator(page);
  await first.addAt(page, people, "First");
  await first.remove();
  const second = await authenticator(page, { transport: "usb" });
  await second.addAt(page, people, "Second");
  const rows = page.getByRole("listitem").filter({ hasText: "added" });
  await expect(rows).toHaveCount(2);
  await press(page, "Remove First");
  await expect(rows).toHaveCount(1);
  await expect(rows).toContainText("Second");
});

test("a frozen account opens to no passkey", async ({ page, people, elsewhere }) => {
  const { person, key } = await withPasskey(page, people);
  const mail = await people.mails.next(person.email, /^Passkey added/);
  const phone = await elsewhere();
  await phone.goto(mail.link("/freeze/"));
  await press(phone, "Freeze my account");
  await expect(heading(phone)).toHaveText("Your account is frozen");
  await page.goto(`${people.issuer}/login`);
  // Out of the machine before the answer is shown: a simulated finger would touch it again at once,
  // on every sign-in page that follows.
  const answers = [];
  await page.route("**/login/passkey", async (route) => {
    const response = await route.fetch();
    if (answers.push(response.status()) === 1) await key.remove();
    await route.fulfill({ response });
  });
  await key.signIn(page);
  await expect(alert(page)).toBeVisible();
  expect(new Set(answers)).toEqual(new Set([422]));
  await page.goto(`${people.issuer}/account`);
  await expect(page.getByLabel("Password", { exact: true })).toBeVisible();
});

test("an authenticator that asks for no PIN is a second factor only", async ({ page, people }) => {
  const person = await people.person();
  const key = await authenticator(page, { hasUserVerification: false, isUserVerified: false, transport: "usb" });
  await signInAt(page, people, person, "/account/passkeys");
  await page.getByRole("button", { name: "Add a passkey" }).click();
  const codes = heading(page).filter({ hasText: "Keep these recovery codes" });
  const refused = page.getByText("No passkey was added.").or(alert(page)).and(page.locator(":visible"));
  await expect(codes.or(refused).first()).toBeVisible();
  if (!(await codes.isVisible())) return;
  await savedCodes(page);
  await page.context().clearCookies();
  await page.goto(`${people.issuer}/login`);
  await key.signIn(page);
  await expect(page.getByText("No passkey was used").or(alert(page)).first()).toBeVisible();
});

test("password managers find where passkeys are looked after", async ({ people }) => {
  const answer = await fetch(`${people.issuer}/.well-known/passkey-endpoints`);
  expect(answer.headers.get("content-type")).toContain("application/json");
  const there = `${people.issuer}/account/passkeys`;
  expect(await answer.json()).toEqual({ enroll: there, manage: there });
});

test.describe("with JavaScript off", () => {
  test.use({ javaScriptEnabled: false });

  test("the pages say that passkeys need it, and the other ways work", async ({ page, people, elsewhere }) => {
    const person = await people.person();
    const home = await elsewhere({ javaScriptEnabled: true });
    const key = await authenticator(home);
    await signInAt(home, people, person, "/account/passkeys");
    await key.addAt(home, people);
    const { totp } = await enrolTotp(home, people);
    await page.goto(`${people.issuer}/login`);
    await expect(page.getByRole("button", { name: "Sign in with a passkey" })).toBeHidden();
    await logIn(page, person);
    // Which factor comes first depends on the last one used, told in whole seconds.
    await page.goto(`${people.issuer}/login/verify?method=passkey`);
    // Chromium does not show what is for browsers without scripts when scripts are off by its own
    // protocol; that it is there has to do.
    expect(await page.locator("main noscript").innerHTML()).toContain("Passkeys need JavaScript");
    await page.getByRole("link", { name: "Use a code from your authenticator app" }).click();
    await typeCode(page, await freshCode(people, totp));
    await expect(page).toHaveURL(`${people.issuer}/account`);
  });
});
