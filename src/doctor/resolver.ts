// DNS over HTTPS in the JSON form that Cloudflare's, Google's and Quad9's resolvers answer. One resolver serves one
// examination: it asks for a name once, for so many and for so long in all. Nothing that is answered makes it throw.

import { lowerCase } from "../core/mailbox.ts";

export type RecordType = keyof typeof NUMBERS;

/** `found` may have no records; `absent`: there is no such name; `failed`: by the name's own servers. */
export type Answer =
  | { readonly kind: "found"; readonly records: readonly string[] }
  | { readonly kind: "absent" | "failed" | "unreachable" | "too-many" };

/** Looks a name up; never rejects. Records are as zone files have them, but a TXT's strings are joined. */
export type LookUp = (name: string, type: RecordType) => Promise<Answer>;

const NUMBERS = { MX: 15, TXT: 16 } as const;

/** As DNS carries names (RFC 1035, 2.3.4), with the underscores of RFC 8552. */
const NAME_OCTETS = 253;
const NAME = /^[\w-]{1,63}(?:\.[\w-]{1,63})*$/;

/** Any domain in order needs a fraction of these; the Workers runtime has six connections for one invocation. */
const QUERIES_AT_MOST = 40;
const QUERIES_AT_ONCE = 6;
const BODY_OCTETS = 64 * 1024;
const DEADLINE_MS = 3_000;

const UNREACHABLE: Answer = { kind: "unreachable" };

/**
 * A resolver for one examination.
 * @param dohUrl may have a query of its own
 * @param deadlineMs for all of its look-ups together, from the first one on
 */
export function createResolver(
  dohUrl: string,
  fetch: (url: string, init: RequestInit) => Promise<Response>,
  deadlineMs = DEADLINE_MS,
): LookUp {
  const answers = new Map<string, Promise<Answer>>();
  const limited = limit(deadlineMs);

  async function ask(query: string, type: RecordType, signal: AbortSignal): Promise<Answer> {
    try {
      signal.throwIfAborted();
      const url = `${dohUrl}${dohUrl.includes("?") ? "&" : "?"}${query}`;
      const accept = "application/dns-json";
      const response = await fetch(url, { headers: { accept }, redirect: "manual", signal });
      const body = await readBody(response);
      return response.status === 200 ? readAnswer(JSON.parse(body), type) : UNREACHABLE;
    } catch {
      return UNREACHABLE;
    }
  }

  return async (written, type) => {
    const name = lowerCase(written.replace(/\.$/, ""));
    if (name.length > NAME_OCTETS || !NAME.test(name)) return { kind: "absent" };
    const query = `name=${name}&type=${type}`;
    const known = answers.get(query);
    if (known !== undefined) return known;
    if (answers.size >= QUERIES_AT_MOST) return { kind: "too-many" };
    const answer = limited((signal) => ask(query, type, signal));
    answers.set(query, answer);
    return answer;
  };
}

/** Lets six be under way at once, and ends them all at the deadline. The timer runs only while some are. */
function limit(deadlineMs: number) {
  const controller = new AbortController();
  const { signal } = controller;
  const late = new Promise<Answer>((resolve) => {
    signal.addEventListener("abort", () => resolve(UNREACHABLE));
  });
  const waiting: (() => void)[] = [];
  let underWay = 0;
  let until = 0;
  let timer: ReturnType<typeof setTimeout>;

  return async (ask: (signal: AbortSignal) => Promise<Answer>): Promise<Answer> => {
    until ||= Date.now() + deadlineMs;
    if (underWay === QUERIES_AT_ONCE) await new Promise<void>((resolve) => waiting.push(resolve));
    else if (underWay++ === 0) timer = setTimeout(() => controller.abort(), Math.max(0, until - Date.now()));
    const answer = await Promise.race([ask(signal), late]);
    const next = waiting.shift();
    if (next) next();
    else if (--underWay === 0) clearTimeout(timer);
    return answer;
  };
}

/** @throws where the body is too large; the rest of it is not waited for */
async function readBody({ body }: Response): Promise<string> {
  const decoder = new TextDecoder();
  let octets = 0;
  let text = "";
  for await (const chunk of body ?? []) {
    octets += chunk.length;
    if (octets > BODY_OCTETS) throw new Error("The body is too large.");
    text += decoder.decode(chunk, { stream: true });
  }
  return text;
}

/** Reads what a resolver said. Of a chain of CNAMEs only its end is of the type. */
function readAnswer(said: unknown, type: RecordType): Answer {
  const { Status: status, Answer: answers = [] } = said as { Status?: unknown; Answer?: unknown };
  if (typeof status !== "number" || !Array.isArray(answers)) return UNREACHABLE;
  if (status !== 0) return { kind: status === 3 ? "absent" : "failed" };
  const records = answers
    .filter((answer) => answer?.type === NUMBERS[type] && typeof answer.data === "string")
    .map(({ data }) => (type === "TXT" && data.startsWith('"') ? joinStrings(data) : data));
  return { kind: "found", records };
}

/** Joins character-strings with nothing between them (RFC 7208, 3.3), and undoes their escapes (RFC 1035, 5.1). */
function joinStrings(data: string): string {
  const strings = data.matchAll(/"((?:[^"\\]|\\.)*)"?/gs);
  return Array.from(strings, ([, string = ""]) => string)
    .join("")
    .replace(/\\(\d{3}|.)/gs, (_, escaped: string) =>
      escaped.length === 3 ? String.fromCharCode(Number(escaped)) : escaped,
    );
}
