// What the Worker's build puts in place of postal-mime's own text formatting (wrangler.toml): with its table of 2,231 HTML
// entities that is a sixth of the Worker. Here a text is wanted of a report's HTML, and nothing is ever made into HTML.

import { readHtml } from "./html.ts";

export const htmlToText = readHtml;

export function textToHtml(text: string): string {
  return text;
}

/** Enclosed messages are attachments here, and have no header to be shown. */
export function formatTextHeader(): string {
  return "";
}

export function formatHtmlHeader(): string {
  return "";
}
