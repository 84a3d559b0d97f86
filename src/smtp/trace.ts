// The trace that a server puts on top of what it passes on (RFC 5321, 4.4).

import type { SMTPServerSession } from "smtp-server";

/** One header field, folded. */
export function formatTrace(session: SMTPServerSession, by: string, now: Date): string {
  const { hostNameAppearsAs, remoteAddress, transmissionType, id } = session;
  const client = hostNameAppearsAs.replace(/[^\w.:[\]-]/g, "?");
  const address = remoteAddress.replace(/^::ffff:/i, "");
  const literal = address.includes(":") ? `IPv6:${address}` : address;
  const date = now.toUTCString().replace("GMT", "+0000");
  return `Received: from ${client} ([${literal}])\r\n\tby ${by} with ${transmissionType} id ${id};\r\n\t${date}\r\n`;
}
