import { expect, test } from "vitest";
import { DISPOSITIONS } from "../../src/core/policy.ts";
import { BOUNCE_EVENTS, isRefused } from "../../src/core/record.ts";

test("a message is refused that was turned away, or would have been, and no other", () => {
  expect(DISPOSITIONS.map((disposition) => [disposition, isRefused(disposition)])).toEqual([
    ["forwarded", false],
    ["consumed", false],
    ["rejected", true],
    ["would-reject", true],
    ["no-such-address", true],
    ["route-rejected", true],
    ["deferred", false],
  ]);
});

test("apps are told of each kind by the names that the webhook's documentation gives", () => {
  expect(BOUNCE_EVENTS).toEqual({
    failed: "bounce.failed",
    delayed: "bounce.delayed",
    delivered: "bounce.delivered",
    unparsed: "bounce.unparsed",
    autoreply: "autoreply.received",
    receipt: "receipt.received",
    complaint: "complaint.received",
  });
});
