// `config` is how all charts look; the page puts it before this script.
const all = (what, within = document) => [...within.querySelectorAll(what)];

// Charts and texts are JSON, compressed and in base64: many of them would be too much for one page.
async function unpack(text) {
  const bytes = Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).json();
}

// A saved picture stands alone: it has its title, what it is of, a background and colours.
async function picture({ dataset }, spec, kind) {
  const style = getComputedStyle(document.documentElement);
  const title = { text: dataset.title.match(/.{1,78}( |$)/g), subtitle: dataset.about.match(/.{1,108}( |$)/g) };
  const alone = JSON.stringify({ ...spec, width: 700, title, config, background: "var(--paper)", padding: 18 });
  const inked = JSON.parse(alone.replace(/var\((--\w+)\)/g, (_, name) => style.getPropertyValue(name).trim()));
  const { view } = await vegaEmbed(document.createElement("div"), inked, { ast: true });
  return kind === "png" ? view.toImageURL("png", 2) : URL.createObjectURL(new Blob([await view.toSVG()]));
}

function csv(spec) {
  const rows = Object.values(spec.datasets).reduce((most, one) => (one.length > most.length ? one : most));
  // A spreadsheet must take no text for a formula.
  const text = (value) => (typeof value === "string" && /^[=+@-]/.test(value) ? `'${value}` : String(value ?? ""));
  const line = (cells) => cells.map((value) => `"${text(value).replaceAll('"', '""')}"`).join();
  return [Object.keys(rows[0]), ...rows.map(Object.values)].map(line).join("\n");
}

async function paint(place) {
  try {
    const spec = await unpack(place.nextElementSibling.textContent);
    // The content security policy allows no eval, so expressions are interpreted (ast).
    place.view = (await vegaEmbed(place, spec, { actions: false, renderer: "svg", ast: true, config })).view;
    // The place itself says what the chart shows.
    place.querySelector("svg").setAttribute("aria-hidden", "true");
    const saves = place.closest("figure").querySelector(".save");
    saves.hidden = false;
    for (const button of all("button", saves)) {
      button.addEventListener("click", async () => {
        const kind = button.textContent.toLowerCase(), link = document.createElement("a");
        link.href = kind === "csv" ? URL.createObjectURL(new Blob([csv(spec)])) : await picture(place, spec, kind);
        link.download = `${place.dataset.title.toLowerCase().replace(/[^\p{L}\d]+/gu, "-").slice(0, 60)}.${kind}`;
        link.click();
      });
    }
    panels.filter((panel) => panel.closest("article").contains(place)).forEach(tell);
  } catch (error) {
    place.textContent = "This chart could not be drawn.";
    console.error(error);
  }
}

// Charts are drawn when they are first seen: what is hidden or closed has no width to draw into.
function draw() {
  for (const place of all(".chart:not([data-drawn])").filter((one) => one.clientWidth)) {
    place.dataset.drawn = "";
    paint(place);
  }
}
document.addEventListener("toggle", draw, true);
// What is closed on screen is printed: it has the numbers. Charts are drawn narrower: paper makes their letters small.
const closed = [];
const widen = (width) => all(".chart").filter((one) => one.clientWidth).forEach((one) => one.view?.width(width ?? one.clientWidth).resize().run());
window.addEventListener("beforeprint", () => {
  closed.push(...all("details:not([open], .named)"));
  for (const one of closed) one.open = true;
  widen(960);
});
window.addEventListener("afterprint", () => {
  for (const one of closed.splice(0)) one.open = false;
  widen();
});

const chosen = {};
function choose(kind, value) {
  chosen[kind] = value;
  for (const part of all(`[data-${kind}]`)) part.hidden = !part.dataset[kind].split(" ").includes(value);
}
function show() {
  // The contents are those of the task that is shown.
  if (chosen.task) for (const link of all("[data-part]")) link.hash = `${chosen.task}.${link.dataset.part}`;
  panels.forEach(tell);
  draw();
  // Charts that a narrower or wider window found hidden take its width now.
  window.dispatchEvent(new Event("resize"));
}
// The link keeps what was chosen.
const keep = () => history.replaceState(null, "", `#${new URLSearchParams(chosen)}`);

// The panel of what-ifs: everything was worked out before, by the rule of the verdict; here it is looked up.
const panels = all(".panel");
function tell(panel) {
  const { choices, classifier, of } = panel.about, one = of[chosen.classifier] ?? of[classifier], value = {};
  for (const input of all("input", panel)) {
    const [number, words] = choices[input.name][input.value];
    value[input.name] = number;
    input.ariaValueText = input.previousElementSibling.value = words;
    const said = panel.querySelector(`[data-says=${input.name}]`);
    if (said) said.textContent = one[input.name][input.value];
  }
  const [family, advice] = one.says[one.loss[panel.elements.loss.value]], says = panel.querySelector(".says");
  says.className = `says ${family}`;
  says.textContent = advice;
  for (const strip of all(".strip")) strip.style.setProperty("--at", value.loss / strip.dataset.most);
  for (const { view } of all(".options .chart", panel.closest("article"))) view?.signal("you", value.labels).runAsync();
}

// One place for a kind of slider on all panels: the tasks share what their reader has and pays.
function slide(name, value) {
  for (const panel of panels.filter((one) => one.elements.namedItem(name))) {
    const away = panel.about.choices[name].map(([number]) => Math.abs(number - value));
    panel.elements[name].value = away.indexOf(Math.min(...away));
    chosen[name] = value;
    tell(panel);
  }
}

async function prepare(panel) {
  panel.about = await unpack(panel.querySelector("script").textContent);
  panel.hidden = false;
  for (const input of all("input", panel)) {
    const choices = panel.about.choices[input.name];
    input.value = choices.findIndex(([number]) => number === panel.about.start[input.name]);
    input.addEventListener("input", () => {
      slide(input.name, choices[input.value][0]);
      keep();
    });
  }
}

const selects = Object.fromEntries(all("select[data-chooses]").map((select) => [select.dataset.chooses, select]));
for (const [kind, select] of Object.entries(selects)) {
  select.closest(".choices").hidden = false;
  select.addEventListener("change", () => {
    choose(kind, select.value);
    show();
    keep();
  });
  choose(kind, select.value);
}

// #task-<id> leads to a task; #task=<id>&classifier=<name>&loss=<points> is a kept choice.
function follow() {
  const link = location.hash.match(/^#task-(.*)/), choices = new URLSearchParams(link ? { task: link[1] } : location.hash.slice(1));
  for (const [kind, value] of choices) {
    const select = selects[kind];
    if (!select) slide(kind, Number(value));
    else if ([...select.options].some((option) => option.value === value)) choose(kind, select.value = value);
  }
  show();
  if (link) document.getElementById(location.hash.slice(1))?.scrollIntoView();
}
window.addEventListener("hashchange", () => {
  follow();
  keep();
});

// Which of the contents is read.
const contents = all(".bar a");
window.addEventListener("scroll", () => {
  const passed = contents.filter(({ hash }) => document.getElementById(hash.slice(1)).getBoundingClientRect().top < 120);
  for (const link of contents) link.ariaCurrent = link === (passed.at(-1) ?? contents[0]) ? "true" : null;
}, { passive: true });

// A click on the head of a column of numbers sorts its table.
for (const head of all("thead .number")) {
  const body = head.closest("table").tBodies[0], button = document.createElement("button");
  const value = (row) => Number(row.cells[head.cellIndex].dataset.value ?? NaN);
  if ([...body.rows].every((row) => Number.isNaN(value(row)))) continue;
  button.append(...head.childNodes);
  head.append(button);
  button.addEventListener("click", () => {
    const sign = head.ariaSort === "descending" ? 1 : -1;
    for (const other of head.parentElement.children) other.ariaSort = null;
    head.ariaSort = sign > 0 ? "ascending" : "descending";
    // Rows without a value stay last either way.
    body.append(...[...body.rows].sort((a, b) => Number.isNaN(value(a)) - Number.isNaN(value(b)) || sign * (value(a) - value(b)) || 0));
  });
}

// The texts of a task: [id, source, label, reason, text], the middle three as places in the lists beside them.
const shelves = {};
const shelf = (task) => shelves[task] ??= unpack(document.getElementById(`${task}.texts`).textContent);
function entry(text, ...about) {
  const item = document.createElement("li"), words = document.createElement("bdi"), small = document.createElement("small");
  words.textContent = text;
  small.textContent = about.filter(Boolean).join(" · ");
  item.append(words, small);
  return item;
}
const facts = (found, [, source, label, reason]) =>
  [found.sources[source].replaceAll("_", "-"), found.labels[label], found.reasons[reason]];

// Texts that a part names by id are filled in when it is opened.
for (const named of all("details.named")) {
  named.addEventListener("toggle", async () => {
    const found = await shelf(named.closest("[data-task]").dataset.task), sides = document.createElement("div");
    const ids = (key) => named.dataset[key].split(" ").filter(Boolean), notes = named.dataset.notes.split("|");
    sides.className = "texts";
    for (const key of ["ids", "others"]) {
      const list = document.createElement("ul");
      // A text of several sources has one id: each side shows it as its own.
      const own = found.sources.indexOf(key === "ids" ? named.dataset.source : "real");
      const of = Object.fromEntries([...found.rows, ...found.rows.filter((row) => row[1] === own)].map((row) => [row[0], row]));
      list.append(...ids(key).map((id, n) => of[id] ? entry(of[id][4], ...facts(found, of[id]), key === "ids" && notes[n])
        : entry(id, "its text is not in this page")));
      sides.append(list);
    }
    named.append(sides);
  }, { once: true });
}

for (const browser of all(".browser")) {
  const filters = all("select", browser), list = browser.querySelector("ul"), more = browser.querySelector("button");
  async function show(most) {
    const found = await shelf(browser.dataset.shelf);
    const rows = found.rows.filter((row) => filters.every((one) => !one.value || row[one.dataset.filter] === Number(one.value)));
    list.replaceChildren(...rows.slice(0, most).map((row) => entry(row[4], ...facts(found, row))));
    more.hidden = rows.length <= most;
    more.textContent = `Show more (${Math.min(most, rows.length)} of ${rows.length})`;
  }
  browser.querySelector(".filters").hidden = false;
  for (const one of filters) one.addEventListener("change", () => show(20));
  more.addEventListener("click", () => show(list.children.length + 100));
  // Nothing is unpacked before somebody comes near.
  new IntersectionObserver(([seen], watcher) => {
    if (seen.isIntersecting) { watcher.disconnect(); show(20); }
  }, { rootMargin: "200px" }).observe(browser);
}

Promise.all(panels.map(prepare)).then(follow);
