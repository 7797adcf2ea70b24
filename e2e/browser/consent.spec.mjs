// What a person lets a client have.
import { expect, logIn, signInAt, test } from "./support/fixtures.mjs";
import { Request, userinfo } from "./support/client.mjs";
import { heading, press } from "./support/steps.mjs";

const SCOPE = "openid profile email phone";

test("optional scopes can be unticked, and the client does not get them", async ({ page, people }) => {
  const person = await people.person();
  const client = await people.client({ name: "Web Shop", scope: SCOPE, words: ["--optional-scope", "email phone"] });
  await signInAt(page, people, person);
  const request = await Request.begin(page, client, { scope: SCOPE });
  const boxes = page.getByRole("group", { name: "You can leave these out" });
  await expect(boxes.getByRole("checkbox")).toHaveCount(2);
  await expect(page.getByRole("button", { name: "Allow" })).not.toBeFocused();
  await boxes.getByLabel(/See your mail address/).uncheck();
  await press(page, "Allow");
  const tokens = await request.tokens();
  expect(tokens.scope.split(" ").sort()).toEqual(["openid", "phone", "profile"]);
  const { claims } = await userinfo(client, tokens);
  expect(claims.email).toBeUndefined();
  expect(claims.name).toBe(person.name);

  // What was left out is not asked again by itself, and not slipped in either.
  const again = await Request.begin(page, client, { scope: SCOPE });
  expect((await again.tokens()).scope.split(" ")).not.toContain("email");
  // The client asks with prompt=consent: the box stands as it was left.
  const third = await Request.begin(page, client, { scope: SCOPE, prompt: "consent" });
  await expect(boxes.getByLabel(/See your mail address/)).not.toBeChecked();
  await boxes.getByLabel(/See your mail address/).check();
  await press(page, "Allow");
  expect((await third.tokens()).scope.split(" ")).toContain("email");
});

test("a client that asks for more asks again, and shows what is new", async ({ page, people }) => {
  const person = await people.person();
  const client = await people.client({ name: "Web Shop", scope: `${SCOPE} offline_access` });
  await signInAt(page, people, person);
  const first = await Request.begin(page, client, { scope: "openid profile" });
  await press(page, "Allow");
  await first.tokens();
  const second = await Request.begin(page, client, { scope: "openid profile email" });
  await expect(page.locator("main")).toContainText("New this time");
  await expect(page.locator("main")).toContainText("You allowed this before");
  await press(page, "Allow");
  await second.tokens();
  const answers = await people.sql("SELECT decision, scope, wording FROM consent_records WHERE user_id = ? ORDER BY at, id", person.sub);
  expect(answers).toHaveLength(2);
  for (const [, , wording] of answers) expect(wording).not.toBe("");
});

test("saying no is remembered as an answer, and told to the client", async ({ page, people }) => {
  const person = await people.person();
  const client = await people.client({ name: "Web Shop" });
  await signInAt(page, people, person);
  const request = await Request.begin(page, client);
  await press(page, "Cancel");
  expect((await request.answer()).error).toBe("access_denied");
  await page.goto(`${people.issuer}/account/apps`);
  await expect(page.getByRole("heading", { name: "Web Shop" })).toHaveCount(0);
  await page.getByText("What you answered so far").click();
  await expect(page.locator("main")).toContainText("You refused Web Shop");
});

test("first-party clients skip the page, but never for offline access", async ({ page, context, people }) => {
  const person = await people.person();
  // Programs on a device never skip it, so this one is on the web.
  const client = await people.client({ name: "House App", redirectUri: "https://house.example/cb", words: ["--first-party"] });
  await context.route("https://house.example/cb*", (route) =>
    route.fulfill({ contentType: "text/html", body: "<title>at home</title>" }));
  await Request.begin(page, client);
  await logIn(page, person);
  await expect(page).toHaveTitle("at home");
  await page.goto(`${people.issuer}/account/apps`);
  await expect(page.getByRole("heading", { name: /House App/ })).toContainText("run by Example ID");
  await Request.begin(page, client, { scope: "openid offline_access", prompt: "consent" });
  await expect(heading(page)).toHaveText("Continue to House App?");
  await expect(page.locator("main")).toContainText("Stay connected while you’re away");
});
