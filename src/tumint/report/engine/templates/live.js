// Figures that a reader can point at, zoom and take apart. Each has its still drawing beside it, which stays where this
// fails, where scripts are off, and in print. Plotly travels packed in the page and is unpacked when first needed.
const PAPER = { "--ink": "#1b1b1f", "--card": "#fffffe", "--rule": "#d9d9de" };
const CONFIG = { displayModeBar: false, responsive: true, doubleClick: "reset" };
const figureState = new WeakMap();
let library = null;

function inflated(text) {
  const bytes = Uint8Array.from(atob(text.trim()), (letter) => letter.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate")));
}

function unpacked(text) {
  return inflated(text).text();
}

/** What a data block of the page holds: as it is, or unpacked. */
function textIn(block) {
  return block.type === "application/octet-stream" ? unpacked(block.textContent) : Promise.resolve(block.textContent);
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
async function readSpec(figure) {
  const paper = figure.querySelector(".live").classList.contains("paper");
  const text = await textIn(figure.querySelector("script.spec"));
  const coloured = text.replaceAll(/var\((--[a-z]+)\)/g, (_, name) => (paper ? PAPER[name] : pageColour(name)));
  return looked(JSON.parse(coloured));
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
    const spec = await readSpec(figure);
    const state = { spec, hidden: hiddenOf(figure), home: rangesOf(spec.layout) };
    fitNarrow(live, spec);
    if (spec.cells) state.map = cellMap(spec, live.clientWidth);
    if (spec.cells && matchMedia("(pointer: coarse)").matches) spec.layout.dragmode = false; // a finger scrolls the page
    for (const trace of spec.data) trace.visible = !state.hidden.has(trace.meta);
    if (state.map) state.map.sizes = state.map.panels.map(({ dot }) => dot).join();
    await Plotly.newPlot(live, spec.data, spec.layout, CONFIG);
    figureState.set(figure, state);
    if (state.map) live.on("plotly_relayout", () => followZoom(figure));
    controls(figure);
    figure.dataset.drawn = "live";
    if (state.map) keepFew(figure);
  } catch (error) {
    console.warn(`The figure ${figure.id} stays still: ${error.message}`);
    live.hidden = true;
    figure.classList.remove("is-live");
    figure.dataset.drawn = "still";
  }
  delete figure.dataset.drawing;
}

/** On a narrow page the names of rows leave room for what they name: they stand above their dots, or are shortened. */
function fitNarrow(live, { layout, data }) {
  const axes = Object.keys(layout).filter((name) => /^[xy]axis/.test(name));
  if (axes.length !== 2 || !matchMedia("(max-width: 46rem)").matches) return;
  live.classList.add("narrow");
  const { yaxis } = layout;
  if (yaxis.ticks !== "" || !yaxis.ticktext?.some((text) => text.length > 14)) return;
  if (data.every((trace) => trace.type === "scatter")) {
    // not plotly's labels inside the axis: it hides what of the other axis they run into
    const above = { xref: "paper", x: 0, xanchor: "left", yref: "y", yanchor: "bottom", yshift: 4, showarrow: false, font: { size: 10 } };
    const names = yaxis.ticktext.map((text, i) => ({ ...above, text, y: yaxis.tickvals[i] }));
    layout.annotations = [...(layout.annotations ?? []), ...names];
    yaxis.showticklabels = false;
    layout.margin = { ...layout.margin, l: 12 };
    layout.height = Math.max(layout.height, 80 + 30 * yaxis.ticktext.length);
  } else yaxis.ticktext = shortNames(yaxis.ticktext);
}

/** Escaped names with few letters, their middle or end left out: as many as it takes to tell them apart. */
function shortNames(texts) {
  const plain = texts.map((text) => new DOMParser().parseFromString(text, "text/html").body.textContent);
  const different = new Set(plain).size;
  for (let most = 15; most <= 23; most += 2) {
    const half = (most - 1) / 2;
    for (const cut of [(text) => `${text.slice(0, half)}…${text.slice(-half)}`, (text) => `${text.slice(0, most - 1)}…`]) {
      const short = plain.map((text) => (text.length > most ? cut(text) : text));
      if (new Set(short).size === different) return short.map(escapeText);
    }
  }
  return texts;
}

/** Free what a figure holds, and show its still drawing again until it is next in view. */
function dropLive(figure) {
  if (figure.dataset.drawn !== "live") return;
  const live = figure.querySelector(".live");
  const canvases = [...live.querySelectorAll("canvas")];
  window.Plotly.purge(live);
  // else a context lives on until its canvas is collected as garbage
  for (const canvas of canvases) canvas.getContext("webgl")?.getExtension("WEBGL_lose_context")?.loseContext();
  live.hidden = true;
  figure.classList.remove("is-live");
  figure.querySelector(".controls").hidden = true;
  figureState.delete(figure);
  delete figure.dataset.drawn;
}

/** Names that a reader has hidden: of the figure, or of all figures of its chooser. */
function hiddenOf(figure) {
  const keeper = figure.closest(".chooser") ?? figure;
  keeper.hiddenNames ??= new Set();
  return keeper.hiddenNames;
}

function wholeView(figure) {
  const { map, home } = figureState.get(figure);
  const live = figure.querySelector(".live");
  const ranges = {};
  for (const panel of map?.panels ?? []) {
    ranges[`xaxis${panel.ending}.range`] = [...panel.home.x];
    ranges[`yaxis${panel.ending}.range`] = [...panel.home.y];
  }
  if (map) return look(figure, ranges);
  return window.Plotly.relayout(live, home);
}

/** The range of every axis before anybody moved it, as plotly takes it. */
function rangesOf(layout) {
  const axes = Object.keys(layout).filter((name) => /^[xy]axis/.test(name));
  const range = (axis) => layout[axis].range;
  return Object.fromEntries(axes.map((axis) => (range(axis) ? [`${axis}.range`, [...range(axis)]] : [`${axis}.autorange`, true])));
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
  bar.hidden = false;
  if (bar.childElementCount) return refreshToggles(figure);
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
