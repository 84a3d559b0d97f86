// What the Worker's build puts in place of Hono's own rendering of title, form and other elements (wrangler.toml), which moves
// some to the head and runs actions in a browser. Here each element is rendered where it stands.

/** None is rendered in a way of its own. */
export const components_exports: Readonly<Record<string, never>> = {};
