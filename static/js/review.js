// Judging with the keyboard, and the count of what is judged. The keys stand in aria-keyshortcuts, beside what they do.
const form = document.querySelector("[data-review]");
const requirements = [...form.querySelectorAll("[data-requirement]")];
const help = document.getElementById("keys");
let current = -1;

function stand(index, isMoving) {
  if (!requirements[index]) return;
  requirements[current]?.classList.remove("is-current");
  current = index;
  requirements[current].classList.add("is-current");
  if (!isMoving) return;
  requirements[current].focus({ preventScroll: true });
  requirements[current].scrollIntoView({ block: "start", behavior: "instant" });
}

// Keys of a field are typed into it.
function isTyped(event) {
  return event.ctrlKey || event.altKey || event.metaKey || event.isComposing || Boolean(event.target.closest("textarea, input:not([type=radio]), select"));
}

const pressed = (place, key) =>
  [...(place?.querySelectorAll("[aria-keyshortcuts]") ?? [])].find((each) => each.getAttribute("aria-keyshortcuts").toLowerCase() === key);

function act(key) {
  if (key === "j" || key === "n") return stand(Math.min(current + 1, requirements.length - 1), true);
  if (key === "k" || key === "p") return stand(Math.max(current - 1, 0), true);
  if (key === "?") return help.togglePopover();
  const found = pressed(requirements[current], key) ?? pressed(document.querySelector(".page-action"), key);
  if (!found) return false;
  if (found.matches("textarea")) found.focus();
  else found.click();
  // A return says why.
  if (key === "r") requirements[current].querySelector("textarea").focus();
  return true;
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.target.matches("input")) {
    event.preventDefault();
  } else if (event.key === "Escape" && event.target.form === form) {
    const requirement = event.target.closest("[data-requirement]");
    if (requirement) requirement.focus({ preventScroll: true });
    else event.target.blur();
  } else if (isTyped(event) || act(event.key.toLowerCase()) === false) return;
  else event.preventDefault();
});

form.addEventListener("focusin", (event) => {
  const index = requirements.indexOf(event.target.closest("[data-requirement]"));
  if (index >= 0) stand(index, false);
});

// --- The count --------------------------------------------------------------------------------------------

function judged(place) {
  const rows = [...place.querySelectorAll("[data-requirement]")];
  const verdicts = rows.map((row) => row.querySelector("input[type=radio]:checked")?.value ?? "");
  const count = (verdict) => verdicts.filter((each) => each === verdict).length;
  return {
    accepted: count("accepted"),
    returned: count("returned"),
    open: count(""),
    judged: rows.length - count(""),
    commented: rows.filter((row) => row.querySelector("textarea").value.trim()).length,
  };
}

function showCount() {
  const counts = judged(form);
  for (const place of document.querySelectorAll("[data-tally]")) place.textContent = counts[place.dataset.tally];
  for (const theme of form.querySelectorAll("[data-theme]")) {
    const place = document.querySelector(`[data-tally-theme="${theme.id}"]`);
    if (place) place.textContent = judged(theme).judged;
  }
}

form.addEventListener("input", showCount);
form.addEventListener("review:filled", showCount);
window.addEventListener("pageshow", showCount);
