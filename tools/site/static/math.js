/* Sets the page's formulas; KaTeX is loaded only where there are any, after the page can be read and used. */
"use strict";
(() => {
  const nodes = [...document.querySelectorAll(".math")];
  if (!nodes.length) return;
  const folder = new URL("katex/", document.currentScript.src).href;
  const style = Object.assign(document.createElement("link"), {rel: "stylesheet", href: `${folder}katex.min.css`});
  const script = Object.assign(document.createElement("script"), {src: `${folder}katex.min.js`});
  script.addEventListener("load", () => nodes.forEach(set));
  document.head.append(style, script);

  function set(node) {
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
