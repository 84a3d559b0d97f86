import { Webhook as Verifier } from "standardwebhooks";
import { describe, expect, test } from "vitest";
import {
  judgeAnswer,
  makeWebhookSecret,
  retryDueAt,
  signWebhook,
  WEBHOOK_SECRET_OCTETS,
} from "../../src/core/webhook.ts";
import { composeRequest, readAnswer, readFault, readSilence } from "../../src/core/webhook-request.ts";
import { NOW } from "./fixtures.ts";

const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const EVENT = { id: "msg_1", type: "bounce.failed", at: NOW, data: { ref: "größe-😀", status: "5.1.1" } };

describe("a signature", () => {
  test("is the known one", async () => {
    // Computed with OpenSSL: printf … | openssl dgst -sha256 -mac HMAC -macopt hexkey:31f290f6… -binary | base64
    const body = '{"test": 2432232314}';
    expect(await signWebhook(SECRET, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body)).toBe(
      "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    );
  });

  test("is what Standard Webhooks' own library makes, and verifies there", async () => {
    const secret = makeWebhookSecret(crypto.getRandomValues(new Uint8Array(32)));
    const verifier = new Verifier(secret);
    const now = Date.now();
    const { headers, body } = await composeRequest(secret, EVENT, now);
    expect(headers["webhook-signature"]).toBe(verifier.sign(EVENT.id, new Date(now), body));
    expect(verifier.verify(body, { ...headers })).toEqual({
      type: "bounce.failed",
      timestamp: "2026-11-24T12:00:00.000Z",
      data: EVENT.data,
    });
    expect(() => verifier.verify(`${body} `, { ...headers })).toThrow();
  });

  test.each(["", "whsec_", "whsec_%%%", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"])(
    "is not made with %j, which is not quoted",
    async (secret) => {
      const signing = signWebhook(secret, "msg_1", 1, "{}");
      await expect(signing).rejects.toThrow("The webhook's secret is not whsec_ and base64.");
    },
  );
});

test("a secret is whsec_ and base64 of its octets", () => {
  expect(makeWebhookSecret(new Uint8Array(32).fill(0xfb))).toBe(
    "whsec_+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/s=",
  );
});

describe("a request", () => {
  test("has the same id and body on every attempt, and the time of its own", async () => {
    const first = await composeRequest(SECRET, EVENT, NOW);
    const second = await composeRequest(SECRET, EVENT, NOW + 5_999);
    expect(second.body).toBe(first.body);
    expect(first.headers).toMatchObject({
      "content-type": "application/json",
      "user-agent": "Countersign",
      "webhook-id": "msg_1",
      "webhook-timestamp": String(NOW / 1_000),
    });
    expect(second.headers).toMatchObject({
      "webhook-id": "msg_1",
      "webhook-timestamp": String(NOW / 1_000 + 5),
    });
    expect(second.headers["webhook-signature"]).not.toBe(first.headers["webhook-signature"]);
  });
});

describe("a delivery is tried", () => {
  const waitS = (attempts: number, jitter: number) =>
    ((retryDueAt(attempts, NOW, jitter) ?? Number.NaN) - NOW) / 1_000;

  test("at once, then after 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h, and then no more", () => {
    const attempts = [...Array(10).keys()];
    expect(attempts.map((attempt) => waitS(attempt, 0))).toEqual([
      0, 5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400,
    ]);
    expect(retryDueAt(10, NOW, 0)).toBeNull();
    expect(retryDueAt(11, NOW, 0)).toBeNull();
  });

  test("later by chance, by a fifth at the most, at a whole millisecond", () => {
    expect([waitS(1, 0.5), waitS(1, 1), waitS(9, 1)]).toEqual([5.5, 6, 103_680]);
    expect(Number.isInteger(retryDueAt(1, NOW, 0.123_456_789))).toBe(true);
  });
});

describe("an answer", () => {
  test.each([200, 202, 204, 299])("of %i is a delivery", (status) => {
    expect(readAnswer(status)).toEqual({ meaning: "delivered" });
  });

  test.each([
    [410, "gone", "answered 410"],
    [199, "failed", "answered 199"],
    [301, "failed", "redirects are not followed (301)"],
    [308, "failed", "redirects are not followed (308)"],
    [400, "failed", "answered 400"],
    [429, "failed", "answered 429"],
    [500, "failed", "answered 500"],
  ])("of %i is none: %s", (status, meaning, error) => {
    expect(judgeAnswer(status)).toBe(meaning);
    expect(readAnswer(status)).toEqual({ meaning, error });
  });
});

describe("what is told of a failure", () => {
  const told = (fault: unknown) => readFault("could not be reached", fault);

  test("is one printable line of 200 characters at most, without the URL", () => {
    expect(readSilence(15_000)).toEqual({ meaning: "failed", error: "no answer within 15 s" });
    expect(told(new TypeError("fetch failed", { cause: { code: "ECONNREFUSED" } }))).toMatchObject({
      error: "could not be reached: fetch failed (ECONNREFUSED)",
    });
    expect(told(new Error("a\r\nb\u0000 ü https://hooks.example.com/T0/secret?x#y failed"))).toMatchObject({
      error: "could not be reached: a b its URL failed",
    });
    expect(told(new Error("x".repeat(500)))).toHaveProperty("error.length", 200);
    expect(told("whsec_x")).toMatchObject({ error: "could not be reached: for no known reason" });
  });
});

describe("of a fault is told", () => {
  const told = (fault: unknown, what: Parameters<typeof readFault>[0] = "could not be reached") => {
    const attempt = readFault(what, fault);
    return attempt.meaning === "delivered" ? null : [attempt.meaning, attempt.error];
  };

  test("what was tried, and the reason with its code where there is one", () => {
    expect(told(new Error("no key"), "could not be signed")).toEqual([
      "failed",
      "could not be signed: no key",
    ]);
    expect(told(new Error("x", { cause: { code: 7 } }))).toEqual(["failed", "could not be reached: x"]);
    expect(told(new Error("x", { cause: null }))).toEqual(["failed", "could not be reached: x"]);
    expect(told(null)).toEqual(["failed", "could not be reached: for no known reason"]);
  });

  test("no URL, however it is written or often it stands there", () => {
    expect(told(new Error("from http://a.example/x to HTTPS://b.example/y?z"))).toEqual([
      "failed",
      "could not be reached: from its URL to its URL",
    ]);
    expect(told(new Error("at https:// now"))).toEqual(["failed", "could not be reached: at its URL now"]);
    expect(told(new Error("xhttp://a.example"))).toEqual(["failed", "could not be reached: xits URL"]);
  });

  test("one line: what is not printable is a space, and several are one", () => {
    expect(told(new Error("a \t\u0000  b\u007fc~"))).toEqual(["failed", "could not be reached: a b c~"]);
  });

  test("200 characters, and no more", () => {
    const prefix = "could not be reached: ".length;
    expect(told(new Error("x".repeat(200 - prefix)))?.[1]).toHaveLength(200);
    expect(told(new Error("x".repeat(201 - prefix)))?.[1]).toHaveLength(200);
    expect(told(new Error("x".repeat(199 - prefix)))?.[1]).toHaveLength(199);
  });
});

test("a redirect is any answer from 300 to 399, and no other", () => {
  expect(readAnswer(300)).toEqual({ meaning: "failed", error: "redirects are not followed (300)" });
  expect(readAnswer(399)).toEqual({ meaning: "failed", error: "redirects are not followed (399)" });
});

test("a secret of ours has 32 octets, within what Standard Webhooks asks for", () => {
  expect(WEBHOOK_SECRET_OCTETS).toBe(32);
});

test("a secret signs without its prefix, which must stand in front", async () => {
  const body = '{"test": 2432232314}';
  const signing = signWebhook(`x${SECRET}`, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body);
  await expect(signing).rejects.toThrow("The webhook's secret is not whsec_ and base64.");
});
