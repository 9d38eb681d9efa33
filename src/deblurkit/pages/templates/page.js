"use strict";
document.documentElement.classList.add("js");

const say = (stage) => {
  const range = stage.querySelector("input");
  const version = stage.querySelector(".left.chosen").dataset.version;
  const share = Math.round(Number(range.value));
  stage.style.setProperty("--split", `${range.value}%`);
  range.setAttribute("aria-valuetext", `${share} percent ${version}, ${100 - share} percent restored`);
};

const choose = (version) => {
  for (const stage of document.querySelectorAll(".stage")) {
    const lefts = [...stage.querySelectorAll(".left")];
    const chosen = lefts.find((shot) => shot.dataset.version === version) ?? lefts[0];
    for (const shot of lefts) shot.classList.toggle("chosen", shot === chosen);
    say(stage);
  }
};

for (const stage of document.querySelectorAll(".stage")) {
  stage.querySelector("input").addEventListener("input", () => say(stage));
}
for (const radio of document.querySelectorAll(".chooser input")) {
  radio.addEventListener("change", () => choose(radio.value));
}
choose(document.querySelector(".chooser input:checked")?.value);

// Numbers by size, names by letters; what is no number comes last either way.
const before = (one, other, up) => {
  const [a, b] = [Number(one), Number(other)];
  if (Number.isNaN(a) && Number.isNaN(b)) return up * one.localeCompare(other, undefined, { numeric: true });
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) ? 1 : -1;
  return up * (a === b ? 0 : a < b ? -1 : 1);
};

for (const table of document.querySelectorAll(".sortable")) {
  const heads = [...table.tHead.rows[0].cells];
  const body = table.tBodies[0];
  heads.forEach((head, column) => head.querySelector("button").addEventListener("click", () => {
    const usual = column ? "descending" : "ascending";
    const turned = usual === "ascending" ? "descending" : "ascending";
    const order = head.getAttribute("aria-sort") === usual ? turned : usual;
    for (const other of heads) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", order);
    const up = order === "ascending" ? 1 : -1;
    const rows = [...body.rows];
    rows.sort((a, b) => before(a.cells[column].dataset.value, b.cells[column].dataset.value, up));
    body.append(...rows);
  }));
}
