// One call of the Worker's email handler, for one recipient, as `wrangler dev` takes it over HTTP. What it answers is an acceptance
// or a rejection only where it says exactly that; whatever else comes is a failure, so that no message is lost by a misreading.

/** A forward that the Worker asked for. Here nothing has been sent yet. */
export interface Forward {
  readonly to: string;
  /** The fields that the Worker adds. */
  readonly headers: readonly (readonly [name: string, value: string])[];
}

export type WorkerAnswer =
  | { readonly kind: "accepted"; readonly forwards: readonly Forward[] }
  | { readonly kind: "rejected"; readonly reason: string }
  /** To be tried again; the detail is a clause for whoever runs the Worker. */
  | { readonly kind: "failed"; readonly detail: string };

/** How long the Worker may take over one message, in milliseconds. */
const CALL_MS = 60_000;

/** Characters of an answer that is not understood. */
const SHOWN_AT_MOST = 120;

/** @param from the reverse-path, empty for the null sender */
export async function callWorker(
  workerUrl: string,
  { from, to }: { readonly from: string; readonly to: string },
  message: Buffer<ArrayBuffer>,
): Promise<WorkerAnswer> {
  // An empty parameter is taken for a missing one; the Worker reads both spellings of the null sender.
  const query = new URLSearchParams({ from: from === "" ? "<>" : from, to, format: "json" });
  try {
    const response = await fetch(new URL(`/cdn-cgi/handler/email?${query}`, workerUrl), {
      method: "POST",
      body: message,
      redirect: "error",
      signal: AbortSignal.timeout(CALL_MS),
    });
    return readAnswer(response.status, await response.text());
  } catch (error) {
    return failed(`the Worker at ${workerUrl} can't be reached: ${reasonOf(error)}`);
  }
}

/** What an answer with this status and this body means. */
export function readAnswer(status: number, body: string): WorkerAnswer {
  const result = parse(body);
  if (result?.["outcome"] === "exception") return failed("the Worker threw an exception; its log says which");
  if (status !== 200 || result?.["outcome"] !== "ok") return notUnderstood(status, body);
  const { rejectReason: reason, forwards } = result;
  if (typeof reason === "string") return { kind: "rejected", reason };
  if (reason !== undefined || !Array.isArray(forwards)) return notUnderstood(status, body);
  const read = forwards.map(readForward);
  return read.every((forward) => forward !== null)
    ? { kind: "accepted", forwards: read }
    : notUnderstood(status, body);
}

function readForward(value: unknown): Forward | null {
  if (typeof value !== "object" || value === null) return null;
  const { recipient, headers } = value as Record<string, unknown>;
  // What would break a command or a field is none.
  if (typeof recipient !== "string" || !/^[^\s<>\0]+@[^\s<>\0]+$/.test(recipient)) return null;
  if (!Array.isArray(headers) || !headers.every(isField)) return null;
  return { to: recipient, headers };
}

function isField(value: unknown): value is [string, string] {
  if (!Array.isArray(value) || value.length !== 2) return false;
  const [name, text] = value;
  return typeof name === "string" && /^[!-9;-~]+$/.test(name) && typeof text === "string";
}

function parse(body: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === "object" && value !== null ? { ...value } : null;
  } catch {
    return null;
  }
}

function notUnderstood(status: number, body: string): WorkerAnswer {
  const [line = ""] = body.split("\n");
  return failed(`what answers in the Worker's place is ${status} ${line.slice(0, SHOWN_AT_MOST)}`.trim());
}

function failed(detail: string): WorkerAnswer {
  return { kind: "failed", detail };
}

/** `fetch` has the reason in the cause. */
function reasonOf(error: unknown): string {
  const { cause, message } = error as { cause?: { code?: string; message?: string }; message?: string };
  return cause?.code ?? cause?.message ?? message ?? String(error);
}
