// The operator's ways through the pages, by clicks and keys in a real Chromium, with the Worker in workerd.

import type { Browser } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { startDohServer } from "../doh-server.ts";
import { findPeer } from "../peers/peer.ts";
import { startReceiver } from "../receiver.ts";
import { type ProbedWorker, startProbedWorker } from "../worker/probed-worker.ts";
import { findViolations, keepPicture, openBrowser, openWindow, signIn, type Window } from "./chromium.ts";
import { BUSY, NEW, READY, setScene } from "./scene.ts";

const CHROMIUM = findPeer("chromium", "chromium");
const title = CHROMIUM === null ? "the pages (skipped: apt-get install chromium)" : "the pages";

describe.skipIf(CHROMIUM === null)(title, () => {
  let worker: ProbedWorker;
  let doh: Awaited<ReturnType<typeof startDohServer>>;
  let browser: Browser;
  let origin: string;
  let admin: string;
  let reader: string;
  let window: Window;

  beforeAll(async () => {
    doh = await startDohServer({
      [BUSY]: {
        MX: ["10 route1.mx.cloudflare.net.", "20 route2.mx.cloudflare.net."],
        TXT: ["v=spf1 include:_spf.mx.cloudflare.net -all"],
      },
      "_spf.mx.cloudflare.net": { TXT: ["v=spf1 ip4:104.30.0.0/20 ~all"] },
      [`_dmarc.${BUSY}`]: { TXT: [`v=DMARC1; p=reject; rua=mailto:dmarc@${BUSY}`] },
    });
    worker = await startProbedWorker({ DOH_URL: doh.url, WEBHOOK_ALLOW_LOCAL: "true" });
    origin = await worker.url();
    admin = await makeToken("operator", ["admin"], ["*"]);
    reader = await makeToken("reader", ["read"], [BUSY]);
    browser = await openBrowser(CHROMIUM ?? "");
  });
  beforeEach(async () => {
    await window?.close();
    window = await openWindow(browser, origin);
  });
  afterAll(async () => {
    await browser?.close();
    await worker?.stop();
    await doh?.close();
  });

  async function makeToken(name: string, scopes: string[], domains: string[]): Promise<string> {
    const response = await worker.call("POST", "/v1/tokens", { name, scopes, domains });
    return ((await response.json()) as { token: string }).token;
  }
  const read = async (path: string) => (await worker.call("GET", `/v1/domains/${path}`)).json();
  const main = () => window.page.locator("main");

  test("the first run leads from a domain to a minted address, a token and how to send", async () => {
    const { page } = window;
    await signIn(window, admin);
    await main().getByText("Welcome to Countersign").waitFor();
    await page.getByLabel("Domain name").fill("first.example");
    await page.keyboard.press("Enter");
    await page.getByText("The domain was made. It observes.").waitFor();
    await page.getByLabel("Local-part").fill("alice");
    await page.getByLabel("Destinations, to forward to").fill("alice@inbox.example");
    await page.getByRole("button", { name: "Set the route" }).click();
    await page.getByText("There are routes for alice").waitFor();
    await page.getByRole("button", { name: "Mint" }).click();
    const minted = (await page.locator(".done code").first().textContent()) ?? "";
    const validated = await worker.call("POST", "/v1/addresses/validate", { address: minted });
    expect(await validated.json()).toMatchObject({ status: "valid", original: "alice@first.example" });
    await page.getByLabel("A token for your app").fill("shop");
    await page.getByRole("button", { name: "Make the token" }).click();
    expect(await page.locator(".done code").textContent()).toMatch(/^cs_/);
    for (const name of ["Nodemailer", "Python", "Postfix", "Exim", "Amazon SES"]) {
      await page.getByText(name, { exact: true }).click();
    }
    await page.getByText("envelope: { from: reversePath").waitFor();
    await page.getByText("DMARC and TLS reports").waitFor();
    expect(await findViolations(page)).toEqual([]);
    window.expectCalm();
    await worker.call("DELETE", "/v1/domains/first.example");
  });

  describe("of a deployment in use", () => {
    beforeAll(async () => {
      await setScene(worker);
      await vi.waitFor(async () => {
        expect((await read(`${BUSY}/bounces`)) as { items: unknown[] }).toHaveProperty("items.length", 12);
        expect(await read(`${READY}/readiness`)).toMatchObject({ ready: true });
        const { days } = (await read(`${BUSY}/stats`)) as { days: { status: Record<string, number> }[] };
        expect(days.reduce((sum, { status }) => sum + (status["bad-signature"] ?? 0), 0)).toBe(12);
      }, 20_000);
    });

    const PAGES = [
      "/sign-in",
      "/",
      `/domains/${BUSY}`,
      `/domains/${READY}`,
      `/domains/${NEW}`,
      ...[
        "bounces",
        "rejections",
        "routes",
        "keys",
        "webhook",
        "inspect",
        "doctor",
        "settings",
        "audit",
        "start",
      ].map((page) => `/domains/${BUSY}/${page}`),
      "/tokens",
      "/docs",
    ];
    const LOOKS = [1280, 390].flatMap((width) =>
      (["light", "dark"] as const).map((scheme) => [width, scheme] as const),
    );

    test.each(LOOKS)(
      "every page fits %i pixels in %s, and axe-core finds nothing",
      async (width, scheme) => {
        const looking = await openWindow(browser, origin, { width, scheme });
        await signIn(looking, admin);
        for (const path of PAGES) {
          if (path === "/sign-in") await looking.page.context().clearCookies();
          await looking.go(path);
          if (path === "/sign-in") await keepPicture(looking.page, `${width}-${scheme}-sign-in`);
          expect([path, await findViolations(looking.page)]).toEqual([path, []]);
          const wider = await looking.page.evaluate("document.documentElement.scrollWidth - innerWidth");
          expect([path, wider]).toEqual([path, 0]);
          await keepPicture(looking.page, `${width}-${scheme}${path.replaceAll(/\W+/g, "-")}`);
          if (path === "/sign-in") await signIn(looking, admin);
          looking.expectCalm();
        }
        await looking.close();
      },
      120_000,
    );

    test("signing in by keys alone, and out", async () => {
      const { page, go } = window;
      await go(`/domains/${BUSY}/audit`);
      expect(new URL(page.url()).pathname).toBe("/sign-in");
      await page.getByLabel("Token").focus();
      await page.keyboard.type("wrong");
      await page.keyboard.press("Enter");
      await page.getByRole("alert").getByText("A valid bearer token is needed.").waitFor();
      await page.getByLabel("Token").focus();
      await page.keyboard.type(reader);
      await page.keyboard.press("Enter");
      await page.waitForURL(`**/domains/${BUSY}/audit`);
      await page.getByRole("button", { name: "Sign out" }).focus();
      await page.keyboard.press("Enter");
      await page.waitForURL("**/sign-in");
      await go("/");
      expect(new URL(page.url()).pathname).toBe("/sign-in");
      window.expectCalm(1);
    });

    test("the overview has first what needs attention, and its picture has the sums", async () => {
      await signIn(window, admin);
      const domains = await main().locator(".card h2 a").allTextContents();
      // The first two have something to mend; the busy one is well.
      expect(domains).toEqual([NEW, READY, BUSY]);
      const picture = main().locator(".card", { hasText: BUSY }).getByRole("img");
      const { days } = (await read(`${BUSY}/stats`)) as { days: { disposition: Record<string, number> }[] };
      const sum = (...names: string[]) =>
        days.reduce(
          (all, { disposition }) => all + names.reduce((some, name) => some + (disposition[name] ?? 0), 0),
          0,
        );
      expect(await picture.getAttribute("aria-label")).toBe(
        `The last 30 days: accepted ${sum("forwarded", "consumed")}, would have been rejected 0, rejected ${sum("rejected")}`,
      );
      expect(sum("rejected")).toBeGreaterThan(30);
      window.expectCalm();
    });

    test("Enforce is off until a domain is ready, and then enforces by a key", async () => {
      const { page, go } = window;
      await signIn(window, admin);
      await go(`/domains/${NEW}`);
      expect(await page.getByRole("button", { name: "Enforce" }).isDisabled()).toBe(true);
      await go(`/domains/${READY}`);
      await page.getByRole("button", { name: "Enforce" }).focus();
      await page.keyboard.press("Enter");
      await page.getByText("The mode was changed.").waitFor();
      expect(await read(READY)).toMatchObject({ mode: "enforce" });
      await page.getByRole("button", { name: "Observe" }).click();
      await page.getByText("The mode was changed.").waitFor();
      window.expectCalm();
    });

    test("one who may only read sees what is there, and nothing to change it with", async () => {
      const { page, go } = window;
      await signIn(window, reader);
      expect(await main().locator(".card h2 a").allTextContents()).toEqual([BUSY]);
      await go(`/domains/${BUSY}`);
      expect(await main().getByRole("button").count()).toBe(0);
      const tabs = await page.getByRole("navigation", { name: BUSY }).getByRole("link").allTextContents();
      expect(tabs).toEqual(["Mail", "Bounces", "Rejections", "Routes", "Doctor", "Settings", "Audit"]);
      await go(`/domains/${READY}`);
      await page.getByRole("alert").waitFor();
      window.expectCalm(1);
    });

    test("the keyring is rotated and a key retired; the only one that signs is not", async () => {
      const { page, go } = window;
      await signIn(window, admin);
      await go(`/domains/${NEW}/keys`);
      await page.getByText("Retire key 0").first().click();
      await page.getByRole("button", { name: "Retire key 0 now" }).click();
      await page.getByRole("alert").getByText("It is the only key that signs.").waitFor();
      await page.getByRole("button", { name: "Rotate" }).focus();
      await page.keyboard.press("Enter");
      await page.getByText("A new key was made.").waitFor();
      await page.getByText("Retire key 1").first().click();
      await page.getByRole("button", { name: "Retire key 1 now" }).click();
      await page.getByText("The key was retired.").waitFor();
      expect(await read(`${NEW}/keys`)).toMatchObject({
        items: [{ state: "signing" }, { state: "retired" }],
      });
      window.expectCalm(1);
    });

    test("a route is set, changed and removed; what can't be used is said at its field", async () => {
      const { page, go } = window;
      await signIn(window, admin);
      await go(`/domains/${NEW}/routes`);
      await page.getByLabel("Local-part").fill("bob");
      await page.getByLabel("Destinations, to forward to").fill("no mailbox");
      await page.getByRole("button", { name: "Set the route" }).click();
      const wrong = page.getByLabel("Destinations, to forward to");
      expect(await wrong.getAttribute("aria-invalid")).toBe("true");
      expect(await page.getByLabel("Local-part").inputValue()).toBe("bob");
      await wrong.fill("bob@inbox.example");
      await page.getByLabel("Mode").selectOption("off");
      await page.getByRole("button", { name: "Set the route" }).click();
      await page.getByText("The route was set.").waitFor();
      await page.getByRole("link", { name: "Change bob" }).click();
      expect(await page.getByLabel("Mode").inputValue()).toBe("off");
      await page.getByLabel("Mail to it is to be").selectOption("consume");
      await page.getByRole("button", { name: "Set the route" }).click();
      expect(await read(`${NEW}/routes/bob`)).toEqual({ action: "consume", mode: "off" });
      await page.getByText("Remove bob").first().click();
      await page.getByRole("button", { name: "Remove bob now" }).click();
      await page.getByText("The route was removed.").waitFor();
      expect(await read(`${NEW}/routes`)).toEqual({ routes: {} });
      window.expectCalm(1);
    });

    test("bounces stand by class with their references, and are told to the webhook again", async () => {
      const { page, go } = window;
      const receiver = await startReceiver();
      await signIn(window, admin);
      await go(`/domains/${BUSY}/webhook`);
      await page.getByLabel("URL").fill(receiver.url);
      await page.getByRole("button", { name: "Set the webhook" }).click();
      expect(await page.locator(".done code").textContent()).toMatch(/^whsec_/);
      await go(`/domains/${BUSY}/bounces`);
      for (const heading of ["Hard", "Soft"]) {
        await page.getByRole("heading", { name: heading }).waitFor();
      }
      await page.getByText("order-100").waitFor();
      await page.getByRole("button", { name: "Tell the webhook again" }).first().click();
      await page.getByText("It is sent once more.").waitFor();
      await expect.poll(() => receiver.received.length, { timeout: 15_000 }).toBeGreaterThan(0);
      await go(`/domains/${BUSY}/webhook`);
      expect(await page.locator(".done code").count()).toBe(0);
      await page.getByText("Remove the webhook").click();
      await page.getByRole("button", { name: "Remove it now" }).click();
      await page.getByText("The webhook was removed.").waitFor();
      await receiver.stop();
      await go(`/domains/${BUSY}/audit`);
      await page.getByText("webhook.removed").waitFor();
      await page.getByText("by the token operator").first().waitFor();
      window.expectCalm();
    });

    test("rejections say exactly why", async () => {
      const { page, go } = window;
      await signIn(window, reader);
      await go(`/domains/${BUSY}/rejections`);
      await page.getByText("bad-signature. Its MAC is wrong").first().waitFor();
      await page.getByText("missing. The address has no tag").first().waitFor();
      window.expectCalm();
    });

    test("settings are saved, wrong ones said at their field, and a domain that is there is not made anew", async () => {
      const { page, go } = window;
      await signIn(window, admin);
      await go(`/domains/${NEW}/settings`);
      await page.getByLabel("Days that a tag is valid").fill("91");
      await page.getByRole("button", { name: "Save the settings" }).click();
      expect(await page.getByLabel("Days that a tag is valid").getAttribute("aria-invalid")).toBe("true");
      await page.getByLabel("Days that a tag is valid").fill("9");
      await page.getByLabel("Exempt recipients").fill("dmarc\ntls-reports");
      await page.getByRole("button", { name: "Save the settings" }).click();
      await page.getByText("The settings were saved.").waitFor();
      await go("/");
      await page.getByLabel("Domain name").fill(NEW);
      await page.getByRole("button", { name: "Add it" }).click();
      await page.getByText("It is there already.").first().waitFor();
      expect(await read(NEW)).toMatchObject({ lifetimeDays: 9, exempt: ["dmarc", "tls-reports"] });
      window.expectCalm(2);
    });

    test("a reverse-path is taken apart", async () => {
      const { page, go } = window;
      await signIn(window, admin);
      await go(`/domains/${BUSY}/inspect`);
      await page.getByLabel("A reverse-path, or a whole bounce").fill(`prvs=0000000000=alice@${BUSY}`);
      await page.getByRole("button", { name: "Inspect" }).click();
      await page.getByText("Its MAC is wrong").waitFor();
      await page.getByText("refused for good: 555 5.7.1").waitFor();
      expect(await findViolations(page)).toEqual([]);
      window.expectCalm();
    });

    test("the doctor says what is right in the DNS, and what is not", async () => {
      const { go } = window;
      await signIn(window, reader);
      await go(`/domains/${BUSY}/doctor`);
      const statuses = await main().locator(".checks").first().locator("li").allTextContents();
      expect(statuses.map((text) => text.slice(0, 8).trim())).toEqual([
        "pass mx",
        "pass spf",
        "warn dki",
        "pass dma",
      ]);
      window.expectCalm();
    });

    test("a token is made, shown once, and revoked", async () => {
      const { page, go } = window;
      await signIn(window, admin);
      await go("/tokens");
      await page.getByLabel("Name").fill("newsletter");
      await page.getByLabel("sign:").check();
      await page.getByLabel("For the domains").fill(NEW);
      await page.getByRole("button", { name: "Make the token" }).click();
      expect(await page.locator(".done code").textContent()).toMatch(/^cs_/);
      await page.getByText("Revoke newsletter").first().click();
      await page.getByRole("button", { name: "Revoke newsletter now" }).click();
      await page.getByText("The token was revoked.").waitFor();
      window.expectCalm();
    });

    test("a domain is deleted by its name", async () => {
      const { page, go } = window;
      await signIn(window, admin);
      await go(`/domains/${NEW}/settings`);
      await page.getByText(`Delete ${NEW}`).click();
      await page.getByLabel("Its name, to be sure").fill("other");
      await page.getByRole("button", { name: "Delete it now" }).click();
      await page.getByText(`Write ${NEW} to delete it.`).first().waitFor();
      await page.getByText(`Delete ${NEW}`, { exact: true }).click();
      await page.getByLabel("Its name, to be sure").fill(NEW);
      await page.getByRole("button", { name: "Delete it now" }).click();
      await page.getByText("The domain was deleted").waitFor();
      window.expectCalm(1);
    });
  });
});
