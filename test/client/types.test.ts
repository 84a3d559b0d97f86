// The client's types are written by hand, and the server's schemas are the truth: where they differ, `npm run check` fails.

import type * as v from "valibot";
import { expectTypeOf, test } from "vitest";
import type {
  auditAnswer,
  batchAnswer,
  bouncesAnswer,
  domainAnswer,
  keysAnswer,
  mintedAnswer,
  newTokenAnswer,
  problemAnswer,
  readinessAnswer,
  rejectionsAnswer,
  routesAnswer,
  statsAnswer,
  tokensAnswer,
  validatedAnswer,
  webhookAnswer,
  writtenDomainAnswer,
  writtenKeyAnswer,
  writtenRouteAnswer,
  writtenRoutesAnswer,
  writtenWebhookAnswer,
} from "../../src/api/answers.ts";
import type {
  batchBody,
  keyBody,
  mintBody,
  routeBody,
  settingsBody,
  tokenBody,
  validateBody,
  webhookBody,
} from "../../src/api/schemas.ts";
import type {
  AuditEntry,
  BatchItem,
  BatchResult,
  Bounce,
  Countersign,
  DayCounts,
  Domain,
  Grant,
  Key,
  Minted,
  NewToken,
  NewWebhook,
  Problem,
  Readiness,
  Rejection,
  Route,
  Routes,
  SettingsChange,
  SharedKey,
  Token,
  Validation,
  Webhook,
  Written,
} from "../../src/client/countersign.ts";

/** The type with its fields written out, and without `readonly`, which JSON does not know. */
type Plain<T> = T extends string | number | boolean | null | undefined
  ? T
  : T extends readonly (infer Item)[]
    ? Plain<Item>[]
    : { -readonly [Field in keyof T]: Plain<T[Field]> };

type Taken<Schema extends v.GenericSchema> = Plain<v.InferInput<Schema>>;
type Answered<Schema extends v.GenericSchema> = Plain<v.InferOutput<Schema>>;

test("the client sends exactly what the server's schemas take", () => {
  expectTypeOf<Plain<BatchItem>>().toEqualTypeOf<Taken<typeof mintBody>>();
  expectTypeOf<Plain<{ address: string }>>().toEqualTypeOf<Taken<typeof validateBody>>();
  expectTypeOf<Plain<SettingsChange>>().toEqualTypeOf<Taken<typeof settingsBody>>();
  expectTypeOf<Plain<Route>>().toEqualTypeOf<Taken<typeof routeBody>>();
  expectTypeOf<Plain<Grant>>().toEqualTypeOf<Taken<typeof tokenBody>>();
  // A rotation leaves both of a key's fields out.
  expectTypeOf<Plain<Partial<SharedKey & { sign: boolean }>>>().toEqualTypeOf<Taken<typeof keyBody>>();
  expectTypeOf<Plain<{ url: string }>>().toEqualTypeOf<Taken<typeof webhookBody>>();
  // Each item is read by itself.
  expectTypeOf<readonly (string | BatchItem)[]>().toExtend<v.InferInput<typeof batchBody>["addresses"]>();
});

test("the client reads exactly what the server's schemas answer", () => {
  expectTypeOf<Plain<Minted<string | null>>>().toEqualTypeOf<Answered<typeof mintedAnswer>>();
  expectTypeOf<Plain<{ results: BatchResult[] }>>().toEqualTypeOf<Answered<typeof batchAnswer>>();
  expectTypeOf<Plain<Validation>>().toEqualTypeOf<Answered<typeof validatedAnswer>>();
  expectTypeOf<Plain<Domain>>().toEqualTypeOf<Answered<typeof domainAnswer>>();
  expectTypeOf<Plain<Written<Domain>>>().toEqualTypeOf<Answered<typeof writtenDomainAnswer>>();
  expectTypeOf<Plain<Readiness>>().toEqualTypeOf<Answered<typeof readinessAnswer>>();
  expectTypeOf<Plain<{ items: Key[]; cursor: string | null }>>().toEqualTypeOf<Answered<typeof keysAnswer>>();
  expectTypeOf<Plain<Written<Key>>>().toEqualTypeOf<Answered<typeof writtenKeyAnswer>>();
  expectTypeOf<Plain<{ routes: Routes; cursor?: string | null }>>().toEqualTypeOf<
    Answered<typeof routesAnswer>
  >();
  expectTypeOf<Plain<Written<Route>>>().toEqualTypeOf<Answered<typeof writtenRouteAnswer>>();
  expectTypeOf<Plain<Written<{ routes: Routes }>>>().toEqualTypeOf<Answered<typeof writtenRoutesAnswer>>();
  expectTypeOf<Plain<{ items: Token[]; cursor: string | null }>>().toEqualTypeOf<
    Answered<typeof tokensAnswer>
  >();
  expectTypeOf<Plain<{ items: AuditEntry[]; cursor: string | null }>>().toEqualTypeOf<
    Answered<typeof auditAnswer>
  >();
  expectTypeOf<Plain<{ days: DayCounts[] }>>().toEqualTypeOf<Answered<typeof statsAnswer>>();
  expectTypeOf<Plain<{ items: Bounce[]; cursor: string | null }>>().toEqualTypeOf<
    Answered<typeof bouncesAnswer>
  >();
  expectTypeOf<Plain<{ items: Rejection[]; cursor: string | null }>>().toEqualTypeOf<
    Answered<typeof rejectionsAnswer>
  >();
  expectTypeOf<Plain<Webhook>>().toEqualTypeOf<Answered<typeof webhookAnswer>>();
  expectTypeOf<Plain<NewWebhook>>().toEqualTypeOf<Answered<typeof writtenWebhookAnswer>>();
  expectTypeOf<Plain<Written<NewToken>>>().toEqualTypeOf<Answered<typeof newTokenAnswer>>();
  expectTypeOf<Plain<Problem>>().toEqualTypeOf<Answered<typeof problemAnswer>>();
});

test("a Message-ID is null for those who asked for none, and for nobody else", () => {
  type Mint = Countersign["mint"];
  const ask = (mint: Mint, asked: boolean) => ({
    plain: mint("alice@example.com"),
    named: mint("alice@example.com", { ref: "order-7" }),
    without: mint("alice@example.com", { messageId: false }),
    either: mint("alice@example.com", { messageId: asked }),
  });
  type Asked = { [Way in keyof ReturnType<typeof ask>]: Awaited<ReturnType<typeof ask>[Way]>["messageId"] };
  expectTypeOf<Asked>().toEqualTypeOf<{
    plain: string;
    named: string;
    without: null;
    either: string | null;
  }>();
});
