// A deployment as its operator meets it: a domain that enforces, with twelve days of mail; one that is ready to; a new one.

import { readFileSync } from "node:fs";
import type { ProbedWorker } from "../worker/probed-worker.ts";

const DAY_MS = 86_400_000;
const DAYS = 12;
const BOUNCE = readFileSync(new URL("../messages/postfix-failed.eml", import.meta.url), "latin1");
const DIAGNOSTICS = ["5.1.1", "5.7.1", "4.2.2"];

export const BUSY = "busy.example";
export const READY = "ready.example";
export const NEW = "new.example";

/** Sets the scene; the clock is at the present when it is done. */
export async function setScene(worker: ProbedWorker): Promise<void> {
  const forward = { action: "forward", to: ["inbox@inbox.example"] };
  const names = ["alice", "shop", "postmaster", "abuse"];
  const routes = Object.fromEntries(names.map((name) => [name, forward]));
  await worker.setClock(-DAYS * DAY_MS);
  for (const domain of [BUSY, READY]) {
    await worker.call("PUT", `/v1/domains/${domain}`, {});
    await worker.call("PUT", `/v1/domains/${domain}/routes`, { routes });
  }
  await worker.call("PATCH", `/v1/domains/${BUSY}?force=true`, { mode: "enforce" });
  for (let ago = DAYS - 1; ago >= 0; ago -= 1) {
    await worker.setClock(-ago * DAY_MS);
    await receiveDay(worker, ago);
  }
  await worker.setClock(0);
  await worker.call("PUT", `/v1/domains/${NEW}`, {});
}

async function receiveDay(worker: ProbedWorker, ago: number): Promise<void> {
  const minted = await mint(worker, { address: `alice@${BUSY}`, ref: `order-${100 - ago}` });
  await mint(worker, { address: `alice@${READY}` });
  const messages = [
    { from: "carl@sender.example", to: `alice@${BUSY}` },
    { from: "", to: minted, raw: BOUNCE.replaceAll("5.1.1", DIAGNOSTICS[ago % 3] ?? "5.1.1") },
    ...Array.from({ length: 2 + (ago % 4) }, () => ({ from: "", to: `alice@${BUSY}` })),
    { from: "", to: `prvs=0000000000=alice@${BUSY}` },
    { from: "", to: `shop@${READY}` },
  ];
  for (const [at, message] of messages.entries()) {
    const headers = {
      from: "Mail Delivery System <mailer-daemon@mx.example.org>",
      "message-id": `<${ago}.${at}@mx.example.org>`,
    };
    await worker.receive({ headers, ...message });
  }
}

async function mint(worker: ProbedWorker, body: object): Promise<string> {
  const response = await worker.call("POST", "/v1/addresses", body);
  return ((await response.json()) as { reversePath: string }).reversePath;
}
