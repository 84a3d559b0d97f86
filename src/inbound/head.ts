// The first octets of a message, which hold all that is read of a bounce. The stream dies with the handler, so they are
// read before it returns; where they can't be, that is no reason to keep the message from anyone.

import type { IncomingMessage } from "./message.ts";

/** How long is waited for them, in milliseconds. */
const READ_WITHIN_MS = 1_000;

/** At most so many octets from the start; as many as came where reading fails, or takes too long. */
export async function readHead(
  message: Pick<IncomingMessage, "raw">,
  octetsAtMost: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  const { promise: late, resolve: giveUp } = Promise.withResolvers<"late">();
  const timer = setTimeout(() => giveUp("late"), READ_WITHIN_MS);
  try {
    const reader = message.raw.getReader();
    let octets = 0;
    while (octets < octetsAtMost) {
      const read = await Promise.race([reader.read(), late]);
      if (read === "late" || read.done) break;
      chunks.push(read.value);
      octets += read.value.length;
    }
    // The rest is not wanted; a stream that does not even end is no fault of the message.
    reader.cancel().catch(() => undefined);
  } catch {
    // What came until then is what there is to read.
  } finally {
    clearTimeout(timer);
  }
  return join(chunks, octetsAtMost);
}

function join(chunks: readonly Uint8Array[], octetsAtMost: number): Uint8Array<ArrayBuffer> {
  const octets = Math.min(
    chunks.reduce((sum, { length }) => sum + length, 0),
    octetsAtMost,
  );
  const head = new Uint8Array(octets);
  let at = 0;
  for (const chunk of chunks) {
    head.set(chunk.subarray(0, octets - at), at);
    at += Math.min(chunk.length, octets - at);
  }
  return head;
}
