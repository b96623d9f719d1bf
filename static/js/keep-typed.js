// A page that saves in the background: says so when something was not done, and leaves what was typed alone.
const form = () => document.querySelector("[data-keep-typed]");
const isOurs = (event) => form() && (event.detail.requestConfig?.elt || event.detail.elt) === form();
const cookie = (name) => document.cookie.split("; ").find((part) => part.startsWith(`${name}=`))?.slice(name.length + 1);

function say(text, signIn) {
  const place = form()?.querySelector("[data-save-error]");
  if (!place) return;
  place.textContent = text;
  if (!signIn) return;
  const link = Object.assign(document.createElement("a"), {
    href: form().dataset.signIn,
    target: "_blank",
    textContent: form().dataset.textSignIn,
  });
  place.append(" ", link);
}

// After signing in again in another window the tokens on this page are no longer the session's.
function renewTokens() {
  const token = cookie("csrftoken");
  if (!token) return;
  for (const field of document.querySelectorAll("[name=csrfmiddlewaretoken]")) field.value = token;
}

window.addEventListener("focus", renewTokens);
document.addEventListener("htmx:configRequest", (event) => {
  say("");
  renewTokens();
  const token = cookie("csrftoken");
  if (token && event.detail.verb !== "get") event.detail.parameters.csrfmiddlewaretoken = token;
});

document.addEventListener("htmx:beforeSwap", (event) => {
  if (!isOurs(event)) return;
  const answered = new URL(event.detail.xhr.responseURL || form().action, window.location.href).pathname;
  if (answered === new URL(form().action).pathname) return;
  event.detail.shouldSwap = false;
  say(form().dataset.textSignedOut, true);
});

document.addEventListener("htmx:sendError", () => say(form()?.dataset.textOffline));
document.addEventListener("htmx:responseError", () => say(form()?.dataset.textFailed));
