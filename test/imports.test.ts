// Imports point one way: index → {inbound → returned, pages → api, doctor, store} → deployment → core, and Node's
// own {local, smtp} → client. This test reads them and says which does not.

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const SRC = fileURLToPath(new URL("../src", import.meta.url));

/** What each folder may import, beside itself.  */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  core: [],
  inbound: ["core", "returned"],
  returned: ["core"],
  api: ["core"],
  store: ["core", "deployment"],
  deployment: ["core"],
  doctor: ["core"],
  pages: ["api", "core"],
  client: [],
  local: ["client"],
  smtp: ["client", "core"],
  "index.ts": ["api", "deployment", "doctor", "inbound", "pages", "store"],
};

const files = readdirSync(SRC, { recursive: true, encoding: "utf8" }).filter((file) => /\.tsx?$/.test(file));

function importsOf(file: string): string[] {
  const text = readFileSync(join(SRC, file), "utf8");
  const found = text.matchAll(/^(?:import|export) [^;]*?from "(\.[^"]+)";/gms);
  return [...found].map((match) => relative(SRC, join(SRC, dirname(file), match[1] ?? "")));
}

const roomOf = (file: string): string => file.split("/")[0] ?? file;

test("there are files in every folder named here", () => {
  expect(new Set(files.map(roomOf))).toEqual(new Set(Object.keys(MAY_IMPORT)));
});

test.each(files)("%s imports only what lies below it", (file) => {
  const room = roomOf(file);
  const wrong = importsOf(file).filter(
    (target) => roomOf(target) !== room && !MAY_IMPORT[room]?.includes(roomOf(target)),
  );
  expect(wrong).toEqual([]);
});

test.each(files.filter((file) => roomOf(file) === "core"))(
  "%s reads no clock, no randomness, no environment",
  (file) => {
    const text = readFileSync(join(SRC, file), "utf8");
    expect(text).not.toMatch(
      /Date\.now|new Date\(\)|Math\.random|getRandomValues|console\.|fetch\(|process\./,
    );
  },
);

test("no two files import one another in a circle", () => {
  const circles: string[] = [];
  const done = new Set<string>();
  const walk = (file: string, path: readonly string[]): void => {
    if (done.has(file)) return;
    if (path.includes(file)) {
      circles.push([...path.slice(path.indexOf(file)), file].join(" → "));
      return;
    }
    for (const target of importsOf(file)) walk(target, [...path, file]);
    done.add(file);
  };
  for (const file of files) walk(file, []);
  expect(circles).toEqual([]);
});
