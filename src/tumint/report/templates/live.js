// Figures that a reader can point at, zoom and take apart. Each has its still drawing beside it, which stays where this
// fails, where scripts are off, and in print. Plotly travels packed in the page and is unpacked when first needed.
const PAPER = { "--ink": "#1b1b1f", "--card": "#fffffe", "--rule": "#d9d9de" };
const CONFIG = { displayModeBar: false, responsive: true, doubleClick: "reset" };
const figureState = new WeakMap();
let library = null;

function unpacked(text) {
  const bytes = Uint8Array.from(atob(text.trim()), (letter) => letter.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"))).text();
}

function plotly() {
  library ??= unpacked(document.getElementById("plotly").textContent).then((text) => {
    const script = document.createElement("script");
    script.textContent = text;
    document.head.append(script);
    return window.Plotly;
  });
  return library;
}

function pageColour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** What `tumint.charts.live` wrote, in the colours of the page, or on paper. */
function readSpec(figure) {
  const paper = figure.querySelector(".live").classList.contains("paper");
  const text = figure.querySelector("script.spec").textContent;
  return JSON.parse(text.replaceAll(/var\((--[a-z]+)\)/g, (_, name) => (paper ? PAPER[name] : pageColour(name))));
}

function numbers({ from, step, data }) {
  const packed = new Uint16Array(Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0)).buffer);
  return Float32Array.from(packed, (value) => from + step * value);
}

/** Traces of a cell map, one per group, and what it needs to keep its dots and its scale bar in step with the zoom. */
function cellMap(spec, width, height) {
  const x = numbers(spec.cells.x);
  const y = numbers(spec.cells.y);
  const ends = (values) => values.reduce(([low, high], v) => [Math.min(low, v), Math.max(high, v)], [Infinity, -Infinity]);
  const [left, right] = ends(x);
  const [top, bottom] = ends(y);
  const pad = 0.01 * Math.max(right - left, bottom - top, 1);
  const spans = [right - left + 2 * pad, bottom - top + 2 * pad];
  const scale = Math.min((width - 24) / spans[0], (height - 50) / spans[1]);
  const whole = ((width - 24) * spans[1]) / spans[0] + 56; // no taller than what fills the width
  spec.layout.height = Math.min(height, Math.max(whole, 200));
  const map = { home: { x: [left - pad, right + pad], y: [bottom + pad, top - pad] } };
  map.dot = Math.max(1.2, (spec.cells.size * scale * Math.max(...spans)) / 470); // sized for a map of 4.9 inches
  let at = 0;
  spec.data = spec.cells.groups.map((group) => {
    const part = [at, (at += group.n)];
    return {
      type: "scattergl", mode: "markers", meta: group.name, name: escapeText(group.name),
      x: x.subarray(...part), y: y.subarray(...part),
      marker: { color: group.colour, size: map.dot, line: { width: 0 } },
      hovertemplate: `${escapeText(group.name)}<br>%{x:.0f}, %{y:.0f} µm<extra></extra>`,
    };
  });
  spec.layout.xaxis.range = [...map.home.x];
  spec.layout.yaxis.range = [...map.home.y];
  Object.assign(spec.layout, scaleBar(map.home.x));
  return map;
}

function escapeText(text) {
  return text.replace(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`);
}

/** A bar of a round number of µm, at most a quarter of what is in view. */
function scaleBar([left, right]) {
  const most = Math.max((right - left) / 4, 0.1);
  const power = 10 ** Math.floor(Math.log10(most));
  const length = [5, 2, 1].find((step) => step * power <= most) * power;
  const place = { yref: "paper", xref: "x" };
  return {
    shapes: [{ type: "line", ...place, x0: left, x1: left + length, y0: -0.025, y1: -0.025, line: { width: 3, color: PAPER["--ink"] } }],
    annotations: [{ ...place, x: left + length, y: -0.025, xanchor: "left", yanchor: "middle", xshift: 6, showarrow: false,
      text: `${Number(length.toPrecision(3))} µm` }],
  };
}

async function drawLive(figure) {
  if (figure.dataset.drawn || figure.dataset.drawing || figure.hidden) return;
  figure.dataset.drawing = "";
  const live = figure.querySelector(".live");
  try {
    const Plotly = await plotly();
    if (figure.dataset.live === "cells" && !document.createElement("canvas").getContext("webgl")) throw new Error("no WebGL");
    live.hidden = false;
    figure.classList.add("is-live");
    const spec = readSpec(figure);
    const state = { spec, hidden: hiddenOf(figure) };
    if (spec.cells) state.map = cellMap(spec, live.clientWidth, spec.layout.height);
    if (spec.cells && matchMedia("(pointer: coarse)").matches) spec.layout.dragmode = false; // a finger scrolls the page
    for (const trace of spec.data) trace.visible = !state.hidden.has(trace.meta);
    await Plotly.newPlot(live, spec.data, spec.layout, CONFIG);
    figureState.set(figure, state);
    if (state.map) live.on("plotly_relayout", () => followZoom(figure));
    controls(figure);
    figure.dataset.drawn = "live";
  } catch (error) {
    console.warn(`The figure ${figure.id} stays still: ${error.message}`);
    live.hidden = true;
    figure.classList.remove("is-live");
    figure.dataset.drawn = "still";
  }
  delete figure.dataset.drawing;
}

/** Free what a figure holds that is not in view: browsers allow few WebGL contexts at a time. */
function dropLive(figure) {
  if (figure.dataset.drawn !== "live") return;
  window.Plotly.purge(figure.querySelector(".live"));
  figureState.delete(figure);
  delete figure.dataset.drawn;
}

/** Names that a reader has hidden: of the figure, or of all figures of its chooser. */
function hiddenOf(figure) {
  const keeper = figure.closest(".chooser") ?? figure;
  keeper.hiddenNames ??= new Set();
  return keeper.hiddenNames;
}

/** Dots grow as a reader comes nearer, and the scale bar stays a round number. */
function followZoom(figure) {
  const { map } = figureState.get(figure);
  const live = figure.querySelector(".live");
  const [left, right] = live.layout.xaxis.range;
  if (map.seen === `${left} ${right}`) return;
  map.seen = `${left} ${right}`;
  const nearer = Math.abs((map.home.x[1] - map.home.x[0]) / (right - left));
  window.Plotly.update(live, { "marker.size": map.dot * Math.min(Math.max(nearer, 1), 12) }, scaleBar([left, right]));
}

function zoom(figure, factor, [across, down] = [0, 0]) {
  const live = figure.querySelector(".live");
  const range = ([a, b], shift) => {
    const [middle, half] = [(a + b) / 2 + shift * (b - a), ((b - a) / 2) * factor];
    return [middle - half, middle + half];
  };
  return window.Plotly.relayout(live, {
    "xaxis.range": range(live.layout.xaxis.range, across),
    "yaxis.range": range(live.layout.yaxis.range, -down),
  });
}

function wholeView(figure) {
  const { map, spec } = figureState.get(figure);
  const live = figure.querySelector(".live");
  if (map) return window.Plotly.relayout(live, { "xaxis.range": [...map.home.x], "yaxis.range": [...map.home.y] });
  const ranges = {};
  const first = JSON.parse(figure.querySelector("script.spec").textContent).layout;
  for (const axis of Object.keys(spec.layout).filter((name) => /^[xy]axis/.test(name))) {
    if (first[axis].range) ranges[`${axis}.range`] = first[axis].range;
    else ranges[`${axis}.autorange`] = true;
  }
  return window.Plotly.relayout(live, ranges);
}

function button(text, title, action) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = text;
  if (!/[a-z]/i.test(text)) made.setAttribute("aria-label", title); // else the text is its name
  made.title = title;
  made.addEventListener("click", action);
  return made;
}

/** Names to show and hide, and buttons for what a mouse does in the drawing. */
function controls(figure) {
  const bar = figure.querySelector(".controls");
  const { spec, map } = figureState.get(figure);
  if (bar.childElementCount) return refreshToggles(figure);
  bar.hidden = false;
  if (spec.groups.length > 1) {
    const toggles = document.createElement("fieldset");
    const legend = document.createElement("legend");
    legend.textContent = figure.dataset.legend || "Show";
    toggles.append(legend);
    for (const group of spec.groups) {
      const label = document.createElement("label");
      const box = Object.assign(document.createElement("input"), { type: "checkbox", value: group.name });
      const swatch = document.createElement("span");
      swatch.className = "swatch";
      swatch.style.background = group.colour;
      label.append(box, swatch, ` ${group.name}`);
      if (group.n) label.append(Object.assign(document.createElement("small"), { textContent: ` ${group.n.toLocaleString("en")}` }));
      box.addEventListener("change", () => show(figure, [group.name], box.checked));
      toggles.append(label);
    }
    const names = spec.groups.map((group) => group.name);
    const both = document.createElement("span");
    both.append(button("all", "Show all", () => show(figure, names, true)), button("none", "Hide all", () => show(figure, names, false)));
    toggles.append(both);
    bar.append(toggles);
  }
  const view = document.createElement("p");
  if (map) view.append(button("+", "Zoom in", () => zoom(figure, 0.6)), button("−", "Zoom out", () => zoom(figure, 1 / 0.6)));
  view.append(button("reset view", "Show the whole figure again", () => wholeView(figure)));
  bar.append(view);
  if (map) figure.querySelector(".scroll").addEventListener("keydown", (event) => steer(figure, event));
  refreshToggles(figure);
}

function steer(figure, event) {
  const arrows = { ArrowLeft: [-0.15, 0], ArrowRight: [0.15, 0], ArrowUp: [0, 0.15], ArrowDown: [0, -0.15] };
  if (figure.dataset.drawn !== "live" || event.ctrlKey || event.altKey || event.metaKey) return;
  if (arrows[event.key]) zoom(figure, 1, arrows[event.key]);
  else if (event.key === "+" || event.key === "=") zoom(figure, 0.6);
  else if (event.key === "-") zoom(figure, 1 / 0.6);
  else if (event.key === "0") wholeView(figure);
  else return;
  event.preventDefault();
}

function show(figure, names, shown) {
  const hidden = hiddenOf(figure);
  for (const name of names) hidden[shown ? "delete" : "add"](name);
  const live = figure.querySelector(".live");
  const at = [...live.data.keys()].filter((i) => names.includes(live.data[i].meta));
  window.Plotly.restyle(live, { visible: shown }, at);
  refreshToggles(figure);
}

function refreshToggles(figure) {
  const hidden = hiddenOf(figure);
  for (const box of figure.querySelectorAll(".controls input")) box.checked = !hidden.has(box.value);
}

/** The drawing as a reader sees it, with a legend, as a data address. */
function pictureOf(figure, format) {
  const live = figure.querySelector(".live");
  const named = new Set(figureState.get(figure).spec.groups.map((group) => group.name));
  const data = live.data.map((trace) => {
    const shown = named.delete(trace.meta);
    return { ...trace, showlegend: shown };
  });
  const ground = live.classList.contains("paper") ? PAPER["--card"] : pageColour("--card");
  const layout = { ...live.layout, showlegend: true, paper_bgcolor: ground, width: live.clientWidth + 220 };
  const size = { width: live.clientWidth + 220, height: live.clientHeight };
  return window.Plotly.toImage({ data, layout, config: CONFIG }, { format, scale: format === "png" ? 2 : 1, ...size });
}

const liveFigures = [...document.querySelectorAll("figure[data-live]")];
const inView = new IntersectionObserver(
  (entries) => entries.forEach((entry) => entry.isIntersecting && drawLive(entry.target)),
  { rootMargin: "300px" },
);
for (const figure of liveFigures) {
  inView.observe(figure);
  figure.addEventListener("show", () => drawLive(figure));
}
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  for (const figure of liveFigures.filter((one) => one.dataset.drawn === "live")) {
    dropLive(figure);
    drawLive(figure);
  }
});
