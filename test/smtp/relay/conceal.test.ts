// What the log shows of other servers' words: nothing with which its reader could send bounces.

import { expect, test } from "vitest";
import { conceal } from "../../../src/smtp/relay/conceal.ts";

const PATH = "prvs=0788cf2ac1=alice@example.com";
const NAMED = "cs1=0aujtm3ajxr7hgmf4ebtr-order-7=bob@example.com";

test.each([
  ["<prvs=0788cf2ac1=alice@example.com>: refused", "<prvs=…=alice@example.com>: refused"],
  ["?id=prvs%3D0788cf2ac1%3Dalice%40example.com", "?id=prvs%3D…%3Dalice%40example.com"],
  ["greylist_prvs=0788cf2ac1=alice", "greylist_prvs=…=alice"],
  ["prvs==0788CF2AC1==alice", "prvs=…=…==alice"],
  ["value 0788cf2ac1 alone", "value … alone"],
  ["0aujtm3ajxr7hgmf4ebtr-order-7", "…"],
  [
    "queued as <cs1.0aukl.ndqp56mnfjy4s5cd.rpgwgj2co4gaftxq.order-7@example.com>",
    "queued as <cs1.….order-7@example.com>",
  ],
  ["Bearer cs_01a2103ff4b2_secret is unknown", "Bearer cs_… is unknown"],
  ["550 5.1.1 No such user here", "550 5.1.1 No such user here"],
])("%s reads %s", (text, concealed) => {
  expect(conceal(text, [PATH, NAMED])).toBe(concealed);
});

test("a tag that is not of this message is concealed by its form", () => {
  expect(conceal("prvs=0789aaaaaa=carol@example.com", [])).toBe("prvs=…=carol@example.com");
});
