// The pages, served beside the API by the same Worker: rendered here, without any script.

import { Hono } from "hono/tiny";
import type { ApiDocument } from "../api/openapi.ts";
import type { Api } from "../api/ports.ts";
import { Reference } from "./reference.tsx";
import { STYLE } from "./style.ts";

export function createPages(document: () => ApiDocument): Hono<Api> {
  return new Hono<Api>()
    .get("/docs", (context) => {
      const page = <Reference document={document()} />;
      return context.html(`<!doctype html>${page.toString()}`);
    })
    .get("/style.css", (context) => context.body(STYLE, 200, { "content-type": "text/css; charset=utf-8" }));
}
