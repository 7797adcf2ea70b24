// What every browser test watches for: violated security policies, failed requests to the server,
// and errors in the console.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { expect, test as base } from "@playwright/test";
import { world } from "../../clients/support/world.mjs";
import { Server } from "./server.mjs";

export { expect, world };

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export const test = base.extend({
  /** Messages of the pages that would be faults; a test that expects one removes it. */
  faults: [
    async ({ context }, use) => {
      const faults = [];
      await watch(context, faults);
      await use(faults);
      expect(faults).toEqual([]);
    },
    { auto: true },
  ],

  /** A server that sends its mails to a real SMTP server, with open registration. */
  people: [
    async ({}, use) => {
      const server = await Server.start("people", { smtp: true });
      await use(server);
      await server.stop();
    },
    { scope: "worker" },
  ],

  /** Opens pages of other browsers, which know nothing of the first one. */
  elsewhere: async ({ browser, faults }, use, { project }) => {
    const contexts = [];
    await use(async (options = {}) => {
      const { locale, colorScheme } = project.use;
      const context = await browser.newContext({ locale, colorScheme, ...options });
      contexts.push(context);
      await watch(context, faults);
      return context.newPage();
    });
    for (const context of contexts) await context.close();
  },
});

/** Reports what must not happen in any page of `context` to `faults`. */
export async function watch(context, faults) {
  await context.exposeBinding("reportPolicyViolation", (_source, directive, blocked) => {
    faults.push(`securitypolicyviolation: ${directive} stopped ${blocked}`);
  });
  await context.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) => {
      window.reportPolicyViolation(event.violatedDirective, event.blockedURI);
    });
  });
  context.on("console", (message) => {
    if (/Content Security Policy/i.test(message.text())) faults.push(`console: ${message.text()}`);
  });
  context.on("weberror", (error) => faults.push(`script: ${error.error()}`));
  context.on("response", (response) => {
    if (response.status() >= 500) faults.push(`HTTP ${response.status()} at ${response.url()}`);
  });
}

/** Fills in the server's login page and submits it. */
export async function logIn(page, person = world.user) {
  const name = page.getByLabel("User name or mail address");
  // Whoever is asked once more finds the name there already.
  if (await name.isEditable()) await name.fill(person.username);
  await page.getByLabel("Password", { exact: true }).fill(person.password);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
}

/** Signs in at a server's own sign-in page, and ends on the account page. */
export async function signInAt(page, server, person, path = "/account") {
  await page.goto(`${server.issuer}${path}`);
  await logIn(page, person);
  await expect(page).toHaveURL(`${server.issuer}${path}`);
}

/** From the sample app's page to the server's login page. */
export async function startAtDemo(page, choices = {}) {
  await page.goto(`${world.demo.url}/`);
  const named = Object.entries(choices);
  if (named.length > 0) {
    await page.getByText("Other ways to ask").click();
    for (const [name, value] of named) {
      const field = page.locator(`[name="${name}"]`);
      if ((await field.evaluate((element) => element.tagName)) === "SELECT") await field.selectOption(value);
      else await field.fill(value);
    }
  }
  await page.getByRole("button", { name: "Sign in" }).click();
}

/** Allows on the consent page. */
export async function allow(page) {
  await page.getByRole("button", { name: "Allow" }).click();
}

/** Waits until the sample app shows a signed-in person. */
export async function expectSignedIn(page) {
  await expect(page).toHaveURL(`${world.demo.url}/`);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(/^Hello, /);
}

/** A sign-in at the sample app from beginning to end, whether or not consent was given before. */
export async function signInAtDemo(page, person = world.user) {
  await startAtDemo(page);
  await logIn(page, person);
  const consent = page.getByRole("button", { name: "Allow" });
  const done = page.getByRole("heading", { name: /^Hello, / });
  await expect(consent.or(done)).toBeVisible();
  if (await consent.isVisible()) await consent.click();
  await expectSignedIn(page);
}

/** Rules of axe-core, WCAG 2.2 A and AA and best practice; all of them have to hold. */
export async function expectAccessible(page, where) {
  await page.evaluate(axeSource);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  const found = violations.map(({ id, help, nodes }) => `${id}: ${help} – ${nodes.map((node) => node.html).join(" | ")}`);
  expect(found, `axe-core at ${where}`).toEqual([]);
}
