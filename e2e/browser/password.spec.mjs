// What a password may be, and what happens when it changes.
import { expect, logIn, signInAt, test } from "./support/fixtures.mjs";
import { newPassword } from "./support/server.mjs";
import { alert, heading, press } from "./support/steps.mjs";

/** Fills the form at `/account/password` in and sends it, whatever the browser thinks of it. */
async function change(page, present, next) {
  await page.locator("form", { has: page.locator("#new_password") }).evaluate((form) => { form.noValidate = true; });
  await page.getByLabel("Present password", { exact: true }).fill(present);
  await page.getByLabel("New password", { exact: true }).fill(next);
  await press(page, "Change password");
}

test("the rules are shown before, and every reason is told at once", async ({ page, people }) => {
  const person = await people.person("Amelia Rosenkranz");
  await signInAt(page, people, person, "/account/password");
  const rules = page.locator("#password-rules");
  await expect(rules).toContainText("12 to 128 characters");
  await expect(page.locator("#new_password")).toHaveAttribute("aria-describedby", /password-rules/);
  await expect(page.locator("#new_password")).toHaveAttribute("autocomplete", "new-password");
  await expect(page.locator("#new_password")).toHaveAttribute("minlength", "12");

  await change(page, "not my password", "rosenkranz");
  const said = page.locator("#new_password-error p");
  await expect(said.filter({ hasText: "too short" })).toHaveCount(1);
  await expect(said.filter({ hasText: "rosenkranz" })).toHaveCount(1);
  await expect(page.locator("#password-error")).toContainText("isn’t your present password");
  await expect(alert(page)).toBeFocused();
  await alert(page).getByRole("link").first().click();
  await expect(page.locator("#password, #new_password").and(page.locator(":focus"))).toHaveCount(1);

  for (const [next, words] of [
    ["password1234", "attackers try it first"],
    ["zxzxzxzxzxzxzxzxzx", "easy to guess"],
    [person.password, "one of your last 5 passwords"],
  ]) {
    await change(page, person.password, next);
    await expect(said.filter({ hasText: words }), next).not.toHaveCount(0);
  }
});

test("a new password ends the sessions elsewhere and not this one", async ({ page, people, elsewhere }) => {
  const person = await people.person();
  const other = await elsewhere();
  await signInAt(other, people, person);
  await signInAt(page, people, person, "/account/password");
  const next = newPassword();
  await change(page, person.password, next);
  await expect(page.getByRole("status").filter({ hasText: "Your password is changed" })).toBeVisible();
  await page.goto(`${people.issuer}/account`);
  await expect(heading(page)).toHaveText("Your account");
  await other.goto(`${people.issuer}/account`);
  await expect(other.getByLabel("Password", { exact: true })).toBeVisible();
  await people.mails.next(person.email, /was changed/);
  await logIn(other, person);
  await expect(alert(other)).toContainText("don’t match");
  await logIn(other, { ...person, password: next });
  await expect(other).toHaveURL(`${people.issuer}/account`);
});

test("former passwords do not come back", async ({ page, people }) => {
  const person = await people.person();
  await signInAt(page, people, person, "/account/password");
  let present = person.password;
  for (const next of [newPassword(), newPassword()]) {
    await change(page, present, next);
    await expect(page.getByRole("status").filter({ hasText: "Your password is changed" })).toBeVisible();
    present = next;
  }
  await change(page, present, person.password);
  await expect(page.locator("#new_password-error")).toContainText("one of your last 5 passwords");
});

test("the page can show the password and says when Caps Lock is on", async ({ page, people }) => {
  await page.goto(`${people.issuer}/register`);
  const password = page.getByLabel("Password", { exact: true });
  await password.fill("four words of mine");
  await page.getByRole("button", { name: "Show password" }).click();
  await expect(password).toHaveAttribute("type", "text");
  await page.getByRole("button", { name: "Hide password" }).click();
  await expect(password).toHaveAttribute("type", "password");
});

test("a hash from another system signs in and is replaced by ours", async ({ page, people }) => {
  const password = "correct horse battery staple";
  const hash = "$2b$04$zqWIRyWEPFJyC5gLI7PRn..oZC0lwtzrY9jjzIPz72PcwJjvOAwKy";
  const person = { ...(await people.person("Imo Imported", { hash })), password };
  const stored = async () =>
    (await people.sql("SELECT password_hash FROM users WHERE id = ?", person.sub))[0][0];
  expect(await stored()).toContain("2b");
  await signInAt(page, people, person);
  expect(await stored()).toMatch(/^\$argon2id\$/);
});

test("a sign-in that is too old is asked for again, and comes back to the page", async ({ page, people }) => {
  const person = await people.person();
  await signInAt(page, people, person);
  await people.sql("UPDATE browser_sessions SET auth_time = auth_time - 700 WHERE user_id = ?", person.sub);
  await page.goto(`${people.issuer}/account/profile`);
  await expect(heading(page)).toHaveText("Your profile");
  await page.goto(`${people.issuer}/account/password`);
  await expect(page.locator("main")).toContainText("show once more that it’s you");
  await page.getByLabel("Password", { exact: true }).fill(person.password);
  await press(page, "Sign in");
  await expect(page).toHaveURL(`${people.issuer}/account/password`);
});
