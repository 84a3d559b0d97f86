// Weeks of mail in a world whose KV lags: rotations, imports, new domains and routes, changes of mode and lifetime, at
// the worst moments and across the day when the days in prvs tags begin anew. No genuine mail may be refused for good,
// no forged bounce accepted. SIMULATION_SEEDS=1-500 runs more of them than CI does.

import { expect, test } from "vitest";
import { residueOf } from "../../src/core/day.ts";
import { formatMailbox, splitPath } from "../../src/core/mailbox.ts";
import { EVERYWHERE_MS } from "../../src/core/rotation.ts";
import type { Mode, Settings } from "../../src/core/settings.ts";
import { openSlot, signTag } from "../../src/core/signature.ts";
import { ASK_EVERY_MS } from "../../src/store/published.ts";
import { DAY } from "../core/fixtures.ts";
import { type Isolate, LATE_WITHIN_MS, MINUTE, type MintedMail, SECOND, World } from "./world.ts";

/** Days in prvs tags go from 999 to 000 on 2027-07-01. */
const WRAP = Date.UTC(2027, 6, 1);
const START = WRAP - 16 * DAY;
const DAYS = 32;

const STEADY = "steady.example";
const REFERRED = "referred.example";
const FLEETING = "fleeting.example";
const DOMAINS = [STEADY, REFERRED, FLEETING];
const FORWARD = { action: "forward", to: ["inbox@example.net"] } as const;
const SHARED_SECRET = "a secret that an Exim shares";

/** What no snapshot, however late, may be older than: KV's lateness, its cache, an isolate's memory. */
const STALE_AT_MOST_MS = LATE_WITHIN_MS + 60 * SECOND + 15 * SECOND;
/** An answer of the object stands for so long; what is newer than it is certain after that. */
const ANSWER_STANDS_MS = ASK_EVERY_MS;

class Scenario {
  readonly world: World;
  readonly violations: string[] = [];
  readonly counts: Record<string, number> = {};
  /** When each address's route was set, null while it has none; and when each domain was made. */
  readonly #routedAt = new Map<string, number | null>();
  readonly #madeAt = new Map<string, number>();
  /** Since when each domain has been in its mode. */
  readonly #mode = new Map<string, { readonly mode: Mode; readonly since: number }>();
  /** The mail that was minted last. */
  #latest: readonly MintedMail[] = [];
  /** Keys that were retired by hand: what they signed is refused by intent. */
  readonly #retired = new Set<string>();

  constructor(seed: number) {
    this.world = new World(seed, START);
    const { world } = this;
    for (const domain of DOMAINS) world.at(START, () => this.#makeDomain(domain));
    for (let hour = 0; hour < DAYS * 24; hour++) {
      const at = START + hour * 60 * MINUTE;
      for (const domain of DOMAINS) {
        // The platform may ring late; while the object is out of reach it rings again.
        world.at(at + world.random.below(30 * MINUTE), () => this.#ring(domain));
      }
      for (let n = 0; n < 3; n++) this.#plan(at, () => this.#mintAndAnswer(this.#anyAddress()));
      for (let n = 0; n < 2; n++) this.#plan(at, () => this.#forge());
      this.#plan(at, () => this.#writeOrdinary(this.#anyAddress()));
      if (world.random.below(4) === 0) this.#plan(at, () => this.#change());
    }
    for (let day = 1; day < DAYS; day++) {
      // What changes just before midnight is late on the next day, which counts against every expiry.
      world.at(START + day * DAY - world.random.below(3 * MINUTE), () => this.#change());
      for (const ms of [-1, 0, 1]) {
        for (const domain of DOMAINS) {
          world.at(START + day * DAY + ms, () => this.#mintAndAnswer(`alice@${domain}`));
        }
      }
    }
  }

  #plan(hourAt: number, run: () => Promise<void> | void): void {
    this.world.at(hourAt + this.world.random.below(60 * MINUTE), run);
  }

  #any(): Isolate {
    return this.world.random.pick(this.world.isolates);
  }

  #anyAddress(): string {
    const { random } = this.world;
    return `${random.pick(["alice", "bob", "carol"])}@${random.pick(DOMAINS)}`;
  }

  #count(what: string): void {
    this.counts[what] = (this.counts[what] ?? 0) + 1;
  }

  #ring(domain: string): Promise<void> | void {
    const { world } = this;
    const due = world.object(domain).dueAt(world.now);
    if (due === null || due > world.now || world.now < world.objectsBackAt) return;
    const before = world.keysOf(domain).length;
    const rung = world.object(domain).alarm(world.now);
    return rung.then(() => {
      this.#count(world.keysOf(domain).length > before ? "rotated by alarm" : "released by alarm");
      this.#stress(domain);
    });
  }

  async #makeDomain(domain: string): Promise<void> {
    const { world } = this;
    // The worst moment: every isolate, and KV for it, has just heard that there is none.
    for (const isolate of world.isolates) {
      await world.deliver(isolate, { from: "", to: `alice@${domain}` });
    }
    const settings: Partial<Settings> = {
      scheme: domain === REFERRED ? "cs1" : "prvs",
      mode: "enforce",
      rotateDays: 4,
      messageIdLifetimeDays: 14,
    };
    await world.write(this.#any(), domain, async (object) => {
      await object.configure({ kind: "put", settings, keys: null, force: true }, world.now);
      for (const name of ["alice", "bob"]) object.route(name, FORWARD, world.now);
      this.#madeAt.set(domain, world.now);
      this.#mode.set(domain, { mode: "enforce", since: world.now });
      for (const name of ["alice", "bob"]) this.#routedAt.set(`${name}@${domain}`, world.now);
      this.#routedAt.set(`carol@${domain}`, null);
      this.#stress(domain);
    });
  }

  /** Mail minted by every isolate around the moments when a change reaches some and not others, answered at once. */
  #stress(domain: string): void {
    const { world } = this;
    for (const afterMs of [0, SECOND, MINUTE, EVERYWHERE_MS - 1, EVERYWHERE_MS, 160 * SECOND, 5 * MINUTE]) {
      world.at(world.now + afterMs, async () => {
        for (const isolate of world.isolates) await this.#mintAndAnswer(`alice@${domain}`, isolate, true);
      });
    }
  }

  async #change(): Promise<void> {
    const { world } = this;
    const { random, now } = world;
    const domain = random.pick(DOMAINS);
    const patch = (settings: Partial<Settings>) =>
      world.write(this.#any(), domain, async (object) => {
        await object.configure({ kind: "patch", settings, keys: null, force: true }, now);
        const { mode } = settings;
        if (mode !== undefined && this.#mode.get(domain)?.mode !== mode)
          this.#mode.set(domain, { mode, since: now });
      });
    const changes: Record<string, () => Promise<void> | void> = {
      rotate: () => world.write(this.#any(), domain, (object) => object.rotate(now)),
      "rotate twice at once": async () => {
        const before = world.keysOf(domain).length;
        for (const _ of [1, 2]) await world.write(this.#any(), domain, (object) => object.rotate(now));
        const added = world.keysOf(domain).filter((key) => key.created === now).length;
        if (before > 0 && before <= 8 && added !== 2 && now >= world.objectsBackAt) {
          this.violations.push(`${this.#time()} two rotations at once left ${added} keys`);
        }
      },
      "rotate and take it back": async () => {
        await world.write(this.#any(), domain, (object) => object.rotate(now));
        const pending = world.keysOf(domain).find((key) => key.created === now);
        if (pending === undefined) return;
        world.at(now + random.below(2 * MINUTE), () => this.#retire(domain, pending.number));
      },
      import: () => this.#import(domain, random.below(2) === 0),
      "set lifetime": () => patch({ lifetimeDays: random.pick([1, 3, 7, 20]) }),
      "set Message-ID lifetime": () => patch({ messageIdLifetimeDays: random.pick([2, 14, 25]) }),
      "set mode": () => patch({ mode: random.pick(["off", "observe", "enforce", "enforce"]) }),
      "set scheme": () => patch({ scheme: random.pick(["prvs", "cs1"]) }),
      "set placement": () => patch({ placement: random.pick(["prefix", "subaddress"]) }),
      route: () => this.#reroute(domain),
      "move an inbox": () => this.#move(domain),
      retire: () => this.#retire(domain, random.below(10)),
      restart: () => world.restart(this.#any()),
      "put objects out of reach": () => {
        world.objectsBackAt = now + random.below(10 * MINUTE);
      },
      "put KV out of reach": () => {
        world.kvBackAt = now + random.below(5 * MINUTE);
      },
      "put all storage out of reach": () => {
        // And every isolate is new: nothing is left to judge by.
        world.objectsBackAt = now + 6 * MINUTE;
        world.kvBackAt = world.objectsBackAt;
        for (const isolate of world.isolates) world.restart(isolate);
        for (const mail of this.#latest) world.at(now, () => this.#answer(mail, "bounce"));
      },
      "make anew": () => this.#makeAnew(),
    };
    const name = random.pick(Object.keys(changes));
    this.#count(name);
    await changes[name]?.();
    this.#stress(domain);
  }

  async #reroute(domain: string): Promise<void> {
    const { world } = this;
    const address = `carol@${domain}`;
    await world.deliver(this.#any(), { from: "x@example.net", to: address });
    await world.write(this.#any(), domain, (object) => {
      if (object.snapshot === null) return;
      const adds = (this.#routedAt.get(address) ?? null) === null;
      object.route("carol", adds ? FORWARD : null, world.now);
      this.#routedAt.set(address, adds ? world.now : null);
      for (const afterMs of [ANSWER_STANDS_MS, 15 * SECOND, MINUTE]) {
        if (adds) world.at(world.now + afterMs, () => this.#writeOrdinary(address));
      }
    });
  }

  /** Bob's mail goes to another inbox from now on, and the former one is closed. */
  #move(domain: string): Promise<void> {
    const { world } = this;
    return world.write(this.#any(), domain, (object) => {
      const former = object.snapshot?.routes.get("bob");
      if (former?.action !== "forward") return;
      object.route("bob", { action: "forward", to: [`inbox-${world.now}@example.net`] }, world.now);
      for (const inbox of former.to) if (inbox !== FORWARD.to[0]) world.goneInboxes.add(inbox);
      this.#routedAt.set(`bob@${domain}`, world.now);
      world.at(world.now + ANSWER_STANDS_MS, () => this.#writeOrdinary(`bob@${domain}`));
      world.at(world.now + MINUTE, () => this.#mintAndAnswer(`bob@${domain}`));
    });
  }

  /** A key that an Exim signs with as well, whose bounces come back from then on. */
  async #import(domain: string, sign: boolean): Promise<void> {
    const { world } = this;
    const number = world.random.below(10);
    await world.write(this.#any(), domain, async (object) => {
      if (!(await object.bring(number, SHARED_SECRET, sign, world.now))) return;
      const broughtAt = world.now;
      const terms = {
        scheme: "prvs",
        key: number,
        residue: residueOf(Math.floor(broughtAt / DAY) + 7),
      } as const;
      const address = `alice@${domain}`;
      const mac = await signTag(await openSlot(SHARED_SECRET, domain), terms, address);
      const reversePath = `prvs=${number}${terms.residue}${mac}=${address}`;
      const expires = (Math.floor(broughtAt / DAY) + 8) * DAY;
      const mail: MintedMail = {
        ...{ domain, address, reversePath, messageId: "", key: number, keyCreated: broughtAt },
        ...{ expires, messageIdExpires: broughtAt },
      };
      for (const afterMs of [ANSWER_STANDS_MS, 20 * SECOND, MINUTE, DAY]) {
        world.at(broughtAt + afterMs, () => this.#answer(mail, "bounce"));
      }
    });
  }

  async #retire(domain: string, number: number): Promise<void> {
    const { world } = this;
    await world.write(this.#any(), domain, (object) => {
      const held = world.keysOf(domain).find((key) => key.number === number);
      if (held === undefined || held.wrapped === "") return;
      if (object.retire(number, world.now)) this.#retired.add(`${domain} ${number} ${held.created}`);
    });
  }

  /** The domain is deleted, and made anew a moment later with other secrets under the same numbers. */
  #makeAnew(): void {
    const { world } = this;
    void world.write(this.#any(), FLEETING, (object) => {
      object.forget();
      this.#madeAt.delete(FLEETING);
      this.#routedAt.delete(`alice@${FLEETING}`);
      this.#routedAt.delete(`bob@${FLEETING}`);
      world.at(world.now + world.random.pick([SECOND, 30 * SECOND, 5 * MINUTE]), () => this.#remake());
    });
  }

  async #remake(): Promise<void> {
    const { world } = this;
    if (world.object(FLEETING).snapshot !== null) return;
    if (world.now < world.objectsBackAt) world.at(world.objectsBackAt, () => this.#remake());
    else await this.#makeDomain(FLEETING);
  }

  async #mintAndAnswer(address: string, isolate = this.#any(), atOnce = false): Promise<void> {
    const { world } = this;
    const { random, now } = world;
    const mail = await world.mint(isolate, address, random.below(3) === 0 ? "order-7" : null);
    this.#count(mail === null ? "minting failed" : "minted");
    if (mail === null) return;
    const madeAt = this.#madeAt.get(mail.domain);
    if (madeAt === undefined || this.#isVoid(mail)) return;
    this.#latest = [...this.#latest.slice(-9), mail];
    const soonest = Math.max(now, madeAt + ANSWER_STANDS_MS);
    const delays = atOnce
      ? [1]
      : [random.below(10 * MINUTE), random.below(mail.expires - now), mail.expires - now - 1];
    for (const delay of delays) {
      const at = Math.min(Math.max(now + delay, soonest), mail.expires - 1);
      world.at(at, () => this.#answer(mail, "bounce"));
    }
    const replyAt = atOnce ? soonest : now + random.below(mail.messageIdExpires - now);
    world.at(Math.max(replyAt, soonest), () => this.#answer(mail, "reply"));
    world.at(mail.expires + random.below(DAY), () => this.#answerLate(mail));
  }

  /** A bounce or vacation reply, tried again for as long as it is deferred; it must be accepted in the end. */
  async #answer(mail: MintedMail, kind: "bounce" | "reply"): Promise<void> {
    const { world } = this;
    const { domain, address } = mail;
    if (world.now >= mail.expires && kind === "bounce") return;
    if (this.#isVoid(mail)) return;
    const routedAt = this.#routedAt.get(address) ?? null;
    if (routedAt === null ? kind === "reply" : world.now < routedAt + ANSWER_STANDS_MS) return;
    const [to, headers] =
      kind === "bounce" ? [mail.reversePath, {}] : [address, { "in-reply-to": mail.messageId }];
    const delivered = await world.deliver(this.#any(), { from: "", to }, headers);
    this.#count(`${kind} ${delivered.outcome}`);
    if (delivered.outcome === "deferred") {
      const dies = kind === "bounce" ? mail.expires : mail.messageIdExpires;
      const again = world.now + MINUTE + world.random.below(4 * MINUTE);
      if (again < dies) world.at(again, () => this.#answer(mail, kind));
    } else if (delivered.outcome === "refused") {
      this.violations.push(
        `${this.#time()} refused a genuine ${kind} to ${to} in ${domain}: ${delivered.disposition}, ${delivered.status}`,
      );
    } else if (delivered.evidence === "none" && this.#isSurely(domain, "enforce")) {
      this.violations.push(`${this.#time()} found no evidence in a genuine ${kind} to ${to}`);
    }
  }

  /**
   * Mail whose key was retired by hand, or went with its domain, is refused by intent. A location that has not heard of
   * a deletion goes on minting for the domain that was.
   */
  #isVoid({ domain, key, keyCreated }: MintedMail): boolean {
    if (this.#retired.has(`${domain} ${key} ${keyCreated}`)) return true;
    const madeAt = this.#madeAt.get(domain);
    return madeAt === undefined || keyCreated < madeAt;
  }

  /** The same bounce when its tag has expired: it proves nothing. */
  async #answerLate(mail: MintedMail): Promise<void> {
    const delivered = await this.world.deliver(this.#any(), { from: "", to: mail.reversePath });
    this.#count(`late ${delivered.outcome}`);
    if (delivered.status === "valid")
      this.violations.push(`${this.#time()} ${mail.reversePath} outlived its day`);
  }

  async #forge(): Promise<void> {
    const { world } = this;
    const { random } = world;
    const address = this.#anyAddress();
    const { localPart, domain } = splitPath(address) ?? { localPart: "", domain: "" };
    const residue = residueOf(Math.floor(world.now / DAY) + random.below(9));
    const hex = random
      .below(2 ** 24)
      .toString(16)
      .padStart(6, "0");
    const base32 = Array.from({ length: 20 }, () =>
      random.pick([..."abcdefghijklmnopqrstuvwxyz234567"]),
    ).join("");
    const stolen = await world.mint(this.#any(), `mallory@${domain}`, null);
    const forged = random.pick([
      [address, {}],
      [formatMailbox({ localPart: `prvs=${random.below(10)}${residue}${hex}=${localPart}`, domain }), {}],
      [formatMailbox({ localPart: `cs1=${random.below(10)}${base32}=${localPart}`, domain }), {}],
      [stolen?.reversePath.replace("mallory", localPart) ?? address, {}],
      [address, { references: stolen?.messageId ?? "<none@example.net>" }],
    ] as const);
    const [to, headers] = forged;
    const { outcome, evidence } = await world.deliver(this.#any(), { from: "<>", to }, { ...headers });
    this.#count(`forged ${outcome}`);
    const accepted = outcome === "accepted" && this.#isSurely(domain, "enforce");
    if (accepted || evidence === "tag" || evidence === "message-id") {
      this.violations.push(`${this.#time()} a forged bounce to ${to}: ${outcome}, evidence ${evidence}`);
    }
  }

  async #writeOrdinary(address: string): Promise<void> {
    const { world } = this;
    const routedAt = this.#routedAt.get(address) ?? null;
    const delivered = await world.deliver(this.#any(), { from: "bob@example.org", to: address });
    this.#count(`ordinary ${delivered.outcome}`);
    const certain = routedAt !== null && world.now >= routedAt + ANSWER_STANDS_MS;
    if (certain && delivered.outcome === "refused") {
      this.violations.push(`${this.#time()} refused ordinary mail to ${address}: ${delivered.disposition}`);
    }
  }

  /** Whether every location must have the domain in this mode. */
  #isSurely(domain: string, mode: Mode): boolean {
    const known = this.#mode.get(domain);
    const settled = (this.#madeAt.get(domain) ?? Number.POSITIVE_INFINITY) + STALE_AT_MOST_MS;
    return known?.mode === mode && this.world.now >= Math.max(known.since + STALE_AT_MOST_MS, settled);
  }

  #time(): string {
    return new Date(this.world.now).toISOString();
  }
}

function seedsToRun(): number[] {
  const [, first = 1, last = 2] =
    /^(\d+)-(\d+)$/.exec(process.env["SIMULATION_SEEDS"] ?? "")?.map(Number) ?? [];
  return Array.from({ length: last - first + 1 }, (_, n) => first + n);
}

test.each(seedsToRun())(
  "in world %i no genuine mail is refused for good, and no forged bounce accepted",
  { timeout: 120_000 },
  async (seed) => {
    const scenario = new Scenario(seed);
    await scenario.world.run();
    const { counts, violations } = scenario;
    expect(violations.slice(0, 10), `seed ${seed}, ${violations.length} violations`).toEqual([]);
    // A world in which nothing happens proves nothing.
    for (const what of [
      "bounce accepted",
      "bounce deferred",
      "reply accepted",
      "forged refused",
      "late refused",
      "ordinary accepted",
      "rotated by alarm",
      "released by alarm",
      "make anew",
      "import",
    ]) {
      expect(counts[what] ?? 0, what).toBeGreaterThan(0);
    }
  },
);
