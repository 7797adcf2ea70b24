// The browser tests' settings, for the one client library that lives in a browser.
import { defineConfig } from "@playwright/test";
import base from "../../playwright.config.mjs";

export default defineConfig({ ...base, testDir: ".", testMatch: "flows.spec.mjs", outputDir: "../../output/traces-clients" });
