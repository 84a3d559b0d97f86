// What the Worker logs: one line for each message and each minted address, with the field's verbs, without content or
// tags; keyed values in place of addresses where the deployment asks for that.

import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { readMessage } from "../../src/local/messages.ts";
import { type LocalWorker, startWorker } from "../../src/local/worker.ts";

interface Minted {
  readonly reversePath: string;
  readonly messageId: string;
}

/** A line with keyed values is written behind the response. */
const eventually = (check: () => void) => vi.waitFor(check, { timeout: 15_000, interval: 50 });

/** The lines but for those of changes, which the set-up wrote. */
const linesOf = (worker: LocalWorker) => worker.lines().filter(({ event }) => event !== "changed");

async function provision(worker: LocalWorker): Promise<Minted> {
  await worker.call("PUT", "/v1/domains/example.com?force=true", { mode: "enforce" });
  const route = { action: "forward", to: ["alice.private@inbox.example"] };
  await worker.call("PUT", "/v1/domains/example.com/routes/alice", route);
  const minted = await worker.call("POST", "/v1/addresses", { address: "alice@example.com", ref: "order-7" });
  return (await minted.json()) as Minted;
}

describe("by default", () => {
  let worker: LocalWorker;
  let minted: Minted;

  beforeAll(async () => {
    worker = await startWorker();
    minted = await provision(worker);
  });
  afterAll(() => worker.stop());

  test("a minted address is one line, without its tag and Message-ID", () => {
    const lines = linesOf(worker);
    expect(lines).toEqual([
      {
        event: "minted",
        domain: "example.com",
        address: "alice@example.com",
        scheme: "cs1",
        key: 0,
        expires: expect.any(String),
        ref: "order-7",
      },
    ]);
  });

  test.each([
    ["exim-failed", "<>", () => minted.reversePath, "forwarded", "forwarded"],
    ["postfix-backscatter", "<>", () => "alice@example.com", "rejected", "rejected"],
    ["ordinary", "bob@example.org", () => "nobody@example.com", "rejected", "no-such-address"],
    ["ordinary", "bob@example.org", () => "nobody@example.org", "rejected", "no-such-address"],
  ])("%s is one line", async (name, from, to, event, disposition) => {
    const raw = readMessage(name, minted);
    await worker.deliver({ from, to: to() }, raw);
    const lines = worker.lines();
    expect(lines).toMatchObject([{ event, disposition }]);
    const text = JSON.stringify(lines);
    expect(text).not.toContain(minted.reversePath.split("=")[1]);
    expect(text).not.toMatch(/Minutes of Tuesday|Received|prvs=|cs1[=.]/);
  });

  test("what is taken and recorded is accepted", async () => {
    const { reversePath } = (await (
      await worker.call("POST", "/v1/addresses", { address: "robot@example.com" })
    ).json()) as Minted;
    await worker.deliver({ from: "<>", to: reversePath }, readMessage("exim-failed", minted));
    expect(worker.lines()).toMatchObject([{ event: "accepted", disposition: "consumed" }]);
  });
});

test("with LOG_ADDRESSES keyed no line names an address, and the same address is the same value", async () => {
  const worker = await startWorker({ vars: { LOG_ADDRESSES: "keyed" } });
  try {
    const minted = await provision(worker);
    const keyed = /^[a-z2-7]{16}@example\.com$/;
    await eventually(() =>
      expect(linesOf(worker)).toMatchObject([{ event: "minted", address: expect.stringMatching(keyed) }]),
    );
    const address = linesOf(worker)[0]?.["address"];
    await worker.deliver({ from: "<>", to: minted.reversePath }, readMessage("exim-failed", minted));
    await eventually(() =>
      expect(worker.lines()).toMatchObject([
        {
          event: "forwarded",
          original: address,
          to: [expect.stringMatching(/^[a-z2-7]{16}@inbox\.example$/)],
        },
      ]),
    );
    expect(JSON.stringify(worker.lines())).not.toMatch(/alice/);
  } finally {
    await worker.stop();
  }
});

test.each([{ LOG_ADDRESSES: "hidden" }, { RECORD_DAYS: "0" }, { RECORD_DAYS: "soon" }])(
  "the vars %j are an error on every request, and defer mail",
  async (vars) => {
    const worker = await startWorker({ vars: vars as Record<string, string> });
    try {
      const response = await worker.call("GET", "/v1/domains");
      expect(response.status).toBe(500);
      expect(await response.json()).toMatchObject({
        type: "urn:countersign:problem:misconfigured",
        detail: expect.stringContaining(Object.keys(vars)[0] ?? ""),
      });
      const raw = "From: a@b.example\r\nMessage-ID: <x@b.example>\r\n\r\n";
      expect((await worker.deliver({ from: "<>", to: "alice@example.com" }, raw)).code).toBe(451);
    } finally {
      await worker.stop();
    }
  },
);
