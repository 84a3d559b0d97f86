import { describe, expect, test } from "vitest";
import { hasPassed, signHop } from "../../src/core/hop.ts";
import { type Claim, type Judging, judge } from "../../src/core/judge.ts";
import { splitPath } from "../../src/core/mailbox.ts";
import { mint } from "../../src/core/mint.ts";
import { deriveDeploymentKey } from "../../src/core/signature.ts";
import { DAY, JUDGING, KEY, NOW, orderOf, type Spoiled, signerOf, snapshotOf } from "./fixtures.ts";

const SIGNED = "prvs=3788b9ac3e=user@example.com";
const ENFORCE = { settings: { mode: "enforce" } } as const;

/** A genuine bounce; each test spoils one thing. */
async function judged(
  change: {
    from?: string;
    to?: string;
    headers?: Record<string, string>;
    spoiled?: Spoiled;
    now?: number;
    admit?: Judging["admit"];
  } = {},
) {
  const mail = {
    reversePath: change.from ?? "",
    forwardPath: splitPath(change.to ?? SIGNED) ?? { localPart: "", domain: "" },
    headers: new Headers(change.headers),
  };
  const judging = { ...JUDGING, admit: change.admit ?? JUDGING.admit };
  return judge(mail, snapshotOf({ ...ENFORCE, ...change.spoiled }), judging, change.now ?? NOW);
}

async function messageId(): Promise<string> {
  const user = { localPart: "user", domain: "example.com" };
  const signer = await signerOf();
  const nonce = new Uint8Array(10);
  const finding = await mint(orderOf(user), signer, { to: user, signer, nonce });
  return (finding.kind === "minted" && finding.minted.messageId) || "";
}

describe("evidence", () => {
  test("is the tag", async () => {
    expect((await judged()).evidence).toBe("tag");
  });

  test("is a signed Message-ID, for a bounce to the untagged address", async () => {
    const headers = { "in-reply-to": await messageId() };
    expect(await judged({ to: "user@example.com", headers })).toMatchObject({
      evidence: "message-id",
      decision: { disposition: "forwarded" },
    });
    expect((await judged({ to: "other@example.com", headers })).evidence).toBe("none");
    expect(
      (await judged({ to: "user@example.com", headers: { references: headers["in-reply-to"] } })).evidence,
    ).toBe("message-id");
  });

  test("is an auto-reply's look, only where the domain accepts that", async () => {
    const mail = { to: "user@example.com", headers: { "auto-submitted": "auto-replied" } };
    expect((await judged(mail)).evidence).toBe("none");
    const spoiled = { settings: { mode: "enforce", autoReplies: "accept" } } as const;
    expect((await judged({ ...mail, spoiled })).evidence).toBe("auto-reply");
    const dsn = { ...mail.headers, "content-type": "multipart/report; report-type=delivery-status" };
    expect((await judged({ ...mail, headers: dsn, spoiled })).evidence).toBe("none");
  });

  test.each(["postmaster@example.com", "Abuse@example.com", "dmarc@example.com", "tls@example.com"])(
    "is not needed by %s",
    async (to) => {
      const spoiled = { settings: { mode: "enforce", exempt: ["dmarc", "tls@example.com"] } } as const;
      expect((await judged({ to, spoiled })).evidence).toBe("exempt");
    },
  );
});

describe("a refusal is doubtful", () => {
  test.each([
    ["where the domain has no key", { keys: [] }],
    ["where the key number is not held", { keys: [{ ...KEY, number: 4 }] }],
    ["where the key is another one", { keys: [{ ...KEY, wrapped: "of a former domain of that name" }] }],
    ["where there is no route", { routes: {} }],
    ["where the route rejects", { routes: { "*": { action: "reject", reason: "No." } } }],
  ] as const)("%s", async (_, spoiled) => {
    expect((await judged({ spoiled: { ...ENFORCE, ...spoiled } })).decision.restsOnSnapshot).toBe(true);
  });

  test("where the tag has expired, since the lifetime may have grown", async () => {
    expect((await judged({ now: NOW - 20 * DAY })).decision.restsOnSnapshot).toBe(true);
  });

  test("where the route is not the address's own: that may observe, or judge nothing", async () => {
    const to = "user+detail@example.com";
    expect((await judged({ to })).decision).toMatchObject({ disposition: "rejected", restsOnSnapshot: true });
    expect((await judged({ to: "other@example.com" })).decision.restsOnSnapshot).toBe(true);
  });

  test("where a Message-ID names a key number that is not held", async () => {
    const spoiled = { ...ENFORCE, keys: [{ ...KEY, number: 4 }] };
    const headers = { "in-reply-to": await messageId() };
    expect((await judged({ to: "user@example.com", headers, spoiled })).decision.restsOnSnapshot).toBe(true);
    expect((await judged({ to: "user@example.com", spoiled })).decision.restsOnSnapshot).toBe(false);
  });
});

test.each(["user@example.com", "prvs=x=user@example.com", "cs1=x=user@example.com"])(
  "a forged bounce to %s is no doubt: it costs no question",
  async (to) => {
    expect(await judged({ to })).toMatchObject({
      decision: { disposition: "rejected", restsOnSnapshot: false },
    });
  },
);

describe("annotations", () => {
  test("tell status, domain and evidence of a bounce", async () => {
    expect(Object.fromEntries((await judged()).annotations)).toEqual({
      "X-Countersign": "valid; by=example.com; evidence=tag",
      "X-Countersign-Hop": expect.stringMatching(/^[a-z2-7]{16}$/),
    });
  });

  test("tell what observing let through", async () => {
    const spoiled = { settings: { mode: "observe" } } as const;
    expect(Object.fromEntries((await judged({ to: "user@example.com", spoiled })).annotations)).toEqual({
      "X-Countersign": "missing; by=example.com; evidence=none",
      "X-Countersign-Would": "reject",
      "X-Countersign-Hop": expect.any(String),
    });
  });

  test("stand on ordinary mail to a tagged address, and not to an untagged one", async () => {
    expect((await judged({ from: "bob@example.org" })).annotations.get("X-Countersign")).toContain("valid;");
    const ordinary = await judged({ from: "bob@example.org", to: "user@example.com" });
    expect([...ordinary.annotations.keys()]).toEqual(["X-Countersign-Hop"]);
  });
});

test("mail to a tagged address goes where the original's mail goes, in any case", async () => {
  const routes = { user: { action: "forward", to: ["u@example.net"] } } as const;
  const upper = await judged({ to: SIGNED.toUpperCase(), spoiled: { ...ENFORCE, routes } });
  expect(upper.decision.action).toEqual({ kind: "forward", to: ["u@example.net"] });
  expect(upper.tag.status).toBe("valid");
});

describe("a message that was forwarded from here before", () => {
  const passed = async (to: string) => (await judged({ to })).annotations.get("X-Countersign-Hop") ?? "";
  const exempt = { settings: { mode: "enforce", exempt: ["user", "other"] } } as const;

  test("for the same original is refused as a loop, whatever else it is", async () => {
    const headers = { "x-countersign-hop": `foreign, ${await passed(SIGNED)} ,another` };
    for (const mail of [
      {},
      { to: "User@Example.com", spoiled: exempt },
      { from: "bob@example.org", to: "user@example.com" },
    ]) {
      expect((await judged({ ...mail, headers })).decision).toMatchObject({
        disposition: "route-rejected",
        action: { sentence: expect.stringContaining("circle") },
      });
    }
  });

  test("for another original is not: one address may forward to another", async () => {
    const headers = { "x-countersign-hop": await passed(SIGNED) };
    const other = await judged({ from: "bob@example.org", to: "other@example.com", headers });
    expect(other.decision.disposition).toBe("forwarded");
  });

  test("by another deployment is not", async () => {
    const hops = [await deriveDeploymentKey("o".repeat(32), "hop")] as const;
    const mark = await signHop(hops[0], { localPart: "user", domain: "example.com" });
    expect((await judged({ headers: { "x-countersign-hop": mark } })).decision.disposition).toBe("forwarded");
  });

  test("is known by a former secret's mark", async () => {
    const former = JUDGING.hops[0];
    const hops = [await deriveDeploymentKey("n".repeat(32), "hop"), former] as const;
    const field = await signHop(former, { localPart: "user", domain: "example.com" });
    expect(await hasPassed(field, hops, { localPart: "user", domain: "example.com" })).toBe(true);
    expect(await hasPassed(field, [hops[0]], { localPart: "user", domain: "example.com" })).toBe(false);
  });
});

describe("an address with a ref", () => {
  const capped = { settings: { mode: "enforce", maxBouncesPerRef: 2 } } as const;
  const DSN = { "content-type": "multipart/report; report-type=delivery-status" };

  async function signedPath(ref: string | null): Promise<string> {
    const user = { localPart: "user", domain: "example.com" };
    const finding = await mint(orderOf(user, { scheme: "cs1", ref }), await signerOf(), null);
    return finding.kind === "minted" ? finding.minted.reversePath : "";
  }

  test("that has brought enough brings no evidence, and is judged like any other", async () => {
    const to = await signedPath("order-7");
    const claims: Claim[] = [];
    const admit = async (claim: Claim) => {
      claims.push(claim);
      return false;
    };
    const verdict = await judged({ to, spoiled: capped, admit });
    expect(verdict).toMatchObject({
      evidence: "none",
      returned: null,
      decision: { disposition: "rejected" },
    });
    expect(verdict.tag.status).toBe("valid");
    const original = { localPart: "user", domain: "example.com" };
    expect(claims).toEqual([{ original, ref: "order-7", expires: verdict.tag.expires }]);
    const observed = { settings: { ...capped.settings, mode: "observe" } } as const;
    expect((await judged({ to, spoiled: observed, admit })).decision.disposition).toBe("would-reject");
    const ordinary = await judged({ from: "bob@example.org", to, headers: DSN, spoiled: capped, admit });
    expect(ordinary).toMatchObject({ returned: null, decision: { disposition: "forwarded" } });
  });

  test("that has brought enough is not helped by a Message-ID, which whoever has the tag has too", async () => {
    const headers = { "in-reply-to": await messageId() };
    const to = await signedPath("order-7");
    const verdict = await judged({ to, headers, spoiled: capped, admit: async () => false });
    expect(verdict).toMatchObject({
      evidence: "none",
      returned: null,
      decision: { disposition: "rejected" },
    });
    const untagged = await judged({ to: "user@example.com", headers, spoiled: capped });
    expect(untagged).toMatchObject({ evidence: "message-id", returned: "headers" });
  });

  test("is asked about only where the domain caps it, the tag is valid, has a ref, and something comes back", async () => {
    const admit = async () => {
      throw new Error("It was asked.");
    };
    const to = await signedPath("order-7");
    for (const change of [
      { to },
      { to: await signedPath(null), spoiled: capped },
      { to: SIGNED, spoiled: capped },
      { to: "user@example.com", spoiled: capped },
      { to, from: "bob@example.org", spoiled: capped },
      {
        to: to.replace(/[a-z2-7]-order/, (end) => (end.startsWith("a") ? "b-order" : "a-order")),
        spoiled: capped,
      },
    ]) {
      await judged({ ...change, admit });
    }
  });
});

describe("what came back", () => {
  test.each([
    ["a bounce to a valid tag", {}, "body"],
    ["a bounce in a domain that judges nothing", { spoiled: { settings: { mode: "off" } } }, "body"],
    ["a bounce without evidence", { to: "user@example.com" }, null],
    ["a bounce to an exempt recipient", { to: "postmaster@example.com" }, null],
    ["ordinary mail to a valid tag", { from: "bob@example.org" }, null],
  ] as const)("in %s is read from: %j", async (_, change, from) => {
    expect((await judged(change)).returned).toBe(from);
  });

  test.each(["delivery-status", "feedback-report"])(
    "in a %s from anyone to a valid tag is read",
    async (type) => {
      const headers = { "content-type": `multipart/report; report-type=${type}` };
      expect((await judged({ from: "bob@example.org", headers })).returned).toBe("body");
      expect(
        (await judged({ from: "bob@example.org", to: "user@example.com", headers })).returned,
      ).toBeNull();
    },
  );

  test("in an auto-reply that people's own mailboxes send is read, where a tag or Message-ID vouches for it", async () => {
    const from = "bob@example.org";
    const reply = { "auto-submitted": "auto-replied" };
    expect((await judged({ from, headers: reply })).returned).toBe("body");
    expect((await judged({ from, to: "user@example.com", headers: reply })).returned).toBeNull();
    const headers = { ...reply, "in-reply-to": await messageId() };
    expect(await judged({ from, to: "user@example.com", headers })).toMatchObject({
      returned: "headers",
      bounce: false,
      decision: { disposition: "forwarded" },
    });
  });

  test("with a signed Message-ID alone is read from its headers", async () => {
    const headers = { "in-reply-to": await messageId() };
    expect((await judged({ to: "user@example.com", headers })).returned).toBe("headers");
  });
});

describe("a verdict", () => {
  const USER = { localPart: "user", domain: "example.com" };

  async function minted() {
    const signer = await signerOf();
    const replies = { to: USER, signer, nonce: new Uint8Array(10) };
    const finding = await mint(orderOf(USER, { ref: "order-7" }), signer, replies);
    if (finding.kind !== "minted") throw new Error(finding.kind);
    return finding.minted;
  }

  test("names the reference of the tag, or of the Message-ID that is evidence, and that Message-ID", async () => {
    const { reversePath, messageId } = await minted();
    const headers = { "in-reply-to": messageId ?? "" };
    expect(await judged({ to: reversePath })).toMatchObject({ ref: "order-7", messageId: null });
    expect(await judged({ to: "user@example.com", headers })).toMatchObject({ ref: "order-7", messageId });
    expect(await judged({ to: "user@example.com" })).toMatchObject({ ref: null, messageId: null });
    expect(await judged({ to: "other@example.com", headers })).toMatchObject({ ref: null, messageId: null });
  });

  test("on ordinary mail takes no Message-ID for evidence: people answer their mail", async () => {
    const headers = { "in-reply-to": (await minted()).messageId ?? "" };
    const answer = await judged({ from: "bob@example.org", to: "user@example.com", headers });
    expect(answer).toMatchObject({ evidence: "none", ref: null, messageId: null, returned: null });
  });

  test("on a bounce to a valid tag looks at no Message-ID", async () => {
    const headers = { "in-reply-to": (await minted()).messageId ?? "" };
    expect(await judged({ headers })).toMatchObject({ evidence: "tag", ref: null, messageId: null });
  });

  test("marks what is forwarded, and nothing that is refused or taken", async () => {
    const consume = { user: { action: "consume" } } as const;
    for (const change of [{ to: "user@example.com" }, { spoiled: { routes: consume } }]) {
      const { decision, annotations } = await judged(change);
      expect(decision.action.kind).not.toBe("forward");
      expect(annotations.has("X-Countersign-Hop")).toBe(false);
    }
  });
});
