// An authenticator app: reads the key from the page, or scans the QR code from a picture of it.
import jsQR from "jsqr";
import { generateSync } from "otplib";
import { PNG } from "pngjs";
import { expect } from "@playwright/test";
import { keepOutOfLogs } from "./server.mjs";

const STEP = 30;

/** What the app on a phone shows, `steps` before or after now. */
export function codeNow(totp, steps = 0) {
  return generateSync({ secret: totp.secret, epoch: Math.floor(Date.now() / 1000) + steps * STEP });
}

/** Waits until the present code is good for some seconds more, so that no test sees it turn over. */
async function earlyInStep() {
  await expect.poll(() => STEP - (Math.floor(Date.now() / 1000) % STEP), {
    timeout: 15_000, intervals: [250],
  }).toBeGreaterThan(4);
}

/** A code that was not used yet, also right after another one: the step before it is forgotten. */
export async function freshCode(server, totp) {
  await earlyInStep();
  await server.sql("UPDATE totp_devices SET last_step = last_step - 5");
  return codeNow(totp);
}

/** The `otpauth:` address that a camera reads from the page's QR code. */
export async function scan(page) {
  const picture = PNG.sync.read(await page.locator(".qr svg, svg.qr").first().screenshot({ scale: "css" }));
  const found = jsQR(new Uint8ClampedArray(picture.data), picture.width, picture.height);
  expect(found, "the QR code can be read").not.toBeNull();
  return new URL(found.data);
}

/** The key as the page writes it for people who cannot scan. */
export async function typedSecret(page) {
  await page.getByText("You can’t scan it?").click();
  return (await page.locator("#totp-secret").innerText()).replaceAll(/\s/g, "");
}

/** The app that was set up by scanning the page. */
export async function appOf(page) {
  const uri = await scan(page);
  const secret = uri.searchParams.get("secret");
  keepOutOfLogs(secret);
  return { uri, secret };
}

/** Sets an authenticator app up on the account page; gives back the app and the recovery codes. */
export async function enrolTotp(page, server, name = "Phone") {
  await page.goto(`${server.issuer}/account/mfa/totp`);
  const totp = await appOf(page);
  await page.getByLabel("Name", { exact: true }).fill(name);
  await earlyInStep();
  await page.getByLabel("Code", { exact: true }).fill(codeNow(totp));
  await page.getByRole("button", { name: "Turn it on" }).click();
  const shown = page.getByRole("heading", { name: "Keep these recovery codes" });
  const added = page.getByRole("status").filter({ hasText: "The second step is set up" });
  await expect(shown.or(added).first()).toBeVisible();
  const codes = (await shown.isVisible()) ? await savedCodes(page) : [];
  await expect(added).toBeVisible();
  return { totp, codes };
}

/** Notes the recovery codes down and goes on. */
export async function savedCodes(page) {
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Keep these recovery codes");
  const codes = await page.locator(".codes-grid code").allInnerTexts();
  for (const code of codes) keepOutOfLogs(code);
  await page.getByLabel("I have saved these codes").check();
  await page.getByRole("button", { name: "Continue" }).click();
  return codes;
}
