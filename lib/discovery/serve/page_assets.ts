/** Style and script of the page for people. Both are in the page itself, with their digests in its CSP. */

/** Widths count in sizes of the letters, so that columns become rows where those are large. */
export const STYLE = `
:root{color-scheme:light dark;--line:#8888;--accent:#1a5fb4;--on:#fff;--fg:#111;--bg:#fff;--bad:#c01c28;--soft:#555}
@media (prefers-color-scheme:dark){:root{--accent:#99c1f1;--on:#111;--fg:#eee;--bg:#15171a;--bad:#ff9a9a;--soft:#bbb}}
html{background:var(--bg);color:var(--fg)}
*{box-sizing:border-box}
body{font:1rem/1.5 system-ui,sans-serif;max-width:60rem;margin:0 auto;padding:1rem;overflow-wrap:anywhere}
h1{font-size:1.5rem;line-height:1.2;margin:.5rem 0}
h2{font-size:1.2rem;line-height:1.3;margin:1.5rem 0 .5rem}h3{font-size:1.05rem;margin:0 0 .5rem}
section h2{margin-top:0}p{margin:.5rem 0}
form{display:flex;flex-wrap:wrap;gap:.5rem;align-items:start;margin:1rem 0}
.field{flex:1 1 min(100%,18rem);min-width:0}label{display:block}
@media (min-width:30rem){form button{margin-top:1.5em}}
input{font:inherit;width:100%;padding:.5rem;border:1px solid var(--soft);border-radius:.4rem}
input[aria-invalid]{border:2px solid var(--bad)}
a{color:var(--accent)}
button,.button{font:inherit;padding:.5rem .9rem;border:1px solid var(--accent);border-radius:.4rem;
background:var(--accent);color:var(--on);text-decoration:none;display:inline-block;cursor:pointer;max-width:100%}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
.columns{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,20rem),1fr));gap:1rem;margin:1rem 0}
section{border:1px solid var(--line);border-radius:.6rem;padding:1rem;min-width:0}
dl{margin:0}dl div{display:flex;flex-wrap:wrap;gap:0 .5rem;padding:.2rem 0}
dt{color:var(--soft);flex:0 0 9rem;max-width:100%}
dd{margin:0;flex:1 1 11.5rem;min-width:0}
dd,.value{display:flex;flex-wrap:wrap;gap:.25rem .5rem;align-items:baseline;justify-content:space-between}
dd>*,code{font:inherit;font-weight:600;min-width:0}code{user-select:all}
dd button,.value button{padding:.1rem .6rem;font-size:.85rem;background:none;color:inherit;flex:none;font-weight:400}
summary{cursor:pointer;padding:.5rem 0;font-weight:600;color:var(--accent)}
.qr{width:11rem;max-width:100%;height:auto;display:block}
.error{border-inline-start:.3rem solid var(--bad);padding-inline-start:.7rem}
`;

/** The buttons come with the script: without it there is nothing that does not work. */
export const SCRIPT = `
const said=document.getElementById("said");
for(const code of document.querySelectorAll("code[data-copy]")){
const b=document.createElement("button");
const text=code.textContent,idle=code.dataset.copy;
const name=(t,label)=>{b.textContent=t;b.setAttribute("aria-label",label)};
b.type="button";name(said.dataset.copy,idle);
b.addEventListener("click",async()=>{
try{await navigator.clipboard.writeText(text)}
catch{getSelection().selectAllChildren(code);document.execCommand("copy")}
name(said.dataset.copied,said.dataset.copied+": "+text);said.textContent=said.dataset.copied+": "+text;
setTimeout(()=>name(said.dataset.copy,idle),2000)});
code.after(b)}
`;
