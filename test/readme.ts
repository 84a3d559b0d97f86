// The README's examples, as they are printed.

import { readFileSync } from "node:fs";

export type Language = "sh" | "ts" | "py" | "cf" | "exim";

/** All examples of a section in a language, those of its subsections included. */
export function examplesIn(title: string, language: Language): string[] {
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
  const heading = new RegExp(`^(#{2,4}) ${title}$`, "m").exec(readme);
  if (heading?.[1] === undefined) throw new Error(`The README has no section ${title}.`);
  const rest = readme.slice(heading.index + heading[0].length);
  // To the next heading that is as high; a comment in a shell example looks like the highest.
  const [section = ""] = rest.split(new RegExp(`^#{2,${heading[1].length}} `, "m"));
  const blocks = [...section.matchAll(/^\s*```(\w+)\n(.*?)```/gms)];
  return blocks.filter((block) => block[1] === language).map((block) => block[2] ?? "");
}

/** The first of them. */
export function exampleIn(title: string, language: Language): string {
  const [example] = examplesIn(title, language);
  if (example === undefined) throw new Error(`The section ${title} has no example in ${language}.`);
  return example;
}
