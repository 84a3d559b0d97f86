// Moving in: a domain is brought over from a real Exim with its keys while both are in use, day by day under clocks
// that are set by hand. No bounce of what either signed is lost at the other, and Exim's key can go in the end.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WITH_DATED_EXIM } from "./dated-exim.ts";
import {
  DAY,
  type DailyTags,
  daysFrom,
  follow,
  type Moving,
  SEVEN_DAYS,
  START,
  startMoving,
  WRAP,
} from "./moving.ts";

const FORMER = { number: 4, secret: "the key that Exim had before" };
const CURRENT = { number: 5, secret: "the key that Exim has now" };
const NOON = DAY / 2;
const ALICE = "alice@example.com";

describe.skipIf(WITH_DATED_EXIM !== "")(`moving in from Exim${WITH_DATED_EXIM}`, () => {
  let moving: Moving;

  beforeAll(async () => {
    moving = await startMoving();
    moving.exim.hold(FORMER, CURRENT);
    await moving.create(START + NOON, "example.com", { keys: [FORMER, CURRENT] });
  });
  afterAll(() => moving?.stop());

  /** Signs on some days, at the first and at the last minute of each, with both: they make the same tag. */
  async function signFor(days: number, first: number, address: string): Promise<DailyTags> {
    const tags = new Map<number, string>();
    for (const day of daysFrom(first, days)) {
      const both = [];
      for (const at of [day, day + DAY - 60_000])
        both.push(moving.send(at, address), await moving.mint(at, address));
      expect(new Set(both)).toHaveLength(1);
      tags.set(day, both[0] ?? "");
    }
    return tags;
  }

  test("what Exim signed in the seven days before, under two keys, is taken at once; what is older, or a guess, is not", async () => {
    const sent: string[] = [];
    for (let day = -8; day <= 0; day++) {
      if (day < -3) moving.exim.hold(FORMER);
      else moving.exim.hold(FORMER, CURRENT);
      sent.push(moving.send(START + day * DAY, "Alice@example.com"));
    }
    expect(sent.map((path) => path.replace(/^(prvs=\d)\w{9}/, "$1…"))).toEqual([
      ...Array(5).fill("prvs=4…=alice@example.com"),
      ...Array(4).fill("prvs=5…=alice@example.com"),
    ]);
    moving.exim.hold({ ...CURRENT, secret: "a guess" });
    const guess = moving.send(START, ALICE);
    moving.exim.hold(FORMER, CURRENT);

    const taken = await moving.workerTakes(START + NOON + 1_000, [...sent, guess, ALICE]);
    expect(taken).toEqual([false, ...Array(8).fill(true), false, false]);
  });

  test("what the Worker mints is taken by Exim's ACL at once; a changed one, another's and a bare one are not", async () => {
    const path = await moving.mint(START + NOON + 2_000, ALICE);
    expect(path).toMatch(/^prvs=5/);
    const changed = path.replace(/.=alice/, (end) => (end.startsWith("0") ? "1=alice" : "0=alice"));
    const paths = [path, changed, path.replace("alice", "bob"), ALICE];
    expect(moving.exim.takesBounces(START + NOON + 3_000, paths)).toEqual(["250", "550", "550", "550"]);
  });

  test("the domain has both keys, signs with the last, and rotates by itself never", async () => {
    const keys = await Array.fromAsync(moving.client.keys.list("example.com"));
    expect(keys.map(({ number, state, expires }) => [number, state, expires])).toEqual([
      [4, "validating", null],
      [5, "signing", null],
    ]);
    expect(await moving.client.domains.read("example.com")).toMatchObject({ rotateDays: 0 });
  });

  test("Exim signs with number 0 where its configuration names none", () => {
    expect(moving.exim.expand(START, `\${prvs{${ALICE}}{a key}}`)).toMatch(/^prvs=0/);
  });

  test("side by side both make the same tags, and take each through its seventh day and not on the eighth", async () => {
    const tags = await signFor(8, START + DAY, ALICE);
    const expected = Array(8).fill(SEVEN_DAYS);
    expect(await follow(moving.workerTakes, tags)).toEqual(expected);
    expect(await follow(moving.eximTakes, tags)).toEqual(expected);
  });

  describe("while day 999 becomes day 000", () => {
    const DORA = "dora@wrap.example";
    let tags: DailyTags;

    beforeAll(async () => {
      await moving.create(WRAP - 20 * DAY, "wrap.example", { keys: [FORMER, CURRENT] });
      tags = await signFor(18, WRAP - 10 * DAY, DORA);
    });

    test("the Worker takes what either signed through its seventh day, and not on the eighth", async () => {
      expect(await follow(moving.workerTakes, tags)).toEqual(Array(18).fill(SEVEN_DAYS));
    });

    test("Exim takes all that lives, and from day 000 on what had died before it", async () => {
      expect(await follow(moving.eximTakes, tags, 12)).toEqual([
        // Signed on day 990, dead on 998 and 999.
        `${SEVEN_DAYS}--++++`,
        // Signed on day 991, dead on 999.
        `${SEVEN_DAYS}++++++`,
        // Signed on day 992, and dead on day 000.
        "+".repeat(24),
        // What names a day after the wrap dies in time.
        ...Array(15).fill(`${SEVEN_DAYS}------`),
      ]);
    });

    test("what expired on day 999 Exim takes for good; the Worker only when a thousand days are over, and the key is still there", async () => {
      const path = moving.send(WRAP - 8 * DAY, DORA);
      const days = [0, 1, 200, 500, 900, 991, 992, 999, 1000, 1500];
      const at = (day: number) => WRAP + day * DAY + NOON;
      expect(days.filter((day) => moving.eximTakes(at(day), [path])[0])).toEqual(days);
      const lived: number[] = [];
      for (const day of days) if ((await moving.workerTakes(at(day), [path]))[0]) lived.push(day);
      expect(lived).toEqual([992, 999]);
    });
  });

  test("a lifetime of one day does not shorten the seven of what Exim signs", async () => {
    await moving.create(START, "brief.example", { lifetimeDays: 1, keys: [CURRENT] });
    const tags = new Map([[START, moving.send(START, "fay@brief.example")]]);
    expect(await follow(moving.workerTakes, tags)).toEqual([SEVEN_DAYS]);
  });

  describe("after a rotation to a key of the Worker's own", () => {
    const domain = "rotated.example";
    const ERIN = `erin@${domain}`;
    let notBefore: number;
    let before: string;
    let own: string;

    beforeAll(async () => {
      await moving.create(START, domain, { keys: [FORMER, CURRENT] });
      before = await moving.mint(START + NOON, ERIN);
      const key = await moving.client.keys.rotate(domain);
      notBefore = Date.parse(key.notBefore ?? "");
      // Until its time has come the shared key signs.
      expect(notBefore).toBeGreaterThanOrEqual(START + NOON + 150_000);
      expect(await moving.mint(notBefore - 1_000, ERIN)).toBe(before);
      own = await moving.mint(notBefore, ERIN);
      expect(own).toMatch(new RegExp(`^prvs=${key.number}`));
    });

    test("Exim refuses what it signs, and takes what was signed before", () => {
      expect(own).not.toMatch(/^prvs=[45]/);
      expect(moving.exim.takesBounces(notBefore + 1_000, [own, before])).toEqual(["550", "250"]);
    });

    test("the Worker takes what Exim signs as before, for as long as Exim goes on signing", async () => {
      // Longer than a key of the Worker's own would be kept, whose Message-IDs live for 30 days.
      const days = [...daysFrom(START + DAY, 8), ...daysFrom(START + 59 * DAY, 2)];
      const sent = new Map(days.map((day) => [day, moving.send(day + NOON, ERIN)]));
      expect(await follow(moving.workerTakes, sent)).toEqual(days.map(() => SEVEN_DAYS));
    });

    test("on the eighth day from Exim's last signature its keys can be retired, and its tags are refused then", async () => {
      const last = moving.send(START + 61 * DAY - 60_000, ERIN);
      const dead = START + 68 * DAY;
      expect(await moving.workerTakes(dead - 60_000, [last])).toEqual([true]);
      expect(await moving.statusOf(dead, last)).toBe("expired");
      // Were Exim to sign still, this would be what is lost.
      const late = moving.send(dead, ERIN);
      expect(await moving.workerTakes(dead, [late])).toEqual([true]);
      for (const { number } of [FORMER, CURRENT]) await moving.client.keys.retire(domain, number);
      expect(await moving.workerTakes(dead + 60_000, [late])).toEqual([false]);
      expect(await moving.statusOf(dead + 60_000, late)).toBe("unknown-key");
      const minted = await moving.mint(dead + 60_000, ERIN);
      expect(await moving.workerTakes(dead + 61_000, [minted])).toEqual([true]);
    });
  });
});
