/* Sets the page's formulas: those near the reader at once, the others when nothing else is to do. KaTeX is loaded only
   where there are any, after the page can be read and used. */
"use strict";
(() => {
  const AHEAD = "600px", REST = 2000;                      // how early a formula is set; ms after which the rest begins
  const waiting = new Set(document.querySelectorAll(".math"));
  if (!waiting.size) return;
  const folder = new URL("katex/", document.currentScript.src).href;
  const style = Object.assign(document.createElement("link"), {rel: "stylesheet", href: `${folder}katex.min.css`});
  const script = Object.assign(document.createElement("script"), {src: `${folder}katex.min.js`});
  script.addEventListener("load", () => {
    const watch = new IntersectionObserver(entries => {
      for (const {isIntersecting, target} of entries) if (isIntersecting) set(target);
    }, {rootMargin: AHEAD});
    waiting.forEach(node => watch.observe(node));
    setTimeout(rest, REST);
    addEventListener("beforeprint", () => waiting.forEach(set));
  });
  document.head.append(style, script);

  function rest() {
    const idle = window.requestIdleCallback || (work => setTimeout(() => work({timeRemaining: () => 8}), 50));
    idle(time => {
      for (const node of waiting) {
        set(node);
        if (time.timeRemaining() < 4) break;
      }
      if (waiting.size) rest();
    });
  }

  function set(node) {
    if (!waiting.delete(node)) return;
    const block = node.localName === "div";
    window.katex.render(node.textContent, node, {displayMode: block, throwOnError: false, strict: false});
    if (block) node.tabIndex = 0;                          // it scrolls on a phone
  }

  // KaTeX writes one style as an attribute, which the page's policy forbids; as a property it may.
  const plain = SVGElement.prototype.setAttribute;
  SVGElement.prototype.setAttribute = function (name, value) {
    if (name === "style") this.style.cssText = value;
    else plain.call(this, name, value);
  };
})();
