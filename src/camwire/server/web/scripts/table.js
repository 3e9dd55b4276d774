/** Plain tables whose rows change once a second. */

import { el, setText } from "./dom.js";

/**
 * @param {string} caption
 * @param {string[]} heads
 */
export function table(caption, heads) {
  return el(
    "table",
    { class: "table" },
    el("caption", {}, caption),
    el("thead", {}, el("tr", {}, ...heads.map((head) => el("th", { scope: "col" }, head)))),
    el("tbody"),
  );
}

/**
 * Show rows, reusing the cells that are there. A row's first cell is its head.
 * @param {HTMLTableElement} node
 * @param {string[][]} rows
 */
export function fillTable(node, rows) {
  const body = node.tBodies[0];
  while (body.rows.length > rows.length) body.lastElementChild.remove();
  rows.forEach((texts, index) => {
    const row = body.rows[index] ?? body.appendChild(emptyRow(texts.length));
    texts.forEach((text, column) => setText(row.cells[column], text));
  });
  node.hidden = rows.length === 0;
}

/** @param {number} cells */
function emptyRow(cells) {
  return el("tr", {}, el("th", { scope: "row" }), ...Array.from({ length: cells - 1 }, () => el("td")));
}
