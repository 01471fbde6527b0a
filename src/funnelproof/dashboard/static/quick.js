// Ctrl-K or ⌘K: type where to go. Without this, the same link opens a screen that does it.
const dialog = document.getElementById("quick");
const field = dialog?.querySelector("input");
const list = dialog?.querySelector("ul");
const PATIENCE = 120;
let asked = null;
let waiting = 0;

async function find() {
  asked?.abort();
  asked = new AbortController();
  const query = new URLSearchParams({ part: "1", q: field.value });
  try {
    const answer = await fetch(`${dialog.dataset.go}?${query}`, { signal: asked.signal });
    if (answer.ok) list.innerHTML = await answer.text();
  } catch (error) {
    if (error.name !== "AbortError") throw error;
  }
}

function open() {
  if (dialog.open) return;
  dialog.showModal();
  field.select();
  find();
}

function move(event, by) {
  const places = [field, ...list.querySelectorAll("a")];
  const at = places.indexOf(document.activeElement);
  places[Math.max(0, Math.min(places.length - 1, at + by))].focus();
  event.preventDefault();
}

if (dialog) {
  document.querySelector("[data-opens-quick]").addEventListener("click", (event) => { event.preventDefault(); open(); });
  addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); open(); }
  });
  field.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(find, PATIENCE); });
  dialog.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") move(event, 1);
    if (event.key === "ArrowUp") move(event, -1);
  });
  dialog.querySelector("form").addEventListener("submit", async (event) => {
    event.preventDefault();
    clearTimeout(waiting);
    await find();
    list.querySelector("a")?.click();
  });
}
