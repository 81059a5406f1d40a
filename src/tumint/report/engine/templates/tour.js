// The tour: a sentence, and its cells in the two animals at the ends. The reference is on the left, always.
async function startTour(widget) {
  const data = await cellsOfPage();
  const stops = [...widget.querySelectorAll("[data-stop]")];
  const panel = widget.querySelector(".stop-shown");
  const set = mapSet({ colours: [], strong: new Set(), layer: data.layers.length ? 0 : -1, classes: data.layers[0]?.classes ?? [], shade: 0 });
  const maps = panel.querySelector(".maps");
  const sides = [0, 1].map(() => mapFigure(set, widget.querySelector(".hint").id));
  maps.append(...sides.map(({ frame }) => frame));
  takenBox(panel.querySelector(".taken"), data, set);
  let at = 0;
  let legend = [];
  const name = () => stops[at].id;
  mapTools(panel.querySelector(".tools"), set, (format) => saveMaps(maps, set, legend, name(), format));

  const fit = () => {
    const columns = panel.clientWidth < 520 ? 1 : 2;
    fitMaps(set, Math.floor((panel.clientWidth - 16 * (columns - 1)) / columns) - 2, Math.max(360, window.innerHeight * 0.72));
  };
  const show = (number) => {
    at = number;
    const stop = data.stops[at];
    stops.forEach((one, i) => one.querySelector("button").setAttribute("aria-current", i === at ? "true" : "false"));
    set.style.strong = new Set(stop.types);
    set.style.colours = data.types.map(({ colour }, i) => (stop.types.includes(i) ? strongOf(colour) : MAP_GREY));
    stop.sides.forEach((side, i) => {
      const map = data.maps[side.map];
      sides[i].map.show(map, side.n ? new Uint32Array(data.numbers, side.at, 2 * side.n) : null);
      titled(sides[i].title, side.title.map((text) => renamedText(text, wordsOf([map.name, map.subject], true))));
      sides[i].map.canvas.setAttribute("aria-label", side.title.join(", "));
      sides[i].map.canvas.style.boxShadow = `0 0 0 2px ${frameOf(map) || data.colours[map.group] || MAP_GREY}`;
    });
    set.zoom = 1;
    legend = [...stop.types.map((i) => [data.types[i].name, set.style.colours[i]]), ["all other cells", MAP_GREY]];
    drawLegend(panel.querySelector(".legend"), legend, stop.sides.some(({ n }) => n), set.style.layer >= 0 ? data.layers[0].label : "");
    panel.querySelector(".sentence").textContent = stops[at].querySelector(".said").textContent;
    panel.querySelector(".about").textContent = stops[at].dataset.about;
    panel.querySelector(".note").textContent = stops[at].dataset.note;
    panel.querySelector(".taken").hidden = true;
    panel.querySelector(".count").textContent = `${at + 1} of ${stops.length}`;
    fit();
  };
  const step = (by) => show((at + by + stops.length) % stops.length);
  panel.querySelector(".steps").prepend(button("‹ previous", "The finding before", () => step(-1)), button("next ›", "The next finding", () => step(1)));
  stops.forEach((one, i) => one.querySelector("button").addEventListener("click", () => {
    show(i);
    if (panel.getBoundingClientRect().top > window.innerHeight * 0.6) panel.scrollIntoView({ block: "start" });
  }));
  const followAddress = () => {
    const found = document.getElementById(decodeURIComponent(location.hash.slice(1)))?.closest("[data-stop]");
    if (!found || !widget.contains(found)) return;
    show(stops.indexOf(found));
    widget.scrollIntoView({ block: "start", behavior: "instant" });
    sides[0].map.canvas.focus({ preventScroll: true });
  };
  panel.hidden = false;
  show(0);
  followAddress();
  window.addEventListener("hashchange", followAddress);
  document.addEventListener("looks", () => show(at));
  new ResizeObserver(fit).observe(panel);
  widget.dataset.drawn = "live";
}

/** What matters stands out from the grey of all others: in ink where its own colour is grey, darker where it is pale. */
function strongOf(colour) {
  if (!/^#[0-9a-f]{6}$/i.test(colour)) return colour;
  let parts = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
  if (Math.max(...parts) - Math.min(...parts) < 12) return MAP_INK;
  const light = ([red, green, blue]) => (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255;
  while (light(parts) > 0.5) {
    const grey = Math.min(...parts);
    parts = parts.map((value) => Math.round(0.9 * (value - 0.25 * grey))); // darker, and further from grey
  }
  return `#${parts.map((value) => value.toString(16).padStart(2, "0")).join("")}`;
}
/** The colour that a reader gave to a ROI, or to its animal. */
const frameOf = ({ name, subject }) => lookOf(name).colour || lookOf(subject).colour;

function drawLegend(list, names, contacts, outlines) {
  const entry = (mark, text) => {
    const item = document.createElement("li");
    item.append(mark, ` ${text}`);
    return item;
  };
  const mark = (kind, colour = "") => {
    const made = Object.assign(document.createElement("span"), { className: kind });
    if (colour) made.style.background = colour;
    return made;
  };
  list.replaceChildren(
    ...names.map(([name, colour]) => entry(mark("swatch", colour), name)),
    ...(contacts ? [entry(mark("line thick"), "contact")] : []), ...(outlines ? [entry(mark("line"), `border between ${outlines}`)] : []),
  );
}

for (const widget of document.querySelectorAll(".tour")) {
  const started = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    started.disconnect();
    startTour(widget);
  }, { rootMargin: "600px" });
  started.observe(widget);
}
