// Every page in every language: nothing in English where another language was asked for, and no key
// of the catalogue shown for a sentence.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "./support/fixtures.mjs";
import { Request } from "./support/client.mjs";
import { stranger } from "./support/steps.mjs";

const AREAS = readdirSync(join(import.meta.dirname, "../../templates/locales/en")).map((file) => file.replace(/\.ftl$/, ""));
const KEY = new RegExp(`(?<![\\w/.@-])(${AREAS.join("|")})(-[a-z]+)+(?![\\w@.-])`, "g");
const LOCALES = { de: "de-DE", fr: "fr-CA", es: "es-MX" };

const fill = async (page, values) => {
  for (const [name, value] of Object.entries(values)) {
    await page.locator(`[name="${name}"]:not([type=hidden])`).fill(value);
  }
};
const send = async (page) => {
  await page.locator("form").first().evaluate((form) => { form.noValidate = true; });
  await Promise.all([page.waitForNavigation(), page.locator("main form [type=submit]").first().click()]);
};
const login = async (page, { username, password }) => {
  await fill(page, { username, password });
  await send(page);
};

/** Every page that a person sees before they are signed in, in order. */
const DOORWAY = {
  "home": ({ page, at }) => page.goto(at("/")),
  "sign-in": ({ page, client }) => Request.begin(page, client),
  "sign-in, wrong": ({ page, person }) => login(page, { ...person, password: "wrong" }),
  "register": ({ page, at }) => page.goto(at("/register")),
  "register, all wrong": async ({ page }) => {
    await fill(page, { username: "a b", email: "x", password: "qwerty" });
    await send(page);
  },
  "register, code": async ({ page, fresh }) => {
    await fill(page, { username: fresh.username, email: fresh.email, password: fresh.password });
    await send(page);
  },
  "register, wrong code": async ({ page }) => {
    await fill(page, { code: "000000" });
    await send(page);
  },
  "register, link": async ({ page, people, fresh }) => {
    const mail = await people.mails.next(fresh.email, /Example ID/);
    fresh.mail = mail;
    await page.goto(mail.link("/verify/"));
  },
  "unknown link": ({ page, at }) => page.goto(at(`/verify/${"x".repeat(43)}`)),
  "forgotten password": ({ page, at }) => page.goto(at("/recover")),
  "forgotten password, code": async ({ page, person }) => {
    await fill(page, { username: person.username });
    await send(page);
  },
  "new password": async ({ page, people, person }) => {
    await page.goto((await people.mails.next(person.email, /Example ID/)).link("/recover/"));
  },
  "unlock": ({ page, at }) => page.goto(at("/unlock")),
  "unlock, sent": async ({ page, fresh }) => {
    await fill(page, { username: fresh.username });
    await send(page);
  },
  "not found": ({ page, at }) => page.goto(at("/no-such-page")),
  "error": ({ page, client }) => Request.begin(page, { ...client, redirect_uri: "https://wrong.example/cb" }),
};

/** What a person sees on the way to a client, and in the account. */
const INSIDE = {
  "consent": async ({ page, client, person }) => {
    await Request.begin(page, client, { prompt: "consent" });
    await login(page, person);
  },
  "choose an account": ({ page, client }) => Request.begin(page, client, { prompt: "select_account" }),
  "sign in again": ({ page, client }) => Request.begin(page, client, { prompt: "login" }),
  "enrol": ({ page, client }) => Request.begin(page, client, { acr_values: "urn:vestibule:acr:mfa" }),
  "second step": ({ page, client }) => Request.begin(page, client, { acr_values: "urn:vestibule:acr:mail" }),
  ...Object.fromEntries(
    ["", "/profile", "/email", "/password", "/mfa", "/mfa/totp", "/passkeys", "/sessions", "/apps", "/activity", "/data"]
      .map((part) => [`account${part}`, ({ page, at }) => page.goto(at(`/account${part}`))]),
  ),
  "sign out": ({ page, at }) => page.goto(at("/logout")),
  "signed out": ({ page }) => send(page),
};

/** What one page says. */
async function read(page) {
  return page.evaluate(() => {
    // What is for developers stays English, and says so; a language's own name stands in it.
    const foreign = [...document.querySelectorAll("body [lang]")];
    const text = [...document.querySelectorAll("body *")]
      .filter((element) => !foreign.some((part) => part.contains(element)))
      .flatMap((element) => [...element.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE)
        .map((node) => node.textContent).concat(element.ariaLabel ?? [], element.title ?? []))
      .map((words) => words.trim()).filter(Boolean);
    return { lang: document.documentElement.lang, title: document.title, text };
  });
}

/** All pages in one language, by their names. */
async function walk(page, people, locale) {
  const person = await people.person("Zoë Beispiel");
  const client = await people.client({ name: "Web Shop" });
  const around = { page, people, person, client, fresh: stranger(), at: (path) => `${people.issuer}${path}` };
  const said = {};
  for (const [name, open] of Object.entries({ ...DOORWAY, ...INSIDE })) {
    await test.step(`${locale}: ${name}`, async () => {
      await open(around);
      said[name] = await read(page);
    });
  }
  return { said, mail: around.fresh.mail };
}

let english;

for (const [lang, locale] of Object.entries(LOCALES)) {
  test(`every page speaks ${lang}`, async ({ people, elsewhere }) => {
    test.setTimeout(120_000);
    english ??= await walk(await elsewhere(), people, "en-GB");
    const { said, mail } = await walk(await elsewhere({ locale }), people, locale);
    const sentences = (words) => words.filter((text) => text.split(/\s+/).length >= 3 && /[a-z]{3}/.test(text));
    for (const [name, { lang: shown, title, text }] of Object.entries(said)) {
      const before = english.said[name];
      expect.soft(before.lang, name).toBe("en");
      expect.soft(shown, name).toBe(lang);
      // One word is the same in both: Passkeys.
      if (`${lang} ${name}` !== "de account/passkeys") expect.soft(title, name).not.toBe(before.title);
      expect.soft(text.join("\n").match(KEY), `keys on ${name}`).toBeNull();
      expect.soft(before.text.join("\n").match(KEY), `keys on ${name} in English`).toBeNull();
      const untranslated = sentences(text).filter((line) => before.text.includes(line));
      expect.soft(untranslated, `English on ${name}`).toEqual([]);
    }
    expect.soft(mail.subject).not.toBe(english.mail.subject);
    expect.soft(mail.text.match(KEY)).toBeNull();
    const lines = (one) => one.text.split("\n").filter((line) => line.split(" ").length > 3 && !line.includes("://"));
    expect.soft(lines(mail).filter((line) => lines(english.mail).includes(line))).toEqual([]);
  });
}

test("the client's wish wins over the browser's, and a choice on the page over both", async ({ page, people }) => {
  const person = await people.person();
  const client = await people.client({ name: "Web Shop" });
  const request = await Request.begin(page, client, { ui_locales: "xx fr-CA de" });
  await expect(page.locator("html")).toHaveAttribute("lang", "fr");
  const before = new URL(page.url());
  await page.getByRole("link", { name: "Deutsch" }).click();
  await expect(page.locator("html")).toHaveAttribute("lang", "de");
  await expect(page.getByRole("link", { name: "Deutsch" })).toHaveAttribute("aria-current", "true");
  expect(new URL(page.url()).search).toBe(before.search);
  await login(page, person);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Weiter zu Web Shop?");
  await page.getByRole("button", { name: "Erlauben" }).click();
  expect((await request.tokens()).claims.sub).toBe(person.sub);
  // The choice stays with the browser.
  await page.goto(`${people.issuer}/account`);
  await expect(page.locator("html")).toHaveAttribute("lang", "de");
});

test("the switch stays on a page that was posted, and keeps nobody from going on", async ({ page, people }) => {
  const person = await people.person();
  const client = await people.client({ name: "Web Shop" });
  await Request.begin(page, client);
  await login(page, { ...person, password: "wrong" });
  await page.getByRole("link", { name: "Español" }).click();
  await expect(page.locator("html")).toHaveAttribute("lang", "es");
  await expect(page.getByRole("heading", { level: 1 })).toContainText("Web Shop");
});

test("what depends on the language says so to caches", async ({ people }) => {
  for (const [wish, lang] of [["fr-CH, fr;q=0.9, en;q=0.8", "fr"], ["ja, es;q=0.5", "es"], ["ja", "en"], ["de-AT", "de"]]) {
    const answer = await fetch(`${people.issuer}/login`, { headers: { "accept-language": wish } });
    expect(answer.headers.get("content-language"), wish).toBe(lang);
    expect(answer.headers.get("vary").toLowerCase()).toContain("accept-language");
  }
  const metadata = await (await fetch(`${people.issuer}/.well-known/openid-configuration`)).json();
  expect(metadata.ui_locales_supported.sort()).toEqual(["de", "en", "es", "fr"]);
});

test("signing in and out again in Spanish, with JavaScript off", async ({ people, elsewhere }) => {
  const page = await elsewhere({ locale: "es-ES", javaScriptEnabled: false });
  const person = await people.person();
  await page.goto(`${people.issuer}/login`);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Iniciar sesión");
  await login(page, person);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Su cuenta");
});
