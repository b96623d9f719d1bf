// A reviewer's draft is saved a second after the last change, and never over what another window saved meanwhile.
const form = document.querySelector("[data-review]");
const revision = form.querySelector("[name=revision]");
const conflict = form.querySelector("[data-conflict]");
const WAIT = 1000;
const TRY_AGAIN = 10_000;
let timer, saving, theirs;
let isChanged = false;

const cookie = (name) => document.cookie.split("; ").find((part) => part.startsWith(`${name}=`))?.slice(name.length + 1);

function say(text, isSignedOut = false) {
  const place = form.querySelector("[data-save-error]");
  place.textContent = text;
  if (!isSignedOut) return;
  const link = Object.assign(document.createElement("a"), {
    href: form.dataset.signIn,
    target: "_blank",
    textContent: form.dataset.textSignIn,
  });
  place.append(" ", link);
}

function later(milliseconds) {
  clearTimeout(timer);
  timer = setTimeout(save, milliseconds);
}

// One request at a time; what is typed while one is under way goes with the next.
function save() {
  clearTimeout(timer);
  if (saving || theirs || !isChanged) return saving;
  isChanged = false;
  saving = send().finally(() => {
    saving = undefined;
    if (isChanged && !theirs) later(WAIT);
  });
  return saving;
}

async function send() {
  let response;
  try {
    response = await fetch(form.dataset.draftUrl, {
      method: "POST",
      body: new FormData(form),
      headers: { "X-CSRFToken": cookie("csrftoken") ?? "" },
      // A page that is being left may still send, though no more than 64 kB.
      keepalive: document.visibilityState === "hidden",
    });
  } catch {
    return fail(form.dataset.textOffline);
  }
  if (response.redirected || response.status === 403) return fail(form.dataset.textSignedOut, true);
  if (!response.headers.get("Content-Type")?.includes("json")) return fail(form.dataset.textFailed);
  const answer = await response.json();
  if (answer.current) return ask(answer);
  say(answer.error ?? "");
  if (!response.ok) return undefined;
  revision.value = answer.revision;
  return showSaved(answer.saved);
}

function fail(text, isSignedOut) {
  say(text, isSignedOut);
  isChanged = true;
  setTimeout(() => later(TRY_AGAIN));
}

function showSaved(saved) {
  if (isChanged) return;
  form.querySelector("[data-saved-place]").innerHTML = saved;
  document.dispatchEvent(new Event("saved"));
  form.querySelector("[data-saved-place]").innerHTML = saved;
}

// --- Another window saved meanwhile -----------------------------------------------------------------------

function ask(answer) {
  theirs = answer.current;
  isChanged = true;
  conflict.querySelector("[data-conflict-text]").textContent = answer.error;
  conflict.hidden = false;
  conflict.scrollIntoView({ block: "nearest" });
}

function fill(fields) {
  for (const field of form.querySelectorAll("textarea")) field.value = fields[field.name] ?? "";
  for (const field of form.querySelectorAll("input[type=radio]")) field.checked = field.value === (fields[field.name] ?? "");
  form.dispatchEvent(new Event("review:filled"));
}

conflict.addEventListener("click", (event) => {
  const taken = event.target.closest("[data-take]")?.dataset.take;
  if (!taken) return;
  const draft = theirs;
  theirs = undefined;
  conflict.hidden = true;
  revision.value = draft.revision;
  isChanged = taken === "ours";
  if (isChanged) save();
  else {
    fill(draft.fields);
    showSaved(draft.saved);
  }
});

// --- When it is saved -------------------------------------------------------------------------------------

form.addEventListener("input", () => {
  isChanged = true;
  later(WAIT);
});

document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "hidden") save();
});

// What is sent says which draft it was read from: a save under way comes first.
form.addEventListener("submit", (event) => {
  clearTimeout(timer);
  isChanged = false;
  if (!saving) return;
  event.preventDefault();
  saving.then(() => form.requestSubmit(event.submitter));
});
