// The Worker's log, counted in place of written: in a long run nobody reads its lines, and whoever takes them in runs full.

const write = console.log.bind(console);
const complain = console.error.bind(console);
let isCounting = false;
let events: Record<string, number> = {};
/** Identities of messages that were forwarded and could not be recorded. */
let unrecorded: string[] = [];
let unknown: string[] = [];

console.log = (...line: unknown[]) => (isCounting ? count(line) : write(...line));
console.error = (...line: unknown[]) => (isCounting ? count(line) : complain(...line));

export function countLines(counting: boolean): void {
  isCounting = counting;
}

/** What was counted since this was asked last. `unknown`: lines that are no line of the log. */
export function takeLines() {
  const taken = { events, unrecorded, unknown };
  events = {};
  unrecorded = [];
  unknown = [];
  return taken;
}

function count([text]: unknown[]): void {
  try {
    const { event, id } = JSON.parse(String(text)) as { event: string; id?: string };
    events[event] = (events[event] ?? 0) + 1;
    if (event === "recording-failed" && id !== undefined) unrecorded.push(id);
  } catch {
    if (unknown.length < 20) unknown.push(String(text));
  }
}
