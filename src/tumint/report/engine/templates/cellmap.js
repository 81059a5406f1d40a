// One map of cells on a canvas. Maps of one set share their scale: a µm is as long on each, however far one has zoomed.
const MAP_INK = "#1b1b1f";
const MAP_GREY = "#c9c9cf";
const MAP_EDGE = 8; // px around the cells: a dot at the edge is whole

/** What the maps of a set have in common: px per µm with everything in view, the zoom, how cells are drawn. */
function mapSet(style) {
  return { maps: [], fit: 1, zoom: 1, style, lasso: false, taken: () => {}, redraw() { for (const one of this.maps) one.later(); } };
}

class CellMap {
  constructor(canvas, set) {
    Object.assign(this, { canvas, set, map: null, centre: [0, 0], edges: null, corners: [], cross: null, waiting: false });
    set.maps.push(this);
    canvas.addEventListener("keydown", (event) => this.steer(event));
    canvas.addEventListener("pointerdown", (event) => this.press(event));
    canvas.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
  }

  show(map, edges = null) {
    Object.assign(this, { map, edges, corners: [], cross: null });
    this.centre = [map.width / 2, map.height / 2];
    this.canvas.dataset.map = map.name;
  }

  /** Pixels per µm. */
  get scale() { return this.set.fit * this.set.zoom; }

  resize(width, height) {
    const dense = Math.min(window.devicePixelRatio || 1, 2);
    Object.assign(this.canvas.style, { width: `${width}px`, height: `${height}px` });
    Object.assign(this.canvas, { width: Math.round(width * dense), height: Math.round(height * dense) });
    Object.assign(this, { wide: width, high: height, dense });
  }

  later() {
    if (this.waiting || !this.map) return;
    this.waiting = true;
    requestAnimationFrame(() => { this.waiting = false; this.draw(); });
  }

  at([x, y]) { return [(x - this.centre[0]) * this.scale + this.wide / 2, (y - this.centre[1]) * this.scale + this.high / 2]; }

  placeOf(x, y) { return [(x - this.wide / 2) / this.scale + this.centre[0], (y - this.high / 2) / this.scale + this.centre[1]]; }

  draw() {
    const pen = this.canvas.getContext("2d");
    pen.setTransform(this.dense, 0, 0, this.dense, 0, 0);
    pen.fillStyle = "#fffffe";
    pen.fillRect(0, 0, this.wide, this.high);
    const { layer, classes, colours } = this.set.style;
    if (layer >= 0 && this.map.layers[layer]) this.ground(pen, groundOf(this.map, layer, classes.length), classes);
    if (this.edges) this.contacts(pen);
    const order = this.set.style.strong ? [false, true] : [null];
    for (const strong of order) this.cells(pen, colours, strong);
    this.bar(pen);
    this.outline(pen);
    this.canvas.dataset.drawn = this.map.name;
  }

  ground(pen, { side, columns, rows, squares, lines }, classes) {
    const [left, top] = this.at([0, 0]);
    const length = side * this.scale;
    pen.globalAlpha = this.set.style.shade;
    for (let row = 0; row < rows && this.set.style.shade; row++) {
      for (let column = 0; column < columns; column++) {
        const kind = classes[squares[row * columns + column]];
        if (!kind) continue;
        pen.fillStyle = kind[1];
        pen.fillRect(left + column * length, top + row * length, length + 0.3, length + 0.3);
      }
    }
    pen.globalAlpha = 0.75;
    pen.strokeStyle = MAP_INK;
    pen.lineWidth = 1;
    pen.beginPath();
    for (const [x, y, right, bottom] of lines) {
      pen.moveTo(left + x * length, top + y * length);
      pen.lineTo(left + right * length, top + bottom * length);
    }
    pen.stroke();
    pen.globalAlpha = 1;
  }

  contacts(pen) {
    const { x, y } = this.map;
    pen.strokeStyle = MAP_INK;
    pen.lineWidth = Math.max(1, Math.min(2.5, 2 * this.scale));
    pen.beginPath();
    for (let i = 0; i < this.edges.length; i += 2) {
      const [a, b] = [this.edges[i], this.edges[i + 1]];
      pen.moveTo(...this.at([x[a], y[a]]));
      pen.lineTo(...this.at([x[b], y[b]]));
    }
    pen.stroke();
  }

  /** `strong`: those alone that matter, or that do not; null: all. */
  cells(pen, colours, strong) {
    const { x, y, type, n, width, height } = this.map;
    const spacing = Math.sqrt((width * height) / n);
    const full = Math.max(0.8, Math.min(0.36 * spacing * this.scale, 7));
    colours.forEach((colour, kind) => {
      const matters = this.set.style.strong?.has(kind);
      if (!colour || (strong !== null && strong !== matters)) return;
      const radius = strong === false ? full * 0.7 : full;
      pen.fillStyle = colour;
      pen.beginPath();
      for (let i = 0; i < n; i++) {
        if (type[i] !== kind) continue;
        const [across, down] = this.at([x[i], y[i]]);
        if (across < -9 || down < -9 || across > this.wide + 9 || down > this.high + 9) continue;
        if (radius < 1.3) pen.rect(across - radius, down - radius, 2 * radius, 2 * radius);
        else { pen.moveTo(across + radius, down); pen.arc(across, down, radius, 0, 2 * Math.PI); }
      }
      pen.fill();
    });
  }

  bar(pen) {
    const room = Math.min(this.wide / 3, 110) / this.scale;
    const ten = 10 ** Math.floor(Math.log10(room));
    const length = [5, 2, 1].find((times) => times * ten <= room) * ten;
    this.canvas.dataset.bar = `${length}`;
    pen.fillStyle = "rgb(255 255 254 / 80%)";
    pen.fillRect(2, this.high - 21, length * this.scale + 12, 19);
    pen.fillStyle = MAP_INK;
    pen.fillRect(8, this.high - 7, length * this.scale, 3);
    pen.font = "11px system-ui, sans-serif";
    pen.fillText(`${length} µm`, 8, this.high - 10);
  }

  /** The lasso so far, and where the keyboard is. */
  outline(pen) {
    pen.strokeStyle = "#b4007a";
    pen.lineWidth = 2;
    if (this.corners.length) {
      pen.beginPath();
      for (const corner of this.corners) pen.lineTo(...this.at(corner));
      if (!this.cross) pen.closePath();
      else pen.lineTo(...this.at(this.cross));
      pen.stroke();
    }
    if (!this.cross) return;
    const [x, y] = this.at(this.cross);
    pen.beginPath();
    for (const [dx, dy] of [[9, 0], [0, 9]]) { pen.moveTo(x - dx, y - dy); pen.lineTo(x + dx, y + dy); }
    pen.stroke();
  }

  zoomTo(zoom, about = null) {
    const before = this.scale;
    this.set.zoom = Math.max(1, Math.min(zoom, 40));
    if (about) this.centre = this.centre.map((value, i) => about[i] + ((value - about[i]) * before) / this.scale);
    if (this.set.zoom === 1) for (const one of this.set.maps) if (one.map) one.centre = [one.map.width / 2, one.map.height / 2];
    this.set.redraw();
  }

  move(across, down) {
    const { width, height } = this.map;
    this.centre = [Math.max(0, Math.min(this.centre[0] + across / this.scale, width)), Math.max(0, Math.min(this.centre[1] + down / this.scale, height))];
    this.later();
  }

  wheel(event) {
    if (document.activeElement !== this.canvas || !this.map) return; // else the page scrolls
    event.preventDefault();
    this.zoomTo(this.set.zoom * (event.deltaY < 0 ? 1.25 : 0.8), this.placeOf(event.offsetX, event.offsetY));
  }

  press(event) {
    if (!this.map || event.button) return;
    this.canvas.focus({ preventScroll: true });
    const drawing = this.set.lasso || event.shiftKey;
    if (event.pointerType === "touch" && !drawing) return;
    event.preventDefault();
    this.canvas.setPointerCapture(event.pointerId);
    let last = [event.offsetX, event.offsetY];
    if (drawing) Object.assign(this, { corners: [this.placeOf(...last)], cross: null });
    const moved = (next) => {
      if (drawing) this.corners.push(this.placeOf(next.offsetX, next.offsetY));
      else this.move(last[0] - next.offsetX, last[1] - next.offsetY);
      last = [next.offsetX, next.offsetY];
      this.later();
    };
    const done = () => {
      this.canvas.removeEventListener("pointermove", moved);
      if (drawing) this.close();
    };
    this.canvas.addEventListener("pointermove", moved);
    this.canvas.addEventListener("lostpointercapture", done, { once: true });
  }

  /** Takes the cells within the corners. */
  close() {
    this.cross = null;
    const corners = this.corners;
    if (corners.length < 3) this.corners = [];
    this.later();
    if (corners.length >= 3) this.set.taken(this, within(this.map, corners));
  }

  steer(event) {
    if (!this.map || event.ctrlKey || event.metaKey || event.altKey) return;
    const arrow = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    const step = (event.shiftKey ? 4 : 24) / (this.cross ? this.scale : 1);
    const keys = {
      "+": () => this.zoomTo(this.set.zoom * 1.5, this.cross),
      "=": () => this.zoomTo(this.set.zoom * 1.5, this.cross),
      "-": () => this.zoomTo(this.set.zoom / 1.5, this.cross),
      "0": () => this.zoomTo(1),
      l: () => (this.cross ? this.close() : Object.assign(this, { cross: [...this.centre], corners: [] })),
      a: () => { this.corners = []; this.set.taken(this, Array.from({ length: this.map.n }, (_, i) => i)); },
      Enter: () => this.cross && this.corners.push([...this.cross]),
      Escape: () => Object.assign(this, { cross: null, corners: [] }),
    };
    if (arrow && this.cross) this.cross = this.cross.map((value, i) => value + arrow[i] * step);
    else if (arrow) this.move(arrow[0] * step, arrow[1] * step);
    else if (keys[event.key]) keys[event.key]();
    else return;
    event.preventDefault();
    this.later();
  }
}

/** The cells inside a polygon of places in µm. */
function within({ x, y, n }, corners) {
  const found = [];
  for (let i = 0; i < n; i++) {
    let inside = false;
    for (let a = 0, b = corners.length - 1; a < corners.length; b = a++) {
      const [[left, top], [right, bottom]] = [corners[a], corners[b]];
      if (top > y[i] !== bottom > y[i] && x[i] < ((right - left) * (y[i] - top)) / (bottom - top) + left) inside = !inside;
    }
    if (inside) found.push(i);
  }
  return found;
}

/** Sizes the maps of a set so that each fits into `room` px and a µm is as long on all of them. */
function fitMaps(set, room, tallest = Infinity) {
  const shown = set.maps.filter((one) => one.map);
  const widest = Math.max(...shown.map((one) => one.map.width));
  const highest = Math.max(...shown.map((one) => one.map.height));
  set.fit = Math.max(Math.min((room - 2 * MAP_EDGE) / widest, (tallest - 2 * MAP_EDGE) / highest), 1e-6);
  for (const one of shown) {
    one.resize(Math.max(one.map.width * set.fit + 2 * MAP_EDGE, 80), Math.max(one.map.height * set.fit + 2 * MAP_EDGE, 60));
    one.draw(); // at once: a canvas is empty after a change of its size
  }
}
