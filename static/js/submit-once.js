// A second click on a submit button sends nothing. The buttons wake again when the page comes back from history.
const sent = new WeakSet();

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("[data-submit-once]") || event.defaultPrevented) return;
  if (sent.has(form)) {
    event.preventDefault();
    return;
  }
  sent.add(form);
  // aria-disabled, not disabled: the pressed button's name and value must still be sent.
  for (const button of form.querySelectorAll("[type=submit]")) button.setAttribute("aria-disabled", "true");
});

function wake(form) {
  sent.delete(form);
  for (const button of form.querySelectorAll("[type=submit]")) button.removeAttribute("aria-disabled");
}

window.addEventListener("pageshow", () => document.querySelectorAll("[data-submit-once]").forEach(wake));
document.addEventListener("htmx:afterRequest", (event) => {
  const form = event.detail.elt.closest?.("[data-submit-once]");
  if (form) wake(form);
});
