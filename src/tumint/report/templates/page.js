"use strict";
for (const table of document.querySelectorAll(".table table")) {
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
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
  const rows = [...label.parentElement.querySelectorAll("tbody tr")];
  label.querySelector("input").addEventListener("input", (event) => {
    const words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
    }
  });
}
for (const chooser of document.querySelectorAll(".chooser")) {
  const label = chooser.querySelector("label");
  const select = label.querySelector("select");
  const figures = [...chooser.querySelectorAll("figure")];
  const show = () => figures.forEach((figure) => { figure.hidden = figure.id !== select.value; });
  label.hidden = figures.length < 2;
  select.addEventListener("change", show);
  show();
}
for (const button of document.querySelectorAll("button.save")) {
  button.hidden = false;
  button.addEventListener("click", () => {
    const figure = button.closest("figure");
    const drawing = figure.querySelector("svg").cloneNode(true);
    const style = getComputedStyle(document.documentElement);
    let text = new XMLSerializer().serializeToString(drawing);
    for (const name of ["--ink", "--card", "--rule"]) {
      text = text.replaceAll(`var(${name})`, style.getPropertyValue(name).trim());
    }
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "image/svg+xml" }));
    link.download = `${figure.id}.svg`;
    link.click();
    URL.revokeObjectURL(link.href);
  });
}
