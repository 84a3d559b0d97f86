// A resolver: a real HTTP server on this machine that answers DNS over HTTPS in the JSON form, out of a zone, and fails as
// it is told.

import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** Records by name and type: an MX as `10 mx.example.com.`, a CNAME as its target, a TXT as its text, unquoted. */
export type Zone = Record<string, Record<string, readonly string[]>>;

/**
 * `hang`: never answers; `stall`: begins a body and never ends it; `close`: closes the connection; `error`: 500;
 * `redirect`: sends elsewhere on this server, where the zone is answered; `garbage`: no JSON; `other-json`: JSON without a
 * status; `huge`: 128 KiB; `servfail` and `refused`: as by the name's own servers. `unquoted` is none: TXT as Google
 * answers it.
 */
export type DohFailure =
  | "hang"
  | "stall"
  | "close"
  | "error"
  | "redirect"
  | "garbage"
  | "other-json"
  | "huge"
  | "servfail"
  | "refused"
  | "unquoted";

export interface DohQuery {
  readonly name: string;
  readonly type: string;
  readonly url: string;
  readonly accept: string | undefined;
}

export interface DohServer {
  /** `http://127.0.0.1:<port>/dns-query`. */
  readonly url: string;
  /** All that was asked, in order. */
  readonly queries: readonly DohQuery[];
  /** The most that were under way at once. */
  readonly atOnce: number;
  /** Read anew for each query, so it may be changed. */
  readonly zone: Zone;
  /** From now on every query fails like this; null ends it. */
  fail(kind: DohFailure | null): void;
  /** From now on answers after so many milliseconds. */
  delay(ms: number): void;
  close(): Promise<void>;
}

const NUMBERS: Readonly<Record<string, number>> = { A: 1, NS: 2, CNAME: 5, MX: 15, TXT: 16, AAAA: 28 };
const ELSEWHERE = "/elsewhere";

interface Said {
  readonly status: number;
  readonly answers: readonly { readonly name: string; readonly type: number; readonly data: string }[];
}

export async function startDohServer(zone: Zone): Promise<DohServer> {
  const queries: DohQuery[] = [];
  let failure: DohFailure | null = null;
  let delayMs = 0;
  let underWay = 0;
  let atOnce = 0;

  const server = createServer((incoming, response) => {
    const url = new URL(incoming.url ?? "", "http://127.0.0.1");
    const name = url.searchParams.get("name") ?? "";
    const type = url.searchParams.get("type") ?? "";
    queries.push({ name, type, url: url.pathname + url.search, accept: incoming.headers.accept });
    underWay += 1;
    atOnce = Math.max(atOnce, underWay);
    response.on("close", () => {
      underWay -= 1;
    });
    const kind = url.pathname === ELSEWHERE ? null : failure;
    setTimeout(() => give(kind, say(zone, name, type, kind), response), delayMs);
  });
  await new Promise<void>((resolve, reject) => {
    server.on("error", reject).listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;

  return {
    url: `http://127.0.0.1:${port}/dns-query`,
    queries,
    zone,
    get atOnce() {
      return atOnce;
    },
    fail(kind) {
      failure = kind;
    },
    delay(ms) {
      delayMs = ms;
    },
    close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      return closed;
    },
  };
}

function give(kind: DohFailure | null, said: Said, response: ServerResponse): void {
  const body = JSON.stringify({
    Status: said.status,
    TC: false,
    RD: true,
    RA: true,
    AD: false,
    CD: false,
    ...(said.answers.length > 0 && { Answer: said.answers.map((answer) => ({ ...answer, TTL: 300 })) }),
  });
  switch (kind) {
    case "hang":
      return;
    case "stall":
      response.writeHead(200, { "content-type": "application/dns-json" });
      response.write(body.slice(0, 10));
      return;
    case "close":
      response.destroy();
      return;
    case "error":
      response.writeHead(500).end(body);
      return;
    case "redirect":
      response.writeHead(302, { location: response.req.url?.replace(/^[^?]*/, ELSEWHERE) }).end(body);
      return;
    case "garbage":
      response.writeHead(200).end("<html>not found</html>");
      return;
    case "other-json":
      response.writeHead(200).end('{"data":[]}');
      return;
    case "huge":
      response.writeHead(200).end(body.replace("{", `{${" ".repeat(128 * 1024)}`));
      return;
    default:
      response.writeHead(200, { "content-type": "application/dns-json" }).end(body);
  }
}

/** What the zone says: a CNAME is followed, its target's records come along. */
function say(zone: Zone, asked: string, type: string, kind: DohFailure | null): Said {
  if (kind === "servfail" || kind === "refused") return { status: kind === "refused" ? 5 : 2, answers: [] };
  const answers: Said["answers"][number][] = [];
  let name = asked;
  for (;;) {
    const types = zone[name];
    const [alias] = types?.["CNAME"] ?? [];
    if (alias === undefined || answers.length > 8) {
      // A name with others below it exists all the same.
      const exists = types !== undefined || Object.keys(zone).some((other) => other.endsWith(`.${name}`));
      for (const record of types?.[type] ?? []) {
        const data = type === "TXT" && kind !== "unquoted" ? present(record) : record;
        answers.push({ name, type: NUMBERS[type] ?? 0, data });
      }
      return { status: exists ? 0 : 3, answers };
    }
    answers.push({ name, type: NUMBERS["CNAME"] ?? 0, data: alias });
    name = alias.replace(/\.$/, "");
  }
}

/** A TXT record as zone files write it: strings of at most 255 octets, in quotes. */
function present(text: string): string {
  const strings = text.match(/.{1,255}/gs) ?? [""];
  return strings.map((string) => `"${escapeString(string)}"`).join(" ");
}

function escapeString(string: string): string {
  return string.replace(/["\\]|[^ -~]/g, (octet) =>
    /[ -~]/.test(octet) ? `\\${octet}` : `\\${String(octet.charCodeAt(0)).padStart(3, "0")}`,
  );
}
