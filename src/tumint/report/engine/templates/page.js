/** The rows that a long table carries packed. */
async function fillRows(block) {
  const text = await unpacked(block.textContent);
  block.closest(".table").querySelector("tbody").insertAdjacentHTML("beforeend", text);
  block.remove();
}
const filled = Promise.all([...document.querySelectorAll("script.rows")].map(fillRows));
for (const table of document.querySelectorAll(".table table")) {
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const sorter = document.createElement("button");
    sorter.type = "button";
    sorter.append(...head.childNodes);
    head.append(sorter);
    sorter.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const numeric = head.classList.contains("n");
      const value = (row) => {
        const cell = row.cells[column];
        if (!numeric) return cell.textContent;
        return "order" in cell.dataset ? Number(cell.dataset.order) : null;
      };
      const rows = [...body.rows].map((row) => [value(row), row]);
      rows.sort(([a], [b]) => {
        if (a === null || b === null) return (a === null) - (b === null);
        const order = numeric ? a - b : a.localeCompare(b, "en", { numeric: true });
        return down ? -order : order;
      });
      body.append(...rows.map(([, row]) => row));
    });
  });
}
for (const label of document.querySelectorAll(".filter")) {
  label.hidden = false;
  const left = label.querySelector("output");
  const texts = new Map();
  const textOf = (row) => texts.get(row) ?? texts.set(row, row.textContent.toLowerCase()).get(row);
  label.querySelector("input").addEventListener("input", (event) => {
    const rows = [...label.parentElement.querySelectorAll("tbody tr")];
    const words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
    rows.forEach((row) => { row.hidden = !words.every((word) => textOf(row).includes(word)); });
    const shown = rows.filter((row) => !row.hidden).length;
    left.textContent = words.length ? `${shown.toLocaleString("en")} of ${rows.length.toLocaleString("en")} rows` : "";
  });
}
const choosers = [...document.querySelectorAll(".chooser")];
for (const chooser of choosers) {
  const label = chooser.querySelector("label");
  const select = label.querySelector("select");
  const figures = [...chooser.querySelectorAll("figure")];
  const pick = () => figures.forEach((figure) => {
    figure.hidden = figure.id !== select.value;
    if (figure.hidden) dropLive(figure);
  });
  label.hidden = figures.length < 2;
  select.addEventListener("change", () => {
    pick();
    figures.find((figure) => !figure.hidden)?.dispatchEvent(new Event("show"));
    // the others follow, where they have the same
    const chosen = select.selectedOptions[0].textContent;
    for (const other of choosers.filter((one) => one !== chooser).map((one) => one.querySelector("select"))) {
      const same = [...other.options].find((option) => option.textContent === chosen);
      if (!same || same.selected) continue;
      same.selected = true;
      other.dispatchEvent(new Event("change"));
    }
  });
  pick();
}
const DPI = 300; // of pictures that are saved at a width in mm
/** Whose data a picture shows, which leaves the page without its head. */
function cohortOf() {
  const { cohort, simulated } = document.documentElement.dataset;
  return [cohort, simulated].filter(Boolean).join(" · ");
}
function fileOf(figure, format, mm = "") {
  const cohort = document.documentElement.dataset.cohort.replaceAll(/[^A-Za-z0-9_.-]+/g, "_");
  return `${cohort}_${figure.id}${mm && `_${mm}mm`}.${format}`;
}
/** The still drawing of a figure as SVG text of its own, in the colours of the page, with the name of the cohort. */
function stillOf(figure, mm = "") {
  const drawing = figure.querySelector(".scroll > svg").cloneNode(true);
  const [, , width, height] = drawing.getAttribute("viewBox").split(" ").map(Number);
  drawing.setAttribute("viewBox", `0 0 ${width} ${height + 14}`);
  const signed = document.createElementNS("http://www.w3.org/2000/svg", "text");
  for (const [name, value] of Object.entries({ x: 4, y: height + 9, "font-size": 8, fill: pageColour("--ink") })) signed.setAttribute(name, value);
  signed.textContent = cohortOf();
  drawing.append(signed);
  if (mm) for (const [name, size] of [["width", mm], ["height", (mm * (height + 14)) / width]]) drawing.setAttribute(name, `${size}mm`);
  const text = new XMLSerializer().serializeToString(drawing);
  return text.replaceAll(/var\((--[a-z]+)\)/g, (_, name) => pageColour(name));
}
async function stillAsPng(figure, mm = "") {
  const drawing = figure.querySelector(".scroll > svg");
  const [, , width, bare] = drawing.getAttribute("viewBox").split(" ").map(Number);
  const height = bare + 14;
  const sharp = mm ? ((mm / 25.4) * DPI) / width : 2.5;
  const copy = stillOf(figure).replace("<svg", `<svg width="${width}" height="${height}"`);
  const picture = new Image();
  picture.src = URL.createObjectURL(new Blob([copy], { type: "image/svg+xml" }));
  await picture.decode();
  const canvas = Object.assign(document.createElement("canvas"), { width: sharp * width, height: sharp * height });
  const pen = canvas.getContext("2d");
  pen.fillStyle = drawing.classList.contains("paper") ? PAPER["--card"] : pageColour("--card");
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.drawImage(picture, 0, 0, canvas.width, canvas.height);
  URL.revokeObjectURL(picture.src);
  return canvas.toDataURL("image/png");
}
function saveAs(address, name) {
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
}
/** A table that `tumint.report.engine.columns` packed, or text. */
async function csvIn(block) {
  if (block.dataset.packed !== "columns") return textIn(block);
  const bytes = new Uint8Array(await inflated(block.textContent).arrayBuffer());
  let at = bytes.indexOf(10) + 1;
  const [count, names, kinds] = JSON.parse(new TextDecoder().decode(bytes.subarray(0, at)));
  const columns = kinds.map(([decimals, length]) => {
    const part = bytes.subarray(at, (at += length));
    return decimals < 0 ? new TextDecoder().decode(part).split("\n") : numbersIn(part, count, decimals);
  });
  const rows = Array.from({ length: count }, (_, row) => columns.map((column) => column[row]).join(","));
  return `${[names.join(","), ...rows].join("\n")}\n`;
}
function numbersIn(bytes, count, decimals) {
  let sum = 0;
  return Array.from({ length: count }, (_, i) => {
    const folded = (bytes[i] | (bytes[i + count] << 8) | (bytes[i + 2 * count] << 16) | (bytes[i + 3 * count] << 24)) >>> 0;
    sum += folded & 1 ? -(folded >>> 1) - 1 : folded >>> 1;
    const digits = String(Math.abs(sum)).padStart(decimals + 1, "0");
    if (!decimals) return `${sum}`;
    return `${sum < 0 ? "-" : ""}${digits.slice(0, -decimals)}.${digits.slice(-decimals).replace(/0+$/, "") || "0"}`;
  });
}
function saveText(text, type, name) {
  const address = URL.createObjectURL(new Blob([text], { type }));
  saveAs(address, name);
  URL.revokeObjectURL(address);
}
/** The live drawing as SVG, or as PNG of 300 dots per inch, so many mm wide. */
async function pictureInMm(figure, format, mm) {
  const address = await pictureOf(figure, format, (mm / 25.4) * 96);
  if (format === "png") return address;
  const text = decodeURIComponent(address.slice(address.indexOf(",") + 1));
  const inMm = (_, name, px) => ` ${name}="${Number(((px / 96) * 25.4).toFixed(2))}mm"`;
  return `data:image/svg+xml,${encodeURIComponent(text.replace(/^<svg[^>]*>/, (head) => head.replace(/ (width|height)="([\d.]+)(?:px)?"/g, inMm)))}`;
}
for (const choice of document.querySelectorAll("label.width")) choice.hidden = false;
for (const saver of document.querySelectorAll("button.save")) {
  saver.hidden = false;
  saver.addEventListener("click", async () => {
    const figure = saver.closest("figure, .table");
    const { format } = saver.dataset;
    if (format === "csv") return saveText(await csvIn(figure.querySelector("script.csv")), "text/csv;charset=utf-8", fileOf(figure, format));
    const mm = figure.querySelector(".width select").value;
    const [live, name] = [figure.dataset.drawn === "live", fileOf(figure, format, mm)];
    if (live) saveAs(await (mm ? pictureInMm(figure, format, mm) : pictureOf(figure, format)), name);
    else if (format === "png") saveAs(await stillAsPng(figure, mm), name);
    else saveText(stillOf(figure, mm), "image/svg+xml", name);
  });
}
for (const copier of document.querySelectorAll("button.copy")) {
  copier.hidden = false;
  copier.addEventListener("click", async () => {
    const text = document.getElementById(copier.dataset.of);
    getSelection().selectAllChildren(text);
    let done = document.execCommand("copy"); // where the page is a file, `navigator.clipboard` may be refused
    if (!done) done = await navigator.clipboard.writeText(text.textContent).then(() => true, () => false);
    copier.nextElementSibling.textContent = done ? "copied" : "selected: copy it with your keyboard";
  });
}
