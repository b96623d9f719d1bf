// Shows the percentage of a numerator and a denominator while one types. The server computes the one that counts.
const HALF_WIDTH = { "，": ",", "．": ".", "　": " " };

function parse(text) {
  const plain = text
    .replace(/[０-９]/g, (digit) => String.fromCharCode(digit.charCodeAt(0) - 0xfee0))
    .replace(/[，．　]/g, (mark) => HALF_WIDTH[mark])
    .trim();
  if (!/^(\d{1,3}(,\d{3})+|\d+)(\.\d{0,2}0*)?$/.test(plain)) return null;
  return Number(plain.replaceAll(",", ""));
}

function result(box) {
  const [numerator, denominator] = [...box.querySelectorAll("input[type=text]")].map((input) => parse(input.value));
  if (numerator === null || denominator === null) return "–";
  if (denominator === 0) return box.dataset.textZero;
  if (numerator > denominator) return box.dataset.textOver;
  // Half up on the exact hundredths, as the server rounds.
  const [above, below] = [numerator, denominator].map((number) => BigInt(Math.round(number * 100)));
  const tenths = (above * 2000n + below) / (2n * below);
  return `${tenths / 10n}.${tenths % 10n}%`;
}

function show(box) {
  box.querySelector("[data-ratio-result]").textContent = result(box);
}

document.addEventListener("input", (event) => {
  const box = event.target.closest("[data-ratio]");
  if (box) show(box);
});
document.querySelectorAll("[data-ratio]").forEach(show);
