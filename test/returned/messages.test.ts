// What eighteen programs really sent back (test/messages/returned), read; `expected.json` was written by hand from what
// each of them says.

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { readMessage } from "../../src/local/messages.ts";
import { readReturned } from "../../src/returned/read-returned.ts";

interface Expected {
  readonly kind: string;
  readonly source: string;
  readonly reportingMta?: string;
  readonly diagnosticContains?: string;
  readonly recipients: readonly {
    readonly recipient: string;
    readonly kind: string;
    readonly action: string | null;
    readonly status: string | null;
    readonly class: string;
  }[];
}

const file = new URL("../messages/returned/expected.json", import.meta.url);
const messages = Object.entries(JSON.parse(readFileSync(file, "utf8")) as Record<string, Expected>);
const MINTED = {
  reversePath: "prvs=0123abcdef=alice@example.com",
  messageId: "<cs1.0aaaa.bbbbbbbbbbbbbbbb.cccccccccccccccc@example.com>",
};

/** By recipient and class, since one that was reached twice may have failed in two ways. */
const inOrder = <Item extends { recipient: string | null; class: string }>(items: readonly Item[]) =>
  items.toSorted((one, other) =>
    `${one.recipient} ${one.class}`.localeCompare(`${other.recipient} ${other.class}`),
  );

test.each(messages)("%s is read as what it says", async (name, expected) => {
  const raw = Buffer.from(readMessage(`returned/${name.replace(".eml", "")}`, MINTED), "latin1");
  const found = await readReturned(raw);
  expect([found[0]?.kind, found[0]?.source]).toEqual([expected.kind, expected.source]);
  if (expected.recipients.length > 0) {
    const read = found.map(({ recipient, kind, action, status, class: kept }) => ({
      recipient,
      kind,
      action,
      status,
      class: kept,
    }));
    expect(inOrder(read)).toEqual(inOrder(expected.recipients));
  }
  if (expected.reportingMta !== undefined) expect(found[0]?.reportingMta).toBe(expected.reportingMta);
  if (expected.diagnosticContains !== undefined) {
    const diagnostics = found.map(({ diagnostic }) => diagnostic ?? "").join("\n");
    expect(diagnostics).toContain(expected.diagnosticContains);
  }
});
