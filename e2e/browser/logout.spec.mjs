// RP-initiated logout without a proof of who asks: the person is asked.
import { expect, logIn, test, world } from "./support/fixtures.mjs";

async function logInAtAccount(page) {
  await page.goto(`${world.demo.issuer}/login`);
  await logIn(page);
  await expect(page).toHaveURL(`${world.demo.issuer}/account`);
}

test("asks first, and staying stays", async ({ page }) => {
  await logInAtAccount(page);
  await page.goto(`${world.demo.issuer}/end_session`);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Sign out?");
  await page.getByRole("button", { name: "Stay signed in" }).click();
  await page.goto(`${world.demo.issuer}/account`);
  await expect(page).toHaveURL(`${world.demo.issuer}/account`);
});

test("asks first, and signing out signs out", async ({ page }) => {
  await logInAtAccount(page);
  await page.goto(`${world.demo.issuer}/end_session`);
  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("You are signed out");
  await page.goto(`${world.demo.issuer}/account`);
  await expect(page.getByLabel("Password", { exact: true })).toBeVisible();
});

test("returns to a registered address with its state", async ({ page, context }) => {
  const client = world.clients.web;
  await context.route(`${client.post_logout_redirect_uri}*`, (route) =>
    route.fulfill({ contentType: "text/html", body: "<title>arrived</title>" }),
  );
  await logInAtAccount(page);
  const query = new URLSearchParams({
    client_id: client.id,
    post_logout_redirect_uri: client.post_logout_redirect_uri,
    state: "s-1",
  });
  await page.goto(`${world.demo.issuer}/end_session?${query}`);
  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(page).toHaveTitle("arrived");
  expect(new URL(page.url()).searchParams.get("state")).toBe("s-1");
});

test("is no open redirect", async ({ page }) => {
  for (const target of ["https://evil.example/", `${world.clients.web.post_logout_redirect_uri}/../x`, "javascript:alert(1)"]) {
    const query = new URLSearchParams({ client_id: world.clients.web.id, post_logout_redirect_uri: target });
    const response = await page.goto(`${world.demo.issuer}/end_session?${query}`);
    expect(response.status()).toBe(400);
    expect(new URL(page.url()).origin).toBe(new URL(world.demo.issuer).origin);
  }
});

test("the account page signs out as well", async ({ page }) => {
  await logInAtAccount(page);
  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("You are signed out");
});
