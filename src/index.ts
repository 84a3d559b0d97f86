// The Worker: wires bindings, secrets and vars to what the handlers ask for. Mail comes in by `email`, the API by `fetch`.

import { createApi } from "./api/app.ts";
import { problem } from "./api/problem.ts";
import { type Deployment, type DeploymentMemory, readDeployment } from "./deployment/deployment.ts";
import { writeKeyedLine, writeLine } from "./deployment/log.ts";
import { isWithinRate, type RateBindings } from "./deployment/rate.ts";
import { Misconfigured } from "./deployment/secrets.ts";
import { examine } from "./doctor/doctor.ts";
import { createResolver } from "./doctor/resolver.ts";
import { inspect } from "./inbound/inspect.ts";
import type { Receiving } from "./inbound/ports.ts";
import { receive } from "./inbound/receive.ts";
import type { PagePorts } from "./pages/desk.ts";
import { createPages } from "./pages/pages.tsx";
import { type Bindings, Domains, publishedSnapshots, type SnapshotMemory } from "./store/domains.ts";
import { admitMessage, pause, recordMessage, tellSightings, tellTally, tryAgain } from "./store/mail.ts";
import { type KeyMemory, openKeys } from "./store/opened-keys.ts";
import { emptyMemory } from "./store/published.ts";
import { type SightingKind, type SightingMemory, takeSighting } from "./store/sightings.ts";
import { countMessage, emptyTallies, type Telling } from "./store/tallies.ts";
import { type TokenMemory, Tokens } from "./store/tokens.ts";
import { StorageUnreachable } from "./store/unreachable.ts";

export { DirectoryObject } from "./store/directory-object.ts";
export { DomainObject } from "./store/domain-object.ts";

/** This isolate's memory: what makes a warm one judge and mint without reading anything. */
const snapshotMemory: SnapshotMemory = emptyMemory();
const keyMemory: KeyMemory = new Map();
const sightingMemory: SightingMemory = new Map();
const tallyMemory = emptyTallies();
const deployments: DeploymentMemory = new WeakMap();
const tokenMemory: TokenMemory = emptyMemory();

const { app, document, askAs } = createApi();
app.route("/", createPages(document, askAs));

export default {
  async fetch(request, env, context) {
    try {
      const deployment = await readDeployment(deployments, env);
      const { vars, keys, adminDigest } = deployment;
      const shared = wire(env, deployment, context);
      const { now, snapshots, open } = shared;
      const ports: PagePorts = {
        ...shared,
        maxBatch: vars.maxBatch,
        corsOrigins: vars.corsOrigins,
        webhookAllowLocal: vars.webhookAllowLocal,
        adminDigest,
        tokenMacKeys: keys.tokens,
        random: (octets) => crypto.getRandomValues(new Uint8Array(octets)),
        domains: new Domains(env, shared.snapshots),
        tokens: new Tokens(env, tokenMemory, keys.tokens, shared.now),
        isWithinRate: (caller) => isWithinRate(env, caller.id),
        isUnreachable: (error) => error instanceof StorageUnreachable,
        examineDns: (domain, dkimSelectors) => examineDns(vars.dohUrl, domain, dkimSelectors),
        sessionKey: keys.sessions,
        inspect: (pasted, domain) =>
          inspect(pasted, domain, { snapshots, keys: { open, hops: keys.hops } }, now),
      };
      return await app.fetch(request, ports);
    } catch (error) {
      if (error instanceof Misconfigured) return problem("misconfigured", error.message);
      throw error;
    }
  },

  async email(message, env, context) {
    const deployment = await readDeployment(deployments, env);
    const { open, ...shared } = wire(env, deployment, context);
    const telling: Telling = {
      tell: (domain, tally) => tellTally(env, domain, tally),
      pause,
      makeId: () => crypto.randomUUID(),
      now: () => Date.now(),
    };
    const receiving: Receiving = {
      ...shared,
      keys: { open, hops: deployment.keys.hops },
      admit: (claim, id) => admitMessage(env, claim, id),
      record: (domain, record, entry) => recordMessage(env, domain, record, entry),
      later: (work, { id, domain }) => context.waitUntil(tryAgain(work, { id, domain })),
      count(domain, counted, isRecorded) {
        const told = countMessage(tallyMemory, telling, domain, counted, isRecorded);
        if (told !== null) context.waitUntil(told);
      },
    };
    await receive(message, receiving, shared.now);
  },
} satisfies ExportedHandler<Bindings & RateBindings>;

/** Looks a domain up, where the deployment has somewhere to ask. */
async function examineDns(dohUrl: string | null, domain: string, dkimSelectors: readonly string[]) {
  if (dohUrl === null) return [];
  return examine(
    domain,
    dkimSelectors,
    createResolver(dohUrl, (url, init) => fetch(url, init)),
  );
}

/** What both handlers use, at the instant of this request. */
function wire(env: Bindings, { secrets, vars, keys }: Deployment, context: ExecutionContext) {
  const now = Date.now();
  return {
    now,
    open: openKeys(keyMemory, secrets),
    snapshots: publishedSnapshots(env, snapshotMemory, now),
    note(kind: SightingKind, original: { domain: string; localPart: string }): void {
      const telling = takeSighting(
        sightingMemory,
        (...told) => tellSightings(env, ...told),
        kind,
        original,
        now,
      );
      if (telling !== null) context.waitUntil(telling);
    },
    log(line: object): void {
      if (vars.logAddresses === "plain") writeLine(line);
      else context.waitUntil(writeKeyedLine(keys.log, line));
    },
  };
}
