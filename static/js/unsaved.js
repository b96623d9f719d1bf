// Long forms: says that something is not saved yet, and asks before the page is left.
const unsaved = new Set();

function show(form, isUnsaved) {
  for (const place of document.querySelectorAll("[data-saved]")) {
    place.classList.toggle("is-unsaved", isUnsaved);
    if (isUnsaved) place.textContent = place.dataset.unsavedText;
  }
  if (isUnsaved) unsaved.add(form);
  else unsaved.delete(form);
}

document.addEventListener("input", (event) => {
  const form = event.target.form;
  if (form?.matches("[data-unsaved]")) show(form, true);
});

document.addEventListener("submit", (event) => {
  if (event.target.matches("[data-unsaved]") && !event.target.hasAttribute("hx-post")) unsaved.delete(event.target);
});

// The server says so with the header HX-Trigger: saved.
document.addEventListener("saved", () => unsaved.forEach((form) => show(form, false)));

window.addEventListener("beforeunload", (event) => {
  if (unsaved.size) event.preventDefault();
});
