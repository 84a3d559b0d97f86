// The platform's errors carry no code: these are its words.

import { expect, test } from "vitest";
import { isLasting, readForwardFault } from "../../src/core/forward-fault.ts";

test.each([
  ["destination address not verified", "configuration"],
  ["Destination address is invalid", "configuration"],
  ["cannot forward email to same Worker", "configuration"],
  ["could not send email: Unknown error: permanent error (5xx): 550 no such user", "permanent"],
  ["could not send email: Unknown error: transient error (4xx): 451 try later", "transient"],
  ["this email has Already Forwarded to that address", "delivered"],
  // The destination's own words follow; the platform's come first.
  ["transient error (4xx): 451 sender not verified", "transient"],
  ["transient error (4xx): 451 after a permanent error", "transient"],
  // Said by the destination it is no success: whoever owns it could have mail dropped.
  ["could not send email: permanent error (5xx): 550 already forwarded", "permanent"],
  ["could not send email: Unknown error: 451 already forwarded", "transient"],
  // What we don't know may pass.
  ["internal error", "transient"],
  ["", "transient"],
])("%j is %s", (message, fault) => {
  expect(readForwardFault(message)).toBe(fault);
});

test("what the operator has to mend lasts, and nothing else", () => {
  expect((["delivered", "configuration", "permanent", "transient"] as const).filter(isLasting)).toEqual([
    "configuration",
    "permanent",
  ]);
});
