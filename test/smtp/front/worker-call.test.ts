// What an answer to a call of the email handler means: an acceptance or a rejection only where it says exactly that.

import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { callWorker, readAnswer } from "../../../src/smtp/front/worker-call.ts";
import { freePort } from "../../free-port.ts";
import { type Receiver, startReceiver } from "../../receiver.ts";

const FORWARD = {
  recipient: "alice@inbox.example",
  headers: [["x-countersign", "valid"]],
  messageId: "<a@b>",
};
const ACCEPTED = { outcome: "ok", forwards: [FORWARD], replies: [], events: [] };
const read = (result: unknown, status = 200) => readAnswer(status, JSON.stringify(result));

describe("an answer", () => {
  test("with forwards is an acceptance", () => {
    const forwards = [{ to: "alice@inbox.example", headers: [["x-countersign", "valid"]] }];
    expect(read(ACCEPTED)).toEqual({ kind: "accepted", forwards });
  });

  test("without a forward is one too: the Worker keeps what it has", () => {
    expect(read({ ...ACCEPTED, forwards: [] })).toEqual({ kind: "accepted", forwards: [] });
  });

  test("with a reason is a rejection, forwards or not", () => {
    expect(read({ ...ACCEPTED, rejectReason: "No." })).toEqual({ kind: "rejected", reason: "No." });
  });

  test.each<[string, unknown, number?]>([
    ["of an exception", { ...ACCEPTED, outcome: "exception" }, 500],
    ["of an exception with a reason", { ...ACCEPTED, outcome: "exception", rejectReason: "No." }, 200],
    ["with another status", ACCEPTED, 500],
    ["with a status of its kind", ACCEPTED, 204],
    ["with an unknown outcome", { ...ACCEPTED, outcome: "canceled" }],
    ["without an outcome", { forwards: [] }],
    ["without forwards", { outcome: "ok" }],
    ["with forwards that are none", { ...ACCEPTED, forwards: {} }],
    ["with a forward that goes nowhere", { ...ACCEPTED, forwards: [FORWARD, { headers: [] }] }],
    ["with a forward without header fields", { ...ACCEPTED, forwards: [{ recipient: "a@b" }] }],
    ["with a header field without a value", { ...ACCEPTED, forwards: [{ ...FORWARD, headers: [["x"]] }] }],
    [
      "with a forward with parameters",
      { ...ACCEPTED, forwards: [{ ...FORWARD, recipient: "a@b> NOTIFY=NEVER" }] },
    ],
    ["with a forward with a line end", { ...ACCEPTED, forwards: [{ ...FORWARD, recipient: "a@b\r\nRSET" }] }],
    [
      "with a field that is two",
      { ...ACCEPTED, forwards: [{ ...FORWARD, headers: [["x: y\r\nBcc", "z"]] }] },
    ],
    ["with a reason that is no text", { ...ACCEPTED, rejectReason: null }],
    ["that is a list", [ACCEPTED]],
    ["that is null", null],
  ])("%s is a failure", (_, result, status) => {
    expect(read(result, status).kind).toBe("failed");
  });

  test.each([
    [200, "Worker successfully processed email"],
    [400, "Worker rejected email with the following reason: No."],
    [200, ""],
    [502, "<html>"],
  ])("of %i in plain words, %j, is a failure", (status, body) => {
    expect(readAnswer(status, body).kind).toBe("failed");
  });

  test("of any other kind is a failure", () => {
    fc.assert(
      fc.property(fc.json(), fc.nat(599), (body, status) => {
        expect(readAnswer(status, body).kind).toBe("failed");
      }),
    );
  });

  test("that is not understood is shown by its first line alone", () => {
    expect(readAnswer(500, "TypeError: x\n    at handleEmail")).toEqual({
      kind: "failed",
      detail: "what answers in the Worker's place is 500 TypeError: x",
    });
  });
});

describe("a call", () => {
  let receiver: Receiver | null = null;
  afterEach(() => receiver?.stop());
  const call = (from: string, url: string) =>
    callWorker(url, { from, to: "a+b@example.com" }, Buffer.from("\xe4\0", "latin1"));

  test.each([
    ["bob=x+y@example.org", "bob%3Dx%2By%40example.org"],
    ["", "%3C%3E"],
  ])("has the envelope of <%s> in its query", async (from, query) => {
    receiver = await startReceiver();
    await call(from, new URL(receiver.url).origin);
    expect(receiver.received).toMatchObject([
      { method: "POST", path: `/cdn-cgi/handler/email?from=${query}&to=a%2Bb%40example.com&format=json` },
    ]);
  });

  test.each(["close", "cut", "redirect", 200, 404, 503] as const)(
    "that is answered by %j fails",
    async (answer) => {
      receiver = await startReceiver();
      receiver.answer(answer);
      expect((await call("", new URL(receiver.url).origin)).kind).toBe("failed");
      expect(receiver.followed).toEqual([]);
    },
  );

  test("of a Worker that is not there fails, and says where it was looked for", async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    expect(await call("", url)).toEqual({
      kind: "failed",
      detail: `the Worker at ${url} can't be reached: ECONNREFUSED`,
    });
  });
});
