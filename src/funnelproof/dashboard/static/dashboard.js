// Everything works without this: it keeps live parts fresh, copies texts, saves drawings, and moves by keyboard.
import { save } from "./pictures.js";
import "./quick.js";

document.documentElement.dataset.script = "on";

const live = document.querySelector("[data-live]");
if (live && "EventSource" in window) {
  const stream = new EventSource(live.dataset.live);
  stream.addEventListener("message", (event) => {
    if (live.contains(document.activeElement)) return;
    const open = [...live.querySelectorAll("details")].map((own) => own.open);
    live.innerHTML = JSON.parse(event.data);
    live.querySelectorAll("details").forEach((own, at) => { own.open = open[at] ?? false; });
  });
  addEventListener("pagehide", () => stream.close());
}

// One listener for all buttons: live parts are put in anew, and theirs with them.
addEventListener("click", async (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.dataset.copies) {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copies).textContent);
    button.textContent = "Copied";
  } else if (button.dataset.png) {
    await save(document.getElementById(button.dataset.png), button.dataset.name);
  } else if ("prints" in button.dataset) {
    print();
  }
});

addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select");
  if (event.key === "/" && !typing) {
    const search = document.querySelector("input[type=search]");
    if (search) { event.preventDefault(); search.focus(); }
  }
});

// What was sent as a form and has an address of its own now: loading anew shows it, and does not send it again.
const here = document.querySelector("[data-here]");
if (here) history.replaceState(null, "", here.dataset.here);
