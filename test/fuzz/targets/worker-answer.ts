// What answers in the Worker's place: a message is accepted or rejected only where just that was said, and nothing that is said
// breaks a command, a field or a line.

import fc from "fast-check";
import { expect } from "vitest";
import { combine, describe, type Outcome } from "../../../src/smtp/front/verdict.ts";
import { readAnswer } from "../../../src/smtp/front/worker-call.ts";
import { formatField } from "../../../src/smtp/header.ts";
import { Refusal } from "../../../src/smtp/reply.ts";
import { mutated } from "../mutation.ts";
import { seeded, target } from "../target.ts";

interface Answered {
  readonly status: number;
  readonly body: string;
}

function check({ status, body }: Answered): void {
  const answer = readAnswer(status, body);
  const recipient = "alice@example.com";
  const outcomes: Outcome[] = [];
  switch (answer.kind) {
    case "accepted": {
      const said = JSON.parse(body);
      expect([status, said.outcome, "rejectReason" in said]).toEqual([200, "ok", false]);
      expect(answer.forwards).toHaveLength(said.forwards.length);
      for (const { to, headers } of answer.forwards) {
        expect(`RCPT TO:<${to}>`).toMatch(/^RCPT TO:<[^<>\s\0]+@[^<>\s\0]+>$/);
        for (const [name, value] of headers)
          expect(formatField(name, value).raw).toMatch(/^[!-9;-~]+: [ -~]*\r\n$/);
      }
      outcomes.push({
        recipient,
        code: 250,
        text: "Ok",
        whereabouts: answer.forwards.map(({ to }) => to).join(),
      });
      break;
    }
    case "rejected":
      expect(JSON.parse(body)).toMatchObject({ outcome: "ok", rejectReason: answer.reason });
      outcomes.push({ recipient, code: 555, text: answer.reason, whereabouts: answer.reason });
      break;
    case "failed":
      expect(answer.detail).not.toContain("\n");
      outcomes.push({ recipient, code: 451, text: answer.detail, whereabouts: answer.detail });
  }
  const told = combine(outcomes);
  expect(told.code).toBe(outcomes[0]?.code);
  expect(new Refusal(told.code, told.text).message).toMatch(/^[ -~]{1,480}$/);
  for (const line of describe("", outcomes, told)) expect(line).toMatch(/^[ -~]+$/);
}

const odd = fc.oneof(
  fc.string({ unit: "binary", maxLength: 12 }),
  fc.constantFrom("a@b.c", "a@b.c>\r\nDATA", "X-Countersign", "x\r\nBcc: y", ""),
);
const forward = fc.record(
  {
    recipient: fc.oneof(odd, fc.constantFrom("inbox@example.net")),
    headers: fc.array(fc.oneof(fc.tuple(odd, odd), fc.tuple(fc.constantFrom("X-Countersign"), odd)), {
      maxLength: 3,
    }),
  },
  { requiredKeys: [] },
);
const body = fc
  .record(
    {
      outcome: fc.constantFrom("ok", "ok", "ok", "exception", "OK"),
      rejectReason: odd,
      forwards: fc.oneof(fc.array(forward, { maxLength: 3 }), fc.constant([]), odd),
    },
    { requiredKeys: [] },
  )
  .map((value) => JSON.stringify(value));

const inputs = fc.record({
  status: fc.constantFrom(200, 200, 200, 200, 201, 400, 500, 502),
  body: mutated(body, [
    '"rejectReason":null',
    '"__proto__":{"outcome":"ok"}',
    '"forwards":[]',
    '{"outcome":"ok","forwards":[]}',
    "[]",
    "null",
  ]),
});

export const workerAnswer = target<Answered>({
  name: "worker-answer",
  inputs: seeded("worker-answer", inputs),
  check,
  runs: 800,
});
