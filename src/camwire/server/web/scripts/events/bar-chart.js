/** Bars of counts, with the same as a table for those who would rather read. */

import { el, setText } from "../dom.js";
import * as format from "../format.js";
import { fillTable, table } from "../table.js";
import { barWords, summary } from "./bars.js";

export class BarChart {
  /** @type {import("./bars.js").Bar[]} */
  #bars = [];
  #by = "hour";

  /** @param {HTMLElement} [more]  stands beside the table's switch */
  constructor(more) {
    this.words = el("p", { class: "bars-words" });
    this.strip = el("div", { class: "bars", "aria-hidden": "true" });
    this.first = el("span");
    this.last = el("span");
    this.table = table("Events counted", ["From", "Events"]);
    this.details = el(
      "details",
      { class: "more", ontoggle: () => this.#showTable() },
      el("summary", {}, "As a table"),
      el("div", { class: "bars-table" }, this.table),
    );
    this.root = el(
      "section",
      { class: "card bars-card", "aria-label": "Counts" },
      el("header", { class: "bars-head" }, this.words, ...(more ? [more] : [])),
      this.strip,
      el("div", { class: "bars-axis", "aria-hidden": "true" }, this.first, this.last),
      this.details,
    );
  }

  /** @param {import("./bars.js").Bar[]} bars  oldest first @param {import("./bars.js").Length} by */
  show(bars, by) {
    this.#bars = bars;
    this.#by = by;
    const most = Math.max(1, ...bars.map(({ number }) => number));
    while (this.strip.childElementCount > bars.length) this.strip.lastElementChild.remove();
    bars.forEach((bar, index) => {
      const node = this.strip.children[index] ?? this.strip.appendChild(el("span", { class: "bar" }));
      node.style.setProperty("--share", String(bar.number / most));
      node.title = `${barWords(bar, by)}: ${format.count(bar.number)}`;
    });
    setText(this.words, summary(bars, by));
    setText(this.first, bars.length > 0 ? barWords(bars[0], by) : "");
    setText(this.last, bars.length > 1 ? barWords(bars.at(-1), by) : "");
    this.#showTable();
  }

  #showTable() {
    if (!this.details.open) return;
    const rows = this.#bars.filter(({ number }) => number > 0).reverse();
    fillTable(
      this.table,
      rows.map((bar) => [barWords(bar, this.#by), format.count(bar.number)]),
    );
  }
}
