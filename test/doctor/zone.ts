// A domain in order and those that it refers to, after records that such services publish; and a look-up in a zone that is
// no network.

import { generateKeyPairSync } from "node:crypto";
import type { Answer, LookUp } from "../../src/doctor/resolver.ts";
import type { Zone } from "../doh-server.ts";

export function rsaKey(bits: number): string {
  const { publicKey } = generateKeyPairSync("rsa", { modulusLength: bits });
  return publicKey.export({ type: "spki", format: "der" }).toString("base64");
}

export const KEY = rsaKey(2048);
const { publicKey } = generateKeyPairSync("ed25519");
export const ED25519_KEY = Buffer.from(publicKey.export({ format: "jwk" }).x ?? "", "base64url").toString(
  "base64",
);

/** Email Routing takes the mail; Google Workspace and SendGrid send it. */
export const ZONE: Zone = {
  "example.com": {
    MX: ["84 route1.mx.cloudflare.net.", "9 route2.mx.cloudflare.net.", "37 route3.mx.cloudflare.net."],
    TXT: [
      "google-site-verification=rXOxyZounnZasA8Z7oaD3c14JdjS9aKSWvsR1EbUSIQ",
      "v=spf1 include:_spf.mx.cloudflare.net include:_spf.google.com include:sendgrid.net ~all",
    ],
  },
  "_spf.mx.cloudflare.net": {
    TXT: ["v=spf1 ip4:104.30.0.0/19 ip6:2405:8100:c000::/38 ~all"],
  },
  "_spf.google.com": {
    TXT: [
      "v=spf1 include:_netblocks.google.com include:_netblocks2.google.com include:_netblocks3.google.com ~all",
    ],
  },
  "_netblocks.google.com": {
    TXT: ["v=spf1 ip4:35.190.247.0/24 ip4:64.233.160.0/19 ip4:66.102.0.0/20 ip4:66.249.80.0/20 ~all"],
  },
  "_netblocks2.google.com": {
    TXT: ["v=spf1 ip6:2001:4860:4864::/56 ip6:2404:6800:4864::/56 ip6:2607:f8b0:4864::/56 ~all"],
  },
  "_netblocks3.google.com": {
    TXT: ["v=spf1 ip4:172.217.0.0/19 ip4:172.217.32.0/20 ip4:108.177.8.0/21 ~all"],
  },
  "sendgrid.net": { TXT: ["v=spf1 ip4:167.89.0.0/17 ip4:208.117.48.0/20 ip4:50.31.32.0/19 ~all"] },
  "google._domainkey.example.com": { TXT: [`v=DKIM1; k=rsa; p=${KEY}`] },
  "s1._domainkey.example.com": { CNAME: ["s1.domainkey.u1234567.wl042.sendgrid.net."] },
  "s1.domainkey.u1234567.wl042.sendgrid.net": { TXT: [`k=rsa; t=s; p=${KEY}`] },
  "_dmarc.example.com": {
    TXT: ["v=DMARC1; p=reject; rua=mailto:dmarc@example.com; adkim=s; aspf=r; fo=1"],
  },
};

export const SELECTORS = ["google", "s1"];

/** Looks up in a zone; a CNAME is followed. */
export function lookUpIn(
  zone: Zone,
  failing: Readonly<Record<string, Answer>> = {},
): LookUp & { asked: string[] } {
  const asked: string[] = [];
  const lookUp: LookUp = async (name, type) => {
    asked.push(`${name} ${type}`);
    const failure = failing[name];
    if (failure !== undefined) return failure;
    const types = zone[zone[name]?.["CNAME"]?.[0]?.replace(/\.$/, "") ?? name];
    return types === undefined ? { kind: "absent" } : { kind: "found", records: types[type] ?? [] };
  };
  return Object.assign(lookUp, { asked });
}
