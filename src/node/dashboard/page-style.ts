/** What the page of a dashboard has beside the style of a report. */
export const PAGE_STYLE = `
[hidden]{display:none!important}
.state.paused{color:var(--warn)}.state.ended,.state.lost{color:var(--soft)}
.state.running::before{animation:pulse 2s infinite}
@keyframes pulse{50%{opacity:.35}}
@media (prefers-reduced-motion:reduce){.state.running::before{animation:none}}
.done i{width:0;transition:width .5s}
#preview,#patches{display:block;width:100%;max-width:calc(var(--columns)*13rem);height:auto;border-radius:6px;background:var(--faint)}
#preview.pixels,#patches.pixels{image-rendering:pixelated}
.plot h3{display:inline}
.plot .uplot{margin-top:.6rem;width:100%;font:inherit}
.plot .uplot,.plot .u-wrap{max-width:100%}
.u-select{background:var(--accent);opacity:.15}
.u-hz .u-cursor-x,.u-vt .u-cursor-y{border-right-color:var(--soft)}
.u-hz .u-cursor-y,.u-vt .u-cursor-x{border-bottom-color:var(--soft)}
`;
