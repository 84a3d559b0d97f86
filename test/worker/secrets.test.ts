// KEYRING_SECRET changed while the Worker is in use, in workerd: no address, token or bounce is lost on the way.

import { expect, test } from "vitest";
import { CountersignError } from "../../src/client/countersign.ts";
import { startWorker } from "../../src/local/worker.ts";

const [FORMER, CURRENT] = ["f".repeat(32), "c".repeat(32)];
const DOMAINS = ["one.example", "two.example", "three.example"];
const raw = "From: <mailer-daemon@example.net>\r\nMessage-ID: <b@example.net>\r\n\r\nx\r\n";

test("under load nothing is lost while the secret is changed, and a token lives as long as its secret", async () => {
  const worker = await startWorker({ secrets: { KEYRING_SECRET: FORMER } });
  try {
    for (const domain of DOMAINS) {
      await worker.client.domains.put(domain, { mode: "enforce" }, { force: true });
      await worker.client.routes.put(domain, "alice", { action: "forward", to: ["alice@inbox.example"] });
    }
    const app = { name: "app", scopes: ["sign", "validate"], domains: DOMAINS } as const;
    const before = await worker.client.tokens.create(app);

    const minted: string[] = [];
    const failures: unknown[] = [];
    let running = true;
    let token = before.token;
    const mintOn = async (domain: string) => {
      while (running) {
        try {
          minted.push((await worker.clientFor(token).mint(`alice@${domain}`)).reversePath);
        } catch (error) {
          // The local platform drops what is on its way when it reloads; that much is not the Worker's doing.
          if (!(error instanceof CountersignError) || error.status !== 0) failures.push(error);
        }
      }
    };
    const load = Promise.all(DOMAINS.map(mintOn));
    const mintedMore = async () => {
      const until = minted.length + 30;
      await expect.poll(() => minted.length, { timeout: 20_000 }).toBeGreaterThan(until);
    };
    await mintedMore();

    await worker.changeSecrets({ KEYRING_SECRET: CURRENT, KEYRING_SECRET_PREVIOUS: FORMER });
    await mintedMore();
    const after = await worker.client.tokens.create(app);
    const keyringSecrets = async () => {
      const listed = await Array.fromAsync(worker.client.tokens.list());
      return listed.map(({ id, keyringSecret }) => `${id} ${keyringSecret}`);
    };
    expect(await keyringSecrets()).toEqual([`${before.id} previous`, `${after.id} current`]);
    // Both work: the app changes over in its own time. Each domain's next write wraps its keys anew.
    token = after.token;
    await mintedMore();
    for (const domain of DOMAINS) await worker.client.domains.patch(domain, { lifetimeDays: 8 });
    const kv = (await worker.bindings())["SNAPSHOTS"] as { get(key: string): Promise<string | null> };
    for (const domain of DOMAINS) {
      await expect.poll(() => kv.get(`domain:${domain}`), { timeout: 15_000 }).toContain('"lifetimeDays":8');
    }

    await worker.changeSecrets({ KEYRING_SECRET: CURRENT });
    await mintedMore();
    running = false;
    await load;
    expect(failures).toEqual([]);

    expect(minted.length).toBeGreaterThan(90);
    const samples = minted.filter((_, at) => at % Math.ceil(minted.length / 60) === 0);
    for (const address of samples) {
      expect(await worker.clientFor(after.token).validate(address)).toMatchObject({ status: "valid" });
      expect(await worker.deliver({ from: "<>", to: address }, raw)).toMatchObject({ code: 250 });
    }
    await expect(worker.clientFor(before.token).mint("alice@one.example")).rejects.toMatchObject({
      status: 401,
    });
    expect(await keyringSecrets()).toEqual([`${before.id} gone`, `${after.id} current`]);
  } finally {
    await worker.stop();
  }
}, 120_000);
