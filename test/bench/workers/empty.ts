// The least that Hono can be: a route that answers JSON, and one that reads it too.

import { Hono } from "hono";

const app = new Hono();
app.post("/v1/addresses", (context) => context.json({ address: "alice@example.com" }));
app.post("/read", async (context) => context.json(await context.req.json()));

export default app;
