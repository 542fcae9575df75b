// The texts of a task: [id, source, label, reason, text], the middle three as places in the lists beside them.
const shelves = {};
function shelf(task) {
  const packed = document.getElementById(`${task}.texts`);
  shelves[task] ??= packed ? unpack(packed.textContent) : Promise.resolve({ rows: [], sources: [], labels: [], reasons: [] });
  return shelves[task];
}

function entry(found, row, note) {
  const item = document.createElement("li"), text = document.createElement("bdi"), about = document.createElement("small");
  const [, source, label, reason, words] = row;
  text.textContent = words;
  about.textContent = [found.sources[source].replaceAll("_", "-"), found.labels[label], found.reasons[reason], note].filter(Boolean).join(" · ");
  item.append(text, " ", about);
  return item;
}

// Texts that a part names by id are filled in when it is opened.
for (const part of document.querySelectorAll("details.named")) {
  part.addEventListener("toggle", async () => {
    const found = await shelf(part.closest("[data-task]").dataset.task);
    const of = Object.fromEntries(found.rows.map((row) => [row[0], row]));
    const notes = (part.dataset.notes ?? "").split("|"), sides = document.createElement("div");
    sides.className = "texts";
    for (const key of ["ids", "others"]) {
      const list = document.createElement("ul");
      const named = (part.dataset[key] ?? "").split(" ").filter(Boolean);
      list.append(...named.map((id, n) => {
        if (of[id]) return entry(found, of[id], key === "ids" ? notes[n] : "");
        const missing = document.createElement("li");
        missing.textContent = `${id} (its text is not in this page)`;
        return missing;
      }));
      if (named.length) sides.append(list);
    }
    part.append(sides);
  }, { once: true });
}

for (const browser of document.querySelectorAll(".browser")) {
  const filters = [...browser.querySelectorAll("select")], list = browser.querySelector("ul"), more = browser.querySelector("button");
  let most = 0;
  async function show(anew) {
    const found = await shelf(browser.dataset.shelf);
    const rows = found.rows.filter((row) => filters.every((one) => !one.value || row[one.dataset.filter] === Number(one.value)));
    most = anew ? 20 : most + 100;
    list.replaceChildren(...rows.slice(0, most).map((row) => entry(found, row, "")));
    more.hidden = rows.length <= most;
    more.textContent = `Show more (${Math.min(most, rows.length)} of ${rows.length})`;
  }
  browser.querySelector(".filters").hidden = false;
  for (const one of filters) one.addEventListener("change", () => show(true));
  more.addEventListener("click", () => show(false));
  // Nothing is unpacked before somebody comes near.
  new IntersectionObserver(([seen], watcher) => { if (seen.isIntersecting) { watcher.disconnect(); show(true); } }, { rootMargin: "200px" }).observe(browser);
}
