// What a batch costs whoever wants only that: the same body parsed, the MACs that the answer needs, the same JSON answered.
// No domain is looked up, no address is read, nothing is bounded, counted or logged.

interface Item {
  readonly address: string;
}

const UTF8 = new TextEncoder();
const DIGITS = "abcdefghijklmnopqrstuvwxyz234567";
const DAY_MS = 86_400_000;
const [LIFETIME_DAYS, MESSAGE_ID_LIFETIME_DAYS] = [7, 30];

let keys: Promise<{ readonly prvs: CryptoKey; readonly messageId: CryptoKey }> | null = null;

export default {
  async fetch(request, { SECRET, KEY_NUMBER }) {
    keys ??= openKeys(SECRET);
    const { prvs, messageId } = await keys;
    const url = new URL(request.url);
    if (url.pathname === "/bare") return signBare(prvs, await request.json());
    const withMessageIds = url.pathname === "/message-ids";
    const { addresses } = (await request.json()) as { addresses: readonly Item[] };
    const today = Math.floor(Date.now() / DAY_MS);
    const expiryDay = today + LIFETIME_DAYS;
    const residue = String(expiryDay % 1000).padStart(3, "0");
    const messageIdDay = base32Number(today + MESSAGE_ID_LIFETIME_DAYS, 4);
    const expires = new Date((expiryDay + 1) * DAY_MS).toISOString();
    const key = Number(KEY_NUMBER);
    const results = [];
    for (const { address } of addresses) {
      const at = address.lastIndexOf("@");
      const mac = new Uint8Array(
        await crypto.subtle.sign("HMAC", prvs, UTF8.encode(`${key}${residue}${address}`)),
      );
      let id: string | null = null;
      if (withMessageIds) {
        const nonce = base32(crypto.getRandomValues(new Uint8Array(10)));
        const terms = `${key}${messageIdDay}.${nonce}`;
        const signature = await crypto.subtle.sign("HMAC", messageId, UTF8.encode(`${terms}=${address}`));
        id = `<cs1.${terms}.${base32(new Uint8Array(signature, 0, 10))}@${address.slice(at + 1)}>`;
      }
      results.push({
        address,
        reversePath: `prvs=${key}${residue}${hex(mac[0])}${hex(mac[1])}${hex(mac[2])}=${address}`,
        messageId: id,
        scheme: "prvs",
        key,
        expires,
        ref: null,
      });
    }
    return Response.json({ results });
  },
} satisfies ExportedHandler<{ readonly SECRET: string; readonly KEY_NUMBER: string }>;

/** The MACs alone: of so many addresses, whose octets are made before. */
async function signBare(key: CryptoKey, { addresses }: { addresses: number }): Promise<Response> {
  const inputs = Array.from({ length: addresses }, (_, at) => UTF8.encode(`3000user${at}@example.com`));
  for (const input of inputs) await crypto.subtle.sign("HMAC", key, input);
  return new Response(null, { status: 204 });
}

async function openKeys(secret: string) {
  const octets = UTF8.encode(secret);
  const base = await crypto.subtle.importKey("raw", octets, "HKDF", false, ["deriveKey"]);
  return {
    prvs: await crypto.subtle.importKey("raw", octets, { name: "HMAC", hash: "SHA-1" }, false, ["sign"]),
    messageId: await crypto.subtle.deriveKey(
      { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info: UTF8.encode("message-id") },
      base,
      { name: "HMAC", hash: "SHA-256", length: 256 },
      false,
      ["sign"],
    ),
  };
}

function hex(octet = 0): string {
  return octet.toString(16).padStart(2, "0");
}

function base32(octets: Uint8Array): string {
  let text = "";
  let [held, bits] = [0, 0];
  for (const octet of octets) {
    held = (held << 8) | octet;
    bits += 8;
    for (; bits >= 5; bits -= 5) text += DIGITS[(held >> (bits - 5)) & 31];
    held &= 0xff;
  }
  return text;
}

function base32Number(value: number, digits: number): string {
  let text = "";
  for (let at = digits - 1; at >= 0; at--) text += DIGITS[(value >> (5 * at)) & 31];
  return text;
}
