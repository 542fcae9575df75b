// `config` is how all charts look; the page puts it before this script.
// A chart is JSON, compressed and in base64: many of them would be too much for one page.
async function unpack(text) {
  const bytes = Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).json();
}

// Charts are drawn when they are first seen: a hidden element has no width to draw into.
async function paint(place) {
  try {
    const spec = await unpack(place.nextElementSibling.textContent);
    // The content security policy allows no eval, so expressions are interpreted (ast).
    await vegaEmbed(place, spec, { actions: false, renderer: "svg", ast: true, config });
  } catch (error) {
    place.textContent = "This chart could not be drawn; its numbers are in the tables.";
    console.error(error);
  }
}

function draw() {
  for (const place of document.querySelectorAll(".chart:not([data-drawn])")) {
    if (!place.clientWidth) continue;
    place.dataset.drawn = "";
    paint(place);
  }
}

const chosen = {};
function choose(kind, value) {
  chosen[kind] = value;
  for (const part of document.querySelectorAll(`[data-${kind}]`)) {
    part.hidden = !part.dataset[kind].split(" ").includes(value);
  }
  draw();
  // Charts that a narrower or wider window found hidden take its width now.
  window.dispatchEvent(new Event("resize"));
}

const selects = Object.fromEntries(
  [...document.querySelectorAll("select[data-chooses]")].map((select) => [select.dataset.chooses, select]));
for (const [kind, select] of Object.entries(selects)) {
  select.closest("label").hidden = false;
  select.addEventListener("change", () => {
    choose(kind, select.value);
    // The link keeps what was chosen.
    history.replaceState(null, "", `#${new URLSearchParams(chosen)}`);
  });
  choose(kind, select.value);
}

// #task-<id> leads to a task, from the list of verdicts and from outside; #task=<id>&classifier=<name> is a kept choice.
function follow() {
  const asked = new URLSearchParams(location.hash.slice(1));
  const link = location.hash.startsWith("#task-");
  if (link) asked.set("task", location.hash.slice(6));
  for (const [kind, select] of Object.entries(selects)) {
    if (![...select.options].some((option) => option.value === asked.get(kind))) continue;
    select.value = asked.get(kind);
    choose(kind, select.value);
    if (link) document.getElementById(location.hash.slice(1)).scrollIntoView();
  }
}
window.addEventListener("hashchange", follow);

// The contents lead to the parts of the task that is shown, and leave the link as it is: it holds what was chosen.
const contents = [...document.querySelectorAll(".bar a")];
const part = (link) =>
  document.getElementById(link.dataset.part && chosen.task ? `${chosen.task}.${link.dataset.part}` : link.hash.slice(1));
for (const link of contents) {
  link.addEventListener("click", (event) => {
    event.preventDefault();
    part(link).scrollIntoView();
    part(link).focus({ preventScroll: true });
  });
}
window.addEventListener("scroll", () => {
  const passed = contents.filter((link) => part(link).getBoundingClientRect().top < 120);
  for (const link of contents) link.toggleAttribute("aria-current", link === (passed.at(-1) ?? contents[0]));
}, { passive: true });

for (const button of document.querySelectorAll("th button")) {
  button.addEventListener("click", () => {
    const head = button.closest("th"), body = head.closest("table").tBodies[0], column = head.cellIndex;
    const up = head.getAttribute("aria-sort") === "descending";
    for (const other of head.parentElement.children) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    const value = (row) => Number(row.cells[column].dataset.value ?? NaN);
    // Rows without a value stay last either way.
    const rank = (a, b) => Number.isNaN(a) - Number.isNaN(b) || (up ? a - b : b - a) || 0;
    body.append(...[...body.rows].sort((a, b) => rank(value(a), value(b))));
  });
}

draw();
follow();
