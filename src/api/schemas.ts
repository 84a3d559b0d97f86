// The bodies that the API takes, as schemas: the requests are read by them, and the OpenAPI document is made of them.
// Messages never repeat a value.

import * as v from "valibot";
import { isLocalPart, lowerCase, readMailbox } from "../core/mailbox.ts";
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
/** Characters in one line that the platform hands on to the sender. */
const REASON_CHARACTERS_AT_MOST = 199;

/** A token's name, for whoever looks at the list. */
const NAME_CHARACTERS_AT_MOST = 100;
const TOKEN_DOMAINS_AT_MOST = 1_000;

export const mode = v.picklist(["off", "observe", "enforce"]);

export const scheme = v.picklist(["prvs", "cs1"]);

const lifetimeDays = whole(1, LIFETIME_DAYS_AT_MOST);

const exemption = v.pipe(
  v.string(),
  v.transform(lowerCase),
  v.check(
    (text) => isLocalPart(text) || readMailbox(text).kind === "mailbox",
    "A local-part or an address of the domain is expected.",
  ),
);

const key = v.strictObject({
  number: whole(0, 9),
  secret: v.pipe(
    v.string(),
    v.regex(
      new RegExp(`^[\\x20-\\x7e]{1,${SECRET_OCTETS_AT_MOST}}$`),
      `1 to ${SECRET_OCTETS_AT_MOST} printable ASCII octets are expected.`,
    ),
  ),
});

const keyOrNothing = v.strictObject({
  number: v.exactOptional(key.entries.number),
  secret: v.exactOptional(key.entries.secret),
  sign: v.exactOptional(v.boolean()),
});

/** A rotation, `{}`, or a key to bring along: `{"number","secret","sign"?}`. */
export const keyBody = v.pipe(keyOrNothing, together("number"), together("secret"));

/** A domain's settings, each with its own rule; checkSettings has those that tie one to another. */
export const settings = {
  mode,
  scheme,
  placement: v.picklist(["prefix", "subaddress"]),
  lifetimeDays,
  messageIdLifetimeDays: lifetimeDays,
  rotateDays: whole(0, ROTATE_DAYS_AT_MOST),
  exempt: v.pipe(
    v.array(exemption),
    v.maxLength(EXEMPT_AT_MOST, `${EXEMPT_AT_MOST} exemptions are the limit.`),
  ),
  bounceSenders: v.picklist(["null-only", "mailer-daemon"]),
  autoReplies: v.picklist(["evidence", "accept"]),
  maxBouncesPerRef: v.null(),
  dkimSelectors: v.pipe(v.array(v.string()), v.maxLength(0, "DKIM is not looked up yet; leave it empty.")),
};

/** A change of settings; `keys` count at creation only. */
export const settingsBody = v.strictObject({
  ...optional(settings),
  keys: v.exactOptional(
    v.pipe(
      v.array(key),
      v.minLength(1, "Leave it out, and the domain makes a key of its own."),
      v.check(
        (keys) => new Set(keys.map(({ number }) => number)).size === keys.length,
        "Each key needs a number of its own.",
      ),
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
    to: v.pipe(
      v.array(destination),
      v.minLength(1, "At least one destination is needed."),
      v.maxLength(DESTINATIONS_AT_MOST, `${DESTINATIONS_AT_MOST} destinations are the limit.`),
      v.check((to) => new Set(to.map(lowerCase)).size === to.length, "A destination stands here twice."),
    ),
    mode: v.exactOptional(mode),
  }),
  v.strictObject({ action: v.literal("consume"), mode: v.exactOptional(mode) }),
  v.strictObject({
    action: v.literal("reject"),
    reason: v.pipe(
      v.string(),
      v.regex(
        new RegExp(`^[\\x20-\\x7e]{1,${REASON_CHARACTERS_AT_MOST}}$`),
        `One line of 1 to ${REASON_CHARACTERS_AT_MOST} printable ASCII characters is expected.`,
      ),
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
    address: v.string(),
    from: v.exactOptional(v.string()),
    messageId: v.exactOptional(v.boolean()),
    scheme: v.exactOptional(scheme),
    ref: v.exactOptional(
      v.pipe(
        v.string(),
        v.regex(WHOLE_REF, "1 to 24 of a-z, 0-9 and - are expected, with a letter or digit at both ends."),
      ),
    ),
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
  name: v.pipe(
    v.string(),
    v.regex(
      new RegExp(`^[^\\p{C}]{1,${NAME_CHARACTERS_AT_MOST}}$`, "u"),
      `1 to ${NAME_CHARACTERS_AT_MOST} printable characters are expected.`,
    ),
  ),
  scopes: v.pipe(
    v.array(v.picklist(SCOPES)),
    v.minLength(1, "At least one scope is needed."),
    v.check((scopes) => new Set(scopes).size === scopes.length, "A scope stands here twice."),
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
  ),
});

/** An address to validate. */
export const validateBody = v.strictObject({ address: v.string() });

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

function whole(least: number, most: number) {
  const message = `A whole number from ${least} to ${most} is expected.`;
  return v.pipe(v.number(), v.integer(message), v.minValue(least, message), v.maxValue(most, message));
}
