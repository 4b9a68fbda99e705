"use strict";
// Sorts a table by the column whose header is pressed; cells without a value stay last either way.
for (const table of document.querySelectorAll("table.sortable")) {
  const headers = [...table.tHead.rows[0].cells];
  headers.forEach((header, position) => {
    header.querySelector("button").addEventListener("click", () => {
      const { first, kind } = header.dataset;
      const second = first === "ascending" ? "descending" : "ascending";
      const order = header.getAttribute("aria-sort") === first ? second : first;
      headers.forEach((other) => other.removeAttribute("aria-sort"));
      header.setAttribute("aria-sort", order);
      const sign = order === "ascending" ? 1 : -1;
      const compare = (a, b) => {
        const [x, y] = [a, b].map((row) => row.cells[position].dataset.value);
        if (x === undefined || y === undefined) return (x === undefined) - (y === undefined);
        return sign * (kind === "number" ? Number(x) - Number(y) : x.localeCompare(y, "en"));
      };
      table.tBodies[0].append(...[...table.tBodies[0].rows].sort(compare));
    });
  });
}
// On paper everything is unfolded.
addEventListener("beforeprint", () => {
  for (const details of document.querySelectorAll("details")) details.open = true;
});
