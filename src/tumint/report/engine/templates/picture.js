/** Pictures of figures, to be saved: as wide as shown, or as a column of a journal with letters that can be read there. */

const LETTER = 5.2; // px: width of a letter of 9 px (7 points)
const LINE_PX = 12; // height of a line of these letters
const NARROW_PX = 500; // below, panels stand below each other

/** The drawing as a reader sees it, with a legend, as a data address; `px` wide, if given, with small letters. */
function pictureOf(figure, format, px = 0) {
  const live = figure.querySelector(".live");
  const named = new Set(figureState.get(figure).spec.groups.map((group) => group.name));
  const legends = named.size;
  const data = live.data.map((trace) => {
    const shown = named.delete(trace.meta);
    return { ...trace, name: trace.meta ?? "", showlegend: shown };
  });
  const ground = live.classList.contains("paper") ? PAPER["--card"] : pageColour("--card");
  const narrow = px > 0 && px < NARROW_PX;
  const under = narrow ? 12 + 16 * legends : 0; // a legend beside it would leave no room
  const map = Boolean(figureState.get(figure).map);
  const shrunk = px && map ? Math.min(px / live.clientWidth, 1) : 1; // maps keep their shape
  const wide = px ? Math.round(px) : live.clientWidth + 220;
  const drawn = px && !map ? forJournal(live.layout, data, wide - (narrow || !legends ? 0 : 150), narrow) : live.layout;
  const height = Math.round((drawn.height ?? live.clientHeight) * shrunk) + 20 + under;
  const margin = { ...drawn.margin, b: (drawn.margin?.b ?? 40) + 20 + under };
  const annotations = (drawn.annotations ?? []).map((note) => (px ? { ...note, font: { ...note.font, size: Math.min(note.font?.size ?? 9, 9) } } : note));
  // in the corner of the picture, wherever its panels begin
  const corner = { xref: "container", yref: "container", x: 4 / wide, y: 4 / height, xanchor: "left", yanchor: "bottom" };
  const title = { ...corner, text: cohortOf(), font: { size: px ? 8 : 10 } };
  const layout = { ...drawn, title, annotations, margin, showlegend: legends > 0, paper_bgcolor: ground, width: wide, height };
  if (px) Object.assign(layout, smallLetters(drawn, map));
  if (narrow) layout.legend = { ...drawn.legend, orientation: "h", yref: "container", y: 18 / height, yanchor: "bottom", x: 0, font: { size: 9 } };
  const scale = format === "svg" ? 1 : px ? DPI / 96 : 2;
  return window.Plotly.toImage({ data, layout, config: CONFIG }, { format, scale, width: wide, height });
}

/** What of a layout sets the size of letters, with 9 px (7 points). */
function smallLetters(layout, map) {
  const small = (axis) => ({ ...axis, tickfont: { ...axis.tickfont, size: 9 }, title: { ...axis.title, font: { ...axis.title?.font, size: 9 } } });
  const axes = axesOf(layout).map((axis) => [axis, { ...small(layout[axis]), automargin: axis[0] === "y" || !map }]);
  return { font: { ...layout.font, size: 9 }, ...Object.fromEntries(axes) };
}

function axesOf(layout) {
  return Object.keys(layout).filter((name) => /^[xy]axis/.test(name));
}

/** A layout whose names have their room at this width: turned, thinned out or in two lines; panels in fewer columns. */
function forJournal(layout, data, wide, narrow) {
  const panels = axesOf(layout).filter((name) => name[0] === "x").map((name) => name.slice(5));
  const found = { ...layout, margin: { ...layout.margin } };
  for (const n of panels) for (const which of ["xaxis", "yaxis"]) found[which + n] = { ...layout[which + n] };
  const ys = panels.map((n) => found[`yaxis${n}`]);
  if (narrow) for (const y of ys) if (y.ticks === "" && y.ticktext) y.ticktext = y.ticktext.map((text) => inTwoLines(text, 20));
  const left = Math.max(...ys.map((y) => longest(y.ticktext ?? ["0000"]) * LETTER + (y.title?.text ? 16 : 4)));
  const beside = new Set(panels.map((n) => found[`xaxis${n}`].domain?.[0] ?? 0)).size;
  const columns = narrow ? (beside > 2 && panels.length > 3 && left < 60 ? 2 : 1) : beside;
  const heat = data.some((trace) => trace.type === "heatmap") ? 80 : 0; // with its colour bar
  const across = Math.max((wide - 12 - heat - left * (columns === beside && !narrow ? 1 : columns)) / columns, 60);
  let room = 0;
  for (const n of panels) room = Math.max(room, fitted(found[`xaxis${n}`], across));
  const titled = panels.some((n) => found[`xaxis${n}`].title?.text);
  const below = room + (titled ? 20 : 6);
  if (narrow && (panels.length > 1 || ys.some((y) => y.ticktext?.some((text) => text.includes("<br>"))))) {
    const rows = Math.max(1, new Set(ys.map((y) => y.domain?.[1] ?? 1)).size);
    restack(found, panels, columns, below, (layout.height ?? 300) / rows);
  } else found.height = (layout.height ?? 300) + Math.max(0, below - 40);
  found.margin.b = Math.max(below, layout.margin?.b > 40 ? below + 16 : 0);
  found.annotations = (found.annotations ?? []).map((note) => (note.yanchor === "top" && note.yref === "paper" && note.y === 0 ? { ...note, yshift: -below } : note));
  return found;
}

/** Room in px that the names below an axis take; those that would run into each other are turned, numbers left out. */
function fitted(axis, across) {
  const texts = axis.ticktext;
  if (axis.visible === false) return 0;
  if (!texts?.length) return LINE_PX + 4;
  const each = across / texts.length;
  const needed = longest(texts) * LETTER + 4;
  if (needed <= each) return (axis.tickangle = 0), LINE_PX + 4;
  if (texts.every((text) => /^[≤−-]?[\d.,e-]+\s?[×%]?$/.test(text))) {
    const step = Math.ceil(needed / each);
    const middle = Math.max(0, texts.indexOf("1×")) % step; // no difference keeps its number
    axis.ticktext = texts.map((text, i) => (i % step === middle ? text : ""));
    axis.tickangle = 0;
    return LINE_PX + 4;
  }
  axis.tickangle = 90;
  return longest(texts) * LETTER + 8;
}

/** The panels in so many columns, each as high as before, with room for their names and titles. */
function restack(found, panels, columns, below, high) {
  const old = panels.map((n) => [found[`xaxis${n}`].domain ?? [0, 1], found[`yaxis${n}`].domain ?? [0, 1]]);
  const headed = (i) => (found.annotations ?? []).filter((note) => note.xref === "paper" && note.yanchor === "bottom" && Math.abs(note.x - old[i][0][0]) < 1e-6 && Math.abs(note.y - old[i][1][1]) < 1e-6);
  const titleOf = (note) => (columns > 1 ? note.text.replace(/<\/?b>/g, "").split("<br>").map((line) => inTwoLines(line, 24)).join("<br>") : note.text);
  const lines = Math.max(0, ...panels.flatMap((n, i) => headed(i).map((note) => titleOf(note).split("<br>").length)));
  const rows = Math.ceil(panels.length / columns);
  const gap = below + LINE_PX * lines + 8;
  const names = Math.max(...panels.map((n) => (found[`yaxis${n}`].ticktext ?? []).filter((text) => text.includes("<br>")).length));
  const tall = Math.max(high - (panels.length > 1 ? 40 : 0), 120) + 8 * names;
  const whole = rows * tall + (rows - 1) * gap;
  const aside = columns > 1 ? 0.2 : 0;
  const moved = new Map();
  panels.forEach((n, i) => {
    const [row, column] = [Math.floor(i / columns), i % columns];
    const width = (1 - aside * (columns - 1)) / columns;
    const x = [column * (width + aside), column * (width + aside) + width];
    const top = 1 - (row * (tall + gap)) / whole;
    const y = [Math.max(0, top - tall / whole), top];
    for (const note of headed(i)) moved.set(note, { ...note, x: x[0], y: y[1], text: titleOf(note), font: columns > 1 ? { ...note.font, size: 8 } : note.font });
    found[`xaxis${n}`].domain = x;
    found[`yaxis${n}`].domain = y;
    if (found[`yaxis${n}`].showticklabels === false && columns === 1) {
      const { ticktext, tickvals } = found[`yaxis${panels[0]}`];
      Object.assign(found[`yaxis${n}`], { showticklabels: true, ticktext, tickvals });
    }
  });
  found.annotations = (found.annotations ?? []).map((note) => moved.get(note) ?? note);
  found.margin.t = 12 + LINE_PX * lines;
  found.height = whole + found.margin.t + below;
}

/** Letters of the longest line of any of the texts, as HTML has them. */
function longest(texts) {
  const lines = texts.flatMap((text) => String(text).split("<br>"));
  return Math.max(0, ...lines.map((line) => line.replace(/<[^>]*>/g, "").replace(/&[a-z#\d]+;/g, "x").length));
}

/** A long name in two lines, broken at the space that is nearest to its middle. */
function inTwoLines(text, most) {
  if (text.length <= most || text.includes("<br>")) return text;
  const spaces = [...text.matchAll(/ /g)].map((found) => found.index);
  if (!spaces.length) return text;
  const at = spaces.reduce((best, here) => (Math.abs(here - text.length / 2) < Math.abs(best - text.length / 2) ? here : best));
  return `${text.slice(0, at)}<br>${text.slice(at + 1)}`;
}
