// The Worker under a probe: hands messages to its email handler, any number in one request, with nothing in between. What it
// reads of storage and of `raw` is counted, and its clock can be set forward.

import PostalMime from "postal-mime";
import type { RateBindings } from "../../../src/deployment/rate.ts";
import worker from "../../../src/index.ts";
import { readReturned } from "../../../src/returned/read-returned.ts";
import type { Bindings } from "../../../src/store/domains.ts";

export { DirectoryObject, DomainObject } from "../../../src/index.ts";

/** What kind of messages, and how many, one after another. */
interface Asked {
  readonly kind: "forged" | "untagged" | "ordinary" | "genuine";
  readonly messages: number;
  /** No message is like one of another request with another number. */
  readonly run: number;
  /** Reverse-path, minted before; for the genuine. */
  readonly to?: string;
  readonly domain?: string;
  readonly domains?: number;
  readonly aheadMs?: number;
}

/** Raw messages, as latin1, and what reads them. */
interface Readable {
  readonly reader: "returned" | "mime";
  readonly messages: readonly string[];
}

let aheadMs = 0;
const trueNow = Date.now.bind(Date);
Date.now = () => trueNow() + aheadMs;

const DSN = [
  "--b",
  "Content-Type: message/delivery-status",
  "",
  "Reporting-MTA: dns; mx.example.net",
  "",
  "Final-Recipient: rfc822; bob@example.net",
  "Action: failed",
  "Status: 5.1.1",
  "Diagnostic-Code: smtp; 550 5.1.1 no such user",
  "",
  "--b--",
  "",
].join("\r\n");

export default {
  async fetch(request, env, context) {
    if (request.url.endsWith("/read")) return readAll(await request.json());
    if (!request.url.endsWith("/probe")) return worker.fetch(request, env, context);
    const asked = (await request.json()) as Asked;
    aheadMs += asked.aheadMs ?? 0;
    const counts = { rejected: 0, forwarded: 0, rawOctets: 0, storageReads: 0 };
    const counted = countReads(env, counts);
    for (let at = 0; at < asked.messages; at++) {
      await worker.email(makeMessage(asked, at, counts), counted, context);
    }
    return Response.json(counts);
  },
} satisfies ExportedHandler<Bindings & RateBindings>;

async function readAll({ reader, messages }: Readable): Promise<Response> {
  let found = 0;
  for (const message of messages) {
    const octets = Uint8Array.from(message, (character) => character.charCodeAt(0));
    if (reader === "returned") found += (await readReturned(octets)).length;
    else found += (await PostalMime.parse(octets)).headers.length;
  }
  return Response.json({ found });
}

type Counts = { rejected: number; forwarded: number; rawOctets: number; storageReads: number };

function makeMessage(
  { kind, run, to = "", domain, domains }: Asked,
  at: number,
  counts: Counts,
): ForwardableEmailMessage {
  const isBounce = kind !== "ordinary";
  const serial = (run * 100_000 + at) % 0xffffff;
  const forged = `prvs=3${String(run % 1000).padStart(3, "0")}${serial.toString(16).padStart(6, "0")}=alice@example.com`;
  const spread =
    domains === undefined ? (domain ?? "example.com") : `d${(at * 7919 + run) % domains}.example.com`;
  const headers = new Headers({
    from: isBounce ? "Mail Delivery System <mailer-daemon@mx.example.net>" : "Bob <bob@example.net>",
    to: "alice@example.com",
    date: "Sat, 28 Nov 2026 12:00:00 +0000",
    subject: isBounce ? "Undelivered Mail Returned to Sender" : "Hello",
    "message-id": `<${run}.${at}@mx.example.net>`,
    "content-type": isBounce
      ? "multipart/report; report-type=delivery-status; boundary=b"
      : "text/plain; charset=utf-8",
    received: "from mx.example.net by mx.cloudflare.net; Sat, 28 Nov 2026 12:00:00 +0000",
  });
  const fake = {
    from: isBounce ? "<>" : "bob@example.net",
    to: kind === "forged" ? forged : kind === "genuine" ? to : `alice@${spread}`,
    headers,
    rawSize: 4_096,
    get raw() {
      const octets = new TextEncoder().encode(`Content-Type: ${headers.get("content-type")}\r\n\r\n${DSN}`);
      return new ReadableStream({
        pull(controller) {
          counts.rawOctets += octets.length;
          controller.enqueue(octets);
          controller.close();
        },
      });
    },
    setReject() {
      counts.rejected += 1;
    },
    async forward() {
      counts.forwarded += 1;
      return null;
    },
  };
  return fake as unknown as ForwardableEmailMessage;
}

function countReads(env: Bindings, counts: Counts): Bindings {
  const counting = <Binding extends object>(binding: Binding): Binding =>
    new Proxy(binding, {
      get(real, name) {
        const value = Reflect.get(real, name, real) as unknown;
        if (typeof value !== "function") return value;
        return (...parameters: unknown[]) => {
          if (name === "get") counts.storageReads += 1;
          return Reflect.apply(value, real, parameters) as unknown;
        };
      },
    });
  return { ...env, SNAPSHOTS: counting(env.SNAPSHOTS), DOMAINS: counting(env.DOMAINS) };
}
