/** The looks of the report: on a phone, on a desk and on paper. Colours come from palette.ts. */
import { COLOR_RULES } from "./palette.ts";

export const STYLE = `${COLOR_RULES}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif;-webkit-text-size-adjust:100%}
main{max-width:880px;margin:0 auto;padding:24px 16px 64px}
h1{font-size:1.7rem;line-height:1.2;margin:0 0 4px}
h2{font-size:1.25rem;line-height:1.3;margin:48px 0 4px}
p{margin:8px 0 14px;max-width:68ch}
.faint{color:var(--faint);font-size:.92rem}
nav{display:flex;flex-wrap:wrap;gap:4px 18px;margin:18px 0 0;font-size:.95rem}
a{color:var(--blue)}
figure{margin:14px 0 0}
figure svg{display:block;max-width:100%;height:auto}
.wide{display:none}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:.93rem;font-variant-numeric:tabular-nums}
th,td{text-align:left;padding:6px 10px 6px 0;border-bottom:1px solid var(--rule);vertical-align:top}
th{color:var(--faint);font-weight:600}
td.n,th.n{text-align:right;white-space:nowrap}
td:last-child,th:last-child{padding-right:0}
.bars .claim{min-width:15em}
.verdict{white-space:nowrap;font-weight:600}
.stretch,.met{color:var(--green)}
.missed{color:var(--red)}
.absent{color:var(--faint);font-weight:400}
details{margin-top:16px}
summary{cursor:pointer;padding:8px 0;color:var(--blue)}
.score{display:flex;flex-wrap:wrap;gap:8px 28px;margin:14px 0;padding:0;list-style:none}
.score b{font-size:1.5rem;display:block;line-height:1.2}
@media (min-width:760px){.narrow{display:none}.wide{display:block}main{padding-top:40px}}
@media screen and (max-width:759px){
.bars thead{display:none}
.bars tr{display:block;padding:8px 0;border-bottom:1px solid var(--rule)}
.bars td{border:0;padding:0}
.bars .verdict{float:right}
.bars .claim{float:left;width:62%}
.bars .verdict+td{clear:both}
.bars .n{display:block;text-align:left;color:var(--faint);white-space:normal}
.bars .n:empty{display:none}
.bars .n::before{content:attr(data-label) " "}
.bars .verdict~.n+.n+.n{display:none}
}
@media print{
@page{margin:14mm}
body{font-size:10.5pt}
main{max-width:none;padding:0}
.narrow{display:none}.wide{display:block}
nav,details{display:none}
section,figure,tr{break-inside:avoid}#claims{break-inside:auto}
figure svg{max-height:90mm;width:auto}
h2{break-after:avoid;margin-top:20pt}
a{color:inherit;text-decoration:none}
}`;
