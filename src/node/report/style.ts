/** The page's style sheet. Colours are named once for light and once for dark. */
export const STYLE = `
:root{color-scheme:light dark;--page:#fafaf8;--card:#fff;--ink:#1a1c20;--soft:#5c626b;--line:#e3e3dd;--faint:#efefea;
--accent:#2458d3;--c1:#2458d3;--c2:#cf5c0a;--c3:#0b8068;--c4:#8338d8;--good:#0b7a4b;--warn:#9a5b00}
@media (prefers-color-scheme:dark){:root{--page:#121418;--card:#1a1d22;--ink:#e9eaec;--soft:#a0a7b1;--line:#2e323a;--faint:#23272e;
--accent:#86aeff;--c1:#86aeff;--c2:#ff9f5c;--c3:#4ccdb0;--c4:#c29bff;--good:#5fd49c;--warn:#f0b85a}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--page);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;font-variant-numeric:tabular-nums}
main,header,footer{max-width:70rem;margin:0 auto;padding:0 1.5rem}
header{padding-top:3.25rem}
h1{font-size:clamp(1.7rem,1.2rem + 2vw,2.5rem);line-height:1.15;letter-spacing:-.022em;font-weight:680;margin:.3rem 0 .5rem;text-wrap:balance;overflow-wrap:anywhere}
h2{font-size:1.25rem;letter-spacing:-.012em;font-weight:650;margin:0 0 .25rem}
h3{font-size:.95rem;font-weight:620;margin:0}
p{margin:0}
.lead{color:var(--soft);max-width:44rem;overflow-wrap:anywhere}
time{white-space:nowrap}
.state{display:inline-flex;align-items:center;gap:.45rem;font-size:.85rem;font-weight:600;color:var(--good)}
.state::before{content:"";width:.55rem;height:.55rem;border-radius:50%;background:currentColor}
.state.running{color:var(--accent)}.state.interrupted{color:var(--warn)}
.done{height:4px;border-radius:2px;background:var(--line);margin-top:1.4rem;overflow:hidden}
.done i{display:block;height:100%;background:var(--accent)}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(9.5rem,1fr));gap:1px;background:var(--line);border:1px solid var(--line);border-radius:12px;overflow:hidden;margin:1.75rem 0 0}
.tiles div{background:var(--card);padding:.9rem 1.1rem 1rem}
.tiles dt{font-size:.8rem;color:var(--soft)}
.tiles dd{margin:.1rem 0 0;font-size:1.4rem;font-weight:640;letter-spacing:-.015em;line-height:1.25}
.tiles dd small{display:block;font-size:.8rem;font-weight:400;letter-spacing:0;color:var(--soft)}
section{margin-top:3.25rem}
.note,.empty{color:var(--soft);font-size:.85rem}
.empty{padding:2rem 0}
.warning{max-width:44rem;padding:.6rem .9rem;border:1px solid var(--line);border-radius:8px;background:var(--card)}
.finding{max-width:44rem;margin-top:.9rem;padding:.8rem 1.1rem;border:1px solid var(--line);border-left:3px solid var(--warn);border-radius:8px;background:var(--card)}
.finding p,.finding ul{margin:.25rem 0 0;overflow-wrap:anywhere}.finding ul{padding-left:1.2rem;color:var(--soft)}
.controls{display:flex;flex-wrap:wrap;align-items:center;gap:.75rem 1rem;margin:1rem 0 0}
.controls[hidden]{display:none}
.controls label{display:flex;align-items:center;gap:.75rem;flex:1 1 16rem;font-weight:600}
.controls output{min-width:7.5rem}
.controls input[type=range]{flex:1;min-width:6rem;accent-color:var(--accent);height:1.75rem;margin:0}
button{font:inherit;font-size:.9rem;color:var(--ink);background:var(--card);border:1px solid var(--line);border-radius:8px;padding:.35rem .85rem;min-height:2.25rem;cursor:pointer}
button:hover{border-color:var(--soft)}
button:disabled{opacity:.45;cursor:default}
button[aria-pressed=true]{background:var(--ink);color:var(--page);border-color:var(--ink)}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
.scroll{overflow-x:auto;margin-top:1rem}
.samples{border-collapse:separate;border-spacing:0;--side:8.5rem}
.scroll:has(.one){overflow:hidden;margin-right:-.5rem}
.samples.one{--side:min(20rem,calc((100vw - 4.5rem)/var(--columns)));width:100%}
.samples th,.samples td{padding:0 .5rem .9rem 0;vertical-align:top;text-align:left;font-weight:400}
.samples thead th{padding-bottom:.4rem;font-size:.85rem;font-weight:600;color:var(--soft);white-space:nowrap}
.samples tbody th,.samples thead th:first-child{position:sticky;left:0;background:var(--page);z-index:1}
.samples img{display:block;width:var(--side);height:auto;border-radius:4px;background:var(--faint)}
.samples.one th,.samples.one td{width:calc(100%/var(--columns))}
.samples.one thead th{white-space:normal}
.samples.one img{width:100%}
.samples .name{display:block;max-width:var(--side);margin-top:.3rem;font-size:.78rem;color:var(--soft);overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.samples.one [data-snapshot]:not(.shown){display:none}
.samples img.pixels{image-rendering:pixelated}
.pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,24rem),1fr));gap:1.25rem;margin-top:1rem}
.pair.wide{grid-template-columns:minmax(0,1fr)}
.pair>.plot:only-child,.pair.wide>.plot{max-width:40rem}
.card,.plot{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:1.1rem 1.25rem;margin:0;min-width:0}
.plot svg{display:block;width:100%;height:auto;margin-top:.6rem}
.legend{display:flex;flex-wrap:wrap;gap:.1rem 1.1rem;list-style:none;margin:.25rem 0 0;padding:0;font-size:.85rem;color:var(--soft)}
.legend b{color:var(--ink);font-weight:600}
.key{display:inline-block;width:1rem;height:3px;border-radius:2px;background:var(--c);vertical-align:middle;margin-right:.4rem}
.key.dashed{height:0;border-top:2px dashed var(--soft);border-radius:0;background:none}
.c1{--c:var(--c1)}.c2{--c:var(--c2)}.c3{--c:var(--c3)}.c4{--c:var(--c4)}
.plot path{fill:none}
.grid path{stroke:var(--line);stroke-width:1}
.plot .line{stroke:var(--c);stroke-width:2;stroke-linejoin:round;stroke-linecap:round}
.plot .raw{stroke:var(--c);stroke-width:1.8;stroke-linejoin:round;opacity:.17}
.plot .reference{stroke:var(--soft);stroke-width:1.5;stroke-dasharray:5 4}
.plot text{font-size:12px;fill:var(--soft)}
.table{border-collapse:collapse;width:100%;font-size:.92rem}
.table caption{text-align:left;font-weight:620;font-size:.95rem;padding-bottom:.4rem}
.table th,.table td{padding:.38rem .75rem .38rem 0;border-bottom:1px solid var(--faint);text-align:left;vertical-align:top;overflow-wrap:anywhere}
.table th{font-weight:400;color:var(--soft)}
.table thead th{font-size:.82rem;border-bottom-color:var(--line);white-space:nowrap;position:sticky;top:0;background:var(--card)}
.table.numbers tr>:first-child{white-space:nowrap}
.table.numbers td,.table.numbers thead th+th{text-align:right;padding-right:0;padding-left:.75rem}
.table tfoot td,.table tfoot th{position:sticky;bottom:0;background:var(--card);box-shadow:inset 0 1px var(--line);border-bottom:0;color:var(--soft)}
.table tbody tr:last-child>*{border-bottom:0}
.facts th{width:42%}
.tall{max-height:19.5rem;overflow:auto}
.best{font-weight:660;color:var(--good)}
pre{margin:1rem 0 0;padding:1rem 1.25rem;background:var(--card);border:1px solid var(--line);border-radius:12px;white-space:pre-wrap;overflow-wrap:anywhere;font:.9rem/1.6 ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}
pre code{font:inherit;user-select:all}
footer{margin-top:3.5rem;padding-bottom:3rem;color:var(--soft);font-size:.85rem}
@media (max-width:40rem){main,header,footer{padding-left:1rem;padding-right:1rem}header{padding-top:2rem}section{margin-top:2.5rem}
.tiles{grid-template-columns:1fr 1fr}.tiles div:last-child:nth-child(odd){grid-column:span 2}
.controls label{flex-basis:100%}.plot text{font-size:16px}.scroll:has(.one){margin-right:-.35rem}.card,.plot{padding:1rem}.samples th,.samples td{padding-right:.35rem}}
@media print{.controls{display:none}section{break-inside:avoid}}
`;
