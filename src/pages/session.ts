// Sessions: a signed cookie that says who has shown his token, and until when it is believed. Nothing is kept here, and a
// token that was revoked is no one's any more.
//
//     <id>.<expires>.<mac>
//
// id the token's, or `admin`; expires in milliseconds since 1970; the MAC (80 bits of HMAC-SHA-256, as base32) covers both.

import { type Caller, findKnownCaller } from "../api/caller.ts";
import { isSame, signText } from "../core/signature.ts";
import { permits } from "../core/token.ts";
import type { Visit } from "./desk.ts";

/** Hours after which one signs in again. */
export const SESSION_HOURS = 8;

const OPERATOR = "admin";
const TEXT = /^(admin|[0-9a-f]{20})\.([0-9]{1,15})\.([a-z2-7]{16})$/;

/** Begins a session. */
export async function begin(visit: Visit, { id }: Caller): Promise<void> {
  const expires = visit.env.now + SESSION_HOURS * 3_600_000;
  const text = `${id ?? OPERATOR}.${expires}`;
  setSession(visit, `${text}.${await signText(visit.env.sessionKey, text)}`, SESSION_HOURS * 3_600);
}

/** Ends the session in this browser. */
export function end(visit: Visit): void {
  setSession(visit, "", 0);
}

/** Who is signed in, with what he may do now; null for a stranger. Throws `StorageUnreachable`. */
export async function findVisitor(visit: Visit): Promise<Caller | null> {
  const [, id = "", expires = "", mac = ""] = TEXT.exec(readSession(visit)) ?? [];
  const { sessionKey, tokens, now } = visit.env;
  if (id === "" || !isSame(mac, await signText(sessionKey, `${id}.${expires}`))) return null;
  if (Number(expires) <= now) return null;
  const caller = await findKnownCaller(id === OPERATOR ? null : id, { tokens });
  return caller !== null && permits(caller, "read") ? caller : null;
}

/** Sets the cookie (RFC 6265, 4.1), for so many seconds. */
function setSession(visit: Visit, value: string, maxAgeS: number): void {
  const secure = isSecure(visit) ? "; Secure" : "";
  const attributes = `Path=/; Max-Age=${maxAgeS}; HttpOnly; SameSite=Strict${secure}`;
  visit.header("set-cookie", `${cookieName(visit)}=${value}; ${attributes}`);
}

/** What the browser sends back (RFC 6265, 4.2). */
function readSession(visit: Visit): string {
  const pairs = (visit.req.header("cookie") ?? "").split(";").map((pair) => pair.trim());
  const name = `${cookieName(visit)}=`;
  return pairs.find((pair) => pair.startsWith(name))?.slice(name.length) ?? "";
}

/** With the prefix no other host of the domain can set it; browsers take that over HTTPS alone. */
function cookieName(visit: Visit): string {
  return isSecure(visit) ? "__Host-countersign" : "countersign";
}

/** All but `wrangler dev` is. */
function isSecure(visit: Visit): boolean {
  return new URL(visit.req.url).protocol === "https:";
}
