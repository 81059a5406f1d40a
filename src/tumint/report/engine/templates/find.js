// Search over what a page, or every page of a file that holds them all, says; and addresses of its parts.
const pages = [...document.querySelectorAll("article.page")];
const MOST_FOUND = 40;
let places = null;

/** What can be found: sentences before headings before rows; each with the part that has an address. */
function readPlaces() {
  const kinds = [".findings li", ".prose li, p.prose, .notice", ".figure h3, .caption, .body h2", "tbody tr", ".glossary > div"];
  return kinds.flatMap((kind) => [...document.querySelectorAll(kind)].map((element) => {
    const cells = element.cells ? [...element.cells].map((cell) => cell.textContent).join(" · ") : element.textContent;
    const text = cells.replace(/\s+#?\s*$/, "").replace(/\s+/g, " ").trim();
    return { element, text, lower: text.toLowerCase(), page: element.closest("article.page"), part: element.closest("[id]") };
  }));
}

/** Turn to the part of this address: its page, what it is folded in, its figure of several. */
function turnTo(hash) {
  const target = document.getElementById(decodeURIComponent(hash.slice(1)));
  const page = target ? target.closest("article.page") : pages[0];
  if (!page) return null;
  for (const one of pages) one.hidden = one !== page;
  if (pages.length > 1) document.title = `${page.getAttribute("aria-label")} · ${document.documentElement.dataset.cohort}`;
  for (let part = target; part && part !== page; part = part.parentElement) if (part.tagName === "DETAILS") part.open = true;
  const folded = target?.querySelector(":scope > details");
  if (folded) folded.open = true;
  const select = target?.closest(".chooser")?.querySelector("select");
  if (select && target.hidden) {
    select.value = target.id;
    select.dispatchEvent(new Event("change"));
  }
  return target;
}

/** Go to a part, and mark what was looked for in it. */
function goTo(place) {
  history.pushState(null, "", `#${place.part.id}`);
  turnTo(`#${place.part.id}`);
  document.querySelector(".is-found")?.classList.remove("is-found");
  place.element.hidden = false;
  place.element.classList.add("is-found");
  place.element.scrollIntoView({ block: "center" });
}

for (const form of document.querySelectorAll(".search")) {
  form.hidden = false;
  const [list, said] = [form.querySelector("ul"), form.querySelector("output")];
  form.querySelector("input").addEventListener("input", async (event) => {
    await filled;
    const words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
    places ??= readPlaces();
    const found = words.length ? places.filter(({ lower }) => words.every((word) => lower.includes(word))) : [];
    said.textContent = words.length ? `${found.length.toLocaleString("en")} found` : "";
    if (found.length > MOST_FOUND) said.textContent += `, the first ${MOST_FOUND} are listed`;
    list.replaceChildren(...found.slice(0, MOST_FOUND).map((place) => {
      const link = Object.assign(document.createElement("a"), { href: `#${place.part.id}` });
      link.textContent = place.text.length > 160 ? `${place.text.slice(0, 159)}…` : place.text;
      link.addEventListener("click", (click) => { click.preventDefault(); goTo(place); });
      const line = document.createElement("li");
      line.append(link);
      if (pages.length > 1) line.append(Object.assign(document.createElement("small"), { textContent: ` ${place.page?.getAttribute("aria-label") ?? ""}` }));
      return line;
    }));
    list.hidden = !list.childElementCount;
  });
}
addEventListener("hashchange", () => turnTo(location.hash)?.scrollIntoView());
if (pages.length > 1 || location.hash) turnTo(location.hash)?.scrollIntoView();
