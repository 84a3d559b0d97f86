// What the Worker's build puts in place of postal-mime's table of HTML entities (wrangler.toml): all 2,231 names are a
// seventh of the Worker, and a robot's report is read in plain text first.

/** By name, as they stand in a text. */
export const htmlEntities: Readonly<Record<string, string>> = {
  "&amp;": "&",
  "&apos;": "'",
  "&gt;": ">",
  "&lt;": "<",
  "&nbsp;": "\u00a0",
  "&quot;": '"',
};
