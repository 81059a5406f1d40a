// How a reader wants samples to be called, coloured and shown: kept in this browser for the cohort, used by every figure.
// What is hidden is left out of drawings only. No number of a report changes.
const LOOKS = `tumint looks ${document.documentElement.dataset.cohort}`;
const looks = readLooks();
const firstTexts = new WeakMap();

function readLooks() {
  const kept = new Map();
  try {
    for (const [name, { as = "", colour = "", hidden = false }] of Object.entries(JSON.parse(localStorage.getItem(LOOKS)) ?? {})) {
      kept.set(name, { as: String(as), colour: /^#[0-9a-f]{6}$/i.test(colour) ? colour : "", hidden: hidden === true });
    }
  } catch { /* nothing was kept, or the browser keeps nothing */ }
  return kept;
}

/** False where the browser keeps nothing. */
function keepLooks() {
  for (const [name, { as, colour, hidden }] of looks) if (!as && !colour && !hidden) looks.delete(name);
  try {
    if (looks.size) localStorage.setItem(LOOKS, JSON.stringify(Object.fromEntries(looks)));
    else localStorage.removeItem(LOOKS);
    return true;
  } catch {
    return false;
  }
}

const lookOf = (name) => looks.get(name) ?? { as: "", colour: "", hidden: false };
const calledOf = (name) => lookOf(name).as || name;

/** What finds these names as whole words; null: there is none. One that is a mere number may mean something else. */
function wordsOf(names, plain = false) {
  const wordy = names.filter((name) => plain || (/\p{L}/u.test(name) && name.length > 1)).sort((a, b) => b.length - a.length);
  if (!wordy.length) return null;
  const escaped = wordy.map((name) => name.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`(?<![\\p{L}\\p{N}_-])(?:${escaped.join("|")})(?![\\p{L}\\p{N}_-])`, "gu");
}

function renamedText(text, words = wordsOf([...looks.keys()].filter((name) => looks.get(name).as))) {
  return words ? text.replaceAll(words, (name) => calledOf(name)) : text;
}

/** Puts new names in place of the first ones, in the drawings and tables of the page. */
function renameAll() {
  const words = wordsOf([...looks.keys()].filter((name) => looks.get(name).as));
  const roots = document.querySelectorAll("figure svg, .table tbody, .chooser select");
  for (const root of roots) {
    const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      const node = texts.currentNode;
      const first = firstTexts.get(node) ?? node.data;
      const now = words ? renamedText(first, words) : first;
      if (now === node.data) continue;
      firstTexts.set(node, first);
      node.data = now;
    }
  }
}

/** The specification of a live figure with new names and colours, without the points of what is hidden. */
function looked(spec) {
  if (!looks.size) return spec;
  const hidden = wordsOf([...looks.keys()].filter((name) => looks.get(name).hidden));
  const coloured = wordsOf([...looks.keys()].filter((name) => looks.get(name).colour));
  const rows = hidden ? hiddenRows(spec.layout, hidden) : {};
  for (const trace of spec.data ?? []) {
    if (hidden) leaveOut(trace, hidden, rows);
    if (coloured) recolour(trace, coloured);
  }
  const words = wordsOf([...looks.keys()].filter((name) => looks.get(name).as));
  if (!words) return spec;
  const renamed = (value) => {
    if (typeof value === "string") return value.length < 4000 ? renamedText(value, words) : value; // longer: packed numbers
    if (Array.isArray(value)) return value.map(renamed);
    return value && typeof value === "object" ? Object.fromEntries(Object.entries(value).map(([key, part]) => [key, renamed(part)])) : value;
  };
  return renamed(spec);
}

/** Places on axes of names that belong to what is hidden. */
function hiddenRows(layout, hidden) {
  const found = {};
  for (const [axis, { tickvals, ticktext }] of Object.entries(layout ?? {}).filter(([name]) => /^[xy]axis/.test(name))) {
    (ticktext ?? []).forEach((text, i) => { if (String(text).search(hidden) >= 0) (found[axis.replace("axis", "")] ??= new Set()).add(tickvals[i]); });
  }
  return found;
}

function leaveOut(trace, hidden, rows) {
  const [across, down] = [rows[trace.xaxis ?? "x"], rows[trace.yaxis ?? "y"]];
  const texts = Array.isArray(trace.text) ? trace.text : [];
  if (trace.type === "heatmap" && Array.isArray(trace.z)) {
    trace.z.forEach((row, i) => row.forEach((_, j) => { if (down?.has(trace.y?.[i] ?? i) || across?.has(trace.x?.[j] ?? j)) row[j] = null; }));
    return;
  }
  if (!Array.isArray(trace.x) || !Array.isArray(trace.y)) return;
  trace.x.forEach((_, i) => {
    const named = typeof texts[i] === "string" && texts[i].search(hidden) >= 0;
    if (named || across?.has(trace.x[i]) || down?.has(trace.y[i])) [trace.x[i], trace.y[i]] = [null, null];
  });
}

function recolour(trace, coloured) {
  if (!Array.isArray(trace.text) || !trace.marker) return;
  const own = trace.text.map((text) => (typeof text === "string" && text.match(coloured)?.[0]) || "");
  if (!own.some(Boolean)) return;
  const given = trace.marker.color;
  trace.marker.color = own.map((name, i) => (name ? lookOf(name).colour : Array.isArray(given) ? given[i] : given));
}

/** Figures are drawn again, and choosers leave out what is hidden. */
function useLooks() {
  renameAll();
  const hidden = wordsOf([...looks.keys()].filter((name) => looks.get(name).hidden));
  for (const select of document.querySelectorAll(".chooser select")) {
    for (const option of select.options) option.hidden = option.disabled = Boolean(hidden && (firstTexts.get(option.firstChild) ?? option.textContent).search(hidden) >= 0);
    const left = [...select.options].find((option) => !option.hidden);
    if (select.selectedOptions[0]?.hidden && left) {
      left.selected = true;
      select.dispatchEvent(new Event("change"));
    }
  }
  for (const figure of document.querySelectorAll("figure[data-drawn=live]")) {
    dropLive(figure);
    drawLive(figure);
  }
  document.dispatchEvent(new Event("looks"));
}
