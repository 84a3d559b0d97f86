// Webhooks: the URL that is called is the one that people read, and whatever its receiver answers, or fails with, a delivery ends
// as said and what is told of it shows neither URL nor secret.

import fc from "fast-check";
import { expect } from "vitest";
import { readWebhookUrl } from "../../../src/core/webhook.ts";
import { deliverDue, Outbox } from "../../../src/store/webhook/outbox.ts";
import { Webhook } from "../../../src/store/webhook/webhook.ts";
import { NOW } from "../../core/fixtures.ts";
import { openStorage } from "../../store/storage.ts";
import { mutated } from "../mutation.ts";
import { seeded, target } from "../target.ts";

interface Called {
  readonly url: string;
  readonly answer:
    | {
        readonly kind: "answered";
        readonly status: number;
        readonly body: "none" | "endless" | "broken";
        readonly retryAfter: string;
      }
    | {
        readonly kind: "thrown";
        readonly message: string;
        readonly code: string | number | null;
        readonly isError: boolean;
      };
  /** Attempts that were made before. */
  readonly attempts: number;
}

const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
/** A receiver's path may be all that keeps strangers out. */
const CALLED = "https://hooks.example.com/services/T0SECRET/B1?key=2b7e151628aed2a6";
const ATTEMPTS = 10;
const EVENT = { id: "y4s5-1", type: "bounce.failed", at: NOW, data: { original: "alice@example.com" } };

function checkUrl(text: string): void {
  const reading = readWebhookUrl(text, false);
  if (reading.kind === "fault") {
    expect(reading.detail).toMatch(/^[ -~]{1,300}$/);
    return;
  }
  // The host as it is written, so far as that is ASCII, is the host that is called.
  const authority = /^https:\/\/([^/?]*)/i.exec(text)?.[1] ?? "";
  const host = authority.replace(/:[0-9]*$/, "").toLowerCase();
  const { hostname } = new URL(reading.url);
  if (/^[a-z0-9.-]+$/.test(host)) expect(hostname).toBe(host);
  expect(reading.url).toMatch(/^https:\/\/[a-z0-9.-]+(?::[0-9]{1,5})?\/[!-~]*$/);
  expect(reading.url.length).toBeLessThanOrEqual(2_048);
}

function bodyOf(kind: "none" | "endless" | "broken"): ReadableStream | null {
  if (kind === "none") return null;
  return new ReadableStream({
    pull(controller) {
      if (kind === "broken") throw new Error(CALLED);
      controller.enqueue(new Uint8Array(1024));
    },
  });
}

async function checkDelivery({ answer, attempts }: Called): Promise<void> {
  const storage = openStorage();
  const webhook = new Webhook(storage);
  const outbox = new Outbox(storage);
  outbox.open();
  webhook.set(CALLED, "wrapped");
  outbox.add(EVENT.id, NOW);
  storage.sql.exec("UPDATE deliveries SET attempts = ?", attempts);
  const calls: RequestInit[] = [];
  const call = async (_url: unknown, init: RequestInit | undefined): Promise<Response> => {
    calls.push(init ?? {});
    if (answer.kind === "answered") {
      const headers = new Headers({
        "retry-after": answer.retryAfter.replace(/[^ -~]/g, "?"),
        location: CALLED,
      });
      return { status: answer.status, headers, body: bodyOf(answer.body) } as Response;
    }
    const message = answer.message.replaceAll("{url}", () => CALLED);
    throw answer.isError
      ? new Error(message, { cause: answer.code === null ? undefined : { code: answer.code } })
      : message;
  };
  await deliverDue({
    webhook,
    outbox,
    find: () => EVENT,
    open: async () => SECRET,
    fetch: call as typeof fetch,
    now: () => NOW,
    random: () => 0,
  });

  expect(calls).toHaveLength(1);
  expect(calls[0]).toMatchObject({ method: "POST", redirect: "manual" });
  const status = answer.kind === "answered" ? answer.status : 0;
  const { lastSuccess, lastFailure, lastError, disabled } = webhook.settings ?? expect.fail("It is gone.");
  const isDone = status >= 200 && status < 300;
  expect([lastSuccess, lastFailure]).toEqual(isDone ? [NOW, null] : [null, NOW]);
  expect(disabled).toBe(status === 410);
  const isAgain = !isDone && status !== 410 && attempts + 1 < ATTEMPTS;
  expect(outbox.pending).toBe(isAgain ? 1 : 0);
  if (isAgain) expect(outbox.dueAt()).toBeGreaterThan(NOW);
  if (isDone) return;
  expect(lastError).toMatch(/^[ -~]{1,200}$/);
  for (const hidden of ["T0SECRET", "2b7e151628aed2a6", SECRET]) expect(lastError).not.toContain(hidden);
}

async function check(called: Called): Promise<void> {
  checkUrl(called.url);
  await checkDelivery(called);
}

const urls = fc.oneof(
  fc.webUrl({ validSchemes: ["https", "http"], withQueryParameters: true }),
  fc.constantFrom(
    "https://hooks.example.com/x",
    "https://bücher.example",
    "https://a.example:8443/?q",
    "https://xn--bcher-kva.example/",
    "https://a.example./",
    "https://127.1/",
    "https://0x7f.1/",
    "https://[::1]/",
  ),
);
const words = fc.constantFrom(
  "{url}",
  " ",
  "connect ECONNREFUSED",
  "getaddrinfo",
  "\r\n",
  "Failed to parse URL from {url}",
  "\0",
  "é",
  "({url})",
  "x{url}",
  '"{url}"',
  "z".repeat(150),
);

const inputs: fc.Arbitrary<Called> = fc.record({
  url: mutated(urls, [
    "https://",
    "@",
    "127.0.0.1",
    "%2e",
    "\u3002",
    "\uff0e",
    ".local",
    "localhost",
    "#",
    "\\",
    "%00",
    "xn--",
  ]),
  answer: fc.oneof(
    fc.record({
      kind: fc.constant("answered" as const),
      status: fc.oneof(
        fc.constantFrom(200, 204, 299, 300, 301, 410, 429, 500, 503, 0, 199),
        fc.integer({ min: 100, max: 599 }),
      ),
      body: fc.constantFrom("none", "endless", "broken"),
      retryAfter: fc.constantFrom("", "1", "-1", "1e99", "Fri, 31 Dec 1999 23:59:59 GMT", "99999999999"),
    }),
    fc.record({
      kind: fc.constant("thrown" as const),
      message: fc.array(words, { maxLength: 4 }).map((parts) => parts.join("")),
      code: fc.constantFrom("ENOTFOUND", "UND_ERR", 5, null),
      isError: fc.constantFrom(true, true, true, false),
    }),
  ),
  attempts: fc.nat(11),
});

export const webhook = target<Called>({
  name: "webhook",
  inputs: seeded("webhook", inputs),
  check,
  runs: 300,
});
