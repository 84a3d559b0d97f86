// What the Worker's build puts in place of Hono's mounting of other frameworks' applications (wrangler.toml). There are none.

/** Never called. */
export function createMountedRequest(): never {
  throw new Error("No application of another framework is mounted here.");
}
