// What people do on the pages, in the words of the English pages.
import { newPassword } from "./server.mjs";
import { allow, expect } from "./fixtures.mjs";

export const heading = (page) => page.getByRole("heading", { level: 1 });
export const alert = (page) => page.getByRole("alert");
export const press = (page, name) => page.getByRole("button", { name, exact: true }).click();

let count = 0;

/** Somebody who has no account yet. */
export function stranger(name = "Nora New") {
  count += 1;
  const username = `${name.split(" ")[0].toLowerCase()}${process.pid}n${count}`;
  return { username, name, email: `${username}@people.example`, password: newPassword() };
}

/** Fills the registration page in and sends it. */
export async function applyForAccount(page, person) {
  await page.getByLabel("User name", { exact: true }).fill(person.username);
  await page.getByLabel("Mail address", { exact: true }).fill(person.email);
  await page.getByLabel("Your name (if you like)").fill(person.name);
  await page.getByLabel("Password", { exact: true }).fill(person.password);
  await press(page, "Create account");
}

/** Types a code and sends it. */
export async function typeCode(page, code) {
  await page.getByLabel("Code", { exact: true }).fill(code);
  await press(page, "Continue");
}

/** Chooses a new password on the page behind a reset. */
export async function chooseNewPassword(page, person) {
  const password = newPassword();
  await page.getByLabel("New password", { exact: true }).fill(password);
  await press(page, "Save password");
  return { ...person, password };
}

/** Asks for a mail to come back in with. */
export async function askForReset(page, server, name) {
  await page.goto(`${server.issuer}/recover`);
  await page.getByLabel("User name or mail address").fill(name);
  await press(page, "Send the mail");
  await expect(heading(page)).toHaveText("Look into your mail");
}

/** Gives consent if the page asks for it, and waits until the client has its answer. */
export async function arrive(page, request) {
  const consent = page.getByRole("button", { name: "Allow", exact: true });
  await expect.poll(async () => request.isAnswered || (await consent.isVisible())).toBe(true);
  if (!request.isAnswered) await allow(page);
  return request.tokens();
}

/** Lets what was sent to a subject look a minute older, so that another mail may be sent. */
export async function aMinuteLater(server) {
  await server.sql("UPDATE verifications SET created_at = created_at - 61");
}

/** What a page says, without what is different each time it is shown. */
export async function says(page, ...different) {
  let text = await page.locator("main").innerText();
  for (const word of different) text = text.replaceAll(word, "…");
  return text;
}
