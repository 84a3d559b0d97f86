// The bodies that the API takes, as schemas: the requests are read by them, and the OpenAPI document is made of them.
// Messages never repeat a value.

import * as v from "valibot";
import { isDomain, isLocalPart, lowerCase, readMailbox } from "../core/mailbox.ts";
import { DEFAULT_ROUTE } from "../core/route.ts";
import { LIFETIME_DAYS_AT_MOST } from "../core/settings.ts";
import { isTagged, WHOLE_REF } from "../core/tag.ts";
import { ALL_DOMAINS, SCOPES } from "../core/token.ts";
import { isConfigurable } from "./operation.ts";

/** Days; a key that signs for longer is as good as one that is never rotated. */
const ROTATE_DAYS_AT_MOST = 365;
/** Exim's limit on the secret of its own `${prvs}`. */
const SECRET_OCTETS_AT_MOST = 64;
const DESTINATIONS_AT_MOST = 20;
const EXEMPT_AT_MOST = 100;
/** Each is a look-up. */
const SELECTORS_AT_MOST = 10;
const BOUNCES_PER_REF_AT_MOST = 1_000;
/** Characters in one line that the platform hands on to the sender. */
const REASON_CHARACTERS_AT_MOST = 199;

/** A token's name, for whoever looks at the list. */
const NAME_CHARACTERS_AT_MOST = 100;
const TOKEN_DOMAINS_AT_MOST = 1_000;

export const mode = said(
  v.picklist(["off", "observe", "enforce"]),
  "off: routed, nothing judged. observe: delivered, and marked where it would be rejected. enforce: rejected.",
);

export const scheme = said(
  v.picklist(["prvs", "cs1"]),
  "prvs: 24 bits, as other software makes it. cs1: 80 bits, and room for a ref.",
);

export const keyNumber = said(whole(0, 9), "The K of a tag.");

export const ref = said(
  v.pipe(
    v.string(),
    v.regex(WHOLE_REF, "1 to 24 of a-z, 0-9 and - are expected, with a letter or digit at both ends."),
  ),
  "Names your message: 1 to 24 of a-z, 0-9 and -, which stands at neither end.",
);

const exemption = v.pipe(
  v.string(),
  v.transform(lowerCase),
  v.check(
    (text) => isLocalPart(text) || readMailbox(text).kind === "mailbox",
    "A local-part or an address of the domain is expected.",
  ),
);

const key = v.strictObject({
  number: keyNumber,
  secret: said(
    v.pipe(
      v.string(),
      v.regex(
        new RegExp(`^[\\x20-\\x7e]{1,${SECRET_OCTETS_AT_MOST}}$`),
        `1 to ${SECRET_OCTETS_AT_MOST} printable ASCII octets are expected.`,
      ),
    ),
    `1 to ${SECRET_OCTETS_AT_MOST} printable ASCII octets, used as they are.`,
  ),
});

const keyOrNothing = v.strictObject({
  number: v.exactOptional(key.entries.number),
  secret: v.exactOptional(key.entries.secret),
  sign: v.exactOptional(said(v.boolean(), "Whether it signs too, from its notBefore on.")),
});

/** A rotation, `{}`, or a key to bring along: `{"number","secret","sign"?}`. */
export const keyBody = v.pipe(keyOrNothing, together("number"), together("secret"));

/** A domain's settings, each with its own rule; checkSettings has those that tie one to another. */
export const settings = {
  mode,
  scheme,
  placement: said(
    v.picklist(["prefix", "subaddress"]),
    "Where the tag stands: prvs=…=alice@ or alice+prvs=…@.",
  ),
  lifetimeDays: said(whole(1, LIFETIME_DAYS_AT_MOST), "Days that a tag stays valid."),
  messageIdLifetimeDays: said(whole(1, LIFETIME_DAYS_AT_MOST), "Days that a signed Message-ID stays valid."),
  rotateDays: said(whole(0, ROTATE_DAYS_AT_MOST), "Days between rotations of the key; 0 for never."),
  exempt: said(
    v.pipe(v.array(exemption), v.maxLength(EXEMPT_AT_MOST, `${EXEMPT_AT_MOST} exemptions are the limit.`)),
    "Local-parts, or addresses of the domain, that take bounces without evidence.",
  ),
  bounceSenders: said(
    v.picklist(["null-only", "mailer-daemon"]),
    "Whose mail is a bounce: the null sender's, or a robot's delivery-status report too.",
  ),
  autoReplies: said(
    v.picklist(["evidence", "accept"]),
    "What a vacation reply needs: evidence like any bounce, or only to look like one.",
  ),
  maxBouncesPerRef: said(
    v.nullable(whole(1, BOUNCES_PER_REF_AT_MOST)),
    "How many messages may come back to one address with a ref; null for any number.",
  ),
  dkimSelectors: said(
    v.pipe(
      v.array(
        v.pipe(
          v.string(),
          v.transform(lowerCase),
          v.check(isDomain, "A DKIM selector is expected: the s= of your mail's DKIM-Signature."),
        ),
      ),
      v.maxLength(SELECTORS_AT_MOST, `${SELECTORS_AT_MOST} selectors are the limit.`),
      v.check((names) => new Set(names).size === names.length, "A selector stands here twice."),
    ),
    "Selectors of the DKIM keys that sign the domain's mail, which are looked up in the DNS.",
  ),
};

/** A change of settings; `keys` count at creation only. */
export const settingsBody = v.strictObject({
  ...optional(settings),
  keys: v.exactOptional(
    said(
      v.pipe(
        v.array(key),
        v.minLength(1, "Leave it out, and the domain makes a key of its own."),
        v.check(
          (keys) => new Set(keys.map(({ number }) => number)).size === keys.length,
          "Each key needs a number of its own.",
        ),
      ),
      "Keys to bring along, at creation only; the last signs.",
    ),
  ),
});

const destination = v.pipe(
  v.string(),
  v.check((text) => readMailbox(text).kind === "mailbox", "A plain mailbox, local-part@domain, is expected."),
);

/** One route. */
export const routeBody = v.variant("action", [
  v.strictObject({
    action: v.literal("forward"),
    to: said(
      v.pipe(
        v.array(destination),
        v.minLength(1, "At least one destination is needed."),
        v.maxLength(DESTINATIONS_AT_MOST, `${DESTINATIONS_AT_MOST} destinations are the limit.`),
        v.check((to) => new Set(to.map(lowerCase)).size === to.length, "A destination stands here twice."),
      ),
      "Verified destinations, tried in order.",
    ),
    mode: v.exactOptional(mode),
  }),
  v.strictObject({ action: v.literal("consume"), mode: v.exactOptional(mode) }),
  v.strictObject({
    action: v.literal("reject"),
    reason: said(
      v.pipe(
        v.string(),
        v.regex(
          new RegExp(`^[\\x20-\\x7e]{1,${REASON_CHARACTERS_AT_MOST}}$`),
          `One line of 1 to ${REASON_CHARACTERS_AT_MOST} printable ASCII characters is expected.`,
        ),
      ),
      "What the sender reads: one line of printable ASCII.",
    ),
    mode: v.exactOptional(mode),
  }),
]);

/** The whole map of routes; each of them is read by `routeBody`, its name by `readRouteName`. */
export const routesBody = v.strictObject({
  routes: v.pipe(
    v.custom<Record<string, unknown>>(
      (value) => typeof value === "object" && value !== null && !Array.isArray(value),
      "An object of routes by local-part is expected.",
    ),
    v.metadata({ eachValue: routeBody }),
  ),
});

/** An address to mint for. A ref selects cs1. */
export const mintBody = v.pipe(
  v.strictObject({
    address: said(v.string(), "The sender of the message, a plain mailbox without a tag."),
    from: v.exactOptional(said(v.string(), "The address that replies go to, where it is another.")),
    messageId: v.exactOptional(said(v.boolean(), "false where the message keeps a Message-ID of its own.")),
    scheme: v.exactOptional(scheme),
    ref: v.exactOptional(ref),
  }),
  v.forward(
    v.partialCheck(
      [["scheme"], ["ref"]],
      (body) => body.ref === undefined || body.scheme !== "prvs",
      "A prvs tag has no room for a ref; leave the scheme out, or ask for cs1.",
    ),
    ["ref"],
  ),
);

/** Addresses to mint for, each of them read by itself: a text, or what `mintBody` reads. */
export const batchBody = v.strictObject({
  addresses: v.pipe(
    v.custom<readonly unknown[]>(Array.isArray, "A list is expected."),
    v.metadata({ eachItem: v.union([v.string(), mintBody]) }),
  ),
});

/** A token to make. */
export const tokenBody = v.strictObject({
  name: said(
    v.pipe(
      v.string(),
      v.regex(
        new RegExp(`^[^\\p{C}]{1,${NAME_CHARACTERS_AT_MOST}}$`, "u"),
        `1 to ${NAME_CHARACTERS_AT_MOST} printable characters are expected.`,
      ),
    ),
    "For whoever reads the list and the audit.",
  ),
  scopes: v.pipe(
    v.array(v.picklist(SCOPES)),
    v.minLength(1, "At least one scope is needed."),
    v.check((scopes) => new Set(scopes).size === scopes.length, "A scope stands here twice."),
    v.description("admin includes the rest."),
  ),
  domains: v.pipe(
    v.array(
      v.pipe(
        v.string(),
        v.transform(lowerCase),
        v.check((name) => name === ALL_DOMAINS || isConfigurable(name), "A domain name, or *, is expected."),
      ),
    ),
    v.minLength(1, "At least one domain is needed; * stands for all."),
    v.maxLength(TOKEN_DOMAINS_AT_MOST, `${TOKEN_DOMAINS_AT_MOST} domains are the limit.`),
    v.check((names) => new Set(names).size === names.length, "A domain stands here twice."),
    v.check((names) => names.length === 1 || !names.includes(ALL_DOMAINS), "* stands alone."),
    v.description("Names of domains, configured or not; * alone is all."),
  ),
});

/** An address to validate. */
export const validateBody = v.strictObject({
  address: said(v.string(), "An address as it came back, with its tag or without."),
});

/** Where a webhook is; `readWebhookUrl` has the rules. */
export const webhookBody = v.strictObject({
  url: said(v.string(), "https: and a DNS name, without user information."),
});

/** An event to tell of once more. */
export const redeliverBody = v.strictObject({
  id: said(v.string(), "A bounce's id, or a webhook-id."),
});

/** A route's name, in lower case; null where no address could ever match it. */
export function readRouteName(text: string): string | null {
  const name = lowerCase(text);
  return name === DEFAULT_ROUTE || (isLocalPart(name) && !isTagged(name)) ? name : null;
}

/** A key to bring along has number and secret, or there is none. */
function together(field: "number" | "secret") {
  return v.forward(
    v.check<v.InferOutput<typeof keyOrNothing>, string>(
      (body) => Object.keys(body).length === 0 || body[field] !== undefined,
      "A key to bring along needs its number and its secret; to rotate, send {}.",
    ),
    [field],
  );
}

/** The same fields, each of which may be left out. */
function optional<Entries extends v.ObjectEntries>(
  entries: Entries,
): { [Field in keyof Entries]: v.ExactOptionalSchema<Entries[Field], undefined> } {
  const fields = Object.entries(entries).map(([field, schema]) => [field, v.exactOptional(schema)]);
  return Object.fromEntries(fields) as ReturnType<typeof optional<Entries>>;
}

/** The same schema, with a word to whoever reads the document. */
export function said<S extends v.GenericSchema>(
  schema: S,
  text: string,
): v.SchemaWithPipe<readonly [S, v.DescriptionAction<v.InferOutput<S>, string>]> {
  return v.pipe(schema, v.description(text));
}

function whole(least: number, most: number) {
  const message = `A whole number from ${least} to ${most} is expected.`;
  return v.pipe(v.number(), v.integer(message), v.minValue(least, message), v.maxValue(most, message));
}
