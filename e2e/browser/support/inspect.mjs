// What has to hold on every page, whatever it says.
import { expect } from "@playwright/test";
import { expectAccessible } from "./fixtures.mjs";

/** Where pictures go: another folder keeps them for looking at. */
const SHOTS = process.env.E2E_SHOTS ?? "output/pages";

const overflow = (page) => page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);

/** No sideways scrolling, and everything that can be pressed is big enough (WCAG 2.5.8). */
async function expectFits(page, width, height) {
  await page.setViewportSize({ width, height });
  expect(await overflow(page), `sideways scrolling at ${width} × ${height}`).toBeLessThanOrEqual(0);
}

/**
 * Inspects the page that is open: axe-core in both sizes and colour schemes, a picture of each,
 * sizes down to 320 px (which is 400 % of 1280), focus on the error summary, and no motion for
 * those who asked for none.
 */
export async function inspect(page, name) {
  await expect(page.getByRole("heading", { level: 1 })).toHaveCount(1);
  await expect(page.locator("html")).toHaveAttribute("lang", /^[a-z]{2}/);
  await expect(page).toHaveTitle(/\S – \S/);
  const summary = page.locator("main [role=alert]");
  if ((await summary.count()) > 0) {
    await expect(summary).toHaveCount(1);
    await expect(summary).toBeFocused();
    await expect(page).toHaveTitle(/^Error: /);
  }
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    for (const [width, height] of [[1280, 800], [360, 740]]) {
      await expectFits(page, width, height);
      await page.screenshot({ path: `${SHOTS}/${name}-${width}-${colorScheme}.png`, fullPage: true });
      await expectAccessible(page, `${name}, ${width} px, ${colorScheme}`);
    }
  }
  await expectFits(page, 320, 256);
  const moving = await page.evaluate(() => [...document.querySelectorAll("*")].filter((element) => {
    const { transitionDuration, animationName } = getComputedStyle(element);
    return animationName !== "none" || transitionDuration.split(",").some((time) => parseFloat(time) > 0.001);
  }).map((element) => element.outerHTML.slice(0, 80)));
  expect(moving, "motion that nobody wants").toEqual([]);
  await page.emulateMedia({ colorScheme: "light", forcedColors: "active" });
  await expectFits(page, 1280, 800);
  await page.screenshot({ path: `${SHOTS}/${name}-1280-forced.png`, fullPage: true });
  await expectControls(page);
}

/** What managers and screen readers need of every field, and keyboards of every page. */
async function expectControls(page) {
  const faults = await page.evaluate(() => {
    const faults = [];
    const id = (name) => document.getElementById(name);
    for (const field of document.querySelectorAll("input:not([type=hidden]), select, textarea")) {
      if (!field.labels?.length) faults.push(`no label: ${field.outerHTML}`);
      const described = field.getAttribute("aria-describedby")?.split(/\s+/) ?? [];
      for (const name of described) if (!id(name)) faults.push(`described by nothing: ${name}`);
      const text = ["text", "email", "password", "tel", "url"].includes(field.type);
      if (text && field.name && !field.autocomplete) faults.push(`no autocomplete: ${field.outerHTML}`);
      if (field.getAttribute("aria-invalid") === "true" && !described.some((name) => id(name)?.innerText.trim())) {
        faults.push(`wrong without a reason: ${field.outerHTML}`);
      }
    }
    for (const link of document.querySelectorAll('a[href^="#"]')) {
      if (!id(link.hash.slice(1))) faults.push(`leads nowhere: ${link.outerHTML}`);
    }
    for (const element of document.querySelectorAll("[tabindex]")) {
      if (element.tabIndex > 0) faults.push(`out of order: ${element.outerHTML}`);
    }
    return faults;
  });
  expect(faults).toEqual([]);
}
