// The messages kept in test/messages, with a freshly minted reverse-path and Message-ID in place of those that they
// were made with.

import { readFileSync } from "node:fs";

/** What the returned message bore when the kept ones were made; see test/messages/README.md. */
const KEPT = {
  reversePath: "prvs=07882b24f2=alice@example.com",
  messageId: "<cs1.0aukl.42cppovfhef2osks.btzhiwv2xbsqomql@example.com>",
};

/** A kept message as a server would have sent it for this reverse-path and Message-ID. */
export function readMessage(name: string, minted: { reversePath: string; messageId: string }): string {
  return readFileSync(new URL(`../../test/messages/${name}.eml`, import.meta.url), "latin1")
    .replaceAll(KEPT.reversePath, minted.reversePath)
    .replaceAll(KEPT.messageId, minted.messageId);
}
