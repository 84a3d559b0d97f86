// A message as DATA carries it (RFC 5321, 4.5.2): lines end with CRLF, and one that begins with a dot gets another. A bare
// CR or LF becomes a line end, so that no two servers can see the end of the message in different places.

const CR = 0x0d;
const LF = 0x0a;
const DOT = 0x2e;

/** Encodes a message chunk by chunk. */
export class Transparency {
  #atLineStart = true;
  /** A CR of which it is not known yet whether an LF follows. */
  #afterCr = false;

  encode(chunk: Uint8Array): Buffer {
    const encoded = Buffer.allocUnsafe(chunk.length + boundAdded(chunk));
    let length = 0;
    for (const octet of chunk) {
      if (this.#afterCr || octet === LF) {
        encoded[length++] = CR;
        encoded[length++] = LF;
        this.#atLineStart = true;
      }
      this.#afterCr = octet === CR;
      if (octet === LF || octet === CR) continue;
      if (this.#atLineStart && octet === DOT) encoded[length++] = DOT;
      encoded[length++] = octet;
      this.#atLineStart = false;
    }
    return encoded.subarray(0, length);
  }

  /** The end of the last line where it has none, and the dot that ends the message. */
  end(): Buffer {
    return Buffer.from(this.#atLineStart && !this.#afterCr ? ".\r\n" : "\r\n.\r\n");
  }
}

/** As many octets as may be added at most: a large buffer for each chunk would not be given back as fast as they come. */
function boundAdded(chunk: Uint8Array): number {
  let added = 3;
  for (const octet of chunk) if (octet === CR || octet === LF) added += 2;
  return added;
}
