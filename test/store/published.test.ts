// How an isolate reads: memory, KV, and the object's word where those leave doubt. The sources are fakes that count,
// lag and fail; the clock is moved by hand.

import { beforeEach, describe, expect, test, vi } from "vitest";
import { decodeSnapshot, encodeSnapshot, type Snapshot } from "../../src/core/snapshot.ts";
import { emptyMemory, Published } from "../../src/store/published.ts";
import { StorageUnreachable } from "../../src/store/unreachable.ts";
import { NOW, snapshotOf } from "../core/fixtures.ts";

const FIRST: Snapshot = { ...snapshotOf(), revision: NOW - 1_000_000 };
const SECOND: Snapshot = { ...FIRST, revision: NOW - 500_000 };
const DOMAIN = FIRST.domain;

let memory = emptyMemory<Snapshot>();
let kv: Snapshot | null | Error = null;
let object: Snapshot | null | Error = null;
let calls: string[] = [];

beforeEach(() => {
  memory = emptyMemory<Snapshot>();
  kv = null;
  object = null;
  calls = [];
});

const give = (source: Snapshot | null | Error): string | null => {
  if (source instanceof Error) throw source;
  return source && encodeSnapshot(source);
};

/** The isolate, some milliseconds after NOW. */
const at = (ms: number) =>
  new Published(
    memory,
    {
      published: async (name) => {
        calls.push(`kv ${name}`);
        return give(kv);
      },
      ask: async (domain) => {
        calls.push(`ask ${domain}`);
        return give(object);
      },
      decode: decodeSnapshot,
    },
    NOW + ms,
  );

const KV_READ = `kv ${DOMAIN}`;
const ASKED = `ask ${DOMAIN}`;

describe("reading", () => {
  test("a warm isolate reads nothing for 15 s, then KV again", async () => {
    kv = FIRST;
    expect(await at(0).read(DOMAIN)).toEqual(FIRST);
    expect(await at(14_999).read(DOMAIN)).toEqual(FIRST);
    expect(calls).toEqual([KV_READ]);
    kv = SECOND;
    expect(await at(15_000).read(DOMAIN)).toEqual(SECOND);
    expect(calls).toEqual([KV_READ, KV_READ]);
  });

  test("where KV has none the object is asked, at most every 10 s", async () => {
    expect(await at(0).read(DOMAIN)).toBeNull();
    expect(await at(9_999).read(DOMAIN)).toBeNull();
    expect(calls).toEqual([KV_READ, ASKED]);
    object = FIRST;
    expect(await at(10_000).read(DOMAIN)).toEqual(FIRST);
    expect(calls).toEqual([KV_READ, ASKED, KV_READ, ASKED]);
  });

  test("an unreadable KV is made up for by the object", async () => {
    kv = new Error("KV GET failed: 500");
    object = FIRST;
    expect(await at(0).read(DOMAIN)).toEqual(FIRST);
  });

  test("a snapshot of a form that is not known here is made up for likewise", async () => {
    object = FIRST;
    const sources = {
      published: async () => '{"format":99}',
      ask: async () => give(object),
      decode: decodeSnapshot,
    };
    expect(await new Published(memory, sources, NOW).read(DOMAIN)).toEqual(FIRST);
  });

  test("where neither answers it fails, and does not ask again for 10 s", async () => {
    kv = new Error("KV GET failed: 500");
    object = new Error("Network connection lost.");
    await expect(at(0).read(DOMAIN)).rejects.toThrow(StorageUnreachable);
    await expect(at(9_999).read(DOMAIN)).rejects.toThrow(StorageUnreachable);
    expect(calls.filter((call) => call === ASKED)).toHaveLength(1);
    object = FIRST;
    expect(await at(10_000).read(DOMAIN)).toEqual(FIRST);
  });
});

describe("confirming", () => {
  test("asks the object, and its answer stands for 10 s", async () => {
    kv = FIRST;
    object = SECOND;
    await at(0).read(DOMAIN);
    expect(await at(1).confirm(DOMAIN)).toEqual(SECOND);
    expect(await at(10_000).confirm(DOMAIN)).toEqual(SECOND);
    expect(calls).toEqual([KV_READ, ASKED]);
    await at(10_001).confirm(DOMAIN);
    expect(calls).toEqual([KV_READ, ASKED, ASKED]);
  });

  test("many at once ask once", async () => {
    object = FIRST;
    const answers = await Promise.all(Array.from({ length: 100 }, () => at(0).confirm(DOMAIN)));
    expect(new Set(answers.map((answer) => answer?.revision))).toEqual(new Set([FIRST.revision]));
    expect(calls).toEqual([ASKED]);
  });

  test("an answer that never comes defers whoever waits for it, and is asked for again", async () => {
    vi.useFakeTimers();
    try {
      const never = {
        published: async () => null,
        ask: () => new Promise<never>(() => {}),
        decode: decodeSnapshot,
      };
      const snapshots = new Published(memory, never, NOW);
      const waiting = Promise.allSettled([snapshots.confirm(DOMAIN), snapshots.confirm(DOMAIN)]);
      await vi.advanceTimersByTimeAsync(5_000);
      const reasons = (await waiting).map((result) => result.status === "rejected" && result.reason);
      expect(reasons.map((reason) => reason instanceof StorageUnreachable)).toEqual([true, true]);
    } finally {
      vi.useRealTimers();
    }
    object = FIRST;
    expect(await at(10_000).confirm(DOMAIN)).toEqual(FIRST);
  });

  test("a question whose asker is gone does not stand in the way", async () => {
    memory.asking.set(DOMAIN, { answer: new Promise(() => {}), since: NOW });
    object = FIRST;
    expect(await at(5_000).confirm(DOMAIN)).toEqual(FIRST);
  });

  test("fails where the object can't be asked, and keeps what is held", async () => {
    kv = FIRST;
    object = new Error("Network connection lost.");
    await at(0).read(DOMAIN);
    await expect(at(1).confirm(DOMAIN)).rejects.toThrow(StorageUnreachable);
    expect(await at(2).read(DOMAIN)).toEqual(FIRST);
  });
});

describe("a KV that lags", () => {
  test("does not take back what the object said", async () => {
    kv = FIRST;
    object = SECOND;
    await at(0).confirm(DOMAIN);
    expect(await at(15_000).read(DOMAIN)).toEqual(SECOND);
  });

  test("does not take back a write of this isolate", async () => {
    kv = FIRST;
    await at(0).read(DOMAIN);
    at(1).adopt(DOMAIN, SECOND);
    object = SECOND;
    for (const ms of [2, 15_001, 30_001, 60_001]) expect(await at(ms).read(DOMAIN)).toEqual(SECOND);
  });

  test("does not bring back a deleted domain", async () => {
    kv = FIRST;
    await at(0).read(DOMAIN);
    at(1).adopt(DOMAIN, null);
    object = null;
    for (const ms of [2, 10_001, 60_001]) expect(await at(ms).read(DOMAIN)).toBeNull();
  });

  test("does not hide a domain created again", async () => {
    kv = FIRST;
    at(0).adopt(DOMAIN, null);
    object = { ...FIRST, revision: NOW + 5_000 };
    expect(await at(10_000).read(DOMAIN)).toEqual(object);
  });

  test("does not overwrite a write that came while it was read", async () => {
    let release = (): void => {};
    const stale = new Promise<string>((resolve) => {
      release = () => resolve(encodeSnapshot(FIRST));
    });
    const sources = {
      published: () => stale,
      ask: async () => encodeSnapshot(SECOND),
      decode: decodeSnapshot,
    };
    const snapshots = new Published(memory, sources, NOW);
    const reading = snapshots.read(DOMAIN);
    snapshots.adopt(DOMAIN, SECOND);
    release();
    expect(await reading).toEqual(SECOND);
    expect(await at(1).read(DOMAIN)).toEqual(SECOND);
  });
});

test("strangers who name many domains do not fill the memory", async () => {
  for (let n = 0; n < 2_500; n++) await at(0).read(`d${n}.example`);
  expect(memory.held.size).toBe(2_000);
});
