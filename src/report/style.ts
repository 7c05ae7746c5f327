// SPDX-License-Identifier: Apache-2.0

// Colours are of Okabe and Ito's palette, which stays apart for colour-blind eyes, in a darker and a lighter form.
const COLORS = `
:root { color-scheme: light dark; --back: #fff; --raised: #f6f7f9; --rule: #dfe3e8; --grid: #e9ecf0; --text: #1b2026;
  --soft: #5a6572; --link: #005a9c; --s1: #0072b2; --s2: #d55e00; --s3: #009e73; --s4: #9a5b86; --same: #0072b2;
  --other: #d55e00; --warn: #a33c00; --warn-back: #fff3e8; }
@media (prefers-color-scheme: dark) { :root { --back: #14171b; --raised: #1c2026; --rule: #313841; --grid: #272d35;
  --text: #e4e8ed; --soft: #9ba7b4; --link: #7cc0f5; --s1: #56b4e9; --s2: #f0944d; --s3: #35c39b; --s4: #d79bc4;
  --same: #56b4e9; --other: #f0944d; --warn: #f5a56a; --warn-back: #2b2119; } }
`;

const TEXT = `
* { box-sizing: border-box; }
html { font: 400 15px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; scroll-padding-top: 3.5rem;
  -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--back); color: var(--text); }
h1, h2, h3, h4 { line-height: 1.25; overflow-wrap: anywhere; }
h1 { font-size: 1.9rem; font-weight: 650; margin: 0 0 .4rem; letter-spacing: -.01em; }
h2 { font-size: 1.45rem; font-weight: 650; margin: 3.2rem 0 .8rem; padding-top: 1rem; border-top: 1px solid var(--rule); }
h3 { font-size: 1.2rem; font-weight: 650; margin: 2.6rem 0 .6rem; }
h4 { font-size: .95rem; font-weight: 600; margin: 1.6rem 0 .5rem; } figure h4, .columns h4 { margin-top: 0; }
p { margin: 0 0 .9rem; max-width: 46rem; overflow-wrap: anywhere; }
li { overflow-wrap: anywhere; }
td a { text-decoration: none; } td a:hover { text-decoration: underline; }
a { color: var(--link); text-decoration-thickness: 1px; text-underline-offset: .18em; }
:focus-visible { outline: 2px solid var(--s1); outline-offset: 2px; }
code, .code { font: .88em/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; overflow-wrap: anywhere; }
.lead, .soft, figcaption { color: var(--soft); }
.lead { font-size: 1.05rem; }
.warn { border-left: 3px solid var(--warn); background: var(--warn-back); padding: .5rem .8rem; border-radius: 0 4px 4px 0; }
.skip { position: absolute; left: -999px; }
.skip:focus { left: .5rem; top: .5rem; background: var(--back); padding: .4rem .7rem; z-index: 9; }
.quote { overflow-wrap: anywhere; overflow: clip; overflow-clip-margin: .3em; unicode-bidi: isolate; white-space: pre-line; }
summary { cursor: pointer; font-weight: 600; padding: .35rem 0; }
details { margin: 0 0 1rem; }
`;

const LAYOUT = `
main { max-width: 76rem; margin: 0 auto; padding: 2.2rem 1.1rem 5rem; min-width: 0; }
nav { position: sticky; top: 0; z-index: 5; background: var(--back); border-bottom: 1px solid var(--rule); }
nav ul { list-style: none; margin: 0; padding: 0; }
nav > ul { display: flex; gap: .2rem 1rem; padding: .55rem 1.1rem; overflow-x: auto; white-space: nowrap; }
nav ul ul { display: flex; gap: 1rem; margin-left: 1rem; }
nav li { display: flex; font-size: .9rem; }
nav a { text-decoration: none; padding: .15rem 0; }
nav > ul > li > a { font-weight: 600; color: var(--text); }
nav ul ul a { color: var(--soft); }
nav a:hover { text-decoration: underline; }
@media (min-width: 70rem) {
  body { display: grid; grid-template-columns: 15.5rem minmax(0, 1fr); }
  html { scroll-padding-top: 1rem; }
  nav { height: 100vh; overflow-y: auto; border-bottom: 0; border-right: 1px solid var(--rule); padding: 1.8rem 1.2rem; }
  nav > ul, nav ul ul, nav li { display: block; white-space: normal; padding: 0; margin: 0; overflow: visible; overflow-wrap: anywhere; }
  nav > ul > li { margin-bottom: .7rem; }
  nav ul ul a { display: block; padding: .12rem 0 .12rem .8rem; border-left: 1px solid var(--rule); }
  nav ul ul a:hover { border-color: var(--s1); color: var(--text); text-decoration: none; }
  main { padding: 2.4rem 2.6rem 6rem; margin: 0; width: 100%; }
}
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 21rem), 1fr)); gap: 1.6rem 2rem; margin: 1.2rem 0 1.6rem; align-items: start; }
.part { content-visibility: auto; contain-intrinsic-size: auto 2600px; }
.tiles { display: flex; flex-wrap: wrap; gap: .6rem 2.2rem; margin: .6rem 0 1.1rem; padding: 0; }
.tiles div { display: flex; flex-direction: column; }
.tiles dt { order: 2; color: var(--soft); font-size: .82rem; }
.tiles dd { margin: 0; font-size: 1.45rem; font-weight: 600; font-variant-numeric: tabular-nums; line-height: 1.3; }
.tiles dd small { font-size: .8rem; font-weight: 400; color: var(--soft); }
.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 18rem), 1fr)); gap: .1rem 2rem; margin: 0 0 1.2rem; }
.facts div { display: flex; gap: .8rem; justify-content: space-between; border-bottom: 1px solid var(--grid); padding: .22rem 0; }
.facts dt { color: var(--soft); flex: none; max-width: 50%; overflow-wrap: anywhere; }
.facts dd { margin: 0; text-align: right; overflow-wrap: anywhere; font-variant-numeric: tabular-nums; min-width: 0; }
.scroll { overflow-x: auto; margin: 0 0 1.2rem; max-width: 100%; }
table { border-collapse: collapse; font-size: .9rem; min-width: min(100%, 36rem); }
th { text-align: left; font-weight: 600; color: var(--soft); font-size: .82rem; border-bottom: 1px solid var(--rule); vertical-align: bottom; }
th, td { padding: .34rem .9rem .34rem 0; }
td { border-bottom: 1px solid var(--grid); vertical-align: top; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; padding-left: .5rem; }
td.text { overflow-wrap: break-word; min-width: 7rem; max-width: 34rem; unicode-bidi: isolate; }
tbody tr:hover td { background: var(--raised); }
td:first-child, th:first-child { position: sticky; left: 0; background: var(--back); max-width: 45vw; }
tfoot td { font-weight: 600; border-bottom: 0; border-top: 1px solid var(--rule); }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 25rem), 1fr)); gap: .8rem; margin: 0 0 1.6rem; }
.card { border: 1px solid var(--rule); border-radius: 6px; padding: .7rem .9rem; min-width: 0; }
.card > :last-child { margin-bottom: 0; } .card .quote { margin-bottom: .4rem; } .verdict { color: var(--soft); font-size: .88rem; margin-bottom: .5rem; }
.chips { display: flex; flex-wrap: wrap; gap: .3rem; margin: .5rem 0 0; font-size: .82rem; }
.chips span { border: 1px solid var(--rule); border-radius: 4px; padding: .05rem .45rem; overflow-wrap: anywhere; unicode-bidi: isolate; }
.chips .for { border-color: var(--same); } .chips .against { border-color: var(--other); border-style: dashed; }
`;

const CHARTS = `
figure { margin: 0; min-width: 0; }
figcaption { font-size: .84rem; line-height: 1.45; margin-top: .35rem; overflow-wrap: anywhere; }
.chart > svg { display: block; width: 100%; max-width: 34rem; height: auto; }
svg text { fill: var(--text); font-variant-numeric: tabular-nums; } .chart > svg text { font-size: 11.5px; }
svg .name { fill: var(--soft); } svg .middle { text-anchor: middle; } svg .end { text-anchor: end; }
.chart > svg .note { font-size: 11px; paint-order: stroke; stroke: var(--back); stroke-width: 3px; }
.axis { stroke: var(--soft); fill: none; } .grid { stroke: var(--grid); fill: none; }
.diagonal { stroke: var(--soft); fill: none; stroke-dasharray: 2 4; } .mark { stroke: var(--text); stroke-dasharray: 5 3; fill: none; }
.line { fill: none; stroke-width: 2; stroke-linejoin: round; }
.line.s1, .whisker.s1 { stroke: var(--s1); } .line.s2 { stroke: var(--s2); stroke-dasharray: 6 3; }
.line.s3 { stroke: var(--s3); stroke-dasharray: 2 3; } .line.s4 { stroke: var(--s4); stroke-dasharray: 9 3 2 3; } .line.thick { stroke-width: 9; stroke-dasharray: none; }
.dot.s1, .bar.s1 { fill: var(--s1); } .dot.s2, .bar.s2 { fill: var(--s2); } .dot.s3, .bar.s3 { fill: var(--s3); } .dot.s4, .bar.s4 { fill: var(--s4); }
.rows { fill: var(--soft); opacity: .28; }
.legend { display: flex; flex-wrap: wrap; gap: .1rem .9rem; color: var(--soft); } .legend > span { white-space: nowrap; }
.key { width: 20px; height: 10px; margin-right: .35rem; vertical-align: baseline; } .swatch { width: 11px; height: 11px; margin-right: 2px; vertical-align: -1px; }
.swatch + .swatch { margin-right: .35rem; }
.heat { --band: 11rem; --zoom: 1; margin: 1.4rem 0; } .heat.short { --band: 6rem; }
.matrix { container-type: inline-size; overflow: auto; max-height: min(90vh, 62rem); overscroll-behavior: auto; }
.matrix-top, .matrix-body { display: flex; width: max-content; }
.matrix-top { position: sticky; top: 0; z-index: 2; background: var(--back); }
.corner { position: sticky; left: 0; z-index: 3; width: var(--band); height: var(--band); flex: none; background: var(--back);
  display: flex; flex-direction: column; justify-content: end; color: var(--soft); font-size: .82rem; padding: 0 .4rem .3rem 0; }
.corner span:first-child { text-align: right; }
.names { flex: none; display: block; overflow: hidden; }
.names:not(.across) { position: sticky; left: 0; z-index: 1; width: var(--band); align-self: stretch; background: var(--back); }
.across { height: var(--band); } .cells, .across { max-width: calc((100cqw - var(--band)) * var(--zoom)); }
.cells { display: block; flex: none; height: auto; touch-action: manipulation; }
.cells .count { text-anchor: middle; } .cells .strong { fill: var(--back); font-weight: 600; }
.lattice { stroke: var(--grid); stroke-width: 1px; vector-effect: non-scaling-stroke; fill: none; }
.cross { stroke: var(--text); stroke-width: 1px; vector-effect: non-scaling-stroke; fill: none; pointer-events: none; }
.same { fill: var(--same); } .other { fill: var(--other); }
.h1 { opacity: .2; } .h2 { opacity: .35; } .h3 { opacity: .5; } .h4 { opacity: .65; } .h5 { opacity: .82; } .h6 { opacity: 1; }
.heat output { display: block; font-size: .9rem; min-height: 1.6em; margin-top: .4rem; overflow-wrap: anywhere; }
.zoom { position: relative; border: 0; padding: 0; margin: 0 0 .5rem; display: flex; gap: .3rem; } .zoom legend { position: absolute; left: -999px; }
.zoom input { position: absolute; opacity: 0; } .zoom label { border: 1px solid var(--rule); border-radius: 4px; padding: .1rem .6rem; font-size: .84rem; cursor: pointer; }
.zoom input:checked + label { border-color: var(--s1); color: var(--s1); font-weight: 600; } .zoom input:focus-visible + label { outline: 2px solid var(--s1); }
.heat:has(.zoom input[value="2"]:checked) { --zoom: 2; } .heat:has(.zoom input[value="4"]:checked) { --zoom: 4; }
.heat:has(.zoom input[value="8"]:checked) { --zoom: 8; } .heat:has(.zoom input[value="16"]:checked) { --zoom: 16; }
.tip { position: fixed; left: .6rem; right: .6rem; bottom: .6rem; z-index: 9; background: var(--text); color: var(--back); border-radius: 6px; padding: .5rem .8rem; font-size: .9rem; }
@media (max-width: 45rem) { .lattice { opacity: .4; } .heat, .heat.short { --band: 6rem; } h1 { font-size: 1.55rem; } h2 { font-size: 1.3rem; margin-top: 2.4rem; } main { padding-top: 1.3rem; } }
`;

const PAPER = `
@media print { :root { color-scheme: light; } nav, .zoom, output, .skip { display: none !important; } body { display: block; }
  .matrix, .scroll { overflow: visible; max-height: none; } .part { content-visibility: visible; } figure, .card, tr { break-inside: avoid; } }
`;

/** The style of every page. */
export const STYLE = `${COLORS}${TEXT}${LAYOUT}${CHARTS}${PAPER}`;
