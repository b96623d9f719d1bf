// A menu of choices says what is ticked in it while it is closed.
document.addEventListener("change", (event) => {
  const menu = event.target.closest?.("[data-check-menu]");
  if (!menu) return;
  const ticked = [...menu.querySelectorAll("input:checked")];
  const { textAll, textSeveral } = menu.dataset;
  let said = textAll;
  if (ticked.length === 1) said = ticked[0].closest("label").textContent.trim();
  if (ticked.length > 1) said = textSeveral.replace("{n}", ticked.length);
  menu.querySelector("[data-chosen]").textContent = said;
});
