// The README's examples, as they are printed.

import { readFileSync } from "node:fs";

/** The first example of a section in a language. */
export function exampleIn(title: string, language: "sh" | "ts" | "py"): string {
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
  const [, section = ""] = readme.split(`\n## ${title}\n`);
  const example = new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, "s").exec(section.split(/\n## /)[0] ?? "");
  if (example?.[1] === undefined) throw new Error(`The section ${title} has no example in ${language}.`);
  return example[1];
}
