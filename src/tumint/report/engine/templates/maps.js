// Maps of cells, drawn by WebGL: where their panels lie, and how dots and scale bars follow what a reader looks at.
let turns = 0;

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

/** Puts cell panels beside each other, in rows where they would be too small to see, none taller than fills its width. */
function placePanels(panels, layout, width) {
  const gap = 24;
  const fitting = width < 560 ? 1 : Math.floor(width / (220 + gap));
  const rows = Math.ceil(panels.length / fitting);
  const columns = Math.ceil(panels.length / rows);
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

/** A map takes three WebGL contexts, and browsers keep sixteen: beyond four maps the oldest is dropped. */
function keepFew(figure) {
  const maps = liveFigures.filter((one) => one.dataset.drawn === "live" && figureState.get(one).map && one !== figure);
  maps.sort((a, b) => figureState.get(a).turn - figureState.get(b).turn);
  figureState.get(figure).turn = (turns += 1);
  maps.slice(0, Math.max(maps.length - 3, 0)).forEach(dropLive);
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
