// Keys on the page of a file: each link says in aria-keyshortcuts which keys follow it.
const links = [...document.querySelectorAll("a[aria-keyshortcuts]")];

function linkOf(key) {
  const wanted = key.toLowerCase();
  return links.find((link) => link.getAttribute("aria-keyshortcuts").toLowerCase().split(" ").includes(wanted));
}

// Keys of a field are typed into it, and arrows move what scrolls.
function isTaken(event) {
  if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey) return true;
  const field = "input, textarea, select, [contenteditable], [popover], dialog";
  return event.target.closest(event.key.startsWith("Arrow") ? `${field}, [role=region]` : field) !== null;
}

document.addEventListener("keydown", (event) => {
  const link = isTaken(event) ? null : linkOf(event.key);
  if (!link) return;
  event.preventDefault();
  link.click();
});

for (const help of document.querySelectorAll("[data-keys]")) help.hidden = false;

// The list scrolls in its frame; the page stays where it is.
const current = document.querySelector(".walk [aria-current]");
if (current) {
  const list = current.closest(".walk");
  list.scrollTop = current.offsetTop - (list.clientHeight - current.offsetHeight) / 2;
}
