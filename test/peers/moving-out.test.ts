// Moving out: a domain goes from the Worker to a real Exim, day by day under clocks that are set by hand. A key that both
// have signs for a lifetime and a day, and from then on Exim takes every tag that lives; on which conditions, stands here.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { configureExim, WITH_DATED_EXIM } from "./dated-exim.ts";
import { DAY, daysFrom, follow, type Moving, SEVEN_DAYS, START, startMoving, WRAP } from "./moving.ts";

const SHARED = { number: 6, secret: "the key that goes with the domain" };
const NOON = DAY / 2;
const ALICE = "alice@example.com";

describe.skipIf(WITH_DATED_EXIM !== "")(`moving out to Exim${WITH_DATED_EXIM}`, () => {
  let moving: Moving;
  /** From then on the key that goes along signs. */
  let notBefore: number;
  const former = new Map<number, string>();
  const shared = new Map<number, string>();

  beforeAll(async () => {
    moving = await startMoving();
    await moving.create(START - 30 * DAY, "example.com", {});
    for (const day of daysFrom(START - 7 * DAY, 7)) former.set(day, await moving.mint(day, ALICE));
    await moving.setClock(START + NOON);
    const key = await moving.client.keys.bring("example.com", { ...SHARED, sign: true });
    notBefore = Date.parse(key.notBefore ?? "");
    moving.exim.hold(SHARED);
    former.set(START, await moving.mint(notBefore - 1_000, ALICE));
    for (const day of daysFrom(START, 9)) shared.set(day, await moving.mint(Math.max(day, notBefore), ALICE));
  });
  afterAll(() => moving?.stop());

  test("the key that goes along signs from its notBefore on, and before that takes what Exim signs", async () => {
    expect(notBefore).toBeGreaterThanOrEqual(START + NOON + 150_000);
    for (const path of former.values()) expect(path).toMatch(/^prvs=0/);
    for (const path of shared.values()) expect(path).toMatch(/^prvs=6/);
    const sent = moving.send(START + NOON + 2_000, ALICE);
    expect(await moving.workerTakes(START + NOON + 3_000, [sent])).toEqual([true]);
    const keys = await Array.fromAsync(moving.client.keys.list("example.com"));
    expect(keys.map(({ number, imported }) => [number, imported])).toEqual([
      [0, false],
      [6, true],
    ]);
  });

  test("from then on every tag that the Worker mints is taken by Exim through its seventh day, and not on the eighth", async () => {
    expect(await follow(moving.eximTakes, shared)).toEqual(Array(9).fill(SEVEN_DAYS));
    expect(await follow(moving.workerTakes, shared)).toEqual(Array(9).fill(SEVEN_DAYS));
  });

  test("a tag minted just before that day Exim never takes; the last of them dies with its seventh day, and none that lives is lost then", async () => {
    expect(await follow(moving.eximTakes, former)).toEqual(Array(8).fill("-".repeat(18)));
    const all = [...former.values(), ...shared.values()];
    const lost: number[] = [];
    for (const day of daysFrom(START, 9)) {
      const [worker, exim] = [
        await moving.workerTakes(day + DAY - 30_000, all),
        moving.eximTakes(day + DAY - 30_000, all),
      ];
      lost.push(all.filter((_, n) => worker[n] && !exim[n]).length);
    }
    // One less each day: those of the seven days before, and of the day itself.
    expect(lost).toEqual([8, 7, 6, 5, 4, 3, 2, 1, 0]);
    expect(await moving.workerTakes(START + 8 * DAY, [former.get(START) ?? ""])).toEqual([false]);
  });

  test("Exim takes neither cs1, nor a ref, nor a tag behind the local-part", async () => {
    await moving.create(START, "behind.example", { placement: "subaddress", keys: [SHARED] });
    const at = notBefore + 60_000;
    const paths = [
      await moving.mint(at, ALICE),
      await moving.mint(at, ALICE, { scheme: "cs1" }),
      await moving.mint(at, ALICE, { ref: "order-7" }),
      await moving.mint(at, "alice@behind.example"),
    ];
    expect(paths.map((path) => path.replace(/=.*/, ""))).toEqual(["prvs", "cs1", "cs1", "alice+prvs"]);
    expect(await moving.workerTakes(at, paths)).toEqual([true, true, true, true]);
    expect(moving.eximTakes(at, paths)).toEqual([true, false, false, false]);
  });

  describe("a domain with a lifetime", () => {
    test.each([1, 8, 30, 90])(
      "of %i days has tags that both take on its last day, and neither on the next",
      async (days) => {
        const domain = `days-${days}.example`;
        await moving.create(START, domain, { lifetimeDays: days, messageIdLifetimeDays: 90, keys: [SHARED] });
        const path = await moving.mint(START + NOON, `alice@${domain}`);
        const moments = [START + NOON, START + (days + 1) * DAY - 30_000, START + (days + 1) * DAY];
        expect(moments.map((at) => moving.eximTakes(at, [path])[0])).toEqual([true, true, false]);
        const taken = [];
        for (const at of moments) taken.push((await moving.workerTakes(at, [path]))[0]);
        expect(taken).toEqual([true, true, false]);
      },
    );

    test("of more than 7 days has tags that Exim refuses before the days begin anew, and the Worker does not", async () => {
      await moving.create(WRAP - 60 * DAY, "eight.example", { lifetimeDays: 8, keys: [SHARED] });
      const tags = new Map<number, string>();
      for (const day of daysFrom(WRAP - 9 * DAY, 10))
        tags.set(day, await moving.mint(day, "alice@eight.example"));
      const living = "+".repeat(18);
      expect(await follow(moving.workerTakes, tags, 10)).toEqual(Array(10).fill(`${living}--`));
      expect(await follow(moving.eximTakes, tags, 10)).toEqual([
        // Minted on day 991 until 999, which Exim then takes for good.
        `${living}++`,
        // Minted on day 992 until 000: on 992 Exim does not reckon with the days beginning anew.
        `--${living.slice(2)}--`,
        // On 993 and later it does, for tags until 006.
        ...Array(6).fill(`${living}--`),
        // Minted on day 999 until 007.
        `--${living.slice(2)}--`,
        `${living}--`,
      ]);

      await moving.create(WRAP - 60 * DAY, "thirty.example", { lifetimeDays: 30, keys: [SHARED] });
      const month = [WRAP - 20 * DAY, await moving.mint(WRAP - 20 * DAY, "alice@thirty.example")] as const;
      expect(await follow(moving.workerTakes, new Map([month]), 31)).toEqual(["+".repeat(62)]);
      expect(await follow(moving.eximTakes, new Map([month]), 31)).toEqual(["-".repeat(40) + "+".repeat(22)]);
    });
  });

  describe("the case of an address", () => {
    const upper = (path: string) => path.toUpperCase();
    const upperHex = (path: string) =>
      path.replace(/^prvs=\w+/, (tag) => `prvs=${tag.slice(5).toUpperCase()}`);

    test("as the app wrote it is no matter: minted in lower case, and Exim takes it in upper case too", async () => {
      const path = await moving.mint(notBefore, "Alice@Example.COM");
      expect(path).toBe(await moving.mint(notBefore, ALICE));
      const paths = [path, upper(path), upperHex(path)];
      expect(moving.eximTakes(notBefore, paths)).toEqual([true, true, true]);
      expect(await moving.workerTakes(notBefore, paths)).toEqual([true, true, true]);
    });

    test("is one where Exim's ACL says caseful_local_part: then it takes a tag as it was minted only", () => {
      const path = shared.get(START) ?? "";
      // A tag may have no letter among its digits.
      const letters = [...shared.values()].filter((tag) => upperHex(tag) !== tag);
      expect(letters.length).toBeGreaterThan(0);
      const caseful = configureExim({ rcpt: "  warn control = caseful_local_part" });
      caseful.hold(SHARED);
      const at = START + 8 * DAY - 60_000;
      expect(caseful.takesBounces(notBefore, [path, upper(path)])).toEqual(["250", "550"]);
      expect(caseful.takesBounces(at, letters.slice(0, 1).map(upperHex))).toEqual(["550"]);
      caseful.stop();
    });

    test("is one where Exim signs without lc: as it came the Worker takes it, and Exim does not; folded, neither does", async () => {
      const { number, secret } = SHARED;
      const path = moving.exim.expand(notBefore, `\${prvs{Alice@example.com}{${secret}}{${number}}}`);
      const folded = path.toLowerCase();
      expect(await moving.workerTakes(notBefore, [path, folded])).toEqual([true, false]);
      expect(moving.eximTakes(notBefore, [path, folded])).toEqual([false, false]);
    });
  });
});
