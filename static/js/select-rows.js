// Rows ticked for one step together: tick all of a page, and see how many are ticked.
const formOf = (event) => event.target.closest?.("[data-select-rows]");
const rowsOf = (form) => [...form.querySelectorAll("tbody input[type=checkbox]")];

function count(form) {
  const rows = rowsOf(form);
  const ticked = rows.filter((row) => row.checked).length;
  const all = form.querySelector("[data-select-all]");
  const said = form.querySelector("[data-selected]");
  all.hidden = false;
  all.checked = ticked === rows.length;
  all.indeterminate = ticked > 0 && ticked < rows.length;
  said.textContent = said.dataset.text.replace("{n}", ticked);
}

function countAll() {
  for (const form of document.querySelectorAll("[data-select-rows]")) count(form);
}

document.addEventListener("change", (event) => {
  const form = formOf(event);
  if (!form) return;
  if (event.target.matches("[data-select-all]")) for (const row of rowsOf(form)) row.checked = event.target.checked;
  count(form);
});
// A filter brings new rows.
document.addEventListener("htmx:afterSettle", countAll);
countAll();
