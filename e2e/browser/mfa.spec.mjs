// The second factor: authenticator apps, recovery codes, codes by mail, remembered devices, and who
// asks for it.
import { allow, expect, logIn, signInAt, test } from "./support/fixtures.mjs";
import { Request } from "./support/client.mjs";
import { Server } from "./support/server.mjs";
import { alert, arrive, heading, press, typeCode } from "./support/steps.mjs";
import { appOf, codeNow, enrolTotp, freshCode, savedCodes, scan, typedSecret } from "./support/totp.mjs";

const MFA = "urn:vestibule:acr:mfa";
const MAIL = "urn:vestibule:acr:mail";

/** Somebody with an authenticator app, set up in a browser that is closed again. */
async function withApp(server, elsewhere) {
  const person = await server.person();
  const home = await elsewhere();
  await signInAt(home, server, person);
  const { totp, codes } = await enrolTotp(home, server);
  return { person, totp, codes, home };
}

async function toSecondStep(page, server, person) {
  await page.goto(`${server.issuer}/login`);
  await logIn(page, person);
  await expect(heading(page)).toHaveText("One more step");
}

async function signOut(page, server) {
  await page.goto(`${server.issuer}/logout`);
  await press(page, "Sign out");
  await expect(heading(page)).toHaveText("You are signed out");
}

test("an app is set up by its QR code or by typing the key", async ({ page, people, elsewhere }) => {
  const person = await people.person();
  const other = await elsewhere();
  await signInAt(other, people, person);
  await signInAt(page, people, person, "/account/mfa");
  await page.getByRole("link", { name: "Add an authenticator app" }).click();
  const totp = await appOf(page);
  expect(totp.uri.protocol).toBe("otpauth:");
  expect(decodeURIComponent(totp.uri.pathname)).toContain(person.username);
  expect(totp.uri.searchParams.get("issuer")).toBe("Example ID");
  expect(await typedSecret(page)).toBe(totp.secret);
  await expect(page.getByRole("link", { name: "Open it in an app on this device" })).toHaveAttribute("href", totp.uri.href);

  // A wrong code changes nothing, and the same picture stays good.
  await page.getByLabel("Code", { exact: true }).fill("000000");
  await press(page, "Turn it on");
  await expect(alert(page)).toContainText("clock of your device");
  expect((await scan(page)).searchParams.get("secret")).toBe(totp.secret);
  await other.goto(`${people.issuer}/account`);
  await expect(heading(other)).toHaveText("Your account");

  await page.getByLabel("Name", { exact: true }).fill("Old phone");
  await page.getByLabel("Code", { exact: true }).fill(codeNow(totp));
  await press(page, "Turn it on");
  const codes = await savedCodes(page);
  expect(new Set(codes).size).toBeGreaterThanOrEqual(8);
  await expect(page.locator("main")).toContainText("Old phone");
  await expect(page.locator("main")).toContainText(`${codes.length} recovery codes left`);
  await people.mails.next(person.email, /^Authenticator app added/);
  await other.goto(`${people.issuer}/account`);
  await expect(other.getByLabel("Password", { exact: true })).toBeVisible();
  const [[sealed]] = await people.sql("SELECT sealed_secret FROM totp_devices WHERE user_id = ?", person.sub);
  expect(sealed).not.toContain(totp.secret);

  await press(page, "Remove Old phone");
  await expect(page.getByRole("status")).toContainText("It is removed");
  await people.mails.next(person.email, /^Authenticator app removed/);
});

test("a code signs in, tells the client the truth, and is good once", async ({ page, people, elsewhere }) => {
  const { person, totp, home } = await withApp(people, elsewhere);
  const client = await people.client({ name: "Web Shop" });
  const request = await Request.begin(page, client);
  await logIn(page, person);
  await expect(heading(page)).toContainText("One more step");
  await expect(heading(page)).toContainText("to continue to Web Shop");
  const code = await freshCode(people, totp);
  await typeCode(page, `${code.slice(0, 3)} ${code.slice(3)}`);
  const { claims } = await arrive(page, request);
  expect(claims.acr).toBe(MFA);
  expect([...claims.amr].sort()).toEqual(["mfa", "otp", "pwd"]);

  // Somebody looked over the shoulder.
  const thief = await elsewhere();
  await toSecondStep(thief, people, person);
  await typeCode(thief, code);
  await expect(alert(thief)).toContainText("used already");
  await home.close();
});

test("half signed in is not signed in", async ({ page, people, elsewhere }) => {
  const { person } = await withApp(people, elsewhere);
  await toSecondStep(page, people, person);
  for (const path of ["/account", "/account/mfa", "/account/data"]) {
    await page.goto(`${people.issuer}${path}`);
    await expect(page.getByLabel("Password", { exact: true })).toBeVisible();
  }
  await page.goto(`${people.issuer}/login/enrol`);
  await expect(page.getByRole("button", { name: "Turn it on" })).toHaveCount(0);
});

test("giving up tells the client", async ({ page, people, elsewhere }) => {
  const { person } = await withApp(people, elsewhere);
  const client = await people.client();
  const request = await Request.begin(page, client);
  await logIn(page, person);
  await press(page, "Cancel");
  expect((await request.answer()).error).toBe("access_denied");
});

test("a recovery code opens the account once, and the owner hears of it", async ({ page, people, elsewhere }) => {
  const { person, codes } = await withApp(people, elsewhere);
  await toSecondStep(page, people, person);
  await page.getByRole("link", { name: "Use a recovery code" }).click();
  const enter = async (where, code) => {
    await where.getByLabel("Recovery code", { exact: true }).fill(code);
    await press(where, "Continue");
  };
  await enter(page, "aaaa-bbbb-cccc");
  await expect(alert(page)).toContainText("isn’t right");
  await enter(page, ` ${codes[3].toUpperCase().replaceAll("-", " ")} `);
  await expect(page).toHaveURL(`${people.issuer}/account`);
  const mail = await people.mails.next(person.email, /^Recovery code used/);
  expect(mail.text).toContain(`${codes.length - 1} are left`);
  await page.goto(`${people.issuer}/account/mfa`);
  await expect(page.locator("main")).toContainText(`${codes.length - 1} recovery codes left`);

  const other = await elsewhere();
  await toSecondStep(other, people, person);
  await other.getByRole("link", { name: "Use a recovery code" }).click();
  await enter(other, codes[3]);
  await expect(alert(other)).toContainText("isn’t right");
  await enter(other, codes[4]);
  await expect(other).toHaveURL(`${people.issuer}/account`);

  // New ones void the old ones.
  await other.goto(`${people.issuer}/account/mfa`);
  await press(other, "Make new recovery codes");
  const fresh = await savedCodes(other);
  expect(fresh.filter((code) => codes.includes(code))).toEqual([]);
  await people.mails.next(person.email, /^New recovery codes/);
  await signOut(other, people);
  await toSecondStep(other, people, person);
  await other.getByRole("link", { name: "Use a recovery code" }).click();
  await enter(other, codes[5]);
  await expect(alert(other)).toContainText("isn’t right");
});

test("a device that is remembered is not asked again, claims no more than it knows, and can be forgotten", async ({ page, people, elsewhere }) => {
  const { person, totp } = await withApp(people, elsewhere);
  const client = await people.client({ name: "Web Shop" });
  await toSecondStep(page, people, person);
  await page.getByLabel(/Don’t ask again on this device for 30 days/).check();
  await typeCode(page, await freshCode(people, totp));
  await expect(page).toHaveURL(`${people.issuer}/account`);
  await signOut(page, people);

  const first = await Request.begin(page, client);
  await logIn(page, person);
  const { claims } = await arrive(page, first);
  expect(claims.acr).toBe("urn:vestibule:acr:pwd");
  expect(claims.amr).toEqual(["pwd"]);

  // A client that asks for two factors gets a step-up, not a new sign-in.
  const second = await Request.begin(page, client, { acr_values: MFA });
  await expect(heading(page)).toContainText("Please confirm it’s you");
  await expect(page.getByLabel("Password", { exact: true })).toHaveCount(0);
  await typeCode(page, await freshCode(people, totp));
  const stepped = (await second.tokens()).claims;
  expect(stepped.acr).toBe(MFA);
  expect(stepped.auth_time).toBe(claims.auth_time);
  expect(stepped.sid).toBe(claims.sid);

  await page.goto(`${people.issuer}/account/sessions`);
  await expect(page.locator("main")).toContainText("Not asked for a second step until");
  await page.getByRole("button", { name: /^Forget/ }).first().click();
  await signOut(page, people);
  await toSecondStep(page, people, person);
});

test("changing the factors asks for the second step, also on a remembered device", async ({ page, people, elsewhere }) => {
  const { person, totp } = await withApp(people, elsewhere);
  await toSecondStep(page, people, person);
  await page.getByLabel(/Don’t ask again/).check();
  await typeCode(page, await freshCode(people, totp));
  await expect(page).toHaveURL(`${people.issuer}/account`);
  await signOut(page, people);
  await signInAt(page, people, person);
  await page.goto(`${people.issuer}/account/mfa`);
  await expect(heading(page)).toContainText("confirm it’s you");
  await typeCode(page, await freshCode(people, totp));
  await expect(page).toHaveURL(`${people.issuer}/account/mfa`);
});

test("a code by mail is the lower factor", async ({ page, people }) => {
  const person = await people.person();
  const client = await people.client({ name: "Web Shop" });
  const request = await Request.begin(page, client, { acr_values: MAIL });
  await logIn(page, person);
  await press(page, "Send me a code");
  await expect(page.locator("main")).toContainText("We sent a code to a…@people.example");
  const { code } = await people.mails.next(person.email, /^Your sign-in code/);
  await typeCode(page, code === "000000" ? "111111" : "000000");
  await expect(alert(page)).toContainText("isn’t right");
  await press(page, "Send another code");
  const second = await people.mails.next(person.email, /^Your sign-in code/);
  await typeCode(page, second.code);
  const { claims } = await arrive(page, request);
  expect(claims.acr).toBe(MAIL);
  expect([...claims.amr].sort()).toEqual(["mca", "otp", "pwd"]);
});

test("acr_values in the middle of a request: whoever has no app sets one up and goes on", async ({ page, people }) => {
  const person = await people.person();
  const client = await people.client({ name: "Web Shop" });
  const plain = await Request.begin(page, client);
  await logIn(page, person);
  const before = (await arrive(page, plain)).claims;
  expect(before.acr).toBe("urn:vestibule:acr:pwd");

  const request = await Request.begin(page, client, { acr_values: MFA });
  await expect(heading(page)).toContainText("Set up a second step");
  await expect(heading(page)).toContainText("to continue to Web Shop");
  const totp = await appOf(page);
  await page.getByLabel("Code", { exact: true }).fill(await freshCode(people, totp));
  await press(page, "Turn it on");
  await savedCodes(page);
  const { claims } = await arrive(page, request);
  expect(claims.acr).toBe(MFA);
  expect([...claims.amr].sort()).toEqual(["mfa", "otp", "pwd"]);
  expect(claims.auth_time).toBe(before.auth_time);
});

test("a client that needs two factors gets them whatever it asks for", async ({ page, people, elsewhere }) => {
  const { person, totp } = await withApp(people, elsewhere);
  const client = await people.client({ name: "Vault", words: ["--required-acr", MFA] });
  const request = await Request.begin(page, client);
  await logIn(page, person);
  await typeCode(page, await freshCode(people, totp));
  expect((await arrive(page, request)).claims.acr).toBe(MFA);
});

test.describe("where everybody needs two factors", () => {
  let server;
  test.beforeAll(async () => {
    server = await Server.start("strict", { smtp: true, settings: { MFA__REQUIRED: "everyone" } });
  });
  test.afterAll(() => server.stop());

  test("enrolment is part of signing in, and the last factor stays", async ({ page, elsewhere }) => {
    const person = await server.person();
    await page.goto(`${server.issuer}/login`);
    await logIn(page, person);
    await expect(heading(page)).toContainText("Set up a second step");
    await page.goto(`${server.issuer}/account`);
    await expect(page.getByLabel("Password", { exact: true })).toBeVisible();
    await page.goto(`${server.issuer}/login/enrol`);
    const totp = await appOf(page);
    await page.getByLabel("Code", { exact: true }).fill("000000");
    await press(page, "Turn it on");
    await expect(alert(page)).toBeVisible();
    await page.getByLabel("Code", { exact: true }).fill(await freshCode(server, totp));
    await press(page, "Turn it on");
    await savedCodes(page);
    await expect(heading(page)).toHaveText("Your account");
    await page.goto(`${server.issuer}/account/mfa`);
    await page.getByRole("button", { name: /^Remove/ }).click();
    await expect(alert(page)).toContainText("the last one has to stay");

    const other = await elsewhere();
    await toSecondStep(other, server, person);
    await expect(other.getByText("Get a code by mail")).toHaveCount(0);
    await typeCode(other, await freshCode(server, totp));
    await expect(other).toHaveURL(`${server.issuer}/account`);
  });

  test("a client's request goes on after the enrolment", async ({ page }) => {
    const person = await server.person();
    const client = await server.client({ name: "Web Shop" });
    const request = await Request.begin(page, client);
    await logIn(page, person);
    const totp = await appOf(page);
    await page.getByLabel("Code", { exact: true }).fill(await freshCode(server, totp));
    await press(page, "Turn it on");
    await savedCodes(page);
    await allow(page);
    expect((await request.tokens()).claims.acr).toBe(MFA);
  });
});

test("an administrator takes every factor away from somebody who lost them", async ({ page, people, elsewhere }) => {
  const { person, home } = await withApp(people, elsewhere);
  await people.vestibule("user", "reset-mfa", person.username);
  await home.goto(`${people.issuer}/account`);
  await expect(home.getByLabel("Password", { exact: true })).toBeVisible();
  await signInAt(page, people, person);
});

test.describe("with JavaScript off", () => {
  test.use({ javaScriptEnabled: false });

  test("an app is set up and signs in", async ({ page, people, elsewhere }) => {
    const person = await people.person();
    await signInAt(page, people, person);
    const { totp } = await enrolTotp(page, people);
    const other = await elsewhere({ javaScriptEnabled: false });
    await toSecondStep(other, people, person);
    await typeCode(other, await freshCode(people, totp));
    await expect(other).toHaveURL(`${people.issuer}/account`);
  });
});
