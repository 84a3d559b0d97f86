// The webhook's settings and its outbox, on a real SQLite (Node's). Only what surrounds it stands in for the object's
// storage.

import { beforeEach, describe, expect, test } from "vitest";
import { Outbox } from "../../../src/store/webhook/outbox.ts";
import { Webhook } from "../../../src/store/webhook/webhook.ts";
import { NOW } from "../../core/fixtures.ts";
import { openStorage } from "../storage.ts";

const URL = "https://hooks.example.com/in";
const CLEAN = { lastSuccess: null, lastFailure: null, lastError: null, disabled: false };

let kept: Map<string, unknown>;
let webhook: Webhook;
let outbox: Outbox;

beforeEach(() => {
  const storage = openStorage();
  kept = storage.kept;
  webhook = new Webhook(storage);
  outbox = new Outbox(storage);
  outbox.open();
});

const idsOf = (deliveries: readonly { id: string }[]) => deliveries.map(({ id }) => id);

describe("a webhook", () => {
  test("is none until it is set", () => {
    expect(webhook.settings).toBeNull();
    expect(webhook.remove()).toBe(false);
    webhook.rewrap("again");
    expect(kept.size).toBe(0);
  });

  test("that is set is enabled and has no history", () => {
    expect(webhook.set(URL, "wrapped")).toBe(true);
    expect(webhook.settings).toEqual({ url: URL, wrapped: "wrapped", ...CLEAN });
  });

  test("keeps how its last deliveries went", () => {
    webhook.set(URL, "wrapped");
    webhook.noteFailure(NOW, "answered 500");
    webhook.noteSuccess(NOW + 1);
    expect(webhook.settings).toMatchObject({
      lastSuccess: NOW + 1,
      lastFailure: NOW,
      lastError: "answered 500",
      disabled: false,
    });
    webhook.disable(NOW + 2, "answered 410");
    expect(webhook.settings).toMatchObject({
      lastFailure: NOW + 2,
      lastError: "answered 410",
      disabled: true,
    });
  });

  test("that is set anew starts afresh, and takes over what is pending", () => {
    webhook.set(URL, "wrapped");
    outbox.add("a", NOW);
    webhook.noteSuccess(NOW);
    webhook.disable(NOW, "answered 410");
    const former = webhook.generation;
    expect(webhook.set(`${URL}/2`, "other")).toBe(false);
    expect(webhook.settings).toEqual({ url: `${URL}/2`, wrapped: "other", ...CLEAN });
    expect(webhook.generation).not.toBe(former);
    expect(outbox.pending).toBe(1);
  });

  test("whose secret is wrapped anew is the same one", () => {
    webhook.set(URL, "wrapped");
    webhook.noteSuccess(NOW);
    const former = webhook.generation;
    webhook.rewrap("again");
    expect(webhook.settings).toEqual({ url: URL, wrapped: "again", ...CLEAN, lastSuccess: NOW });
    expect(webhook.generation).toBe(former);
  });

  test("that is removed leaves nothing, and is another one when it comes back", () => {
    webhook.set(URL, "wrapped");
    outbox.add("a", NOW);
    const former = webhook.generation;
    expect(webhook.remove()).toBe(true);
    expect([webhook.settings, outbox.pending, kept.size]).toEqual([null, 0, 0]);
    webhook.noteSuccess(NOW);
    expect(webhook.settings).toBeNull();
    webhook.set(URL, "wrapped");
    expect(webhook.generation).not.toBe(former);
  });
});

describe("an outbox", () => {
  test("is empty at first, and has nothing due", () => {
    expect([outbox.pending, outbox.dueAt(), outbox.claim(NOW, 20)]).toEqual([0, null, []]);
  });

  test("gives what is due, the longest due first, then the first added", () => {
    outbox.add("late", NOW + 2);
    outbox.add("b", NOW);
    outbox.add("a", NOW);
    outbox.add("early", NOW - 1);
    expect([outbox.pending, outbox.dueAt()]).toEqual([4, NOW - 1]);
    expect(idsOf(outbox.claim(NOW, 20))).toEqual(["early", "b", "a"]);
  });

  test("gives the same to nobody else until it is released", () => {
    for (const id of ["a", "b", "c"]) outbox.add(id, NOW);
    const first = outbox.claim(NOW, 2);
    expect(idsOf(first)).toEqual(["a", "b"]);
    expect(idsOf(outbox.claim(NOW, 2))).toEqual(["c"]);
    for (const delivery of first) outbox.release(delivery);
    expect(idsOf(outbox.claim(NOW, 20))).toEqual(["a", "b"]);
    expect(outbox.dueAt()).toBe(NOW);
  });

  test("puts a delivery off, with one more attempt, or ends it", () => {
    outbox.add("a", NOW);
    const [delivery] = outbox.claim(NOW, 1) as [ReturnType<Outbox["claim"]>[number]];
    outbox.settle(delivery, NOW + 5_000, () => {});
    outbox.release(delivery);
    expect([outbox.pending, outbox.dueAt(), outbox.claim(NOW, 1)]).toEqual([1, NOW + 5_000, []]);
    expect(outbox.claim(NOW + 5_000, 1)).toEqual([{ ...delivery, attempts: 1 }]);
    outbox.settle(delivery, null, () => {});
    expect([outbox.pending, outbox.holds(delivery)]).toEqual([0, false]);
  });

  test("keeps what is added again from the end of its former delivery", () => {
    outbox.add("a", NOW);
    const [former] = outbox.claim(NOW, 1) as [ReturnType<Outbox["claim"]>[number]];
    outbox.add("a", NOW);
    expect([outbox.pending, outbox.holds(former)]).toEqual([1, false]);
    for (const dueAt of [NOW + 5_000, null]) {
      outbox.settle(former, dueAt, () => {});
      expect([outbox.pending, outbox.dueAt()]).toEqual([1, NOW]);
    }
    expect(outbox.claim(NOW, 1)).toMatchObject([{ id: "a", attempts: 0 }]);
  });

  test("gives an event that comes back after its end another number", () => {
    outbox.add("a", NOW);
    const [former] = outbox.claim(NOW, 1) as [ReturnType<Outbox["claim"]>[number]];
    outbox.settle(former, null, () => {});
    outbox.add("a", NOW);
    expect(outbox.holds(former)).toBe(false);
  });

  test("that is cleared leaves nothing, and can be opened again", () => {
    outbox.add("a", NOW);
    outbox.clear();
    outbox.open();
    outbox.open();
    expect(outbox.pending).toBe(0);
  });
});
