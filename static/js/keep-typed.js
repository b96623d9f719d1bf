// A form that saves in the background: says so when it could not be saved, and leaves what was typed alone.
const form = () => document.querySelector("[data-keep-typed]");
const isOurs = (event) => event.detail.elt === form();
const cookie = (name) => document.cookie.split("; ").find((part) => part.startsWith(`${name}=`))?.slice(name.length + 1);

function say(text, signIn) {
  const place = form().querySelector("[data-save-error]");
  place.textContent = text;
  if (!signIn) return;
  const link = Object.assign(document.createElement("a"), {
    href: form().dataset.signIn,
    target: "_blank",
    textContent: form().dataset.textSignIn,
  });
  place.append(" ", link);
}

// After signing in again in another window the token on this page is no longer the session's.
document.addEventListener("htmx:configRequest", (event) => {
  if (!isOurs(event)) return;
  say("");
  const token = cookie("csrftoken");
  if (token) event.detail.parameters.csrfmiddlewaretoken = token;
});

document.addEventListener("htmx:beforeSwap", (event) => {
  if (!isOurs(event)) return;
  const answered = new URL(event.detail.xhr.responseURL || form().action, window.location.href).pathname;
  if (answered === new URL(form().action).pathname) return;
  event.detail.shouldSwap = false;
  say(form().dataset.textSignedOut, true);
});

document.addEventListener("htmx:sendError", (event) => isOurs(event) && say(form().dataset.textOffline));
document.addEventListener("htmx:responseError", (event) => isOurs(event) && say(form().dataset.textFailed));
