// Closes an open menu on Escape or a click elsewhere, and puts Ctrl-K to the search box.
const menus = () => document.querySelectorAll("[data-menu][open]");

document.addEventListener("click", (event) => {
  for (const menu of menus()) if (!menu.contains(event.target)) menu.open = false;
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    for (const menu of menus()) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  }
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
    const box = document.querySelector("[data-search-box]");
    if (box?.offsetParent) {
      event.preventDefault();
      box.select();
    }
  }
});
