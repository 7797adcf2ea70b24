// `oidc-client-ts`, unmodified, in a single-page app: what a client without a secret can do in a
// browser, on an origin of its own.
import { allow, expect, logIn, test, world } from "../../browser/support/fixtures.mjs";
import { note } from "../support/flows.mjs";

const home = world.clients.spa.redirect_uri;

/** A test whose result goes into the table of all clients. */
function flow(name, walk) {
  test(name, async ({ page }) => {
    const began = Date.now();
    const fault = await walk(page).then(() => undefined, (error) => error);
    note("oidc-client-ts", name, Date.now() - began, fault);
    if (fault) throw fault;
  });
}

/** Signs in, and consents if asked, in the window that shows the server. */
async function answerPages(window, arrived) {
  await logIn(window);
  const consent = window.getByRole("button", { name: "Allow" });
  await expect(async () => expect((await arrived()) || (await consent.isVisible())).toBe(true)).toPass();
  if (!(await arrived())) await allow(window);
}

const outcome = (page) => page.evaluate(() => window.ready);

async function signIn(page, asked = {}) {
  await page.goto(home);
  await outcome(page);
  await page.evaluate((asked) => void window.manager.signinRedirect(asked), asked);
  await answerPages(page, async () => page.url().startsWith(home));
  await page.waitForURL(`${home}?*`);
  expect(await outcome(page)).toEqual({});
  return page.evaluate(() => window.user);
}

flow("discovery", async (page) => {
  await page.goto(home);
  await outcome(page);
  const metadata = await page.evaluate(() => window.manager.metadataService.getMetadata());
  expect(metadata.issuer).toBe(world.clients.spa.issuer);
  const keys = await page.evaluate(() => window.manager.metadataService.getSigningKeys());
  expect(keys.length).toBeGreaterThan(0);
});

flow("code, none", async (page) => {
  const user = await signIn(page);
  expect(user.profile.iss).toBe(world.clients.spa.issuer);
  expect(user.profile.aud).toBe(world.clients.spa.id);
  expect(user.token_type).toBe("Bearer");
});

flow("claims parameter", async (page) => {
  const claims = JSON.stringify({ userinfo: { name: { essential: true } } });
  const user = await signIn(page, { scope: "openid", extraQueryParams: { claims } });
  expect(user.profile.name).toBe(world.user.name);
  expect(user.profile.email).toBeUndefined();
});

flow("userinfo", async (page) => {
  const { profile } = await signIn(page);
  expect(profile.preferred_username).toBe(world.user.username);
  expect(profile.email).toBe(world.user.email);
});

flow("refresh", async (page) => {
  const first = await signIn(page);
  const second = await page.evaluate(() => window.manager.signinSilent());
  expect(second.refresh_token).not.toBe(first.refresh_token);
  expect(second.access_token).not.toBe(first.access_token);
  expect(second.profile.sub).toBe(first.profile.sub);
});

flow("silent renew in a frame", async (page) => {
  const first = await signIn(page, { scope: "openid profile" });
  // With nothing stored there is no refresh token to use: what is left is prompt=none in a frame.
  await page.evaluate(() => window.manager.removeUser());
  const second = await page.evaluate(() => window.manager.signinSilent({ scope: "openid profile" }));
  expect(second.access_token).not.toBe(first.access_token);
  expect(second.profile.sub).toBe(first.profile.sub);
});

flow("prompt=none", async (page) => {
  await page.goto(home);
  await outcome(page);
  const silently = () => window.manager.signinSilent().then(() => "signed in", ({ error }) => error);
  expect(await page.evaluate(silently)).toBe("login_required");
});

flow("popup", async (page) => {
  await page.goto(home);
  await outcome(page);
  const opened = page.waitForEvent("popup");
  const signedIn = page.evaluate(() => window.manager.signinPopup());
  const popup = await opened;
  await answerPages(popup, async () => popup.isClosed());
  expect((await signedIn).profile.preferred_username).toBe(world.user.username);
});

flow("refused consent", async (page) => {
  await page.goto(home);
  await outcome(page);
  await page.evaluate(() => void window.manager.signinRedirect({ prompt: "consent" }));
  await logIn(page);
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.waitForURL(`${home}?*`);
  expect(await outcome(page)).toEqual({ error: "access_denied" });
});

flow("revocation", async (page) => {
  await signIn(page);
  await page.evaluate(() => window.manager.revokeTokens(["refresh_token"]));
  const { access_token: token } = await page.evaluate(() => window.manager.getUser());
  const answer = await fetch(`${world.clients.spa.issuer}/userinfo`, { headers: { authorization: `Bearer ${token}` } });
  expect(answer.status).toBe(401);
});

flow("session management", async (page) => {
  await page.goto(home);
  await page.evaluate(() => sessionStorage.setItem("client", "watching"));
  const user = await signIn(page);
  expect(user.session_state).toBeTruthy();
  await expect.poll(() => page.evaluate(() => window.said)).toContain("unchanged");
  expect(await page.evaluate(() => window.signedOut)).toBeUndefined();
  const elsewhere = await page.context().newPage();
  await elsewhere.goto(`${world.full.issuer}/end_session`);
  await elsewhere.getByRole("button", { name: "Sign out" }).click();
  await expect.poll(() => page.evaluate(() => window.signedOut)).toBe(true);
});

flow("logout", async (page) => {
  await signIn(page);
  await page.evaluate(() => void window.manager.signoutRedirect({ state: "leaving" }));
  await page.waitForURL(`${home}?state=*`);
  expect(await outcome(page)).toEqual({});
  expect(await page.evaluate(() => window.left)).toMatchObject({ error: null, userState: "leaving" });
  const silently = () => window.manager.signinSilent().then(() => "signed in", ({ error }) => error);
  expect(await page.evaluate(silently)).toBe("login_required");
});
