/** What the page of a study has beside the style of a report. */
export const HUMAN_STYLE = `
[hidden]{display:none!important}
body{min-height:100vh;min-height:100dvh}
#main{max-width:60rem;padding-top:1.25rem;padding-bottom:1.5rem}
#progress{margin-bottom:1rem}
#progress .done{margin-top:.4rem}
.done i{width:0}
#reading{margin-top:1.5rem;max-width:40rem}
#text p{margin-top:.8rem}
.start{margin-top:1.25rem}
.main{font-size:1rem;min-height:2.9rem;
padding:.5rem 1.6rem;background:var(--accent);border-color:var(--accent);color:var(--page);font-weight:600}
#pictures{display:grid;grid-template-columns:repeat(var(--columns),minmax(0,1fr));gap:clamp(.5rem,2vw,1.5rem);
max-width:calc(var(--columns)*min(var(--side),max(6rem,(100vh - 17rem)*var(--ratio))));margin:0 auto}
#pictures figure{margin:0;min-width:0}
#pictures figcaption{font-size:.85rem;font-weight:600;color:var(--soft);margin-bottom:.3rem}
.frame{position:relative;border-radius:6px;overflow:hidden;background:var(--faint)}
.frame canvas{display:block;width:100%;height:auto}
.frame canvas+canvas{position:absolute;inset:0;height:100%}
.frame.covered canvas:first-child{visibility:hidden}
.frame:not(.covered) canvas+canvas{visibility:hidden}
.frame.waiting canvas{visibility:hidden}
#questions{max-width:42rem;margin:1.25rem auto 0}
#questions p{text-align:center;font-weight:600}
.sides{display:grid;grid-template-columns:repeat(var(--choices),minmax(0,1fr));gap:.75rem;margin-top:.75rem}
.sides button{min-height:3.5rem;font-size:1.05rem;font-weight:600;touch-action:manipulation}
.sides small,#questions .hint{color:var(--soft);font-weight:400;font-size:.8rem}
.sides small{display:block}
fieldset{border:0;margin:0 0 1.5rem;padding:0;min-width:0}
legend{font-weight:600;padding:0;margin-bottom:.5rem}
.scale{display:grid;grid-template-columns:repeat(var(--steps),minmax(0,1fr));gap:.25rem}
.scale label{position:relative;display:grid;place-items:center;min-height:2.75rem;border:1px solid var(--line);border-radius:8px;
background:var(--card);cursor:pointer;touch-action:manipulation}
.scale input{position:absolute;inset:0;opacity:0;margin:0;cursor:pointer}
.scale label:has(:checked){background:var(--accent);border-color:var(--accent);color:var(--page);font-weight:660}
.scale label:has(:focus-visible){outline:2px solid var(--accent);outline-offset:2px}
.ends{display:flex;justify-content:space-between;gap:1rem;color:var(--soft);font-size:.8rem;margin-top:.3rem}
#said{text-align:center;margin-top:1rem;font-weight:600}
#said.right{color:var(--good)}#said.wrong{color:var(--warn)}
#said:empty{display:none}
#said+.start,#trial .start{text-align:center}
@media (hover:none){.sides small,#questions .hint{display:none}}
@media (max-width:30rem){#pictures.many{grid-template-columns:1fr 1fr;max-width:none}
#pictures.many figure:first-child:nth-last-child(odd){grid-column:span 2;width:calc(50% - .25rem);justify-self:center}
.scale{gap:.15rem}.scale label{border-radius:6px}}
`;
