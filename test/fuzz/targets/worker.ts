// The same requests to the built Worker, in workerd with its real storage. It has to start, so it is searched by hand alone.

import { expect } from "vitest";
import { type LocalWorker, startWorker } from "../../../src/local/worker.ts";
import { GRANTS } from "../api-deployment.ts";
import { target } from "../target.ts";
import { type Asked, asked, callerOf, checkAnswer, requestOf } from "./api.ts";

const ADMIN_TOKEN = "admin-token-of-the-fuzzed-worker-0123456789";

interface Scene {
  readonly worker: LocalWorker;
  readonly origin: string;
  readonly tokens: Readonly<Record<string, string>>;
}

let scene: Promise<Scene> | null = null;

async function setScene(): Promise<Scene> {
  const worker = await startWorker({ secrets: { ADMIN_TOKEN }, vars: { DOH_URL: "", MAX_BATCH: "20" } });
  const tokens: Record<string, string> = { operator: ADMIN_TOKEN };
  for (const [name, { scopes, domains }] of Object.entries(GRANTS)) {
    tokens[name] = (await worker.client.tokens.create({ name, scopes, domains })).token;
  }
  return { worker, origin: await worker.url(), tokens };
}

async function check(request: Asked): Promise<void> {
  scene ??= setScene();
  const { worker, origin, tokens } = await scene;
  const sent = requestOf(request, tokens);
  if (sent === null) return;
  await worker.client.domains.put("example.com");
  const { pathname, search } = new URL(sent.url);
  const body = sent.body === null ? {} : { body: await sent.clone().text() };
  const headers = new Headers(sent.headers);
  const response = await fetch(`${origin}${pathname}${search}`, {
    method: sent.method,
    headers,
    redirect: "manual",
    ...body,
  });
  if (response.status === 429) {
    expect(response.headers.get("retry-after")).toBe("10");
    return;
  }
  // The pages are beside it.
  if (!/^\/(?:v1\/|health$|openapi\.json$)/.test(pathname)) {
    expect(response.status).toBeLessThan(500);
    return;
  }
  await checkAnswer(
    sent,
    response,
    callerOf(headers.get("authorization") ?? "", tokens),
    Object.values(tokens),
  );
}

export const worker = target<Asked>({
  name: "worker",
  inputs: asked,
  check,
  runs: 0,
  async stop() {
    await (await scene)?.worker.stop();
    scene = null;
  },
});
