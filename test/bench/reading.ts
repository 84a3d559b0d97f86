// Reading what came back: the real messages of test/messages/returned, against what postal-mime takes for their MIME alone.

import { readdirSync } from "node:fs";
import { readMessage } from "../../src/local/messages.ts";
import type { Client } from "./calls.ts";
import { compete, rateOf, speedRatio } from "./contest.ts";
import { formatNumber, type Row } from "./table.ts";
import { ADMIN_TOKEN, type Workerd } from "./workerd.ts";

const FOLDER = new URL("../messages/returned", import.meta.url);
const MINTED = {
  reversePath: "prvs=0123abcdef=alice@example.com",
  messageId: "<cs1.0aaaa.bbbbbbbbbbbbbbbb.cccccccccccccccc@example.com>",
};

export async function measureReading({ urls }: Workerd, client: Client, rounds: number): Promise<Row[]> {
  const names = readdirSync(FOLDER).filter((name) => name.endsWith(".eml"));
  const messages = names.map((name) => readMessage(`returned/${name.replace(".eml", "")}`, MINTED));
  const headers = { authorization: `Bearer ${ADMIN_TOKEN}` };
  const run = (reader: "returned" | "mime") => {
    const body = Buffer.from(JSON.stringify({ reader, messages }));
    return () => client.call({ url: new URL("/read", urls.probe), body, headers });
  };
  const times = await compete({ returned: run("returned"), mime: run("mime") }, rounds);
  const rate = (name: keyof typeof times) => `${formatNumber(rateOf(times[name], messages.length).median)}/s`;
  return [
    {
      what: `${messages.length} real bounces read: postal-mime's parsing alone`,
      ours: rate("returned"),
      against: rate("mime"),
      ratio: speedRatio(times, "returned", "mime"),
    },
  ];
}
