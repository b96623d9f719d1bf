// Says which task is open here, hears who else is writing, and offers what they saved before one types over it.
const EVERY = 15_000;
const line = document.querySelector("[data-presence]");
const token = () => document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1] ?? "";

function seen() {
  const sections = [...document.querySelectorAll("[data-requirement]")];
  return sections
    .map(({ dataset }) => `${dataset.requirement}:${document.getElementsByName(`revision_${dataset.requirement}`)[0].value}`)
    .join(" ");
}

function tell(words) {
  if (line.textContent !== words) line.textContent = words;
}

async function announce() {
  if (document.hidden) return;
  const body = new URLSearchParams({ task: line.dataset.task, seen: seen() });
  try {
    const options = { method: "POST", body, headers: { "X-CSRFToken": token() }, redirect: "manual" };
    const response = await fetch(line.dataset.presence, options);
    if (!response.ok) return tell("");
    const { others, newer, is_editable: isEditable } = await response.json();
    tell(isEditable ? others : line.dataset.textClosed);
    for (const [requirement, detail] of Object.entries(newer)) {
      document.getElementById(`requirement-${requirement}`).dispatchEvent(new CustomEvent("newer", { detail }));
    }
  } catch {
    tell(""); // Offline: what is being typed says so itself.
  }
}

announce();
setInterval(announce, EVERY);
document.addEventListener("visibilitychange", announce);
