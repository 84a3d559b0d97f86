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
    // At most a CR and a dot, or a line end and a dot, stand before each octet.
    const encoded = Buffer.allocUnsafe(chunk.length * 3 + 2);
    let length = 0;
    for (const octet of chunk) {
      if (this.#afterCr || octet === LF) {
        encoded[length++] = CR;
        encoded[length++] = LF;
        const ends = octet === LF;
        this.#afterCr = octet === CR;
        this.#atLineStart = true;
        if (ends || this.#afterCr) continue;
      } else if (octet === CR) {
        this.#afterCr = true;
        continue;
      }
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
