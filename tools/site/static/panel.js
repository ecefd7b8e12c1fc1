/* <d2l-panel name src rows>: a slider panel without a kernel. Its file is a script that calls d2lPanel(name, text), so that
   pages opened from a disk may load it; it is loaded when the reader comes near. Until then the picture inside stays. */
"use strict";
(() => {
  const AHEAD = "800px", PACE = 300;                       // how early a panel wakes; ms between two steps of Play
  const waiting = {};

  window.d2lPanel = async (name, text) => {
    const bytes = Uint8Array.from(atob(text), letter => letter.charCodeAt(0));
    const plain = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    const data = await new Response(plain).json();
    (waiting[name] || []).forEach(panel => panel.start(data));
  };

  class Panel extends HTMLElement {
    connectedCallback() {
      if (this.watch) return;
      this.classList.add("waiting");                       // the sliders' place is kept free: the page does not jump
      this.style.setProperty("--rows", this.getAttribute("rows"));
      this.watch = new IntersectionObserver(entries => {
        if (entries.some(entry => entry.isIntersecting)) this.load();
      }, {rootMargin: AHEAD});
      this.watch.observe(this);
    }

    load() {
      this.watch.disconnect();
      (waiting[this.getAttribute("name")] ||= []).push(this);
      const script = make("script", {src: this.getAttribute("src")});
      script.addEventListener("error", () => {
        this.classList.remove("waiting");
        this.append(make("p", {className: "line", textContent: "The sliders could not be loaded: the picture shows their start."}));
      });
      document.head.append(script);
    }

    async start(data) {
      this.data = data;
      this.canvas = make("canvas", {width: data.size[0], height: data.size[1]});
      this.canvas.setAttribute("role", "img");
      this.canvas.style.aspectRatio = data.size.join("/");
      this.canvas.style.setProperty("--width", `${data.size[0]}px`);
      this.drawing = new window.D2LDrawing(data, this.canvas, this.getAttribute("src").replace(/[^/]*$/, ""));
      await this.drawing.ready(data.states[this.find(data.controls.map(control => control.start))]);
      this.line = make("p", {className: "line"});
      this.line.setAttribute("role", "status");            // read out politely when it changes
      this.inputs = data.controls.map(control => this.control(control));
      const title = make("legend", {textContent: "Controls"});
      const controls = make("fieldset", {}, title, ...this.inputs.map(input => input.parentNode), this.buttons());
      const frame = make("div", {className: "frame"}, this.canvas);
      this.replaceChildren(controls, make("figure", {}, frame, this.line));
      this.classList.replace("waiting", "live");
      new ResizeObserver(() => { this.drawing.fit(); this.show(); }).observe(this.canvas);
      await this.show();
    }

    control({label, kind, stops, start, third}) {
      const input = kind === "select" ? make("select", {}, ...stops.map(stop => make("option", {textContent: stop})))
        : make("input", kind === "checkbox" ? {type: "checkbox"} : {type: "range", min: 0, max: stops.length - 1, step: 1});
      const value = kind === "range" ? make("output", {}) : "";
      make("label", {className: third ? "third" : ""}, make("span", {textContent: label}), input, value);
      input.say = () => {
        if (kind !== "range") return;
        value.textContent = stops[take(input)];
        input.setAttribute("aria-valuetext", stops[take(input)]);
      };
      put(input, start);
      input.addEventListener("input", () => { this.stop(); this.show(input); });
      return input;
    }

    buttons() {
      const {controls, play} = this.data, k = controls.findIndex(control => control.name === play);
      const node = make("div", {className: "buttons"}, this.button("Reset", () => {
        this.stop();
        this.inputs.forEach((input, j) => put(input, controls[j].start));
        return this.show();
      }));
      if (k >= 0) {
        const input = this.inputs[k], last = controls[k].stops.length - 1;
        const step = () => { put(input, Math.min(take(input) + 1, last)); return this.show(input); };
        this.player = this.button("Play", () => {
          if (this.timer) { this.stop(); return; }
          if (take(input) === last) put(input, 0);
          this.player.textContent = "Pause";
          this.timer = setInterval(() => { step(); if (take(input) === last) this.stop(); }, PACE);
        });
        node.append(this.button("Step", () => { this.stop(); return step(); }), this.player);
      }
      const larger = this.button("Larger", () => {
        larger.textContent = this.classList.toggle("large") ? "Smaller" : "Larger";
      });
      larger.className = "larger";                         // seen on narrow screens only
      node.append(larger);
      return node;
    }

    button(text, action) {
      const node = make("button", {type: "button", textContent: text});
      node.addEventListener("click", action);
      return node;
    }

    stop() {
      clearInterval(this.timer);
      this.timer = null;
      if (this.player) this.player.textContent = "Play";
    }

    /* Every combination is stored, or (with `index`) one slider at a time around each choice in the menus. */
    find(places) {
      const {controls, index} = this.data;
      return index ? index[places.join()] : controls.reduce((sum, {stops}, k) => sum * stops.length + places[k], 0);
    }

    /* Put the inputs at these places, then draw: for tests and for whoever embeds a panel. */
    move(places) {
      this.inputs.forEach((input, k) => put(input, places[k]));
      return this.show();
    }

    async show(moved) {
      const {states, lines, alt} = this.data, [places, others] = this.allowed(this.inputs.indexOf(moved));
      this.inputs.forEach((input, k) => { put(input, places[k]); input.say(); });
      const state = states[this.find(places)], turn = this.turn = {};
      await this.drawing.ready(state);
      if (turn !== this.turn) return;                      // a later move was faster
      this.drawing.show(state);
      const text = lines[state[0]] + (others ? "<br>On this page one slider moves at a time; the others went back." : "");
      if (text !== this.text) rich(this.line, this.text = text);
      this.canvas.setAttribute("aria-label", `${alt} ${lines[state[0]]}`.replace(/\*\*|`/g, "").replaceAll("<br>", " "));
    }

    /* Return the places where the inputs may stand, and whether other sliders than the moved one go back. */
    allowed(k) {
      const {spots, menus, linked} = this.data, places = this.inputs.map(take);
      if (!spots || this.find(places) !== undefined && !(linked && menus.includes(k))) return [places, false];
      const spot = spots[menus.map(j => places[j]).join()];
      return [spot.map((place, j) => j === k ? places[k] : place), !menus.includes(k)];
    }
  }

  /* **bold**, `code` and <br> are all the Markdown that a line may hold. */
  function rich(node, text) {
    const open = [];
    node.replaceChildren();
    for (const piece of text.split(/(\*\*|`|<br>)/)) {
      const tag = {"**": "strong", "`": "code"}[piece], top = open.at(-1);
      if (piece === "<br>") node.append(make("br"));
      else if (tag && top?.localName === tag) open.pop();
      else if (tag && top?.localName !== "code") {
        open.push(make(tag));
        (top || node).append(open.at(-1));
      } else (top || node).append(piece);
    }
  }

  function make(tag, properties = {}, ...children) {
    const node = Object.assign(document.createElement(tag), properties);
    node.append(...children);
    return node;
  }

  const take = input => input.type === "checkbox" ? +input.checked
    : input.localName === "select" ? input.selectedIndex : +input.value;
  const put = (input, place) => {
    if (input.type === "checkbox") input.checked = Boolean(place);
    else if (input.localName === "select") input.selectedIndex = place;
    else input.value = place;
  };
  customElements.define("d2l-panel", Panel);
})();
