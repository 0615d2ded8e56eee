/** Style and script of the page for people. Both stand in the page itself, under their digests in its CSP. */

export const STYLE = `
:root{color-scheme:light dark;--line:#8888;--accent:#1a5fb4;--on:#fff;--fg:#111;--bg:#fff}
@media (prefers-color-scheme:dark){:root{--accent:#99c1f1;--on:#111;--fg:#eee;--bg:#15171a}}
html{background:var(--bg);color:var(--fg)}
*{box-sizing:border-box}
body{font:1rem/1.5 system-ui,sans-serif;max-width:46rem;margin:0 auto;padding:1rem}
h1{font-size:1.5rem;line-height:1.2}h2{font-size:1.15rem;margin:0 0 .5rem}
form{display:flex;flex-wrap:wrap;gap:.5rem;align-items:end;margin:1rem 0}
label{flex:1 1 16rem}label span{display:block}
input{font:inherit;width:100%;padding:.5rem;border:1px solid var(--line);border-radius:.4rem}
a{color:var(--accent)}
button,.button{font:inherit;padding:.5rem .9rem;border:1px solid var(--accent);border-radius:.4rem;
background:var(--accent);color:var(--on);text-decoration:none;display:inline-block;cursor:pointer}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
section{border:1px solid var(--line);border-radius:.6rem;padding:1rem;margin:1rem 0}
dl{display:grid;grid-template-columns:minmax(7rem,max-content) 1fr;gap:.25rem 1rem;margin:0}
dt{opacity:.8}dd{margin:0;display:flex;gap:.5rem;align-items:baseline;justify-content:space-between}
dd code{font:inherit;font-weight:600;overflow-wrap:anywhere;user-select:all}
dd button{padding:.05rem .5rem;font-size:.85rem;background:none;color:inherit;flex:none}
.qr{width:13rem;max-width:100%;height:auto;display:block}
.error{border-left:.3rem solid #c01c28;padding-left:.7rem}
@media (max-width:30rem){dl{grid-template-columns:1fr;gap:0}dd{margin-bottom:.5rem}}
`;

/** The buttons come with the script: without it there is nothing that does not work. */
export const SCRIPT = `
const said=document.getElementById("said");
for(const code of document.querySelectorAll("dd code")){
const b=document.createElement("button");
const name=(t)=>{b.textContent=t;
b.setAttribute("aria-label",t+" "+code.parentElement.previousElementSibling.textContent)};
b.type="button";name("Copy");
b.addEventListener("click",async()=>{
try{await navigator.clipboard.writeText(code.textContent)}
catch{getSelection().selectAllChildren(code);document.execCommand("copy")}
name("Copied");said.textContent=code.textContent+" copied";
setTimeout(()=>name("Copy"),2000)});
code.after(b)}
`;
