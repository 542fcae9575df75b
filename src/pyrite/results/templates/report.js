// `config` is how all charts look; the page puts it before this script.
// A chart is JSON, compressed and in base64: many of them would be too much for one page.
async function unpack(text) {
  const bytes = Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).json();
}

const views = new Map();

// A saved picture stands alone: it has its title, what it is of, and a background.
async function picture({ dataset }, spec) {
  const title = { text: dataset.title, subtitle: dataset.about };
  const alone = { ...spec, width: 700, title, background: "var(--paper)", padding: 18 };
  const { view } = await vegaEmbed(document.createElement("div"), alone, { ast: true, config });
  const style = getComputedStyle(document.documentElement);
  return (await view.toSVG()).replace(/var\((--\w+)\)/g, (_, name) => style.getPropertyValue(name).trim());
}

async function raster(svg) {
  const image = new Image(), canvas = document.createElement("canvas");
  image.src = `data:image/svg+xml,${encodeURIComponent(svg)}`;
  await image.decode();
  [canvas.width, canvas.height] = [2 * image.width, 2 * image.height];
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((done) => canvas.toBlob(done));
}

function numbers(spec) {
  const rows = Object.values(spec.datasets).reduce((most, one) => (one.length > most.length ? one : most));
  const columns = Object.keys(rows[0]), // A spreadsheet must take no text for a formula.
    text = (value) => (typeof value === "string" && /^[=+@-]/.test(value) ? `'${value}` : String(value ?? "")),
    cell = (value) => `"${text(value).replaceAll('"', '""')}"`;
  return [columns, ...rows.map((row) => columns.map((column) => row[column]))].map((row) => row.map(cell).join()).join("\n");
}

function saves(place, spec) {
  const line = place.closest("figure").querySelector(".save");
  line.hidden = false;
  line.addEventListener("click", async ({ target }) => {
    if (target.localName !== "button") return;
    const kind = target.textContent.toLowerCase(), link = document.createElement("a");
    const content = kind === "csv" ? numbers(spec) : await picture(place, spec);
    link.href = URL.createObjectURL(kind === "png" ? await raster(content) : new Blob([content]));
    link.download = `${place.dataset.title.toLowerCase().replace(/[^\p{L}\d]+/gu, "-").slice(0, 60)}.${kind}`;
    link.click();
  });
}

// What was closed had no width to draw into.
document.addEventListener("toggle", () => draw(), true);

// What is closed on screen is printed: it has the numbers.
window.addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((one) => { one.open = true; }));

// Charts are drawn when they are first seen: a hidden element has no width to draw into.
async function paint(place) {
  try {
    const spec = await unpack(place.nextElementSibling.textContent);
    // The content security policy allows no eval, so expressions are interpreted (ast).
    const { view } = await vegaEmbed(place, spec, { actions: false, renderer: "svg", ast: true, config });
    // The place itself says what the chart shows.
    place.querySelector("svg").setAttribute("aria-hidden", "true");
    views.set(place, view);
    saves(place, spec);
    tell(place.closest("article")?.querySelector(".panel"));
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
  document.querySelectorAll(".panel").forEach(tell);
  draw();
  // Charts that a narrower or wider window found hidden take its width now.
  window.dispatchEvent(new Event("resize"));
}

// The link keeps what was chosen.
const keep = () => history.replaceState(null, "", `#${new URLSearchParams(chosen)}`);

// The panel of what-ifs: everything was worked out before, by the rule of the verdict; here it is looked up.
// As `prices.money` says it.
const money = (amount) => "$" + (amount >= 1 || amount === Number(amount.toFixed(2))
  ? amount.toLocaleString("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 })
  : String(Number(amount.toPrecision(3))));
const signed = (points) => (points < 0 ? "−" : "+") + Math.abs(points).toFixed(1);
const spoken = {
  labels: (n) => n.toLocaleString("en"), price: money, cost: money, loss: (points) => `${points} points`,
};

function tell(panel) {
  if (!panel) return;
  const about = panel.about;
  const name = chosen.classifier in about.of ? chosen.classifier : about.classifier;
  const one = about.of[name], place = {}, value = {};
  for (const input of panel.querySelectorAll("input")) {
    place[input.name] = Number(input.value);
    value[input.name] = about.choices[input.name][input.value];
    input.setAttribute("aria-valuetext", spoken[input.name](value[input.name]));
    input.previousElementSibling.value = spoken[input.name](value[input.name]);
  }
  const says = (key, words) => { panel.querySelector(`[data-says=${key}]`).textContent = words; };
  const said = one.says[one.at[place.loss]], verdict = panel.querySelector(".says");
  verdict.className = `says ${said.family}`;
  verdict.textContent = said.advice;
  const gain = one.gains[place.labels];
  says("gain", gain ? `With ${spoken.labels(value.labels)} labels, adding the generated texts gives ${one.curve} `
    + `${signed(gain[0])} points (95 %: ${signed(gain[1])} to ${signed(gain[2])}).` : "");
  let words = "What the texts are worth in labels is not known.";
  if (one.worth) {
    const { by, labels, most, least } = one.worth;
    const low = money(most === null ? 0 : value.cost / most);
    words = labels ? `The ${one.worth.said} real labels that they equal (${by}) would cost ${money(labels * value.price)}. ` : "";
    if (least) {
      words += `Generating is cheaper where a label costs more than ${low} to ${money(value.cost / least)}`
        + (value.price > value.cost / least && one.gap < 0 ? `: so price does not decide, but the ${-one.gap} points lost.` : ".");
    } else {
      words += most === null ? "From what price of a label on generating is cheaper can’t be told."
        : `Generating may be cheaper where a label costs more than ${low}.`;
    }
  }
  says("money", words);
  const asked = value.loss === about.start.loss;
  says("note", `${name}, ${asked ? "at the limit in params.yaml" : `at ${value.loss} points`}${said.close ? ": a close call" : ""}. `
    + (asked ? "" : `The limit in params.yaml, ${about.start.loss}, is what was asked before looking; another is a what-if. `)
    + (about.known.cost ? "" : "What generating cost is not known: enter yours."));
  for (const strip of document.querySelectorAll(".strip")) strip.style.setProperty("--at", value.loss / strip.dataset.most);
  for (const chart of panel.closest("article").querySelectorAll(".options .chart")) {
    if (value.labels) views.get(chart)?.signal("you", value.labels).runAsync();
  }
}

const nearest = (choices, value) => choices.reduce((best, one, at) =>
  Math.abs(one - value) < Math.abs(choices[best] - value) ? at : best, 0);
// One place for a kind of slider on all panels: the tasks share what their reader has and pays.
function slide(name, value) {
  for (const panel of document.querySelectorAll(".panel")) {
    const input = panel.elements[name];
    if (input) input.value = nearest(panel.about.choices[name], value);
    tell(panel);
  }
}
for (const panel of document.querySelectorAll(".panel")) {
  panel.about = JSON.parse(panel.dataset.about);
  panel.hidden = false;
  for (const input of panel.querySelectorAll("input")) {
    const choices = panel.about.choices[input.name];
    input.max = choices.length - 1;
    input.value = nearest(choices, panel.about.start[input.name]);
    input.addEventListener("input", () => {
      chosen[input.name] = choices[input.value];
      slide(input.name, chosen[input.name]);
      keep();
    });
  }
}

const selects = Object.fromEntries(
  [...document.querySelectorAll("select[data-chooses]")].map((select) => [select.dataset.chooses, select]));
for (const [kind, select] of Object.entries(selects)) {
  select.closest("label").hidden = false;
  select.addEventListener("change", () => {
    choose(kind, select.value);
    keep();
  });
  choose(kind, select.value);
}

// #task-<id> leads to a task, from the list of verdicts and from outside; #task=<id>&classifier=<name>&loss=<points> is a
// kept choice.
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
  for (const name of Object.keys(spoken)) {
    if (!asked.get(name)) continue;
    chosen[name] = Number(asked.get(name));
    slide(name, chosen[name]);
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

document.querySelectorAll(".panel").forEach(tell);
draw();
follow();
