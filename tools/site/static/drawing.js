/* Replays a drawing list (tools/site/README.md has its format) on a <canvas>. No dependencies, no eval, no innerHTML. */
"use strict";
(() => {
  const UNIT = 8, GLYPH = 400;                             // steps to the pixel, steps to the em: as in paths.py
  const MOST = 3;                                          // device pixels to the CSS pixel: more cannot be seen

  window.D2LDrawing = class {
    /* data: what the panel's file holds; folder: address of the folder with its sheets, "" or ending in "/". */
    constructor(data, canvas, folder) {
      Object.assign(this, {data, canvas, folder, context: canvas.getContext("2d")});
      this.clips = data.clips.map(outline => new Path2D(outline));
      Object.assign(this, {ops: [], shapes: {}, sheets: [], tiles: [], background: null, scale: 0});
    }

    /* Wait for the pictures of a state; a sheet that does not come leaves a hole, not an error. */
    async ready(state) {
      const numbers = this.background ? state.slice(1) : [...this.data.base, ...state.slice(1)];
      const images = numbers.map(number => this.op(number)).filter(op => op.kind === "i").map(op => op.numbers[0]);
      await Promise.all(images.map(number => this.sheet(this.data.images[number][0]).decoded));
    }

    /* Take the canvas's size on the page for its own, in device pixels. */
    fit() {
      const [width, height] = this.data.size, dense = Math.min(window.devicePixelRatio || 1, MOST);
      this.scale = Math.min(dense * (this.canvas.clientWidth || width) / width, MOST);
      this.canvas.width = Math.round(width * this.scale);
      this.canvas.height = Math.round(height * this.scale);
      this.background = null;
    }

    show(state) {
      const {context, canvas} = this;
      if (!this.scale) this.fit();
      context.setTransform(1, 0, 0, 1, 0, 0);
      if (this.background) context.drawImage(this.background, 0, 0);
      else {
        context.fillStyle = "#fff";
        context.fillRect(0, 0, canvas.width, canvas.height);
        this.data.base.forEach(number => this.draw(number));
        this.background = blank(canvas.width, canvas.height);
        this.background.getContext("2d").drawImage(canvas, 0, 0);
      }
      state.slice(1).forEach(number => this.draw(number));
    }

    draw(number) {
      const {context, scale} = this, op = this.op(number);
      const [stroke, fill, width, dash, cap, join, clip] = this.data.styles[op.style];
      context.save();
      context.setTransform(scale / UNIT, 0, 0, scale / UNIT, 0, 0);
      if (clip >= 0) context.clip(this.clips[clip]);
      if (fill) context.fillStyle = fill;
      if (stroke) {
        context.strokeStyle = stroke;
        context.lineWidth = width * UNIT;
        context.lineCap = cap === "projecting" ? "square" : cap;
        context.lineJoin = join;
        if (dash) {
          const lengths = dash.split(",").map(length => length * UNIT);
          context.lineDashOffset = lengths.pop();
          context.setLineDash(lengths);
        }
      }
      const ink = path => { if (fill) context.fill(path); if (stroke) context.stroke(path); };
      if (op.kind === "p") ink(op.path ||= new Path2D(op.rest));
      if (op.kind === "m") this.stamp(op, ink);
      if (op.kind === "t") this.write(op);
      if (op.kind === "i") this.paste(op);
      context.restore();
    }

    stamp({marker, steps}, ink) {
      const shape = this.shape("markers", marker);
      for (let i = 0; i < steps.length; i += 2) {
        this.context.translate(steps[i], steps[i + 1]);
        ink(shape);
      }
    }

    write({x, y, angle, glyphs}) {
      const {context} = this;
      context.translate(x, y);
      context.rotate(-angle * Math.PI / 180);
      for (const [glyph, right, down, size] of glyphs) {
        if (glyph === "r") { context.fill(this.shape("markers", right)); continue; }
        context.save();
        context.translate(right, down);
        context.scale(size * UNIT / GLYPH, size * UNIT / GLYPH);
        context.fill(this.shape("glyphs", glyph));
        context.restore();
      }
    }

    paste({numbers: [image, x, y, width, height, smooth, alpha]}) {
      const tile = this.tile(image);
      if (!tile) return;
      this.context.imageSmoothingEnabled = Boolean(smooth);
      this.context.globalAlpha = alpha;
      this.context.drawImage(tile, x * UNIT, y * UNIT, width * UNIT, height * UNIT);
    }

    shape(table, number) { return this.shapes[table + number] ||= new Path2D(this.data[table][number]); }

    sheet(number) {
      if (!this.sheets[number]) {
        const name = this.data.sheets[number], src = name.startsWith("data:") ? name : this.folder + name;
        const sheet = this.sheets[number] = Object.assign(new Image(), {src});
        sheet.decoded = sheet.decode().catch(() => null);
      }
      return this.sheets[number];
    }

    /* A picture of its own: enlarged straight from the sheet, its rim would mix with its neighbours'. */
    tile(number) {
      const [sheet, x, y, width, height] = this.data.images[number], source = this.sheet(sheet);
      if (!this.tiles[number] && source.naturalWidth) {
        this.tiles[number] = blank(width, height);
        this.tiles[number].getContext("2d").drawImage(source, x, y, width, height, 0, 0, width, height);
      }
      return this.tiles[number];
    }

    op(number) { return this.ops[number] ||= parse(this.data.ops[number]); }
  };

  function parse(text) {
    const space = text.indexOf(" "), rest = text.slice(space + 1);
    const op = {kind: text[0], style: +text.slice(1, space), rest};
    if (op.kind === "m") [op.marker, ...op.steps] = rest.split(" ").map(Number);
    if (op.kind === "i") op.numbers = rest.split(" ").map(Number);
    if (op.kind === "t") {
      const [place, ...glyphs] = rest.split(";");
      [op.x, op.y, op.angle] = place.split(" ").map(Number);
      op.glyphs = glyphs.map(glyph => glyph.split(" ").map(part => part === "r" ? part : +part));
    }
    return op;
  }

  const blank = (width, height) => Object.assign(document.createElement("canvas"), {width, height});
})();
