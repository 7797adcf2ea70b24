// Debian's Chromium drives everything: Playwright's own browsers are never downloaded.
import { defineConfig } from "@playwright/test";

export default defineConfig({
  testDir: "browser",
  testMatch: "*.spec.mjs",
  outputDir: "output/traces",
  // One server, one browser, two processor cores.
  workers: 1,
  timeout: 60_000,
  expect: { timeout: 10_000 },
  // CI tries once more and prints what passed only then as flaky; elsewhere the first failure counts.
  retries: process.env.CI ? 1 : 0,
  forbidOnly: true,
  reporter: [["list"]],
  use: {
    actionTimeout: 15_000,
    browserName: "chromium",
    launchOptions: { executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium" },
    trace: "retain-on-failure",
    screenshot: "only-on-failure",
    locale: "en-GB",
  },
});
