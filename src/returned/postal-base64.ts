// What the Worker's build puts in place of postal-mime's base64 encoder (wrangler.toml): attachments are read as octets here.

/** Never called. */
export function base64ArrayBuffer(): never {
  throw new Error("No attachment is asked for in base64.");
}
