// Base32 in lower case without padding (RFC 4648, 6): what a tag or Message-ID can carry through mailers that
// fold case.

const ALPHABET = "abcdefghijklmnopqrstuvwxyz234567";

/** Five bits a digit, most significant first; whole digits only, so give a multiple of 5 octets. */
export function encodeBase32(octets: Uint8Array): string {
  let text = "";
  let bits = 0;
  let held = 0;
  for (const octet of octets) {
    held = ((held << 8) | octet) & 0xfff;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += ALPHABET.charAt((held >> bits) & 31);
    }
  }
  return text;
}

/** The number in a fixed count of digits, most significant first. */
export function encodeBase32Number(value: number, digits: number): string {
  let text = "";
  for (let shift = (digits - 1) * 5; shift >= 0; shift -= 5) text += ALPHABET.charAt((value >>> shift) & 31);
  return text;
}

/** The number that base32 digits spell, in either case; NaN where a character is no digit. Six digits at most. */
export function decodeBase32Number(text: string): number {
  let value = 0;
  for (const digit of text.toLowerCase()) {
    const five = ALPHABET.indexOf(digit);
    if (five < 0) return Number.NaN;
    value = value * 32 + five;
  }
  return value;
}
