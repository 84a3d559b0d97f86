// What is done to the Worker while mail comes in: keys rotated, brought along and retired, modes and routes switched,
// tokens made and revoked, storage failing, ledgers hanging, objects put out of memory, the clock moved on. Each step is
// written down as what someone outside can know of it.

import type { Random } from "../random.ts";
import type { ProbedWorker } from "../worker/probed-worker.ts";
import { DAY_MS, type Domain, type Estate, lateStates, SWINGS } from "./estate.ts";
import type { DomainState, Mode } from "./expectation.ts";
import { signCs1, signPrvs } from "./signer.ts";
import { readMinted, type Stream } from "./stream.ts";
import { Timeline } from "./timeline.ts";

/** A new key signs 150 seconds after it was made. */
const SIGNS_AFTER_MS = 151_000;
/** An object that could not be asked is not asked again for 10 seconds. */
const ASKED_AGAIN_AFTER_MS = 11_000;
/** Beyond what an isolate's memory holds. */
const FORGOTTEN_AFTER_MS = 16_000;
const HANGS_FOR_MS = 500;
const MINTED_IN_A_STEP = 60;
/** Of a domain's ten numbers 9 stays free: no ring has it. */
const KEYS_AT_MOST = 9;
/** Troubles in which the API still carries out what it is asked. */
const WORKABLE: ReadonlySet<string> = new Set(["calm", "odds", "objects: kv-put"]);
/** What fails inside the objects; see test/probe/worker.ts. */
const OBJECT_FAULTS = ["ledger", "transaction", "kv-put", "audit"];
const TRIES = 100;
const TRY_AFTER_MS = 20;

export class Mischief {
  readonly done: Record<string, number> = {};
  readonly wrong: string[] = [];
  readonly #worker: ProbedWorker;
  readonly #estate: Estate;
  readonly #stream: Stream;
  readonly #random: Random;
  readonly #trouble = new Timeline("calm");
  #token = { id: "", token: "" };
  #stepsOfTrouble = 0;
  readonly #evictions = new Map<string, number>();
  readonly #acts: readonly (readonly [act: () => Promise<void>, weight: number])[] = [
    [() => this.#retire(), 1],
    [() => this.#switchMode(), 6],
    [() => this.#switchRoute(), 4],
    [() => this.#rotate(), 5],
    [() => this.#bring(), 2],
    [() => this.#replaceToken(), 3],
    [() => this.#evict(), 3],
    [() => this.#troubleStorage(), 4],
    [() => this.#hangLedgers(), 1],
    ...OBJECT_FAULTS.map((fault) => [() => this.#troubleObjects(fault), 1] as const),
    [() => this.#rotate(), 1],
  ];
  readonly #untried = this.#acts.map(([act]) => act);

  constructor(worker: ProbedWorker, estate: Estate, stream: Stream, random: Random) {
    this.#worker = worker;
    this.#estate = estate;
    this.#stream = stream;
    this.#random = random;
  }

  /** Whether storage may have failed at some instant of a span. */
  isTroubled(from: number, to: number): boolean {
    return this.#trouble.during(from, to).some((trouble) => trouble !== "calm");
  }

  /** How often a domain's object was put out of memory. */
  evictions(domain: string): number {
    return this.#evictions.get(domain) ?? 0;
  }

  /** A token, and so many addresses to begin with. */
  async begin(addresses: number): Promise<void> {
    await this.#makeToken();
    await this.#mint(addresses);
  }

  /** One step; most of the time one thing is done. @param progress of the run, from 0 to 1 */
  async step(progress: number): Promise<void> {
    const random = this.#random;
    if (this.#trouble.latest !== "calm" && --this.#stepsOfTrouble <= 0) await this.calm();
    if (!WORKABLE.has(this.#trouble.latest)) return wait(300);
    await this.#mint(MINTED_IN_A_STEP);
    if (random.chance(0.4)) await this.#advance(FORGOTTEN_AFTER_MS);
    if (progress > 0.3 && this.#estate.late.history.latest === null) return this.#makeLate();
    if (progress > 0.5 && this.#count("midnight", 0) === 0) return this.#passMidnight();
    // Each at least once, however short the run; then by weight.
    const isCalm = this.#trouble.latest === "calm";
    const act = (isCalm ? this.#untried.pop() : undefined) ?? random.weigh(this.#acts);
    await act();
  }

  /** Lets everything work again. */
  async calm(): Promise<void> {
    await this.#worker.setOdds({ seed: 0, shares: {}, ledgersHang: false });
    await this.#worker.failObjects();
    if (this.#trouble.latest === "calm") return;
    this.#trouble.begin("calm");
    await this.#advance(ASKED_AGAIN_AFTER_MS);
    this.#trouble.settle();
  }

  async #cause(name: string, steps: number, begin: () => Promise<unknown>): Promise<void> {
    if (this.#trouble.latest !== "calm") return;
    this.#count(name);
    this.#trouble.begin(name);
    this.#stepsOfTrouble = steps;
    await begin();
  }

  #troubleStorage(): Promise<void> {
    const random = this.#random;
    const share = random.pick([0.05, 0.2, 0.5]);
    const shares = { "kv-get": share, "domain-object": share, "directory-object": share };
    return this.#cause("odds", 2 + random.below(6), () =>
      this.#worker.setOdds({ seed: random.below(2 ** 31), shares, ledgersHang: false }),
    );
  }

  /** For a moment: whoever waits for one waits for six seconds. */
  async #hangLedgers(): Promise<void> {
    await this.#cause("ledgers hang", 0, () =>
      this.#worker.setOdds({ seed: 0, shares: {}, ledgersHang: true }),
    );
    if (this.#trouble.latest !== "ledgers hang") return;
    await wait(HANGS_FOR_MS);
    await this.calm();
  }

  #troubleObjects(fault: string): Promise<void> {
    return this.#cause(`objects: ${fault}`, 2 + this.#random.below(3), () => this.#worker.failObjects(fault));
  }

  async #evict(): Promise<void> {
    const { name } = this.#random.pick(this.#estate.domains);
    await this.#cause("evicted", 0, () => {
      this.#evictions.set(name, this.evictions(name) + 1);
      // One that is not in memory can't be put out of it.
      return this.#worker.evict(name).catch(() => this.#count("evicted in vain"));
    });
    if (this.#trouble.latest === "evicted") await this.calm();
  }

  async #advance(ms: number): Promise<void> {
    const { shiftMs } = this.#estate;
    shiftMs.begin(shiftMs.latest + ms);
    await this.#worker.setClock(shiftMs.latest);
    shiftMs.settle();
  }

  /** The Worker's day ends: what names it as its last is dead from then on. */
  async #passMidnight(): Promise<void> {
    this.#count("midnight");
    const now = Date.now() + this.#estate.shiftMs.latest;
    await this.#advance(DAY_MS - (now % DAY_MS));
  }

  async #makeLate(): Promise<void> {
    const { name, history } = this.#estate.late;
    const [bare, whole] = lateStates();
    this.#count("domain made");
    const body = { mode: whole.mode };
    await this.#change(history, bare, () => this.#call("PUT", `/v1/domains/${name}?force=true`, body));
    const routes = { routes: Object.fromEntries(whole.routes) };
    await this.#change(history, whole, () => this.#call("PUT", `/v1/domains/${name}/routes`, routes));
  }

  async #switchMode(): Promise<void> {
    const picked = this.#pickDomain(() => true);
    if (picked === null) return;
    const { name, history, state } = picked;
    const mode = this.#random.pick(
      (["off", "observe", "enforce"] as Mode[]).filter((other) => other !== state.mode),
    );
    this.#count("mode switched");
    await this.#change(history, { ...state, mode }, () =>
      this.#call("PATCH", `/v1/domains/${name}?force=true`, { mode }),
    );
  }

  async #switchRoute(): Promise<void> {
    const picked = this.#pickDomain(() => true);
    if (picked === null) return;
    const { name, history, state } = picked;
    const route = this.#random.pick(SWINGS);
    const routes = new Map([...state.routes, ["swing", route] as const]);
    this.#count("route switched");
    await this.#change(history, { ...state, routes }, () =>
      this.#call("PUT", `/v1/domains/${name}/routes/swing`, route),
    );
  }

  /** A key of the domain's own, and the time until it signs. */
  async #rotate(): Promise<void> {
    const next = (state: DomainState) => Math.max(...state.keys) + 1;
    const picked = this.#pickDomain(({ shared }, state) => shared.length === 0 && next(state) < KEYS_AT_MOST);
    if (picked === null) return;
    const { name, history, state } = picked;
    const number = next(state);
    this.#count("rotated");
    const held = { ...state, keys: new Set([...state.keys, number]) };
    await this.#change(history, held, async () => {
      const made = await this.#call("POST", `/v1/domains/${name}/keys`, {});
      if (made.status !== 503) return made;
      const listed = await this.#call("GET", `/v1/domains/${name}/keys`);
      if (listed.status !== 200) return made;
      const { items } = (await listed.json()) as { items: { number: number }[] };
      return items.some((key) => key.number === number) ? listed : made;
    });
    await this.#sign(history, { ...held, signing: number });
  }

  /** A key that another program signs with too. */
  async #bring(): Promise<void> {
    const free = ({ shared }: Domain, { keys }: DomainState) =>
      Array.from({ length: KEYS_AT_MOST }, (_, number) => number).find(
        (number) => !keys.has(number) && shared.every((key) => key.number !== number),
      );
    const picked = this.#pickDomain(
      (domain, state) => domain.shared.length > 0 && free(domain, state) !== undefined,
    );
    if (picked === null) return;
    const { name, history, state, shared } = picked;
    const number = free(picked, state) ?? 0;
    this.#count("key brought");
    const key = { number, secret: `secret ${number} of ${name}, ${this.#random.below(2 ** 31)}` };
    const sign = this.#random.chance(0.5);
    const held = { ...state, keys: new Set([...state.keys, number]) };
    let isKnown = false;
    await this.#change(history, held, async () => {
      const made = await this.#call("POST", `/v1/domains/${name}/keys`, { ...key, sign });
      // Whoever was not told of its success is told now.
      const isThere = isKnown && made.status === 409;
      isKnown = true;
      return isThere ? this.#call("GET", `/v1/domains/${name}/keys`) : made;
    });
    shared.push(key);
    if (sign) await this.#sign(history, { ...held, signing: number });
  }

  async #sign(history: Domain["history"], state: DomainState): Promise<void> {
    history.begin(state);
    await this.#advance(SIGNS_AFTER_MS);
    history.settle();
  }

  /** Bounces under it are refused from now on. */
  async #retire(): Promise<void> {
    const picked = this.#pickDomain((_, { keys }) => keys.size > 1);
    if (picked === null) return;
    const { name, history, state } = picked;
    const number = this.#random.pick([...state.keys].filter((key) => key !== state.signing));
    this.#count("key retired");
    const keys = new Set([...state.keys].filter((key) => key !== number));
    await this.#change(history, { ...state, keys }, () =>
      this.#call("DELETE", `/v1/domains/${name}/keys/${number}`),
    );
  }

  /** A domain that has routes; null where none is such a one. */
  #pickDomain(isSuch: (domain: Domain, state: DomainState) => boolean): (Domain & Picked) | null {
    const such = this.#estate.domains.flatMap((domain) => {
      const state = domain.history.latest;
      return state !== null && state.routes.size > 0 && isSuch(domain, state) ? [{ ...domain, state }] : [];
    });
    return such.length === 0 ? null : this.#random.pick(such);
  }

  /** Carries a change out. What fails is tried until it is done, and until then both are in force. */
  async #change(
    history: Domain["history"],
    next: DomainState,
    carryOut: () => Promise<Response>,
  ): Promise<void> {
    history.begin(next);
    for (let tries = 0; tries < TRIES; tries += 1) {
      const begun = Date.now();
      const response = await carryOut();
      if (response.ok) return history.settle();
      if (response.status !== 503 || !this.isTroubled(begun, Date.now())) {
        this.wrong.push(`a change was answered ${response.status} ${await response.text()}`);
        return;
      }
      this.#count("change tried again");
      await wait(TRY_AFTER_MS);
    }
    this.wrong.push("a change was never carried out");
  }

  async #makeToken(): Promise<void> {
    const body = { name: "load", scopes: ["sign"], domains: ["*"] };
    const made = await this.#persist(() => this.#call("POST", "/v1/tokens", body));
    if (made.status === 201) this.#token = (await made.json()) as { id: string; token: string };
    else this.wrong.push(`making a token was answered ${made.status} ${await made.text()}`);
  }

  /** Once it is revoked a token mints nothing, and before that it does. */
  async #replaceToken(): Promise<void> {
    const former = this.#token;
    await this.#makeToken();
    this.#count("token replaced");
    const revoked = await this.#persist(() => this.#call("DELETE", `/v1/tokens/${former.id}`));
    if (revoked.status !== 204 && revoked.status !== 404)
      this.wrong.push(`revoking a token was answered ${revoked.status}`);
    const body = { address: `alice@${this.#estate.domains[0]?.name}` };
    const refused = await this.#persist(() => this.#mintWith(former.token, "/v1/addresses", body));
    if (refused.status !== 401) this.wrong.push(`a revoked token was answered ${refused.status}`);
  }

  async #mint(count: number): Promise<void> {
    const addresses = this.#stream.order(count);
    const begun = Date.now();
    const { token } = this.#token;
    const response = await this.#persist(() => this.#mintWith(token, "/v1/addresses/batch", { addresses }));
    if (response.status !== 200) {
      this.wrong.push(`minting was answered ${response.status} ${await response.text()}`);
      return;
    }
    const { results } = (await response.json()) as { results: readonly Result[] };
    const ended = Date.now();
    for (const [at, result] of results.entries()) {
      const order = addresses[at];
      if (order === undefined) continue;
      if (result.error === undefined) this.#takeMinted(result, order, begun, ended);
      else if (result.error.status !== 503 || !this.isTroubled(begun, ended))
        this.wrong.push(`minting for ${order.address} was answered ${JSON.stringify(result.error)}`);
    }
  }

  /** By the key that signs; where that is known here too, with the MAC that anyone computes. */
  #takeMinted(result: Result, order: Order, begun: number, ended: number): void {
    const minted = readMinted(result, order);
    const domain = this.#estate.domains.find(({ name }) => name === minted.domain);
    const states = domain?.history.during(begun, ended) ?? [];
    if (!states.some((state) => state?.signing === minted.key))
      this.wrong.push(`${result.reversePath} is signed with key ${minted.key}`);
    const key = domain?.shared.find(({ number }) => number === minted.key);
    if (key !== undefined) {
      const terms = { ...minted, key, ref: minted.ref ?? undefined };
      const value = minted.scheme === "prvs" ? signPrvs(terms) : signCs1(terms);
      const path = `${minted.scheme}=${value}=${minted.local}@${minted.domain}`;
      if (path !== result.reversePath) this.wrong.push(`${result.reversePath} is not ${path}`);
    }
    this.#count("minted");
    this.#stream.stock(minted);
  }

  #mintWith(token: string, path: string, body: object): Promise<Response> {
    return this.#worker.call("POST", path, body, { authorization: `Bearer ${token}` });
  }

  /** Until it is answered otherwise than by 503, as long as storage fails. */
  async #persist(call: () => Promise<Response>): Promise<Response> {
    for (let tries = 0; ; tries += 1) {
      const begun = Date.now();
      const response = await call();
      if (response.status !== 503 || tries === TRIES || !this.isTroubled(begun, Date.now())) return response;
      this.#count("call tried again");
      await wait(TRY_AFTER_MS);
    }
  }

  #call(method: string, path: string, body?: object): Promise<Response> {
    return this.#worker.call(method, path, body);
  }

  #count(what: string, by = 1): number {
    const sum = (this.done[what] ?? 0) + by;
    if (sum > 0) this.done[what] = sum;
    return sum;
  }
}

interface Picked {
  readonly state: DomainState;
}
type Order = { readonly address: string; readonly from?: string };
type Result = Parameters<typeof readMinted>[0] & { readonly error?: { readonly status: number } };

export function wait(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
