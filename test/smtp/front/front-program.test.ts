// `npm run smtp` as a user starts it: what it prints, what it can't use, and how it ends.

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test, vi } from "vitest";
import { connectTo, send } from "../client.ts";
import { type Program, startProgram } from "../program.ts";

const USABLE = { SMTP_PORT: "0" };

let program: Program | null = null;
afterEach(async () => {
  await program?.stop("SIGKILL");
  program = null;
});

const start = async (env: Readonly<Record<string, string>> = {}) => {
  program = await startProgram("run-front", { ...USABLE, ...env });
  return program;
};

test("it says where it listens, and in front of what", async () => {
  const { port, output } = await start();
  expect(output()).toBe(`SMTP on 127.0.0.1:${port} in front of http://127.0.0.1:8787\n`);
});

test("it says where forwards go, where they go anywhere", async () => {
  const { output } = await start({ NEXT_HOP: "localhost", WORKER_URL: "http://localhost:9999/" });
  expect(output()).toMatch(/ in front of http:\/\/localhost:9999; forwards go to localhost:25\n$/);
});

describe("a setting that can't be used ends it with one sentence that names it", () => {
  test.each([
    ["SMTP_PORT", "smtp"],
    ["SMTP_PORT", "65536"],
    ["WORKER_URL", "127.0.0.1:8787"],
    ["WORKER_URL", "http://127.0.0.1:8787/path"],
    ["WORKER_URL", "ftp://127.0.0.1"],
    ["NEXT_HOP", "http://mx.example.net"],
    ["NEXT_HOP", "mx.example.net:0x19"],
  ])("%s=%s", async (name, value) => {
    await expect(start({ [name]: value })).rejects.toThrow(new RegExp(`^${name}: [^\n]+\\.\n$`));
  });

  test("a port that is taken", async () => {
    const { port } = await start();
    await expect(startProgram("run-front", { SMTP_PORT: String(port) })).rejects.toThrow(
      new RegExp(`^[^\n]*127\\.0\\.0\\.1:${port}[^\n]*another program listens there\\.\n$`),
    );
  });
});

describe("told to end", () => {
  test.each(["SIGTERM", "SIGINT"] as const)("by %s it ends with 0", async (signal) => {
    const { stop } = await start();
    expect(await stop(signal)).toBe(0);
  });

  test("it lets a message that is under way come to its end", async () => {
    let answer = () => {};
    const isCalled = Promise.withResolvers<void>();
    const worker = createServer((request, response) => {
      request.resume();
      answer = () => response.end('{"outcome":"ok","forwards":[]}');
      isCalled.resolve();
    });
    await new Promise<void>((resolve) => worker.listen(0, "127.0.0.1", resolve));
    const { port: workerPort } = worker.address() as AddressInfo;
    const { port, stop } = await start({ WORKER_URL: `http://127.0.0.1:${workerPort}` });
    const client = await connectTo(port);
    const sent = send(client, { from: "", to: ["alice@example.com"] });
    await isCalled.promise;
    const stopped = stop();
    // The signal takes its time to arrive.
    const isClosed = () => expect(connectTo(port).then((other) => other.close())).rejects.toThrow();
    await vi.waitFor(isClosed, { timeout: 5000 });
    answer();
    expect((await sent).message).toBe("250 2.0.0 Ok");
    client.close();
    expect(await stopped).toBe(0);
    worker.close();
  });
});
