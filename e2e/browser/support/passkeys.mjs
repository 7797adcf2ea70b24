// Chromium's virtual authenticator: a passkey in a device that this browser runs on.
import { expect } from "@playwright/test";
import { savedCodes } from "./totp.mjs";

export class Authenticator {
  constructor(session, id) {
    Object.assign(this, { session, id });
  }

  #send(method, parameters = {}) {
    return this.session.send(`WebAuthn.${method}`, { authenticatorId: this.id, ...parameters });
  }

  /**
   * Whether somebody touches it when it asks for that. Where they do, a sign-in page that offers
   * passkeys by autofill signs in as soon as it is open.
   */
  present(enabled) {
    return this.#send("setAutomaticPresenceSimulation", { enabled });
  }

  /** Whether the finger or the PIN is the right one. */
  verifies(isUserVerified) {
    return this.#send("setUserVerified", { isUserVerified });
  }

  async credentials() {
    return (await this.#send("getCredentials")).credentials;
  }

  /** Takes it out of the machine. */
  remove() {
    return this.#send("removeVirtualAuthenticator");
  }

  forgetAll() {
    return this.#send("clearCredentials");
  }

  /** Adds a passkey at `/account/passkeys`; gives back recovery codes if they were shown. */
  async addAt(page, server, name) {
    await this.present(true);
    await page.goto(`${server.issuer}/account/passkeys`);
    if (name) await page.getByLabel("Name", { exact: true }).last().fill(name);
    await page.getByRole("button", { name: "Add a passkey" }).click();
    const codes = page.getByRole("heading", { name: "Keep these recovery codes" });
    const added = page.getByRole("status").filter({ hasText: "The passkey is added" });
    await expect(codes.or(added).first()).toBeVisible();
    const saved = (await codes.isVisible()) ? await savedCodes(page) : [];
    // The first one is asked for at once, before more can be changed.
    const use = page.getByRole("button", { name: "Use a passkey" });
    const row = page.getByRole("button", { name: /^Remove/ });
    await expect(use.or(row).first()).toBeVisible();
    if (await use.isVisible()) await use.click();
    await expect(row.first()).toBeVisible();
    // Else the next sign-in page would find it by itself.
    await this.present(false);
    return saved;
  }

  /** Signs in with the button on the sign-in page. */
  async signIn(page) {
    await this.present(true);
    await page.getByRole("button", { name: "Sign in with a passkey" }).click();
  }
}

/** Gives the browser of `page` an authenticator; nobody touches it yet where `present` is false. */
export async function authenticator(page, { present = true, ...options } = {}) {
  const session = await page.context().newCDPSession(page);
  await session.send("WebAuthn.enable", { enableUI: false });
  const { authenticatorId } = await session.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2",
      transport: "internal",
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: present,
      ...options,
    },
  });
  return new Authenticator(session, authenticatorId);
}
