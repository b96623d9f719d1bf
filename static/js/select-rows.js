// Rows ticked for one step together: tick all of a page, and see how many are ticked.
for (const form of document.querySelectorAll("[data-select-rows]")) {
  const all = form.querySelector("[data-select-all]");
  const said = form.querySelector("[data-selected]");
  const rows = [...form.querySelectorAll("tbody input[type=checkbox]")];

  function count() {
    const ticked = rows.filter((row) => row.checked).length;
    all.checked = ticked === rows.length;
    all.indeterminate = ticked > 0 && ticked < rows.length;
    said.textContent = said.dataset.text.replace("%s", ticked);
  }

  all.hidden = false;
  all.addEventListener("change", () => {
    for (const row of rows) row.checked = all.checked;
    count();
  });
  for (const row of rows) row.addEventListener("change", count);
  count();
}
