// Guessing: who is locked out, for how long, and who is not.
import { expect, logIn, signInAt, test } from "./support/fixtures.mjs";
import { authenticator } from "./support/passkeys.mjs";
import { alert, heading, press } from "./support/steps.mjs";
import { enrolTotp } from "./support/totp.mjs";

const wrong = (person) => ({ ...person, password: "not the right one" });

/** Signs in and gives back the answer to the form. */
async function attempt(page, person) {
  const [response] = await Promise.all([
    page.waitForResponse((one) => one.request().method() === "POST" && one.url().endsWith("/login")),
    logIn(page, person),
  ]);
  return response;
}

/** Guesses until the account is locked for this browser. */
async function lock(page, server, person) {
  await page.goto(`${server.issuer}/login`);
  for (let tries = 1; tries <= 3; tries += 1) {
    expect((await attempt(page, wrong(person))).status(), `try ${tries}`).toBe(422);
    await expect(alert(page)).toContainText("don’t match");
  }
}

test("three wrong passwords lock the account, and the wait is told", async ({ page, people }) => {
  const person = await people.person();
  await lock(page, people, person);
  const refused = await attempt(page, person);
  expect(refused.status()).toBe(429);
  const seconds = Number(refused.headers()["retry-after"]);
  expect(seconds).toBeGreaterThan(0);
  expect(seconds).toBeLessThanOrEqual(30);
  await expect(alert(page)).toContainText(/Wait (\d+ seconds|a second)/);
  // What was typed stays, but for the password.
  await expect(page.getByLabel("User name or mail address")).toHaveValue(person.username);
  await expect(page.getByLabel("Password", { exact: true })).toHaveValue("");
  // It opens by itself, and the next failure waits for longer.
  await people.sql("UPDATE guesses SET locked_until = locked_until - 60, last_at = last_at - 60");
  expect((await attempt(page, wrong(person))).status()).toBe(422);
  const again = await attempt(page, person);
  expect(again.status()).toBe(429);
  expect(Number(again.headers()["retry-after"])).toBeGreaterThan(31);
});

test("strangers who guess do not lock the owner out", async ({ page, people, elsewhere }) => {
  const person = await people.person();
  await signInAt(page, people, person);
  await page.goto(`${people.issuer}/logout`);
  await press(page, "Sign out");
  const stranger = await elsewhere();
  await lock(stranger, people, person);
  expect((await attempt(stranger, person)).status()).toBe(429);
  // The browser that the owner signed in with before has its own allowance, and no more than that.
  await page.goto(`${people.issuer}/login`);
  expect((await attempt(page, wrong(person))).status()).toBe(422);
  await logIn(page, person);
  await expect(page).toHaveURL(`${people.issuer}/account`);
});

test("a name that nobody has is locked just the same", async ({ page, people }) => {
  const nobody = { username: "nobody-at-all", password: "whatever it is" };
  await lock(page, people, nobody);
  expect((await attempt(page, nobody)).status()).toBe(429);
});

test("a passkey is never locked", async ({ page, people, elsewhere }) => {
  const person = await people.person();
  const key = await authenticator(page);
  await signInAt(page, people, person, "/account/passkeys");
  await key.addAt(page, people);
  const stranger = await elsewhere();
  await lock(stranger, people, person);
  await page.context().clearCookies();
  await page.goto(`${people.issuer}/login`);
  await key.signIn(page);
  await expect(page).toHaveURL(`${people.issuer}/account`);
});

test("the owner opens the account by mail", async ({ page, people, elsewhere }) => {
  const person = await people.person();
  await lock(page, people, person);
  await attempt(page, person);
  await page.getByRole("link", { name: "Open it by mail instead" }).click();
  await expect(heading(page)).toHaveText("Open your account again");
  await page.getByLabel("User name or mail address").fill(person.email);
  await press(page, "Send the mail");
  const mail = await people.mails.next(person.email, /^Password sign-in at .* is paused/);
  const phone = await elsewhere();
  await phone.goto(mail.link("/unlock/"));
  await press(phone, "Open my account");
  await expect(heading(phone)).toHaveText("Your account is open again");
  await page.goto(`${people.issuer}/login`);
  await logIn(page, person);
  await expect(page).toHaveURL(`${people.issuer}/account`);
  await phone.goto(mail.link("/unlock/"));
  await expect(heading(phone)).toHaveText("This link was used already");
});

test("an administrator opens it, and can close it", async ({ page, people }) => {
  const person = await people.person();
  await lock(page, people, person);
  expect((await attempt(page, person)).status()).toBe(429);
  await people.vestibule("user", "unlock", person.username);
  await logIn(page, person);
  await expect(page).toHaveURL(`${people.issuer}/account`);
  await people.vestibule("user", "lock", person.username);
  await page.goto(`${people.issuer}/account`);
  await logIn(page, person);
  await expect(alert(page)).toBeVisible();
});

test("codes are counted too", async ({ page, people, elsewhere }) => {
  const person = await people.person();
  const home = await elsewhere();
  await signInAt(home, people, person);
  await enrolTotp(home, people);
  await page.goto(`${people.issuer}/login`);
  await logIn(page, person);
  await expect(heading(page)).toHaveText("One more step");
  for (let tries = 0; tries < 5; tries += 1) {
    await page.getByLabel("Code", { exact: true }).fill("000000");
    await press(page, "Continue");
    await expect(alert(page)).toContainText("isn’t right");
  }
  await page.getByLabel("Code", { exact: true }).fill("000000");
  await press(page, "Continue");
  await expect(alert(page)).toContainText("Too many tries");
});
