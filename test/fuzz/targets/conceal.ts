// The relay's log: whatever the smarthost's words repeat of ours, and however they spell it, no line has what would let its reader
// send bounces.

import fc from "fast-check";
import { expect } from "vitest";
import { conceal } from "../../../src/smtp/relay/conceal.ts";
import { describePassed, describeRefused } from "../../../src/smtp/relay/log-line.ts";
import type { Signed, Transaction } from "../../../src/smtp/relay/passage.ts";
import { Refusal } from "../../../src/smtp/reply.ts";
import { localPart, tagValue } from "../addresses.ts";
import { mutated } from "../mutation.ts";
import { seeded, target } from "../target.ts";

interface Said {
  readonly scheme: "prvs" | "cs1";
  readonly value: string;
  readonly localPart: string;
  readonly placement: "prefix" | "subaddress";
  /** `{tag}`, `{id}` and `{token}` stand for ours in its words. */
  readonly words: string;
  readonly spelling: "plain" | "percent" | "quoted-printable" | "xtext" | "upper";
}

const [NONCE, MAC] = ["ndqp56mnfjy4s5cd", "rpgwgj2co4gaftxq"];
const ID = `<cs1.0aukl.${NONCE}.${MAC}@example.com>`;
const TOKEN = `cs_019ab5f2c3d04be17a90_${"a2b3c4d5".repeat(6)}`;

function spell(text: string, spelling: Said["spelling"]): string {
  const hex = (one: string) => one.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0");
  switch (spelling) {
    case "plain":
      return text;
    case "percent":
      return encodeURIComponent(text);
    case "quoted-printable":
      return text.replaceAll("=", (one) => `=${hex(one)}`);
    case "xtext":
      return text.replace(/[+=]/g, (one) => `+${hex(one)}`);
    case "upper":
      return text.toUpperCase();
  }
}

function pathOf({ scheme, value, localPart: local, placement }: Said): string {
  return `${placement === "prefix" ? `${scheme}=${value}=${local}` : `${local}+${scheme}=${value}`}@example.com`;
}

function textOf(said: Said): string {
  const { words: text, spelling } = said;
  return text
    .replaceAll("{tag}", () => spell(pathOf(said), spelling))
    .replaceAll("{id}", () => spell(ID, spelling))
    .replaceAll("{token}", spelling === "upper" ? TOKEN : spell(TOKEN, spelling));
}

function check(said: Said): void {
  const { scheme, value, localPart: local, words: given, spelling } = said;
  const reversePath = pathOf(said);
  const text = textOf(said);
  const passage: Signed = { kind: "signed", reversePath, mintedAt: 0, ref: null, messageId: ID };
  const transaction = {
    reversePath: `${local}@example.com`,
    parameters: { size: null, isEightBit: false },
    sender: { kind: "plain" },
    recipients: [reversePath],
    tried: [passage],
    passage,
    refusal: null,
  } as unknown as Transaction;
  const lines = [
    conceal(text, [reversePath]),
    // One of an earlier message is not among the paths; only xtext takes those to be known.
    ...(spelling === "xtext" ? [] : [conceal(text, [])]),
    JSON.stringify(describePassed(transaction, passage, text)),
    JSON.stringify(
      describeRefused(transaction, reversePath, new Refusal(550, text, { cause: new Error(text) })),
    ),
  ];
  for (const line of lines) {
    const folded = line.toLowerCase();
    expect(folded).not.toContain(MAC);
    expect(folded).not.toContain(NONCE);
    expect(folded).not.toContain("a2b3c4d5");
    // Of a MAC that is shown but for a digit the last is soon found. What the address has of itself stays.
    const most = value.slice(0, scheme === "prvs" ? 9 : 19);
    if (!local.toLowerCase().includes(most)) expect(folded).not.toContain(most);
  }
  if (!/\{(?:tag|id|token)\}|prvs|cs1|cs_/i.test(given)) expect(conceal(given, [])).toBe(given);
}

const values = tagValue.filter((value) => /^(?:[0-9]{4}[0-9a-f]{6}|[0-9][a-z2-7]{20}.*)$/.test(value));
const words = fc
  .array(
    fc.constantFrom(
      "{tag}",
      "{id}",
      "{token}",
      " ",
      "5.1.7 ",
      "<",
      ">",
      "<{tag}>",
      '"{tag}"',
      "MAIL FROM:<{tag}> SIZE=1",
      "=",
      "==",
      "+",
      "_",
      "http://x/?a={tag}",
      "ORCPT=rfc822;{tag}",
      "unknown user ",
    ),
    { maxLength: 6 },
  )
  .map((parts) => parts.join(""));

const inputs: fc.Arbitrary<Said> = fc
  .record({
    scheme: fc.constantFrom("prvs", "cs1"),
    value: values,
    localPart,
    placement: fc.constantFrom("prefix", "subaddress"),
    words: mutated(words, ["{tag}", "{id}", "prvs=", "cs1."]),
    spelling: fc.constantFrom("plain", "percent", "quoted-printable", "xtext", "upper"),
  })
  .map((said) => ({ ...said, scheme: said.value.length === 10 ? "prvs" : "cs1" }));

export const concealed = target<Said>({
  name: "conceal",
  inputs: seeded("conceal", inputs),
  check,
  runs: 800,
});
