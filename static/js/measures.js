// The fields of a planned measure show where the answer leaves a gap, and stay where something is written in them.
function leavesGap(box) {
  const chosen = box.closest(".requirement").querySelector("input[type=radio]:checked")?.value;
  if (chosen === undefined || chosen === "yes") return false;
  return chosen === "no" || Number(chosen) < Number(box.dataset.measure);
}

function show(box) {
  const isWritten = [...box.querySelectorAll("input, textarea")].some((field) => field.value);
  box.hidden = !leavesGap(box) && !isWritten;
}

document.addEventListener("input", (event) => {
  if (event.target.type !== "radio") return;
  const box = event.target.closest(".requirement")?.querySelector("[data-measure]");
  if (box) show(box);
});
document.querySelectorAll("[data-measure]").forEach(show);
