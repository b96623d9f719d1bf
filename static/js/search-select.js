// A select box over very many rows: type, and the server's answers stand below. See docs/components.md.
const PAUSE_MS = 200;
const pending = new WeakMap();

const parts = (box) => ({
  input: box.querySelector("[role=combobox]"),
  value: box.querySelector("input[type=hidden]"),
  list: box.querySelector("[role=listbox]"),
});
const boxOf = (event) => event.target.closest?.("[data-search-select]");

function open(box, isOpen) {
  const { input, list } = parts(box);
  list.hidden = !isOpen;
  input.setAttribute("aria-expanded", String(isOpen));
  if (!isOpen) input.removeAttribute("aria-activedescendant");
}

function note(list, text) {
  const item = document.createElement("li");
  item.className = "search-select-note";
  item.textContent = text;
  list.replaceChildren(item);
}

async function look(box) {
  const { input, list } = parts(box);
  pending.get(box)?.abort();
  const asking = new AbortController();
  pending.set(box, asking);
  try {
    const answer = await fetch(`${box.dataset.url}?q=${encodeURIComponent(input.value)}`, {
      signal: asking.signal,
      headers: { "X-Requested-With": "XMLHttpRequest" },
    });
    if (!answer.ok) throw new Error(answer.status);
    list.innerHTML = await answer.text();
    if (!list.children.length) note(list, box.dataset.textNone);
  } catch (error) {
    if (error.name === "AbortError") return;
    note(list, box.dataset.textFailed);
  }
  open(box, true);
}

function mark(box, option) {
  const { input, list } = parts(box);
  for (const other of list.querySelectorAll("[role=option]")) other.setAttribute("aria-selected", String(other === option));
  input.setAttribute("aria-activedescendant", option.id);
  option.scrollIntoView({ block: "nearest" });
}

function choose(box, option) {
  const { input, value } = parts(box);
  input.value = option.querySelector(".option-label").textContent.trim();
  value.value = option.dataset.value;
  value.dispatchEvent(new Event("change", { bubbles: true }));
  open(box, false);
}

function move(box, step) {
  const options = [...parts(box).list.querySelectorAll("[role=option]")];
  if (!options.length) return;
  const at = options.findIndex((option) => option.getAttribute("aria-selected") === "true");
  mark(box, options[(at + step + options.length + (at < 0 && step < 0 ? 1 : 0)) % options.length]);
}

const timers = new WeakMap();
document.addEventListener("input", (event) => {
  const box = boxOf(event);
  if (!box || event.target !== parts(box).input) return;
  parts(box).value.value = "";
  clearTimeout(timers.get(box));
  timers.set(box, setTimeout(() => look(box), PAUSE_MS));
});

document.addEventListener("keydown", (event) => {
  const box = boxOf(event);
  if (!box) return;
  const { list } = parts(box);
  const current = list.querySelector("[aria-selected=true]");
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    if (list.hidden) look(box);
    else move(box, event.key === "ArrowDown" ? 1 : -1);
  } else if (event.key === "Enter" && !list.hidden) {
    event.preventDefault();
    if (current) choose(box, current);
  } else if (event.key === "Escape") {
    open(box, false);
  }
});

document.addEventListener("mousedown", (event) => {
  const option = event.target.closest?.("[data-search-select] [role=option]");
  if (!option) return;
  event.preventDefault();
  choose(boxOf(event), option);
});

document.addEventListener("focusin", (event) => {
  const box = boxOf(event);
  if (box && !parts(box).value.value) look(box);
});

// Words that are no choice are not sent, so they do not stay either.
document.addEventListener("focusout", (event) => {
  const box = boxOf(event);
  if (!box) return;
  const { input, value } = parts(box);
  if (!value.value) input.value = "";
  pending.get(box)?.abort();
  open(box, false);
});
