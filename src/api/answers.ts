// What the API answers, as schemas: handlers are held to them by their types, the tests hold each answer to them, and the
// OpenAPI document is made of them.

import * as v from "valibot";
import { DISPOSITIONS } from "../core/policy.ts";
import { TAG_STATUSES } from "../core/tag-status.ts";
import { SCOPES } from "../core/token.ts";
import { PROBLEM_TYPES, TYPE_PREFIX } from "./problem.ts";
import { keyNumber, redeliverBody, ref, routeBody, said, scheme, settings } from "./schemas.ts";

/** RFC 3339, UTC. */
const time = v.pipe(v.string(), v.isoTimestamp());

const effectiveBy = said(v.nullable(time), "When every location has it; null while KV does not take it.");

const expires = said(time, "The first instant at which the tag is no longer valid.");

/** A failure (RFC 9457). */
export const problemAnswer = v.strictObject({
  type: v.picklist(PROBLEM_TYPES.map((type) => TYPE_PREFIX + type)),
  title: v.string(),
  status: v.pipe(v.number(), v.integer()),
  detail: v.string(),
  errors: v.exactOptional(v.array(v.strictObject({ pointer: v.string(), detail: v.string() }))),
});

export const mintedAnswer = v.strictObject({
  address: said(v.string(), "In lower case."),
  reversePath: said(v.string(), "For MAIL FROM."),
  messageId: said(
    v.nullable(v.string()),
    "For the header, with its angle brackets; null where none was wanted.",
  ),
  scheme,
  key: keyNumber,
  expires,
  ref: v.nullable(ref),
});

export const batchAnswer = v.strictObject({
  results: v.array(
    v.union([mintedAnswer, v.strictObject({ address: v.nullable(v.string()), error: problemAnswer })]),
  ),
});

const tagStatus = v.picklist(TAG_STATUSES);

export const validatedAnswer = v.strictObject({
  status: tagStatus,
  original: said(v.string(), "The address without its tag."),
  scheme: v.nullable(scheme),
  key: v.nullable(keyNumber),
  expires: v.nullable(expires),
  ref: v.nullable(ref),
});

export const domainAnswer = v.strictObject({ domain: v.string(), ...settings });

export const writtenDomainAnswer = v.strictObject({ ...domainAnswer.entries, effectiveBy });

export const readinessAnswer = v.strictObject({
  ready: v.boolean(),
  checks: v.array(
    v.strictObject({ id: v.string(), status: v.picklist(["pass", "warn", "fail"]), detail: v.string() }),
  ),
});

const keyState = v.picklist(["pending", "signing", "validating", "retired"]);

const key = v.strictObject({
  number: keyNumber,
  state: keyState,
  created: v.nullable(time),
  notBefore: said(v.nullable(time), "When it begins to sign; null where it never does."),
  expires: said(v.nullable(time), "When it is retired; null where that is not known yet."),
  imported: said(v.boolean(), "Whether it was brought along."),
});

export const writtenKeyAnswer = v.strictObject({ ...key.entries, effectiveBy });

const routes = v.record(v.string(), routeBody);

/** `cursor` where a page was asked for. */
export const routesAnswer = v.strictObject({
  routes,
  cursor: v.exactOptional(said(v.nullable(v.string()), "Where a page was asked for.")),
});

export const writtenRoutesAnswer = v.strictObject({ routes, effectiveBy });

export const writtenRouteAnswer = v.variant("action", [
  v.strictObject({ ...routeBody.options[0].entries, effectiveBy }),
  v.strictObject({ ...routeBody.options[1].entries, effectiveBy }),
  v.strictObject({ ...routeBody.options[2].entries, effectiveBy }),
]);

const change = v.strictObject({ from: v.unknown(), to: v.unknown() });

const routeChange = v.strictObject({
  localPart: v.string(),
  from: v.nullable(routeBody),
  to: v.nullable(routeBody),
});

const keyChange = v.strictObject({ number: keyNumber, from: v.nullable(keyState), to: v.nullable(keyState) });

export const auditAnswer = list(
  v.strictObject({
    id: v.string(),
    at: time,
    by: v.strictObject({
      kind: v.picklist(["admin", "token", "schedule"]),
      id: v.nullable(v.string()),
      name: v.nullable(v.string()),
    }),
    action: v.picklist([
      "domain.created",
      "settings.changed",
      "routes.replaced",
      "route.changed",
      "key.rotated",
      "key.imported",
      "key.retired",
      "keys.tended",
      "webhook.set",
      "webhook.removed",
    ]),
    forced: said(v.array(v.string()), "What stood against enforcing, where it was forced."),
    changes: v.strictObject({
      settings: v.record(v.string(), change),
      routes: v.array(routeChange),
      moreRoutes: said(v.pipe(v.number(), v.integer()), "Routes changed beside those listed."),
      keys: v.array(keyChange),
      webhook: said(
        v.nullable(v.strictObject({ from: v.nullable(v.string()), to: v.nullable(v.string()) })),
        "The receiver's origin; null where the webhook is not concerned.",
      ),
    }),
  }),
);

const messages = v.pipe(v.number(), v.integer());

/** Days from the first that has any mail until today, the oldest first. */
export const statsAnswer = v.strictObject({
  days: v.array(
    v.strictObject({
      day: v.pipe(v.string(), v.isoDate()),
      status: said(counts(TAG_STATUSES), "Messages by tag status."),
      disposition: said(counts(DISPOSITIONS), "The same messages by what became of them."),
    }),
  ),
});

const bounce = v.strictObject({
  id: v.string(),
  kind: v.picklist(["failed", "delayed", "delivered", "autoreply", "receipt", "complaint", "unparsed"]),
  evidence: said(
    v.picklist(["tag", "message-id"]),
    "Whether its tag vouches for it, or a Message-ID of yours, which others may know.",
  ),
  scheme: v.nullable(scheme),
  receivedAt: time,
  original: said(v.string(), "The address that it came back to, without its tag."),
  ref: v.nullable(ref),
  recipient: said(v.nullable(v.string()), "Whom your message was for."),
  action: said(v.nullable(v.string()), "Action (RFC 3464)."),
  status: said(v.nullable(v.string()), "Enhanced status code (RFC 3463), as it was given."),
  class: said(
    v.picklist(["hard", "soft", "block", "undetermined"]),
    "hard: the recipient is bad. block: refused for content, policy or reputation. soft: may pass.",
  ),
  diagnostic: said(v.nullable(v.string()), "What the refusing server said."),
  reportingMta: v.nullable(v.string()),
  messageId: said(v.nullable(v.string()), "Of the message that came back."),
  source: said(
    v.nullable(v.picklist(["dsn", "inline", "header", "text"])),
    "Where it was read: a delivery-status part, its fields in the text, a header field, the words of the text.",
  ),
});

const rejection = v.strictObject({
  id: v.string(),
  receivedAt: time,
  recipient: said(v.string(), "The forward-path as it came; a valid tag is not shown."),
  original: v.string(),
  status: tagStatus,
  disposition: v.picklist(DISPOSITIONS),
  from: said(v.nullable(v.string()), "The From: field."),
  messageId: said(v.nullable(v.string()), "The message's own."),
});

const webhook = v.strictObject({ url: v.string() });

/** `secret` is shown this once. */
export const writtenWebhookAnswer = v.strictObject({
  ...webhook.entries,
  secret: said(v.string(), "whsec_ and base64, shown this once."),
});

export const webhookAnswer = v.strictObject({
  ...webhook.entries,
  lastSuccess: v.nullable(time),
  lastFailure: v.nullable(time),
  lastError: said(v.nullable(v.string()), "How the last failure came about."),
  pending: said(messages, "Events that have not been delivered yet."),
  disabled: said(v.boolean(), "The receiver answered 410; set it anew."),
});

export const redeliveryAnswer = redeliverBody;

const token = v.strictObject({
  id: v.string(),
  name: v.string(),
  scopes: v.array(v.picklist(SCOPES)),
  domains: v.array(v.string()),
  created: time,
  keyringSecret: said(
    v.picklist(["current", "previous", "gone"]),
    "Under which KEYRING_SECRET it was made; one that is gone has ended it.",
  ),
});

export const newTokenAnswer = v.strictObject({
  ...token.entries,
  token: said(v.string(), "Shown this once."),
  effectiveBy,
});

export const bouncesAnswer = list(bounce);

export const rejectionsAnswer = list(rejection);

export const domainsAnswer = list(v.strictObject({ domain: v.string() }));

export const keysAnswer = list(key);

export const tokensAnswer = list(token);

/** A number of messages for each name. */
function counts<const Names extends readonly string[]>(names: Names) {
  return v.strictObject(
    Object.fromEntries(names.map((name) => [name, messages])) as Record<Names[number], typeof messages>,
  );
}

function list<Item extends v.GenericSchema>(item: Item) {
  const cursor = said(v.nullable(v.string()), "For the next page; null where this is the last.");
  return v.strictObject({ items: v.array(item), cursor });
}
