// The pages' stylesheet: one column, readable on a phone and in the dark, without a font or picture from elsewhere.

export const STYLE = `
:root {
  color-scheme: light dark;
  --text: light-dark(#1d2430, #e4e8ee);
  --quiet: light-dark(#566070, #9da8b8);
  --page: light-dark(#ffffff, #12161d);
  --panel: light-dark(#f4f6f9, #1b212b);
  --line: light-dark(#d9dfe7, #313a48);
  --accent: light-dark(#0b5cad, #7cb8ff);
}
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; }
body {
  margin: 0 auto; max-width: 56rem; padding: 1.5rem 1rem 4rem;
  background: var(--page); color: var(--text);
  font: 1rem/1.55 system-ui, sans-serif;
}
h1 { margin: 0 0 .5rem; font-size: 1.9rem; line-height: 1.2; }
h2 { margin: 3rem 0 .5rem; padding-bottom: .3rem; border-bottom: 1px solid var(--line); font-size: 1.35rem; }
h3 { margin: 2.25rem 0 .25rem; font-size: 1.05rem; overflow-wrap: anywhere; }
h4 { margin: 1.1rem 0 .3rem; color: var(--quiet); font-size: .85rem; font-weight: 600; }
p { margin: .4rem 0; max-width: 46rem; }
a { color: var(--accent); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 2px; }
code, pre { font: .875em/1.5 ui-monospace, "SFMono-Regular", Menlo, Consolas, monospace; }
pre {
  margin: .3rem 0; padding: .75rem 1rem; overflow-x: auto;
  background: var(--panel); border: 1px solid var(--line); border-radius: 6px;
}
.skip { position: absolute; left: -100vw; }
.skip:focus { left: 1rem; top: .5rem; padding: .5rem 1rem; background: var(--page); }
.method { display: inline-block; min-width: 4.2em; color: var(--accent); font-weight: 700; }
.tag { margin: 0; color: var(--quiet); font-size: .85rem; font-weight: 600; }
.quiet { color: var(--quiet); }
.wide { overflow-x: auto; }
nav { margin-top: 1.5rem; columns: 17rem auto; column-gap: 2rem; }
nav div { break-inside: avoid; }
nav ul { margin: .1rem 0 1rem; padding: 0; list-style: none; }
nav li { padding: .15rem 0; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; font-size: .925rem; }
th, td { padding: .4rem .75rem .4rem 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
th { color: var(--quiet); font-weight: 600; }
th:first-child, td:first-child { width: 14rem; }
td code { overflow-wrap: anywhere; }
@media (max-width: 40rem) { th:first-child, td:first-child { width: 9.5rem; } }
dl { display: grid; grid-template-columns: auto 1fr; gap: .15rem 1rem; margin: .3rem 0; font-size: .925rem; }
dt { white-space: nowrap; }
dd { margin: 0; }
`;
