// The tag in a local-part: reading and writing it, in both placements. Only the form is judged here; what a
// tag is worth is found in tag-status.ts. No I/O, no clock; nothing here throws.

/** The tag-types that are ours. `SRS0=`, `btv1=`, VERP and the like are part of a local-part. */
export type Scheme = "prvs";

/** Where the tag stands: `prvs=…=local` or `local+prvs=…`. */
export type Placement = "prefix" | "subaddress";

/** draft-levine-smtp-batv-01: `K DDD SSSSSS`, the MAC in lower case however it came. */
export interface Tag {
  readonly scheme: Scheme;
  /** K: the key number, 0 to 9. */
  readonly key: number;
  /** DDD: the last three digits of the expiry day. */
  readonly residue: string;
  /** SSSSSS: six hex digits. */
  readonly mac: string;
}

/** `localPart` is what remains without the tag, in the case it came in. */
export type TagReading =
  | { readonly kind: "untagged"; readonly localPart: string }
  | { readonly kind: "malformed"; readonly scheme: Scheme; readonly localPart: string }
  | { readonly kind: "tagged"; readonly scheme: Scheme; readonly tag: Tag; readonly localPart: string };

/** Octets that a prvs tag adds to a local-part, in either placement. */
export const PRVS_OVERHEAD_OCTETS = 16;

const PREFIX = /^(prvs)=/i;
const SUBADDRESS = /^(.+)\+(prvs)=(.*)$/is;
const PRVS_VALUE = /^([0-9])([0-9]{3})([0-9a-f]{6})$/i;

/** Tags of any maker: an address that bears one is not signed again, since one message keeps one tag. */
const ANY_TAG = /^(?:prvs|cs1|btv1|msprvs1)=|\+(?:prvs|cs1)=/i;

/** Whether the local-part bears a tag already, ours or another product's. */
export function isTagged(localPart: string): boolean {
  return ANY_TAG.test(localPart);
}

/**
 * Reads the tag of a forward-path's local-part: the prefix form first, which ends at its second `=` (the rest may
 * hold more of them); else the last `+prvs=`. One level only.
 */
export function readTag(localPart: string): TagReading {
  const prefix = PREFIX.exec(localPart);
  if (prefix !== null) {
    const value = localPart.slice(prefix[0].length);
    const end = value.indexOf("=");
    // Without a second `=`, or with nothing behind it, there is no original to give back.
    if (end < 0 || end === value.length - 1) return { kind: "malformed", scheme: "prvs", localPart };
    return readValue(value.slice(0, end), value.slice(end + 1));
  }
  const subaddress = SUBADDRESS.exec(localPart);
  if (subaddress !== null) return readValue(subaddress[3] ?? "", subaddress[1] ?? "");
  return { kind: "untagged", localPart };
}

/** Puts a tag on a local-part. */
export function formatTag(tag: Tag, localPart: string, placement: Placement): string {
  const value = `${tag.scheme}=${tag.key}${tag.residue}${tag.mac}`;
  return placement === "prefix" ? `${value}=${localPart}` : `${localPart}+${value}`;
}

function readValue(value: string, localPart: string): TagReading {
  const [, key, residue, mac] = PRVS_VALUE.exec(value) ?? [];
  if (key === undefined || residue === undefined || mac === undefined) {
    return { kind: "malformed", scheme: "prvs", localPart };
  }
  return {
    kind: "tagged",
    scheme: "prvs",
    tag: { scheme: "prvs", key: Number(key), residue, mac: mac.toLowerCase() },
    localPart,
  };
}
