// The whole decision, as a table: every combination of facts, and the rule that holds for it.

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { Evidence } from "../../src/core/evidence.ts";
import {
  type Action,
  annotate,
  DISPOSITIONS,
  decide,
  describeDecision,
  type Facts,
  SENTENCES,
  UNCONFIGURED,
} from "../../src/core/policy.ts";
import type { Route } from "../../src/core/route.ts";
import type { Mode } from "../../src/core/settings.ts";
import type { TagStatus } from "../../src/core/tag-status.ts";
import { everyCombination, printPolicyTable, WORTHLESS } from "./policy-table.ts";

const FORWARD: Route = { action: "forward", to: ["inbox@example.net"] };
const CONSUME: Route = { action: "consume" };
const REJECT: Route = { action: "reject", reason: "Closed." };

const forward: Action = { kind: "forward", to: ["inbox@example.net"] };
const consume: Action = { kind: "consume" };
const reject = (sentence: string): Action => ({ kind: "reject", sentence });

/** A forged bounce to an enforcing domain; each test changes what it is about. */
const FACTS: Facts = {
  bounce: true,
  autoReply: false,
  tagStatus: "missing",
  evidence: "none",
  liftable: false,
  route: FORWARD,
  mode: "enforce",
  loop: false,
};
const outcome = (facts: Partial<Facts>) => {
  const { disposition, action } = decide({ ...FACTS, ...facts });
  return [disposition, action];
};

const EVIDENCE: Evidence[] = ["message-id", "auto-reply", "exempt"];

describe("a bounce without evidence", () => {
  test.each(WORTHLESS)(
    "with tag status %s is rejected by one sentence, observed, or let through",
    (tagStatus) => {
      expect(outcome({ tagStatus })).toEqual(["rejected", reject(SENTENCES.unsignedBounce)]);
      expect(outcome({ tagStatus, mode: "observe" })).toEqual(["would-reject", forward]);
      expect(outcome({ tagStatus, mode: "off" })).toEqual(["forwarded", forward]);
    },
  );

  test("to a consuming route is consumed where it is not rejected", () => {
    expect(outcome({ route: CONSUME })).toEqual(["rejected", reject(SENTENCES.unsignedBounce)]);
    expect(outcome({ route: CONSUME, mode: "observe" })).toEqual(["would-reject", consume]);
    expect(outcome({ route: CONSUME, mode: "off" })).toEqual(["consumed", consume]);
  });
});

test.each(EVIDENCE)("a bounce with evidence %s passes in every mode", (evidence) => {
  for (const mode of ["off", "observe", "enforce"] as const) {
    expect(outcome({ evidence, mode })).toEqual(["forwarded", forward]);
    expect(outcome({ evidence, mode, route: CONSUME })).toEqual(["consumed", consume]);
  }
});

test("a bounce with a valid tag passes, and where it has no route it is consumed", () => {
  const signed = { tagStatus: "valid", evidence: "tag" } as const;
  expect(outcome(signed)).toEqual(["forwarded", forward]);
  expect(outcome({ ...signed, route: null })).toEqual(["consumed", consume]);
});

test("without a route nothing else passes: a domain is no catch-all for backscatter", () => {
  const nowhere = ["no-such-address", reject("Address does not exist.")];
  for (const mode of ["off", "observe", "enforce"] as const) {
    expect(outcome({ route: null, mode })).toEqual(nowhere);
    expect(outcome({ route: null, mode, evidence: "message-id" })).toEqual(nowhere);
    expect(outcome({ route: null, mode, bounce: false })).toEqual(nowhere);
    expect(outcome({ route: null, mode, bounce: false, tagStatus: "valid", evidence: "tag" })).toEqual(
      nowhere,
    );
  }
});

test.each<TagStatus>([...WORTHLESS, "valid"])(
  "ordinary mail with tag status %s is delivered",
  (tagStatus) => {
    expect(outcome({ bounce: false, tagStatus })).toEqual(["forwarded", forward]);
  },
);

test("a consuming route takes reports and auto-replies, and no ordinary mail", () => {
  expect(outcome({ route: CONSUME, bounce: false })).toEqual([
    "route-rejected",
    reject("This address takes delivery reports only."),
  ]);
  expect(outcome({ route: CONSUME, bounce: false, autoReply: true })).toEqual(["consumed", consume]);
});

test("a rejecting route gives its reason to everyone", () => {
  for (const bounce of [true, false]) {
    expect(outcome({ route: REJECT, bounce })).toEqual(["route-rejected", reject("Closed.")]);
  }
});

test("a route's own mode beats the domain's", () => {
  const modes: Mode[] = ["off", "observe", "enforce"];
  for (const mode of modes) {
    const [disposition] = outcome({ mode, route: { ...FORWARD, mode: "observe" } });
    expect(disposition).toBe("would-reject");
    const [other] = outcome({ mode, route: { ...FORWARD, mode: "enforce" } });
    expect(other).toBe("rejected");
  }
});

test("a message that came back is refused where it would be forwarded again, and nowhere else", () => {
  const circle = ["route-rejected", reject(SENTENCES.loop)];
  expect(outcome({ loop: true, bounce: false })).toEqual(circle);
  expect(outcome({ loop: true, tagStatus: "valid", evidence: "tag" })).toEqual(circle);
  expect(outcome({ loop: true, mode: "observe" })).toEqual(circle);
  expect(outcome({ loop: true })).toEqual(["rejected", reject(SENTENCES.unsignedBounce)]);
  expect(outcome({ loop: true, route: CONSUME, evidence: "exempt" })).toEqual(["consumed", consume]);
});

test("a decision rests on the snapshot where that may lack the route, or what makes evidence", () => {
  expect(decide({ ...FACTS, route: null }).restsOnSnapshot).toBe(true);
  expect(decide({ ...FACTS, route: REJECT }).restsOnSnapshot).toBe(true);
  expect(decide(FACTS).restsOnSnapshot).toBe(false);
  expect(decide({ ...FACTS, liftable: true }).restsOnSnapshot).toBe(true);
  expect(decide({ ...FACTS, liftable: true, mode: "observe" }).restsOnSnapshot).toBe(false);
});

describe("the table of the whole decision", () => {
  const table = printPolicyTable();

  test("is the README's", () => {
    console.log(table);
    const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
    // Where they differ: node test/core/policy-table.ts, and decide which of the two is right.
    expect(/### The whole decision\n.*?(\n\|.*?)\n\n/s.exec(readme)?.[1]?.trim()).toBe(table);
  });

  test("leaves out only what makes no difference", () => {
    for (const facts of everyCombination()) {
      const { disposition, action } = decide(facts);
      const others: Partial<Facts>[] = [
        { liftable: true },
        ...(facts.tagStatus === "valid" ? [] : WORTHLESS.map((tagStatus) => ({ tagStatus }))),
        ...(facts.bounce ? [{ autoReply: true }] : []),
        ...(facts.route === null
          ? []
          : [{ route: { ...facts.route, mode: facts.mode }, mode: "off" as const }]),
      ];
      for (const other of others) {
        expect(decide({ ...facts, ...other })).toMatchObject({ disposition, action });
      }
    }
  });
});

test("every sentence is one line of printable ASCII without an address", () => {
  for (const sentence of Object.values(SENTENCES)) expect(sentence).toMatch(/^[\x20-\x3f\x41-\x7e]{1,199}$/);
});

test("senders read these sentences, and no others", () => {
  expect(SENTENCES).toEqual({
    unsignedBounce: "This address takes bounces only of mail that it sent.",
    noSuchAddress: "Address does not exist.",
    reportsOnly: "This address takes delivery reports only.",
    loop: "This message has passed here before; it is going round in a circle.",
    undeliverable: "The mailbox behind this address does not take this message.",
  });
});

test("dispositions are counted by these names", () => {
  expect(DISPOSITIONS).toEqual([
    "forwarded",
    "consumed",
    "rejected",
    "would-reject",
    "no-such-address",
    "route-rejected",
    "deferred",
  ]);
});

test("a domain that is not configured has no address, so far as is known here", () => {
  expect(UNCONFIGURED).toEqual({
    disposition: "no-such-address",
    action: reject("Address does not exist."),
    restsOnSnapshot: true,
    unproven: false,
  });
});

describe("a decision", () => {
  const decided = (facts: Partial<Facts>) => decide({ ...FACTS, ...facts });

  test("tells a judged bounce without evidence from all else, whatever becomes of it", () => {
    expect(decided({}).unproven).toBe(true);
    expect(decided({ mode: "observe" }).unproven).toBe(true);
    expect(decided({ route: CONSUME, mode: "observe" }).unproven).toBe(true);
    for (const facts of [
      { mode: "off" },
      { evidence: "tag" },
      { bounce: false },
      { route: REJECT },
      { route: null },
      { mode: "observe", loop: true },
      { bounce: false, route: CONSUME },
    ] as const) {
      expect(decided(facts).unproven).toBe(false);
    }
  });

  test("rests on the snapshot where a bounce with a valid tag has nowhere to go, and not where it has", () => {
    const signed = { tagStatus: "valid", evidence: "tag" } as const;
    expect(decided({ ...signed, route: null })).toEqual({
      disposition: "consumed",
      action: consume,
      restsOnSnapshot: true,
      unproven: false,
    });
    expect(decided(signed)).toEqual({
      disposition: "forwarded",
      action: forward,
      restsOnSnapshot: false,
      unproven: false,
    });
  });

  test.each<[Partial<Facts>, string]>([
    [{}, "refused for good: 555 5.7.1 This address takes bounces only of mail that it sent."],
    [{ route: REJECT }, "refused for good: 555 5.7.1 Closed."],
    [{ bounce: false }, "forwarded to inbox@example.net"],
    [
      { bounce: false, route: { action: "forward", to: ["a@example.net", "b@example.net"] } },
      "forwarded to a@example.net, then b@example.net",
    ],
    [
      { mode: "observe" },
      "forwarded to inbox@example.net; while the domain enforces it is refused for good: 555 5.7.1 This address takes bounces only of mail that it sent.",
    ],
    [{ evidence: "exempt", route: CONSUME }, "taken and recorded, and goes nowhere"],
    [
      { mode: "observe", route: CONSUME },
      "taken; while the domain enforces it is refused for good: 555 5.7.1 This address takes bounces only of mail that it sent.",
    ],
  ])("over %j reads: %s", (facts, text) => {
    expect(describeDecision(decided(facts))).toBe(text);
  });
});

describe("the recipient is told", () => {
  const told = (change: Partial<Facts>) => {
    const facts = { ...FACTS, ...change };
    return Object.fromEntries(annotate(facts, decide(facts), "example.com"));
  };

  test("of a bounce what was found, and what enforcing would do", () => {
    expect(told({ mode: "observe", tagStatus: "expired" })).toEqual({
      "X-Countersign": "expired; by=example.com; evidence=none",
      "X-Countersign-Would": "reject",
    });
    expect(told({ evidence: "exempt" })).toEqual({
      "X-Countersign": "missing; by=example.com; evidence=exempt",
    });
  });

  test("of ordinary mail only where it bears a tag", () => {
    expect(told({ bounce: false })).toEqual({});
    expect(told({ bounce: false, tagStatus: "malformed" })).toEqual({
      "X-Countersign": "malformed; by=example.com; evidence=none",
    });
  });
});
