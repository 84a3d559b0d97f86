// What Exim and batv-tools really answered, line by line: their tags are reproduced, their checks judged by the draft.
// Where the draft and the peer differ, the line stands below with the reason.

import { readFileSync } from "node:fs";
import * as v from "valibot";
import { describe, expect, test } from "vitest";
import { settingsBody } from "../../src/api/schemas.ts";
import { residueOf } from "../../src/core/day.ts";
import { judge } from "../../src/core/judge.ts";
import { lowerCase, splitPath } from "../../src/core/mailbox.ts";
import { readSignable } from "../../src/core/mint.ts";
import { openSlot, signTag } from "../../src/core/signature.ts";
import { formatTag, readTag } from "../../src/core/tag.ts";
import { validateTag } from "../../src/core/tag-status.ts";
import { DAY, holding, JUDGING, openPlain, snapshotOf } from "./fixtures.ts";

interface Vector {
  readonly kind: "sign" | "check" | "acl";
  readonly tool: string;
  readonly day: number;
  readonly address: string;
  readonly key: string;
  readonly keynum: number | string;
  readonly signed: string | null;
  readonly syntax?: "sub-address";
  readonly verdict: "valid" | "invalid" | "not-prvs";
  readonly note: string;
  readonly mail_from: string;
  readonly rcpt_to: string;
  readonly caseful_local_part: boolean;
  readonly reply: string;
}

const lines = readFileSync(new URL("../vectors/prvs.jsonl", import.meta.url), "utf8")
  .trimEnd()
  .split("\n");
const vectors = lines.map((line) => JSON.parse(line) as Vector);
const ofKind = (kind: Vector["kind"]) => vectors.filter((vector) => vector.kind === kind);

/** Both peers sign for 7 days. */
const LIFETIME_DAYS = 7;

describe("sign lines", () => {
  const signed = ofKind("sign").filter((vector) => vector.signed !== null);
  const refused = ofKind("sign").filter((vector) => vector.signed === null);

  test("there are as many as were recorded", () => {
    expect([signed.length, refused.length]).toEqual([59, 6]);
  });

  test.each(signed)("reproduces $signed with key $keynum at day $day", async (vector) => {
    const slot = await openSlot(vector.key, "example.com");
    const residue = residueOf(vector.day + LIFETIME_DAYS);
    const terms = { scheme: "prvs", key: Number(vector.keynum), residue } as const;
    const mac = await signTag(slot, terms, vector.address);
    const { localPart, domain } = splitPath(vector.address) ?? { localPart: "", domain: "" };
    const placement = vector.syntax === "sub-address" ? "subaddress" : "prefix";
    expect(`${formatTag({ ...terms, mac }, localPart, placement)}@${domain}`).toBe(vector.signed);
  });

  test.each(signed.filter(({ address }) => address !== lowerCase(address)))(
    "validates mixed-case $signed as it came",
    async (vector) => {
      const finding = await statusOf(vector.signed ?? "", vector);
      expect(finding.status).toBe("valid");
      expect(finding.original).toEqual(splitPath(lowerCase(vector.address)));
    },
  );

  test.each(refused)("refuses $address with key number $keynum and a key of $key.length octets", (vector) => {
    expect(refusals(vector)).not.toEqual([]);
  });

  test("of what the peers sign, this and no more is refused", () => {
    const found = signed.flatMap((vector) => refusals(vector).map((what) => `${vector.signed}: ${what}`));
    expect(new Set(found)).toEqual(
      new Set([
        // One message keeps one tag; Exim puts a second one on it.
        "prvs=3788a835f3=prvs=0123abcdef=user@example.com: address",
        "prvs=3788b01c4a=prvs=3788b9ac3e=user@example.com: address",
        // Cloudflare routes neither.
        'prvs=378819af95="quoted local"@example.com: address',
        "prvs=37881eae83=ünïcode@example.com: address",
        // Not printable ASCII.
        "prvs=0788372d80=user@example.com: key",
        // 65 octets, which batv-tools takes and Exim does not.
        "user+prvs=0788823a82@example.com: key",
        "user+prvs=0006fa3ece@example.com: key",
        "User+prvs=07885ce4c1@Example.COM: key",
        "bounces+alice=example.net+prvs=07881bd42a@lists.example.com: key",
        "bounces+alice=example.net+prvs=00061e4416@lists.example.com: key",
      ]),
    );
  });
});

/** Which of a line's values the API refuses, by the very functions that it reads them with. */
function refusals({ address, key, keynum }: Vector): string[] {
  const number = /^[0-9]+$/.test(String(keynum)) ? Number(keynum) : keynum;
  const keys = v.safeParse(settingsBody, { keys: [{ number, secret: key }] });
  return [
    ...(readSignable("address", address).kind === "fault" ? ["address"] : []),
    ...(keys.success ? [] : ["key"]),
  ];
}

/**
 * Checks on which the draft's rule (unsigned subtraction mod 1000, at most the window ahead) and the peer differ.
 * Exim compares the residues themselves, so an expiry day far ahead, or long past, passes while its three digits are
 * the larger ones.
 */
const PEER_IS_WRONG: ReadonlyMap<string, string> = new Map([
  ["signed 2026-11-24 12:00:00; checked -400 days", "expires 407 days ahead; 788 >= 381"],
  ["signed 2026-11-24 12:00:00; checked -212 days", "expires 219 days ahead; 788 >= 569"],
  ["signed 2026-11-24 12:00:00; checked -1 days", "expires 8 days ahead, and nobody signs for longer than 7"],
  ["signed 2026-11-24 12:00:00; checked +300 days", "dead for 293 days; 788 >= 081"],
  ["signed 2026-11-24 12:00:00; checked +500 days", "dead for 493 days; 788 >= 281"],
  ["signed 2026-11-24 12:00:00; checked +999 days", "dead for 992 days; 788 >= 780"],
  ["signed 2026-11-24 12:00:00; checked +1500 days", "dead for 1493 days; 788 >= 281"],
  ["case: hash digits upper-cased", "the draft's hex digits are of any case; Exim compares lower case only"],
  ["case: whole address upper-cased", "signed over the lower-case address, and lower-cased it is the same"],
  [
    "hand-made tag, right MAC, expiry 30 days ahead (prvs itself only makes +7)",
    "further ahead than any lifetime",
  ],
  [
    "hand-made tag, right MAC, expiry 211 days ahead (prvs itself only makes +7)",
    "further ahead than any lifetime",
  ],
]);

describe("check lines", () => {
  test.each(ofKind("check"))("judges $address at day $day: $note", async (vector) => {
    const { status } = await statusOf(vector.address, vector);
    const peer = vector.verdict === "valid";
    expect(status === "valid").toBe(PEER_IS_WRONG.has(vector.note) ? !peer : peer);
    if (vector.verdict === "not-prvs") expect(["missing", "malformed"]).toContain(status);
  });

  test("every line listed as the peer's error is one", () => {
    const notes = ofKind("check").map((vector) => vector.note);
    expect([...PEER_IS_WRONG.keys()].filter((note) => !notes.includes(note))).toEqual([]);
  });
});

/** Likewise for the specification's example ACL, which judges only bounces, and lower-cases or not by a setting. */
const ACL_IS_WRONG: ReadonlyMap<string, string> = new Map([
  [
    "bounce, tag minted over mixed case, presented verbatim",
    "Exim folds the domain before it checks; as it came, the tag is right",
  ],
  [
    "bounce, valid lower-case tag upper-cased in transit",
    "with caseful local-parts Exim compares hex in lower case only",
  ],
  [
    "bounce, hash digits upper-cased in transit",
    "with caseful local-parts Exim compares hex in lower case only",
  ],
]);

describe("acl lines", () => {
  test.each(ofKind("acl"))(
    "<$mail_from> to $rcpt_to (caseful: $caseful_local_part): $note",
    async (vector) => {
      // `other` stands for a sender that has opted out; here that is an exemption.
      const snapshot = holding(vector.key, { mode: "enforce", exempt: ["other"] });
      const mail = {
        reversePath: vector.mail_from,
        forwardPath: splitPath(vector.rcpt_to) ?? { localPart: "", domain: "" },
        headers: { get: () => null },
      };
      const { decision } = await judge(mail, snapshot, JUDGING, vector.day * DAY);
      const peer = vector.reply.startsWith("250");
      const wrong = ACL_IS_WRONG.has(vector.note) && !peer;
      expect(decision.action.kind === "forward").toBe(peer || wrong);
    },
  );

  test("every line listed as Exim's error is one", () => {
    const notes = ofKind("acl").flatMap(({ note, reply }) => (reply.startsWith("250") ? [] : [note]));
    expect([...ACL_IS_WRONG.keys()].filter((note) => !notes.includes(note))).toEqual([]);
  });
});

/** The status under a ring that holds the vector's key in the tag's slot; an empty key is none. */
function statusOf(path: string, vector: Vector) {
  const forwardPath = splitPath(path) ?? { localPart: "", domain: "" };
  const number = readTag(forwardPath.localPart);
  const key = number.kind === "tagged" ? number.tag.key : 0;
  const ring = vector.key === "" ? [] : [{ number: key, secret: vector.key }];
  return validateTag(
    forwardPath,
    snapshotOf({ domain: lowerCase(forwardPath.domain), ring }),
    openPlain,
    vector.day * DAY,
  );
}
