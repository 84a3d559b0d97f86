// A real Chromium on the pages of a Worker: whatever the browser complains of fails the test, and so does what axe-core finds.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";
import { expect } from "vitest";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const QUIET = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-background-networking",
  "--disable-component-update",
];

export const openBrowser = (executablePath: string): Promise<Browser> =>
  chromium.launch({ executablePath, args: [...QUIET, "--disable-sync"] });

export interface Window {
  readonly page: Page;
  /** Goes to a path of the Worker. */
  go(path: string): Promise<void>;
  /**
   * Fails where the browser complained of anything since the last time.
   * @param refusals pages that answered 4xx, as they were to: of each the browser says so
   */
  expectCalm(refusals?: number): void;
  close(): Promise<void>;
}

/** A window of its own, with no cookie. */
export async function openWindow(
  browser: Browser,
  origin: string,
  look: { width?: number; scheme?: "light" | "dark" } = {},
): Promise<Window> {
  const context = await browser.newContext({
    viewport: { width: look.width ?? 1280, height: 900 },
    colorScheme: look.scheme ?? "light",
  });
  const page = await context.newPage();
  const complaints: string[] = [];
  let refused = 0;
  page.on("console", (message) => {
    if (/status of 4\d\d/.test(message.text())) refused += 1;
    else if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("request", (request) => {
    if (!request.url().startsWith(origin) && !request.url().startsWith("data:"))
      complaints.push(request.url());
  });
  return {
    page,
    async go(path) {
      await page.goto(origin + path);
    },
    expectCalm(refusals = 0) {
      expect(complaints.splice(0)).toEqual([]);
      expect(refused).toBe(refusals);
      refused = 0;
    },
    close: () => context.close(),
  };
}

export async function signIn({ page, go }: Window, token: string): Promise<void> {
  await go("/sign-in");
  await page.getByLabel("Token").fill(token);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("button", { name: "Sign out" }).waitFor();
}

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
}

/** What axe-core finds on the page, in words. */
export async function findViolations(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  const { violations } = (await page.evaluate(
    `axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] })`,
  )) as { violations: readonly Violation[] };
  return violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html} ${nodes[0]?.failureSummary ?? ""}`);
}

/** Keeps a picture of the page where SCREENSHOTS names a folder for them. */
export async function keepPicture(page: Page, name: string): Promise<void> {
  const folder = process.env["SCREENSHOTS"];
  if (folder) await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}
