// The pages' stylesheet: readable on a phone and in the dark, without a font or picture from elsewhere. Tones s1 to s7 differ
// in lightness as well as in hue. Written close: it is sent as it stands.

export const STYLE = `
:root{
color-scheme:light dark;
--text:light-dark(#1b2330,#e6eaf0);
--quiet:light-dark(#567,#aab);
--page:light-dark(#f6f7f9,#10141b);
--panel:light-dark(#fff,#181e27);
--line:light-dark(#d8dee7,#323c4b);
--accent:light-dark(#15a,#8bf);
--on-accent:light-dark(#fff,#112);
--good:light-dark(#264,#7c9);
--warn:light-dark(#850,#eb5);
--bad:light-dark(#b22,#f98);
--wash:light-dark(#eef3f9,#202937);
}
*{box-sizing:border-box}
html{scroll-padding-top:1rem}
body{
margin:0 auto;max-width:56rem;padding:1.5rem 1rem 4rem;
background:var(--page);color:var(--text);
font:1rem/1.55 system-ui,sans-serif;
}
body.desk{max-width:72rem;padding-top:0}
h1{margin:0 0 .5rem;font-size:1.9rem;line-height:1.2;overflow-wrap:anywhere}
h2{margin:2rem 0 .5rem;font-size:1.35rem}
h3{margin:1.5rem 0 .25rem;font-size:1.05rem;overflow-wrap:anywhere}
h4{margin:1.1rem 0 .3rem;color:var(--quiet);font-size:.85rem;font-weight:600}
p{margin:.4rem 0;max-width:46rem}
a{color:var(--accent)}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px;border-radius:2px}
main:focus{outline:0}
code,pre{font:.875em/1.5 ui-monospace,"SFMono-Regular",Menlo,Consolas,monospace}
code{overflow-wrap:anywhere}
pre{
margin:.3rem 0;padding:.75rem 1rem;overflow-x:auto;
background:var(--panel);border:1px solid var(--line);border-radius:6px;
}
pre code{overflow-wrap:normal}
.skip{position:absolute;left:-100vw}
.skip:focus{left:1rem;top:.5rem;padding:.5rem 1rem;background:var(--page)}
.method{color:var(--accent);font-weight:700}
.tag{margin:0;color:var(--quiet);font-size:.85rem;font-weight:600}
.quiet{color:var(--quiet)}
.wide{overflow-x:auto}
nav[aria-label=Operations]{columns:17rem auto}
nav div{break-inside:avoid}
nav ul{margin:.1rem 0 1rem;padding:0;list-style:none}
nav li{padding:.15rem 0;overflow-wrap:anywhere}
table{border-collapse:collapse;width:100%;font-size:.925rem}
th,td{padding:.4rem .75rem .4rem 0;border-bottom:1px solid var(--line);text-align:left;vertical-align:top}
th{color:var(--quiet);font-weight:600}
article th:first-child{width:30%}
dl{display:grid;grid-template-columns:auto 1fr;gap:.15rem 1rem;margin:.3rem 0;font-size:.925rem}
dt{white-space:nowrap}
dd{margin:0}

.top{display:flex;flex-wrap:wrap;align-items:center;gap:.25rem 1.5rem;padding:.9rem 0;margin-bottom:1.5rem;border-bottom:1px solid var(--line)}
.top nav{display:flex;flex-wrap:wrap;align-items:center;gap:0 1.25rem;margin-left:auto}
.brand{display:flex;align-items:center;gap:.55rem;color:var(--text);font-size:1.1rem;font-weight:700;text-decoration:none}
.brand svg{width:1.75rem;height:1.75rem;fill:none;stroke:var(--quiet);stroke-width:1.6;stroke-linejoin:round;stroke-linecap:round}
.brand .tick{stroke:var(--good);stroke-width:2.6}
.top nav a{padding:.3rem 0}
.tabs{display:flex;flex-wrap:wrap;gap:0 .25rem;margin:.75rem 0 1.5rem;border-bottom:1px solid var(--line)}
.tabs a{padding:.5rem .7rem;color:var(--quiet);text-decoration:none;border-bottom:3px solid transparent}
.tabs [aria-current]{color:var(--text);border-color:var(--accent);font-weight:600}
footer{margin-top:4rem;padding-top:1rem;border-top:1px solid var(--line);color:var(--quiet);font-size:.875rem}

form{margin:0}
.narrow{max-width:34rem;margin-top:1rem}
.field{margin:.9rem 0}
.field p{margin:0 0 .25rem;font-size:.875rem}
label,legend{font-weight:600}
input,select,textarea,button{font:inherit;color:inherit}
.field input,select,textarea{width:100%;padding:.5rem .65rem;background:var(--panel);border:1px solid var(--quiet);border-radius:6px}
textarea{font-family:ui-monospace,"SFMono-Regular",Menlo,Consolas,monospace;font-size:.875rem;resize:vertical}
[aria-invalid]{border:2px solid var(--bad) !important}
.wrong{color:var(--bad)}
fieldset{margin:.9rem 0;padding:.5rem .9rem .7rem;border:1px solid var(--line);border-radius:6px}
.check{display:flex;gap:.6rem;align-items:baseline;padding:.2rem 0;font-weight:400}
button{padding:.5rem 1.1rem;background:var(--accent);color:var(--on-accent);border:1px solid var(--accent);border-radius:6px;font-weight:600;cursor:pointer}
button.plain{background:none;color:var(--accent)}
button.small{padding:.2rem .6rem;font-size:.85rem}
button.grave{background:none;border-color:var(--bad);color:var(--bad)}
button.link{padding:0;background:none;border:0;color:var(--accent);font-weight:400;text-decoration:underline}
button:disabled{background:none;border:1px dashed var(--quiet);color:var(--quiet);cursor:not-allowed}
details{margin:.5rem 0}
summary{cursor:pointer;color:var(--accent)}
details.grave > div{margin:.4rem 0;padding:.6rem .9rem;border-left:3px solid var(--bad)}

.card,.entries > li{background:var(--panel);border:1px solid var(--line);border-radius:10px;padding:1rem 1.2rem}
.card h2,.card h3{margin:0 0 .5rem}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(22rem,100%),1fr));gap:1rem;margin:1.25rem 0}
.columns{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(26rem,100%),1fr));gap:0 2.5rem}
.columns > *{min-width:0}
.entries,.concerns,.checks,.keys,.legend,.modes{list-style:none;margin:.75rem 0;padding:0}
.entries{display:grid;gap:.75rem}
.entries p,.card p{margin:.1rem 0 .4rem;overflow-wrap:anywhere}
.entries time{color:var(--quiet);font-size:.875rem;white-space:nowrap}
.acts{display:flex;flex-wrap:wrap;gap:0 1.5rem;align-items:baseline}
.facts{grid-template-columns:1fr;gap:.1rem}
.facts div{display:grid;grid-template-columns:minmax(7rem,12%) 1fr;gap:.75rem}
.facts dt{color:var(--quiet);white-space:normal;overflow-wrap:anywhere}
.facts dd{overflow-wrap:anywhere;min-width:0}
.mark{display:inline-block;padding:0 .5rem;border:1px solid;border-radius:99px;font-size:.8rem;font-weight:600;color:var(--quiet);vertical-align:.08em}
.mark.pass,.mark.enforce,.mark.valid,.mark.signing,.mark.delivered{color:var(--good)}
.mark.warn,.mark.observe,.mark.delayed,.mark.expired,.mark.would-reject,.mark.pending{color:var(--warn)}
.mark.fail,.mark.failed,.mark.bad-signature,.mark.rejected,.mark.complaint{color:var(--bad)}
.done,.problem{margin:0 0 1.25rem;padding:.6rem 1rem;background:var(--panel);border:1px solid var(--good);border-left-width:5px;border-radius:6px;overflow-wrap:anywhere}
.problem{border-color:var(--bad)}
.problem ul{margin:.2rem 0;padding-left:1.2rem}
.concerns li{margin:.35rem 0;padding-left:.7rem;border-left:4px solid var(--line)}
.concerns .grave{border-color:var(--bad);font-weight:600}
.concerns .mend{border-color:var(--warn)}
.concerns .note{border-color:var(--good)}
.checks li{padding:.5rem 0;border-bottom:1px solid var(--line);overflow-wrap:anywhere}
.checks span:last-child{display:block;font-size:.925rem}
.modes li{display:flex;gap:.9rem;align-items:center;margin:.6rem 0;font-size:.925rem}
.modes form{flex:none}
.keys{display:grid;gap:.75rem}
.keys svg{display:block;width:100%;height:1.5rem;background:var(--wash);border-radius:4px}
.steps > li{margin:1.25rem 0;padding-left:.3rem}
.steps > li::marker{color:var(--accent);font-weight:700}
.steps h3{margin:0}

.chart{margin:.75rem 0}
figcaption{font-size:.875rem;color:var(--quiet)}
.plot{position:relative;margin-top:.3rem;border-bottom:1px solid var(--quiet)}
.plot svg{display:block;width:100%;height:13rem}
.small .plot svg{height:5rem}
.most{position:absolute;top:0;left:0;padding:0 .25rem;font-size:.75rem;color:var(--quiet);background:var(--page);border-radius:4px;pointer-events:none}
.card .most{background:var(--panel)}
.axis{display:flex;justify-content:space-between;font-size:.75rem;color:var(--quiet)}
.legend{display:flex;flex-wrap:wrap;gap:.1rem 1.1rem;font-size:.875rem}
.legend svg{width:.7rem;height:.7rem;margin-right:.35rem}
article a{display:inline-block;min-height:24px}
.day{fill:transparent}
g:hover .day{fill:var(--wash)}
.s1{fill:light-dark(#789,#89a)}
.s2{fill:light-dark(#d92,#da4)}
.s3{fill:light-dark(#b43,#e66)}
.s4{fill:light-dark(#85b,#b8d)}
.s5{fill:light-dark(#824,#c47)}
.s6{fill:light-dark(#532,#cb8)}
.s7,.signs{fill:light-dark(#285,#5c8)}
.small .s1{fill:light-dark(#285,#5c8)}
.validates{fill:light-dark(#8ce,#368)}
.now{fill:var(--text)}
`;
