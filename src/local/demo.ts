// The main job, shown: `npm run demo`. Starts the Worker, provisions example.com, mints a reverse-path over HTTP, and
// delivers real messages to it. Prints what each sending server was told, and why; exits 0 only if all of it was right.

import PostalMime from "postal-mime";
import type { Bounce, Minted } from "../client/countersign.ts";
import { readMessage } from "./messages.ts";
import { type Delivery, startWorker } from "./worker.ts";

interface Scene {
  readonly title: string;
  readonly message: string;
  readonly from: string;
  readonly to: string;
  readonly expected: string;
}

const worker = await startWorker();
let failures = 0;
try {
  console.log("\nCountersign: bounces come back signed, or not at all.\n");
  await provision();
  const minted = await mint();
  console.log("\nWhat comes back:");
  for (const scene of scenesFor(minted)) await play(scene, minted);
  console.log("\nWhat Alice's program is told of it, and nothing that a stranger made:");
  await showBounces();
} finally {
  await worker.stop();
}
console.log(failures === 0 ? "\nEvery outcome is the right one.\n" : `\n${failures} outcomes are wrong.\n`);
process.exitCode = failures === 0 ? 0 : 1;

async function provision(): Promise<void> {
  console.log("The operator sets up example.com:");
  const { domains, routes } = worker.client;
  await show("domains.put", ["example.com", { mode: "enforce" }, { force: true }], (...given) =>
    domains.put(...given),
  );
  const route = { action: "forward", to: ["alice@inbox.example"] } as const;
  await show("routes.put", ["example.com", "alice", route], (...given) => routes.put(...given));
}

async function mint(): Promise<Minted> {
  console.log("\nAlice's mail program asks for the reverse-path of one message:");
  const minted = await show("mint", ["alice@example.com"], (address) => worker.client.mint(address));
  console.log(`    MAIL FROM:<${minted.reversePath}>   valid until ${minted.expires}`);
  console.log(`    Message-ID: ${minted.messageId}`);
  return minted;
}

function scenesFor({ reversePath }: Minted): Scene[] {
  const forged = reversePath.replace(
    /^prvs=(....)(.)/,
    (_, head, digit) => `prvs=${head}${digit === "0" ? "1" : "0"}`,
  );
  const forwarded = "250 forwarded";
  const unsigned = "555 rejected";
  return [
    {
      title: "Exim could not deliver Alice's message, and says so",
      message: "exim-failed",
      from: "<>",
      to: reversePath,
      expected: `${forwarded} valid tag`,
    },
    {
      title: "Postfix could not either",
      message: "postfix-failed",
      from: "<>",
      to: reversePath,
      expected: `${forwarded} valid tag`,
    },
    {
      title: "Backscatter: Postfix returns spam that was never Alice's",
      message: "postfix-backscatter",
      from: "<>",
      to: "alice@example.com",
      expected: `${unsigned} missing none`,
    },
    {
      title: "A forger guesses a tag",
      message: "postfix-failed",
      from: "<>",
      to: forged,
      expected: `${unsigned} bad-signature none`,
    },
    {
      title: "Backscatter to an address that does not exist",
      message: "postfix-backscatter-unknown",
      from: "<>",
      to: "nobody@example.com",
      expected: "555 no-such-address missing none",
    },
    {
      title: "Bob is away: his vacation reply goes to the untagged address, with the null sender",
      message: "exim-vacation",
      from: "<>",
      to: "alice@example.com",
      expected: `${forwarded} missing message-id`,
    },
    {
      title: "Bob is back, and writes himself",
      message: "ordinary",
      from: "bob@example.org",
      to: "alice@example.com",
      expected: `${forwarded} missing none`,
    },
  ];
}

async function play(scene: Scene, minted: Minted): Promise<void> {
  const returned = scene.to.startsWith("prvs=") ? scene.to : minted.reversePath;
  const raw = readMessage(scene.message, { ...minted, reversePath: returned });
  const { subject } = await PostalMime.parse(raw);
  const delivery = await worker.deliver({ from: scene.from, to: scene.to }, raw);
  const { disposition, status, evidence } = delivery.logged;
  const right = `${delivery.code} ${disposition} ${status} ${evidence}` === scene.expected;
  if (!right) failures += 1;
  console.log(`
  ${scene.title}
    Subject: ${subject}
    MAIL FROM:<${scene.from === "<>" ? "" : scene.from}> RCPT TO:<${scene.to}>
    ${right ? "✓" : "✗"} ${delivery.code} ${delivery.text}
      ${explain(delivery)}${right ? "" : `\n      expected: ${scene.expected}`}`);
}

/** Lists what came back; it is recorded behind the answers. */
async function showBounces(): Promise<void> {
  const expected = ["failed bob@example.org", "failed bob@example.org", "autoreply bob@example.org"];
  const list = async () => {
    const bounces: Bounce[] = [];
    for await (const bounce of worker.client.domains.bounces("example.com")) bounces.unshift(bounce);
    return bounces;
  };
  let bounces = await list();
  for (let tries = 0; bounces.length < expected.length && tries < 20; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    bounces = await list();
  }
  console.log('    client.domains.bounces("example.com")');
  for (const [at, bounce] of bounces.entries()) {
    const right = `${bounce.kind} ${bounce.recipient}` === expected[at];
    if (!right) failures += 1;
    const why = bounce.diagnostic === null ? "" : `\n      ${bounce.diagnostic}`;
    console.log(
      `    ${right ? "✓" : "✗"} ${bounce.kind}: ${bounce.recipient}, status ${bounce.status}, class ${bounce.class}, by its ${bounce.evidence}${why}`,
    );
  }
  if (bounces.length !== expected.length) failures += 1;
}

function explain({ logged, forwards }: Delivery): string {
  const to = forwards.map((forward) => forward.to).join(", ");
  const what = to === "" ? String(logged["disposition"]) : `${logged["disposition"]} to ${to}`;
  return `${what} — ${logged["bounce"] ? "a bounce" : "no bounce"}; tag ${logged["status"]}; evidence ${logged["evidence"]}`;
}

/** Calls the API by the client, and prints the call as an app would write it. */
async function show<const Given extends readonly unknown[], Answer>(
  method: string,
  given: Given,
  call: (...given: Given) => Promise<Answer>,
): Promise<Answer> {
  const answer = await call(...given);
  console.log(`    client.${method}(${given.map((value) => JSON.stringify(value)).join(", ")})`);
  return answer;
}
