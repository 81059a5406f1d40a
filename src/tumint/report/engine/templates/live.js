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
  return looked(JSON.parse(text.replaceAll(/var\((--[a-z]+)\)/g, (_, name) => (paper ? PAPER[name] : pageColour(name)))));
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
  const { map, spec } = figureState.get(figure);
  const live = figure.querySelector(".live");
  const ranges = {};
  for (const { ending, home } of map?.panels ?? []) {
    ranges[`xaxis${ending}.range`] = [...home.x];
    ranges[`yaxis${ending}.range`] = [...home.y];
  }
  if (map) return look(figure, ranges);
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

/** The drawing as a reader sees it, with a legend, as a data address. */
function pictureOf(figure, format) {
  const live = figure.querySelector(".live");
  const named = new Set(figureState.get(figure).spec.groups.map((group) => group.name));
  const data = live.data.map((trace) => {
    const shown = named.delete(trace.meta);
    return { ...trace, name: trace.meta ?? "", showlegend: shown };
  });
  const ground = live.classList.contains("paper") ? PAPER["--card"] : pageColour("--card");
  const height = live.clientHeight + 20;
  const margin = { ...live.layout.margin, b: (live.layout.margin?.b ?? 40) + 20 };
  const from = { xref: "paper", yref: "paper", xanchor: "left", yanchor: "bottom", showarrow: false, x: 0, y: 0 };
  const signed = { ...from, yshift: -margin.b, text: cohortOf(), font: { size: 10 } };
  const annotations = [...(live.layout.annotations ?? []), signed];
  const wide = live.clientWidth + 220;
  const layout = { ...live.layout, annotations, margin, showlegend: true, paper_bgcolor: ground, width: wide, height };
  const size = { width: wide, height };
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
