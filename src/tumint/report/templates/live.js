// Figures that a reader can point at, zoom and take apart. Each has its still drawing beside it, which stays where this
// fails, where scripts are off, and in print. Plotly travels packed in the page and is unpacked when first needed.
const PAPER = { "--ink": "#1b1b1f", "--card": "#fffffe", "--rule": "#d9d9de" };
const CONFIG = { displayModeBar: false, responsive: true, doubleClick: "reset" };
const figureState = new WeakMap();
let library = null;
let turns = 0;

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

const ends = (values) => values.reduce(([low, high], v) => [Math.min(low, v), Math.max(high, v)], [Infinity, -Infinity]);

/** A panel of cells: its places, what is in view at first, and how wide a screenful of it is. */
function cellPanel(panel) {
  const x = numbers(panel.x);
  const y = numbers(panel.y);
  const [[left, right], [top, bottom]] = [ends(x), ends(y)];
  const span = Math.max(right - left, bottom - top, panel.um ? 1 : 1e-6);
  const [across, down] = panel.um ? [0.01 * span, 0.01 * span] : [0.03 * (right - left), 0.03 * (bottom - top)];
  const rows = [bottom + down, top - down]; // as in an image, y runs downwards
  return { ...panel, x, y, home: { x: [left - across, right + across], y: panel.um ? rows : rows.reverse() } };
}

/** Puts cell panels beside each other, or below each other where the page is narrow, none taller than fills its width. */
function placePanels(panels, layout, width) {
  const columns = width < 560 ? 1 : panels.length;
  const [gap, rows] = [24, Math.ceil(panels.length / columns)];
  const wide = (width - 24 - gap * (columns - 1)) / columns;
  const head = 8 + 15 * Math.max(...panels.map((panel) => panel.title.length));
  const foot = 36; // the scale bar, or the title of the axis
  const span = ({ home }, axis) => Math.abs(home[axis][1] - home[axis][0]);
  const filling = panels.map((panel) => (panel.um ? (wide * span(panel, "y")) / span(panel, "x") : Infinity));
  const high = Math.max(Math.min(layout.height - head - foot, Math.max(...filling)), 140);
  const tall = rows * high + (rows - 1) * (head + foot);
  panels.forEach((panel, i) => {
    const left = (i % columns) * (wide + gap);
    const top = Math.floor(i / columns) * (high + head + foot);
    layout[`xaxis${panel.ending}`].domain = [left / (width - 24), Math.min((left + wide) / (width - 24), 1)];
    layout[`yaxis${panel.ending}`].domain = [Math.max(1 - (top + high) / tall, 0), 1 - top / tall];
    const scale = Math.min(wide / span(panel, "x"), high / span(panel, "y"));
    // sized for a map of 4.9 inches
    panel.dot = panel.um ? Math.max(1.2, (panel.size * scale * Math.max(span(panel, "x"), span(panel, "y"))) / 470) : panel.size;
    panel.high = high;
  });
  layout.margin = { l: 12, r: 12, t: head + 4, b: foot, pad: 2 };
  layout.height = tall + head + 4 + foot;
}

/** Traces of cells, one per panel and group, and what it takes to keep dots and scale bars in step with the zoom. */
function cellMap(spec, width) {
  const panels = spec.cells.map(cellPanel);
  placePanels(panels, spec.layout, width);
  spec.data = panels.flatMap((panel) => {
    let at = 0;
    return panel.counts.map(([number, n]) => {
      const part = [at, (at += n)];
      const group = spec.groups[number];
      const name = escapeText(group.name);
      return {
        type: "scattergl", mode: "markers", meta: group.name, name, xaxis: `x${panel.ending}`, yaxis: `y${panel.ending}`,
        x: panel.x.subarray(...part), y: panel.y.subarray(...part),
        marker: { color: group.colour, size: panel.dot, line: { width: 0 } },
        hovertemplate: `${name}${panel.um ? "<br>%{x:.0f}, %{y:.0f} µm" : ""}<extra></extra>`,
      };
    });
  });
  const titles = panels.filter((panel) => panel.title.length).map(({ ending, title }) => ({
    text: `<b>${title.join("<br>")}</b>`, align: "left", showarrow: false,
    xref: `x${ending} domain`, x: 0, xanchor: "left", yref: `y${ending} domain`, y: 1, yanchor: "bottom",
  }));
  const map = { panels, words: [...spec.layout.annotations, ...titles] };
  for (const { ending, home } of panels) {
    spec.layout[`xaxis${ending}`].range = [...home.x];
    spec.layout[`yaxis${ending}`].range = [...home.y];
  }
  Object.assign(spec.layout, scaleBars(map, panels.map((panel) => panel.home.x)));
  return map;
}

function escapeText(text) {
  return text.replace(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`);
}

/** Below each map a bar of a round number of µm, at most a quarter of what is in view; the words of a figure stay. */
function scaleBars(map, seen) {
  const bars = map.panels.filter((panel) => panel.um).map(({ ending, high }, i) => {
    const [left, right] = seen[i];
    const most = Math.max((right - left) / 4, 0.1);
    const power = 10 ** Math.floor(Math.log10(most));
    const length = [5, 2, 1].find((step) => step * power <= most) * power;
    const place = { yref: `y${ending} domain`, xref: `x${ending}` };
    const y = -11 / high;
    return {
      shape: { type: "line", ...place, x0: left, x1: left + length, y0: y, y1: y, line: { width: 3, color: PAPER["--ink"] } },
      label: { ...place, x: left + length, y, xanchor: "left", yanchor: "middle", xshift: 6, showarrow: false,
        text: `${Number(length.toPrecision(3))} µm` },
    };
  });
  return { shapes: bars.map((bar) => bar.shape), annotations: [...bars.map((bar) => bar.label), ...map.words] };
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

/** A map takes three WebGL contexts, and browsers keep sixteen: beyond four maps the oldest is dropped. */
function keepFew(figure) {
  const maps = liveFigures.filter((one) => one.dataset.drawn === "live" && figureState.get(one).map && one !== figure);
  maps.sort((a, b) => figureState.get(a).turn - figureState.get(b).turn);
  figureState.get(figure).turn = (turns += 1);
  maps.slice(0, Math.max(maps.length - 3, 0)).forEach(dropLive);
}

/** Names that a reader has hidden: of the figure, or of all figures of its chooser. */
function hiddenOf(figure) {
  const keeper = figure.closest(".chooser") ?? figure;
  keeper.hiddenNames ??= new Set();
  return keeper.hiddenNames;
}

/** Show these ranges of a map: dots grow as a reader comes nearer, and the scale bars stay round numbers. */
function look(figure, ranges) {
  const { map } = figureState.get(figure);
  const live = figure.querySelector(".live");
  const seen = map.panels.map(({ ending }) => ranges[`xaxis${ending}.range`]);
  map.seen = seen.join();
  const near = map.panels.map(({ home }, i) => Math.abs((home.x[1] - home.x[0]) / (seen[i][1] - seen[i][0])));
  const sizes = map.panels.map(({ dot }, i) => dot * Math.min(Math.max(near[i], 1), 12));
  const change = { ...ranges, ...scaleBars(map, seen) };
  if (map.sizes === sizes.join()) return window.Plotly.relayout(live, change);
  map.sizes = sizes.join();
  // both at once, because each draws every cell anew
  return window.Plotly.update(live, { "marker.size": map.panels.flatMap(({ counts }, i) => counts.map(() => sizes[i])) }, change);
}

/** Take up what a reader has done with the mouse. */
function followZoom(figure) {
  const { map } = figureState.get(figure);
  const { layout } = figure.querySelector(".live");
  const ranges = Object.fromEntries(map.panels.map(({ ending }) => [`xaxis${ending}.range`, [...layout[`xaxis${ending}`].range]]));
  if (map.seen !== Object.values(ranges).join()) look(figure, ranges);
}

function zoom(figure, factor, [across, up] = [0, 0]) {
  const live = figure.querySelector(".live");
  const range = ([a, b], shift) => {
    const [middle, half] = [(a + b) / 2 + shift * (b - a), ((b - a) / 2) * factor];
    return [middle - half, middle + half];
  };
  const ranges = {};
  for (const { ending } of figureState.get(figure).map.panels) {
    ranges[`xaxis${ending}.range`] = range(live.layout[`xaxis${ending}`].range, across);
    ranges[`yaxis${ending}.range`] = range(live.layout[`yaxis${ending}`].range, up); // its second end is on top
  }
  return look(figure, ranges);
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
