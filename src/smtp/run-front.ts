// `npm run smtp`: SMTP in front of the Worker of `npm run dev`, set up from the environment.

import { startFront } from "./front/front.ts";
import { runProgram } from "./program.ts";
import {
  type Environment,
  type HostPort,
  readHostPort,
  readPort,
  readText,
  SettingError,
} from "./settings.ts";

await runProgram(async (env) => {
  const workerUrl = readWorkerUrl(env);
  const nextHop = readNextHop(env);
  const front = await startFront({
    port: readPort(env, "SMTP_PORT", 2525),
    workerUrl,
    nextHop,
    log: (line) => console.log(line),
  });
  const onward = nextHop === null ? "" : `; forwards go to ${nextHop.host}:${nextHop.port}`;
  console.log(`SMTP on 127.0.0.1:${front.port} in front of ${workerUrl}${onward}`);
  return front;
});

function readWorkerUrl(env: Environment): string {
  const text = readText(env, "WORKER_URL") ?? "http://127.0.0.1:8787";
  const url = URL.canParse(text) ? new URL(text) : null;
  const isOrigin = url !== null && /^https?:$/.test(url.protocol) && url.href === `${url.origin}/`;
  if (!isOrigin) throw new SettingError("WORKER_URL", "an origin is expected, like http://127.0.0.1:8787.");
  return url.origin;
}

function readNextHop(env: Environment): HostPort | null {
  const text = readText(env, "NEXT_HOP");
  return text === undefined ? null : readHostPort("NEXT_HOP", text, 25);
}
