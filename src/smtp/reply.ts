// A server's reply (RFC 5321, 4.2): read as its lines come in, and handed on to a client. No I/O.

export interface Reply {
  /** 200 to 599. */
  readonly code: number;
  /** Its lines as one, the enhanced status code (RFC 3463) included. */
  readonly text: string;
  readonly lines: readonly string[];
}

/** Characters of a text that is handed on: a reply line has 512 octets at most (RFC 5321, 4.5.3.1.5). */
const TEXT_AT_MOST = 480;

/** Octets of one reply, all its lines together. */
const REPLY_OCTETS_AT_MOST = 64 * 1024;

const LINE = /^([2-5][0-9]{2})(?:([ -])(.*))?$/;

/** Reads replies from what a server sends, in pieces as they come. */
export class ReplyReader {
  #pending = "";
  #lines: string[] = [];
  #octets = 0;

  /** The replies that are complete now. Throws where it is no reply. */
  read(text: string): Reply[] {
    const replies: Reply[] = [];
    // A line that comes octet by octet is not looked through again with each.
    const parts = text.includes("\n") ? (this.#pending + text).split(/\r?\n/) : [this.#pending + text];
    this.#pending = parts.pop() ?? "";
    for (const part of parts) {
      const reply = this.#readLine(part);
      if (reply !== null) replies.push(reply);
    }
    // The CR of a line whose LF is yet to come is no part of it.
    if (this.#octets + this.#pending.replace(/\r$/, "").length > REPLY_OCTETS_AT_MOST)
      throw new Error("Its reply has no end.");
    return replies;
  }

  /** The reply that this line ends; null where it does not end one. */
  #readLine(line: string): Reply | null {
    const [, code, mark = " ", rest = ""] = LINE.exec(line) ?? [];
    if (code === undefined) throw new Error("It does not speak SMTP.");
    this.#octets += line.length;
    if (this.#octets > REPLY_OCTETS_AT_MOST) throw new Error("Its reply has no end.");
    this.#lines.push(rest.trim());
    if (mark === "-") return null;
    const lines = this.#lines;
    this.#lines = [];
    this.#octets = 0;
    return { code: Number(code), text: joinLines(lines), lines };
  }

  /** Whether a part of a reply has arrived, and not yet all of it. */
  get isWithinReply(): boolean {
    return this.#pending !== "" || this.#lines.length > 0;
  }
}

/** An enhanced status code that every line repeats is kept once. */
function joinLines([first = "", ...others]: readonly string[]): string {
  const [status] = /^[245]\.\d{1,3}\.\d{1,3} /.exec(first) ?? [];
  const rest = others.map((line) =>
    status !== undefined && line.startsWith(status) ? line.slice(status.length) : line,
  );
  return [first, ...rest].join(" ").trim();
}

/** The extensions that a reply to EHLO lists, with their parameters, in upper case (RFC 5321, 4.1.1.1). */
export function readExtensions({ lines }: Reply): ReadonlyMap<string, string> {
  return new Map(
    lines.slice(1).map((line): [string, string] => {
      const [keyword = "", ...parameters] = line.toUpperCase().split(/\s+/);
      return [keyword, parameters.join(" ")];
    }),
  );
}

/** Whether what was asked for is done (RFC 5321, 4.2.1: 2yz). */
export function isPositive({ code }: Pick<Reply, "code">): boolean {
  return code >= 200 && code < 300;
}

/** Whether it is refused, for now or for good. */
export function isNegative({ code }: Pick<Reply, "code">): boolean {
  return code >= 400;
}

/** Whether the same may be tried again (RFC 5321, 4.2.1: 4yz). */
export function isTransient({ code }: Pick<Reply, "code">): boolean {
  return code >= 400 && code < 500;
}

/** What a handler fails with for the client to be answered so. */
export class Refusal extends Error {
  readonly responseCode: number;

  /** @param options a cause is for the log; the client does not read it */
  constructor(code: number, text: string, options?: ErrorOptions) {
    super(formatText(text), options);
    // 421 says that the server hangs up on the client, which the one further on does and this one does not.
    this.responseCode = code === 421 ? 451 : code;
  }
}

/** A text that fits in the line of a reply. */
export function formatText(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, "?").slice(0, TEXT_AT_MOST);
}
