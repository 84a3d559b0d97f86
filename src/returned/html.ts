// The words of an HTML text, for bounces that have no plain one. Linear; nothing here throws.

const ENTITIES: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', nbsp: " " };

/** Tags become line breaks or nothing. An address in angle brackets that should have been escaped is kept. */
export function readHtml(html: string): string {
  return html
    .replace(/[ \t\r]+/g, " ")
    .replace(/<(style|script|title)\b[^<>]*>[^<]*<\/\1>/gi, "")
    .replace(/<\/?(?:br|p|div|tr|td|li|h[1-6]|pre|table)\b[^<>]*>/gi, "\n")
    .replace(/<(?![^\s<>"=]+@[^\s<>"=]+>)[^<>]*>/g, "")
    .replace(
      /&(?:#(\d{1,6})|([a-z]{2,4}));/gi,
      (whole, code: string | undefined, name: string | undefined) =>
        code === undefined ? (ENTITIES[name ?? ""] ?? whole) : String.fromCodePoint(Number(code)),
    );
}
