// The header of a message that passes through: read from the stream up to the first empty line, edited field by field, and
// put back in front of the rest. What is not touched stays octet for octet as it was. The body is never held.

export interface Field {
  /** In lower case. */
  readonly name: string;
  /** As it came, with its line ends; one character an octet. */
  readonly raw: string;
}

/** Fields in their order. */
export type Header = readonly Field[];

export interface Message {
  /** Null where no end of it was found within bounds. */
  readonly header: Header | null;
  /** What follows the header, the empty line included; all of the message where there is none. */
  readonly rest: AsyncIterable<Uint8Array>;
  /** Whether such a field seems to be where a header was looked for. */
  mentions(name: string): boolean;
}

/** Octets that a header may have and still be read. */
const HEADER_OCTETS_AT_MOST = 256 * 1024;

/** Reads the header and leaves the rest in the stream. */
export async function readMessage(stream: AsyncIterable<Uint8Array>): Promise<Message> {
  const chunks = stream[Symbol.asyncIterator]();
  let room = Buffer.alloc(16 * 1024);
  let head = room.subarray(0, 0);
  let ended = false;
  let end = -1;
  // The empty line may begin with the last octet that a header may have.
  while (end < 0 && head.length <= HEADER_OCTETS_AT_MOST + 2) {
    const { value, done } = await chunks.next();
    ended = done === true;
    if (ended) break;
    // The empty line may lie across two chunks.
    const from = Math.max(0, head.length - 4);
    // Twice the room each time: what comes in many small chunks is not copied with each.
    const length = head.length + value.length;
    if (length > room.length) room = Buffer.concat([head], length * 2);
    room.set(value, head.length);
    head = room.subarray(0, length);
    end = findEmptyLine(head, from);
  }
  const length = end < 0 && ended ? head.length : end;
  const isRead = length >= 0 && length <= HEADER_OCTETS_AT_MOST;
  const { header, octets } = isRead
    ? readHeader(head.toString("latin1", 0, length))
    : { header: null, octets: 0 };
  const isAll = header !== null && ended && octets === head.length;
  return {
    header,
    rest: follow(isAll ? Buffer.from("\r\n") : head.subarray(octets), ended ? null : chunks),
    mentions: (name) => new RegExp(`^${name}[ \t]*:`, "im").test(head.toString("latin1")),
  };
}

/** The fields of a header, and the octets that they take: it ends before the first line that is none of a header's. */
export function readHeader(text: string): { readonly header: Header; readonly octets: number } {
  const header: Field[] = [];
  let octets = 0;
  // Any line end counts that becomes one on the way.
  for (const [raw] of text.matchAll(/[^\r\n]*(?:\r\n|\r|\n|$)(?:[ \t][^\r\n]*(?:\r\n|\r|\n|$))*/g)) {
    const [, name] = /^([\x21-\x39\x3b-\x7e]+)[ \t]*:/.exec(raw) ?? [];
    // An mbox line, as some programs put before a message.
    if (name === undefined && !(header.length === 0 && raw.startsWith("From "))) break;
    header.push({ name: name?.toLowerCase() ?? "", raw: /[\r\n]$/.test(raw) ? raw : `${raw}\r\n` });
    octets += raw.length;
  }
  return { header, octets };
}

/** The values of all fields of that name, unfolded. */
export function valuesOf(header: Header, name: string): string[] {
  return header
    .filter((field) => field.name === name)
    .map(({ raw }) =>
      raw
        .slice(raw.indexOf(":") + 1)
        .replace(/(?:\r\n|\r|\n)(?=[ \t])/g, "")
        .trim(),
    );
}

/** The header without the fields of that name. */
export function without(header: Header, name: string): Header {
  return header.filter((field) => field.name !== name);
}

/** One field as it is sent. The value is printable ASCII. */
export function formatField(name: string, value: string): Field {
  return { name: name.toLowerCase(), raw: `${name}: ${value.replace(/[^\x20-\x7e]/g, "?")}\r\n` };
}

/** The message in one stream again, with a trace on top of it. */
export async function* writeMessage(
  trace: string,
  { header, rest }: Pick<Message, "header" | "rest">,
): AsyncGenerator<Uint8Array> {
  yield Buffer.from(`${trace}${(header ?? []).map(({ raw }) => raw).join("")}`, "latin1");
  yield* rest;
}

async function* follow(
  first: Uint8Array,
  chunks: AsyncIterator<Uint8Array> | null,
): AsyncGenerator<Uint8Array> {
  yield first;
  if (chunks === null) return;
  for (;;) {
    const { value, done } = await chunks.next();
    if (done) return;
    yield value;
  }
}

/** Where the empty line begins; -1 where there is none yet. */
export function findEmptyLine(octets: Buffer, from: number): number {
  if (octets[0] === 0x0a) return 0;
  if (octets[0] === 0x0d && octets[1] === 0x0a) return 0;
  const crlf = octets.indexOf("\r\n\r\n", from, "latin1");
  const lf = octets.indexOf("\n\n", from, "latin1");
  const mixed = octets.indexOf("\n\r\n", from, "latin1");
  const ends = [crlf < 0 ? -1 : crlf + 2, lf < 0 ? -1 : lf + 1, mixed < 0 ? -1 : mixed + 1];
  const found = ends.filter((end) => end >= 0);
  return found.length === 0 ? -1 : Math.min(...found);
}
