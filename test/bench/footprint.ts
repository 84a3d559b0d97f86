// What the Worker weighs, and what starting it takes, beside the least that Hono can be.

import { gzipSync } from "node:zlib";
import { compete, figureOf, speedRatio } from "./contest.ts";
import { formatNumber, type Row } from "./table.ts";
import { build, startAlone } from "./workerd.ts";

export async function measureFootprint(rounds: number): Promise<Row[]> {
  const modules = { ours: build("countersign"), empty: build("empty") };
  const octets = { ours: gzipSync(modules.ours).length, empty: gzipSync(modules.empty).length };
  const cpu = { ours: [] as number[], empty: [] as number[] };
  const start = (name: keyof typeof cpu) => async () => {
    cpu[name].push(await startAlone(modules[name], name === "ours"));
  };
  await compete({ ours: start("ours"), empty: start("empty") }, rounds, 1);
  const counted = { ours: cpu.ours.slice(-rounds), empty: cpu.empty.slice(-rounds) };
  const milliseconds = (name: keyof typeof cpu) =>
    `${formatNumber(figureOf(counted[name]).median * 1000)} ms`;
  const kib = (name: keyof typeof octets) => `${formatNumber(octets[name] / 1024)} KiB`;
  const weight = octets.empty / octets.ours;
  return [
    {
      what: "the Worker, gzipped: an empty Hono Worker",
      ours: kib("ours"),
      against: kib("empty"),
      ratio: { least: weight, median: weight, most: weight },
    },
    {
      what: "workerd started and its first answer, processor time: the same",
      ours: milliseconds("ours"),
      against: milliseconds("empty"),
      ratio: speedRatio(counted, "ours", "empty"),
    },
  ];
}
