// What was minted validates, in any case, for as long as it should and no longer; and once it is changed it does not.

import fc from "fast-check";
import { expect } from "vitest";
import { dayOf, startOfDay } from "../../../src/core/day.ts";
import { formatMailbox, lowerCase, splitPath } from "../../../src/core/mailbox.ts";
import { findSigner, mint, readSignable } from "../../../src/core/mint.ts";
import { validateTag } from "../../../src/core/tag-status.ts";
import { DAY, holding, NOW, openPlain } from "../../core/fixtures.ts";
import { address, localPart, TAG_WORDS } from "../addresses.ts";
import { type Edit, edits, spoil } from "../mutation.ts";
import { seeded, target } from "../target.ts";

interface Minting {
  readonly secret: string;
  readonly localPart: string;
  readonly scheme: "prvs" | "cs1";
  readonly placement: "prefix" | "subaddress";
  readonly ref: string | null;
  readonly lifetimeDays: number;
  readonly daysLater: number;
  readonly changes: readonly Edit[];
}

async function check(input: Minting): Promise<void> {
  const { secret, scheme, placement, lifetimeDays, daysLater, changes } = input;
  const snapshot = holding(secret, { scheme, placement, lifetimeDays });
  const signable = readSignable("address", `${input.localPart}@example.com`);
  if (signable.kind === "fault") return;
  const order = { address: signable.mailbox, scheme: null, ref: input.ref };
  const finding = await mint(order, await findSigner(snapshot, openPlain, NOW), null);
  if (finding.kind !== "minted") {
    expect(finding.kind).toBe("unusable");
    return;
  }
  const { minted } = finding;
  expect(splitPath(minted.reversePath)?.localPart.length).toBeLessThanOrEqual(64);
  expect(minted.reversePath.length).toBeLessThanOrEqual(254);
  const validate = (path: string, now: number) => {
    const forwardPath = splitPath(path) ?? { localPart: path, domain: "" };
    return validateTag(forwardPath, snapshot, openPlain, now);
  };
  for (const path of [minted.reversePath, minted.reversePath.toUpperCase()]) {
    const { status, original, expires, ref, key, liftable } = await validate(path, NOW);
    expect({ status, key, ref, liftable }).toEqual({
      status: "valid",
      key: minted.key,
      ref: input.ref,
      liftable: false,
    });
    expect(formatMailbox(original)).toBe(minted.address);
    expect(expires).toBe(minted.expires);
    expect(expires).toBe(startOfDay(dayOf(NOW) + lifetimeDays + 1));
  }
  const later = await validate(minted.reversePath, NOW + daysLater * DAY);
  // Three digits repeat after 1000 days; by then its key is none.
  const age = minted.scheme === "prvs" ? daysLater % 1000 : daysLater;
  const isAlive =
    age <= lifetimeDays || (minted.scheme === "prvs" && 1000 - age + lifetimeDays <= lifetimeDays);
  expect(later.status).toBe(isAlive ? "valid" : "expired");
  // Of changed prvs tags one in 16 million is right by chance.
  const changed = spoil(minted.reversePath, changes);
  if (lowerCase(changed) !== minted.reversePath) {
    const { status, ref } = await validate(changed, NOW);
    expect(status).not.toBe("valid");
    expect(ref).toBeNull();
  }
}

const inputs: fc.Arbitrary<Minting> = fc.record({
  secret: fc.stringMatching(/^[ -~]{1,64}$/),
  localPart: fc.oneof(
    localPart,
    fc.stringMatching(/^[a-z0-9=+_-]{1,40}$/),
    address.map((text) => text.split("@")[0] ?? ""),
  ),
  scheme: fc.constantFrom("prvs", "cs1"),
  placement: fc.constantFrom("prefix", "subaddress"),
  ref: fc.option(fc.stringMatching(/^[a-z0-9](?:[a-z0-9-]{0,22}[a-z0-9])?$/)),
  lifetimeDays: fc.integer({ min: 1, max: 90 }),
  daysLater: fc.oneof(fc.nat(100), fc.nat(2500)),
  changes: edits([...TAG_WORDS, "@", "@example.com", "user"]),
});

export const minted = target({
  name: "minted",
  inputs: seeded("minted", inputs),
  check,
  runs: 400,
});
