// All ROIs side by side: one scale, one legend, the groups beside each other; and how samples are called and coloured.
async function startSideBySide(widget) {
  const data = await cellsOfPage();
  const set = mapSet({ colours: data.types.map(({ colour }) => colour), strong: null, layer: -1, classes: [], shade: 0.22 });
  const hidden = new Set();
  let across = 1;
  const hint = widget.querySelector(".hint").id;
  const places = new Map([...widget.querySelectorAll(".maps")].map((place) => [place.dataset.group, place]));
  const all = data.maps.map((map) => {
    const made = mapFigure(set, hint);
    (places.get(map.group) ?? [...places.values()][0]).append(made.frame);
    return { ...made, data: map };
  });
  takenBox(widget.querySelector(".taken"), data, set);
  const legend = () => data.types.filter((_, i) => set.style.colours[i]).map(({ name }, i, shown) => [name, shown[i].colour]);
  mapTools(widget.querySelector(".tools"), set, (format) => saveMaps(widget.querySelector(".groups"), set, legend(), "maps", format));

  const fit = () => {
    const room = places.values().next().value.clientWidth;
    const narrow = room < 400 ? room / 2 - 14 : Math.max(150, room / 3 - 17);
    fitMaps(set, Math.min(room - 4, narrow * across), 4 * narrow * across);
  };
  const toggles = new Map();
  const refresh = () => {
    data.types.forEach(({ name, colour }, i) => {
      set.style.colours[i] = hidden.has(name) ? "" : colour;
      toggles.get(name).checked = !hidden.has(name);
    });
    set.redraw();
  };
  const number = data.types.map(() => 0);
  for (const { type } of data.maps) for (const code of type) number[code]++;
  const types = widget.querySelector(".types");
  data.types.forEach(({ name, colour }, i) => {
    const label = document.createElement("label");
    const box = Object.assign(document.createElement("input"), { type: "checkbox", checked: true, value: name });
    const swatch = Object.assign(document.createElement("span"), { className: "swatch" });
    swatch.style.background = colour;
    label.append(box, swatch, ` ${name}`, Object.assign(document.createElement("small"), { textContent: ` ${number[i].toLocaleString("en")}` }));
    box.addEventListener("change", () => { hidden[box.checked ? "delete" : "add"](name); refresh(); });
    toggles.set(name, box);
    types.append(label);
  });
  const both = document.createElement("span");
  both.append(
    button("all", "Show all types", () => { hidden.clear(); refresh(); }),
    button("none", "Hide all types", () => { for (const { name } of data.types) hidden.add(name); refresh(); }),
  );
  types.append(both);
  layerChoice(widget, data, set);
  const size = widget.querySelector(".sizes");
  size.append(
    button("larger maps", "Make all maps larger", () => { across = Math.min(across * 1.4, 4); fit(); }),
    button("smaller maps", "Make all maps smaller", () => { across = Math.max(across / 1.4, 0.5); fit(); }),
  );
  const look = () => {
    for (const { frame, title, map, data: own } of all) {
      const shown = !lookOf(own.name).hidden && !lookOf(own.subject).hidden;
      frame.hidden = !shown;
      if (!shown) map.map = null;
      else if (!map.map) map.show(own);
      const names = own.name === own.subject ? [calledOf(own.name)] : [calledOf(own.name), calledOf(own.subject)];
      titled(title, own.n < own.of ? [...names, `${own.n.toLocaleString("en")} of ${own.of.toLocaleString("en")} cells`] : names);
      map.canvas.setAttribute("aria-label", `${names.join(", ")}, ${own.group}`);
      map.canvas.style.boxShadow = `0 0 0 2px ${frameOf(own) || data.colours[own.group] || MAP_GREY}`;
    }
    if (all.some(({ map }) => map.map)) fit();
    const away = all.filter(({ frame }) => frame.hidden).length;
    widget.querySelector(".away").textContent = away ? `${away} of ${all.length} ROIs are hidden by you. No number of this report changes.` : "";
  };
  look();
  document.addEventListener("looks", look);
  looksTable(widget.querySelector(".looks"), data);
  new ResizeObserver(() => all.some(({ map }) => map.map) && fit()).observe(places.values().next().value);
  widget.querySelector(".live-part").hidden = false;
  fit();
  widget.dataset.drawn = "live";
}

/** What the cells stand on: nothing, or one of the layers, with its colours. */
function layerChoice(widget, data, set) {
  const place = widget.querySelector(".layers");
  place.hidden = !data.layers.length;
  const key = widget.querySelector(".layer-key");
  const choose = (number) => {
    Object.assign(set.style, { layer: number, classes: data.layers[number]?.classes ?? [] });
    drawLegend(key, set.style.classes, false, "");
    set.redraw();
  };
  [{ label: "nothing" }, ...data.layers].forEach(({ label }, i) => {
    const choice = Object.assign(document.createElement("input"), { type: "radio", name: "cells-layer", value: label, checked: !i });
    choice.addEventListener("change", () => choose(i - 1));
    const one = document.createElement("label");
    one.append(choice, ` ${label}`);
    place.append(one);
  });
}

/** A row for every animal and ROI: shown or not, its name, its colour. */
function looksTable(part, data) {
  const body = part.querySelector("tbody");
  const said = part.querySelector("[role=status]");
  const change = (name, what) => {
    looks.set(name, { ...lookOf(name), ...what });
    said.textContent = keepLooks() ? "" : "This browser keeps nothing for this page: it is forgotten when the page is closed.";
    useLooks();
  };
  const row = (name, group, kind) => {
    const line = body.insertRow();
    const shown = Object.assign(document.createElement("input"), { type: "checkbox", checked: !lookOf(name).hidden });
    shown.setAttribute("aria-label", `Show ${name}`);
    shown.addEventListener("change", () => change(name, { hidden: !shown.checked }));
    const called = Object.assign(document.createElement("input"), { type: "text", value: lookOf(name).as, placeholder: name, maxLength: 60, autocomplete: "off" });
    called.setAttribute("aria-label", `New name of ${name}`);
    called.addEventListener("change", () => change(name, { as: called.value.trim() }));
    const colour = Object.assign(document.createElement("input"), { type: "color", value: lookOf(name).colour || hexOf(data.colours[group]) });
    colour.setAttribute("aria-label", `Colour of ${name}`);
    colour.addEventListener("change", () => change(name, { colour: colour.value }));
    line.className = kind;
    [shown, name, called, colour, group].forEach((content) => line.insertCell().append(content));
  };
  const fill = () => {
    body.replaceChildren();
    for (const subject of new Set(data.maps.map((map) => map.subject))) {
      const own = data.maps.filter((map) => map.subject === subject);
      row(subject, own[0].group, "subject");
      for (const map of own) if (map.name !== subject) row(map.name, map.group, "roi");
    }
  };
  fill();
  part.querySelector(".tools").append(button("Forget all of this", "Show all samples with their own names and colours", () => {
    looks.clear();
    keepLooks();
    fill();
    useLooks();
  }));
}

const hexOf = (colour) => (/^#[0-9a-f]{6}$/i.test(colour ?? "") ? colour : MAP_GREY);

for (const widget of document.querySelectorAll(".side-by-side")) {
  const started = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    started.disconnect();
    startSideBySide(widget);
  }, { rootMargin: "600px" });
  started.observe(widget);
}
/** On every page: what a reader set is used, and said. */
function startLooks() {
  if (!looks.size) return;
  useLooks();
  const hidden = [...looks.values()].filter((look) => look.hidden).length;
  const said = document.createElement("p");
  said.className = "notice own-looks";
  said.textContent = `Some samples have names or colours of your own${hidden ? `, and ${hidden} ${hidden === 1 ? "is" : "are"} hidden from live figures` : ""}. No number of this report changes. `;
  said.append(button("Forget all of this", "Show all samples with their own names and colours", () => {
    looks.clear();
    keepLooks();
    useLooks();
    said.remove();
  }));
  document.querySelector("main, .body")?.prepend(said);
}
startLooks();
