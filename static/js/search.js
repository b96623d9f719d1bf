// The search dialog: Ctrl-K opens it, the server answers while one types, arrows and Enter lead to what was found.
const dialog = document.querySelector("[data-search-dialog]");
const input = dialog.querySelector("[role=combobox]");
const found = dialog.querySelector(".search-found");
const options = () => [...found.querySelectorAll("[role=option]")];

function open(event) {
  event.preventDefault();
  if (!dialog.open) dialog.showModal();
  input.select();
}

// The next key is the page's: of itself the browser leaves the field only with the next frame.
function close() {
  dialog.close();
  input.blur();
}

function say(words) {
  dialog.querySelector("[data-search-status]").textContent = words;
}

function note(words) {
  const line = document.createElement("p");
  line.className = "search-note";
  line.textContent = words;
  found.replaceChildren(line);
  answered(words);
}

function answered(words) {
  input.setAttribute("aria-expanded", String(options().length > 0));
  input.removeAttribute("aria-activedescendant");
  say(words);
}

function choose(option) {
  for (const other of options()) other.setAttribute("aria-selected", String(other === option));
  input.setAttribute("aria-activedescendant", option.id);
  option.scrollIntoView({ block: "nearest" });
}

function move(step) {
  const all = options();
  if (!all.length) return;
  const at = all.findIndex((option) => option.id === input.getAttribute("aria-activedescendant"));
  choose(all[(at + step + all.length + (at < 0 && step < 0 ? 1 : 0)) % all.length]);
}

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") open(event);
});

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-search-open]") && !event.ctrlKey && !event.metaKey) open(event);
});

dialog.addEventListener("click", (event) => {
  // What lies around the dialog is the dialog itself; a hit may be on this very page.
  if (event.target === dialog || event.target.closest("[data-search-close], [role=option]")) close();
});

dialog.addEventListener("keydown", (event) => {
  if (event.isComposing) return;
  const chosen = found.querySelector("[aria-selected=true]");
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    move(event.key === "ArrowDown" ? 1 : -1);
  } else if (event.key === "Enter" && event.target === input && chosen) {
    event.preventDefault();
    chosen.click();
  } else if (event.key === "Escape") {
    event.preventDefault();
    close();
  }
});

input.addEventListener("input", () => {
  if (input.validity.patternMismatch) note(dialog.dataset.textLong);
  else if (!input.value.trim()) note("");
});

// An answer of another page, such as the one to sign in, is none.
dialog.addEventListener("htmx:beforeSwap", (event) => {
  event.detail.shouldSwap = event.detail.xhr.responseText.includes("data-search-answer");
  if (!event.detail.shouldSwap) note(dialog.dataset.textFailed);
});
dialog.addEventListener("htmx:afterSwap", () => answered(found.querySelector("[data-search-answer]").dataset.searchAnswer));
dialog.addEventListener("htmx:sendError", () => note(dialog.dataset.textFailed));

if (/Mac|iPhone|iPad/.test(navigator.platform)) {
  for (const keys of document.querySelectorAll("[data-search-open] kbd")) keys.textContent = "⌘K";
}
