// What a reader has drawn around on a map: how many cells of each type, and these cells as a CSV.
function takenBox(box, data, set) {
  set.taken = (shown, cells) => {
    const { map } = shown;
    const seen = cells.filter((i) => set.style.colours[map.type[i]]);
    const counts = data.types.map(() => 0);
    for (const i of seen) counts[map.type[i]]++;
    const rows = data.types.map(({ name }, i) => [name, counts[i]]).filter(([, n]) => n).sort((a, b) => b[1] - a[1]);
    const head = document.createElement("p");
    const cellsSaid = `${seen.length.toLocaleString("en")} ${seen.length === 1 ? "cell" : "cells"}`;
    head.append(Object.assign(document.createElement("strong"), { textContent: `${calledOf(map.name)}: ${cellsSaid}` }));
    if (map.n < map.of) head.append(` of those drawn (${map.n.toLocaleString("en")} of ${map.of.toLocaleString("en")})`);
    if (set.style.colours.includes("")) head.append(" of the types shown");
    const table = document.createElement("table");
    for (const [name, n] of [["Cell type", "Cells", "Share"], ...rows].slice(1)) {
      const row = table.insertRow();
      const share = `${((100 * n) / seen.length).toFixed(1)} %`;
      [name, n.toLocaleString("en"), share].forEach((text, i) => { Object.assign(row.insertCell(), { textContent: text, className: i ? "n" : "" }); });
    }
    const caption = table.createCaption();
    caption.textContent = "Cells per type";
    const close = button("close", "Forget these cells", () => {
      box.hidden = true;
      shown.corners = [];
      shown.later();
      shown.canvas.focus();
    });
    const save = button("These cells as CSV", "Save these cells as a table", () => saveCells(data, map, seen));
    const buttons = document.createElement("p");
    buttons.append(save, " ", close);
    box.replaceChildren(head, ...(rows.length ? [table, buttons] : [buttons]));
    box.hidden = false;
  };
}

function saveCells(data, map, cells) {
  const ids = idsOf(map, data.numbers);
  const quoted = (text) => {
    const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text; // else a spreadsheet would run it
    return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  const head = ["sample", "subject", "cell_id", "x_um", "y_um", "cell_type", ...data.layers.map(({ name }) => name)];
  const lines = cells.map((i) => [
    ...[map.name, map.subject].map(quoted), ids[i], (map.from[0] + map.x[i]).toFixed(1), (map.from[1] + map.y[i]).toFixed(1),
    quoted(data.types[map.type[i]].name), ...data.layers.map(({ classes }, layer) => quoted(classes[map.layers[layer][i]]?.[0] ?? "none")),
  ]);
  const address = URL.createObjectURL(new Blob([[head, ...lines].map((line) => `${line.join(",")}\n`).join("")], { type: "text/csv;charset=utf-8" }));
  saveAs(address, nameOfFile(`${map.name}_cells`, "csv"));
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}

function nameOfFile(name, format) {
  return `${[document.documentElement.dataset.cohort, name].join("_").replaceAll(/[^A-Za-z0-9_.-]+/g, "_")}.${format}`;
}

/** The maps of a set as one picture with titles, legend and cohort: SVG, its words as text, or PNG. */
async function saveMaps(root, set, legend, name, format) {
  const { left, top, width, height } = root.getBoundingClientRect();
  const shown = set.maps.filter((one) => one.map && one.canvas.checkVisibility());
  const texts = [...root.querySelectorAll("h4, .map-title span")].filter((one) => one.checkVisibility()).map((one) => {
    const box = one.getBoundingClientRect();
    return { text: one.textContent, x: box.left - left, y: box.top - top + 12, bold: one.matches("h4, b *, span:first-child") };
  });
  legend.forEach(([text, colour], i) => texts.push({ text, colour, x: 18 + (i % 4) * (width / 4), y: height + 22 + 16 * Math.floor(i / 4), swatch: true }));
  const high = height + 46 + 16 * Math.ceil(legend.length / 4);
  texts.push({ text: cohortOf(), x: 4, y: high - 6 });
  const escaped = (text) => new XMLSerializer().serializeToString(document.createTextNode(text));
  const parts = shown.map((one) => {
    const box = one.canvas.getBoundingClientRect();
    const at = `x="${box.left - left}" y="${box.top - top}" width="${box.width}" height="${box.height}"`;
    return `<image ${at} href=` + `"${one.canvas.toDataURL("image/png")}"/>`;
  });
  for (const { text, x, y, bold, swatch, colour } of texts) {
    if (swatch) parts.push(`<circle cx="${x - 8}" cy="${y - 4}" r="5" fill="${colour}"/>`);
    parts.push(`<text x="${x}" y="${y}"${bold ? ' font-weight="600"' : ""}>${escaped(text)}</text>`);
  }
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${high}" viewBox="0 0 ${width} ${high}" font-family="sans-serif" font-size="12" fill="${MAP_INK}"><rect width="100%" height="100%" fill="#fffffe"/>${parts.join("")}</svg>`;
  const address = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
  if (format === "svg") saveAs(address, nameOfFile(name, format));
  else {
    const picture = new Image();
    picture.src = address;
    await picture.decode();
    const canvas = Object.assign(document.createElement("canvas"), { width: 2 * width, height: 2 * high });
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    saveAs(canvas.toDataURL("image/png"), nameOfFile(name, format));
  }
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}

/** Lasso, zoom and pictures: what maps of a set can do, for a mouse, a finger and the keyboard. */
function mapTools(bar, set, save) {
  const lasso = button("Draw around cells", "Lasso: then drag on a map", () => {
    set.lasso = !set.lasso;
    lasso.setAttribute("aria-pressed", `${set.lasso}`);
    for (const { canvas } of set.maps) canvas.classList.toggle("lasso", set.lasso);
  });
  lasso.setAttribute("aria-pressed", "false");
  const zoom = (to) => set.maps.find((one) => one.map)?.zoomTo(to());
  bar.append(
    lasso, button("+", "Zoom in on all maps", () => zoom(() => set.zoom * 1.5)), button("−", "Zoom out on all maps", () => zoom(() => set.zoom / 1.5)),
    button("reset view", "Show all of every map", () => zoom(() => 1)),
    button("Maps as SVG", "Save the maps as SVG", () => save("svg")), button("Maps as PNG", "Save the maps as PNG", () => save("png")),
  );
}

/** A canvas with its title, as a part of a set. */
function mapFigure(set, hint) {
  const frame = document.createElement("div");
  frame.className = "map";
  const title = Object.assign(document.createElement("p"), { className: "map-title" });
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { tabIndex: 0 });
  canvas.setAttribute("role", "application");
  canvas.setAttribute("aria-roledescription", "map of cells");
  canvas.setAttribute("aria-describedby", hint);
  frame.append(title, canvas);
  return { frame, title, map: new CellMap(canvas, set) };
}

function titled(title, lines) {
  title.replaceChildren(...lines.map((text) => Object.assign(document.createElement("span"), { textContent: text })));
}
