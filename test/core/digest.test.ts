// The identity of a message: what is the same message has the same, and what is not has another. The known values were
// computed with OpenSSL's SHA-256.

import { describe, expect, test } from "vitest";
import { digestMessage, digestWhole } from "../../src/core/digest.ts";

const FIELDS = { "message-id": "<a@b.c>", date: "Tue, 24 Nov 2026 12:00:00 +0000" };
const digested = (
  change: { reversePath?: string; forwardPath?: string; sizeOctets?: number } = {},
  fields: Record<string, string> = FIELDS,
) =>
  digestMessage({
    reversePath: "",
    forwardPath: "user@example.com",
    sizeOctets: 1234,
    headers: new Headers(fields),
    ...change,
  });
const whole = (head: string, isCut = false) => digestWhole("id", new TextEncoder().encode(head), isCut);

describe("a message", () => {
  test("has a known identity, with Message-ID and Date and without", async () => {
    expect(await digested()).toBe("z3bjileiehrnjp5k");
    expect(await digested({}, {})).toBe("mrabzxml6fuf6kme");
  });

  test("has another where any part of it is another", async () => {
    const identities = await Promise.all([
      digested(),
      digested({ reversePath: "bob@example.org" }),
      digested({ forwardPath: "other@example.com" }),
      digested({ sizeOctets: 1235 }),
      digested({}, { ...FIELDS, "message-id": "<b@b.c>" }),
      digested({}, { ...FIELDS, date: "Tue, 24 Nov 2026 12:00:01 +0000" }),
      digested({}, { date: FIELDS.date }),
      digested({}, { "message-id": FIELDS["message-id"] }),
    ]);
    expect(new Set(identities).size).toBe(identities.length);
  });

  test("has another where what ends one part begins the next", async () => {
    const one = await digested({ reversePath: "a", forwardPath: "bc" });
    expect(await digested({ reversePath: "ab", forwardPath: "c" })).not.toBe(one);
  });
});

describe("a message whose body is read", () => {
  test.each([
    "A: b\r\n\r\nBody\r\n",
    "A: b\r\nC: d\r\n\te\r\n\r\nBody\r\n",
    "A: b\n\nBody\r\n",
    "A: b\n\r\nBody\r\n",
    // A CR alone ends no line.
    "A: b\n\rC: d\n\nBody\r\n",
    "A: b\r\n\rC: d\r\n\r\nBody\r\n",
  ])("has the identity of its body, whatever its header: %j", async (head) => {
    expect(await whole(head)).toBe("id-y7zxz7rl");
  });

  test.each(["", "A: b", "A: b\r\n", "A: b\r\nC: d\r\n", "A: b\r\n\r\n", "A: b\n\r"])(
    "has that of an empty one where there is none: %j",
    async (head) => {
      expect(await whole(head)).toBe("id-4oymiquy");
    },
  );

  test("has that of its header where the body is behind what is read, or one could be hidden so", async () => {
    const one = await whole("A: b\r\nX-Pad: 1\r\n", true);
    expect(one).not.toBe(await whole("A: b\r\nX-Pad: 2\r\n", true));
    expect(one).not.toBe("id-4oymiquy");
    expect(await whole("A: b\r\n\r\nBody\r\n", true)).toBe("id-y7zxz7rl");
  });

  test("keeps empty lines within the body", async () => {
    expect(await whole("A: b\r\n\r\nHead\r\n\r\nBody\r\n")).not.toBe("id-y7zxz7rl");
    expect(await whole("A: b\r\n\r\n\r\nBody\r\n")).not.toBe("id-y7zxz7rl");
  });
});
