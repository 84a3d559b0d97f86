// The API's reference as a page of the built Worker, in workerd: whole, and nothing in it from elsewhere.

import { afterAll, beforeAll, expect, test } from "vitest";
import { type LocalWorker, startWorker } from "../../src/local/worker.ts";
import type { Document } from "../api/described.ts";

let worker: LocalWorker;
let page: string;
let headers: Headers;

beforeAll(async () => {
  worker = await startWorker();
  const response = await worker.call("GET", "/docs", undefined, { authorization: "" });
  expect(response.status).toBe(200);
  headers = response.headers;
  page = await response.text();
});
afterAll(() => worker.stop());

test("it needs no token, and shows every operation and every problem of the document", async () => {
  const document = (await (await worker.call("GET", "/openapi.json")).json()) as Document;
  const ids = Object.values(document.paths).flatMap((methods) =>
    Object.values(methods).map(({ operationId }) => operationId),
  );
  expect(ids.length).toBeGreaterThan(15);
  for (const id of ids) expect([id, page.split(`id="${id}"`).length]).toEqual([id, 2]);
  for (const type of Object.keys(document.components.examples)) {
    expect(page).toContain(`id="problem-${type}"`);
  }
});

test("every link within it leads somewhere", () => {
  const targets = [...page.matchAll(/href="#([^"]+)"/g)].map((match) => match[1] ?? "");
  expect(targets.length).toBeGreaterThan(50);
  for (const target of new Set(targets))
    expect([target, page.includes(`id="${target}"`)]).toEqual([target, true]);
});

test("it has no script, and loads nothing from another origin", async () => {
  expect(page).not.toMatch(/<script|\son\w+=|javascript:|style=/i);
  const loaded = [...page.matchAll(/(?:src|<link[^>]* href)="([^"]*)"/g)].map((match) => match[1]);
  expect(loaded).toEqual(["data:,", "/style.css"]);
  expect(headers.get("content-type")).toMatch(/^text\/html/);
  expect(headers.get("content-security-policy")).toMatch(/default-src 'none'.*style-src 'self'/);
  const style = await worker.call("GET", "/style.css");
  expect(style.headers.get("content-type")).toMatch(/^text\/css/);
  expect(await style.text()).not.toMatch(/url\(|@import/);
});

test("what stands in it is escaped", () => {
  expect(page).toContain("cs_019ab5f2c3d04be17a90_&lt;secret&gt;");
});
