import { describe, expect, test } from "vitest";
import { findEvidence } from "../../src/core/evidence.ts";

type Facts = Parameters<typeof findEvidence>[0];

/** All evidence at once; each test takes some away. */
const ALL: Facts = {
  vouches: true,
  messageId: "valid",
  autoReply: true,
  original: { localPart: "user", domain: "example.com" },
  settings: { autoReplies: "accept", exempt: ["user"] },
};
const found = (facts: Partial<Facts>) => findEvidence({ ...ALL, ...facts });

test("the strongest evidence is the tag, then the Message-ID, the auto-reply, the exemption", () => {
  expect(found({})).toBe("tag");
  expect(found({ vouches: false })).toBe("message-id");
  expect(found({ vouches: false, messageId: "none" })).toBe("auto-reply");
  expect(found({ vouches: false, messageId: "unproven" })).toBe("auto-reply");
  expect(found({ vouches: false, messageId: "none", autoReply: false })).toBe("exempt");
  const settings = { autoReplies: "evidence", exempt: ["user"] } as const;
  expect(found({ vouches: false, messageId: "none", settings })).toBe("exempt");
});

describe("exempt", () => {
  const exempt = (localPart: string, listed: readonly string[] = []) =>
    findEvidence({
      vouches: false,
      messageId: "none",
      autoReply: false,
      original: { localPart, domain: "example.com" },
      settings: { autoReplies: "evidence", exempt: listed },
    });

  test("are postmaster and abuse always, and whom the domain lists, by local-part or address", () => {
    expect(exempt("postmaster")).toBe("exempt");
    expect(exempt("abuse")).toBe("exempt");
    expect(exempt("dmarc", ["tls", "dmarc"])).toBe("exempt");
    expect(exempt("dmarc", ["dmarc@example.com"])).toBe("exempt");
  });

  test("is nobody else", () => {
    expect(exempt("user")).toBe("none");
    expect(exempt("")).toBe("none");
    expect(exempt("postmaster-x")).toBe("none");
    expect(exempt("user", ["dmarc", "user@example.org"])).toBe("none");
  });
});
