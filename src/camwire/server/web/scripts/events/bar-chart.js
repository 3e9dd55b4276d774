/** Bars of counts, with the same as a table for those who would rather read. */

import { el, setText } from "../dom.js";
import * as format from "../format.js";
import { fillTable, table } from "../table.js";
import { bars, barWords, counted, summary } from "./bars.js";

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

  /**
   * @param {{time: number, number: number}[]} counts
   * @param {import("./bars.js").Length} by
   * @param {number | null} since  UTC seconds
   * @param {number} until  UTC seconds
   */
  begin(counts, by, since, until) {
    this.#bars = bars(counts, by, since, until);
    this.#by = by;
  }

  /** An event has come. @param {number} time  UTC seconds */
  count(time) {
    this.#bars = counted(this.#bars, this.#by, time);
  }

  show() {
    const [shown, by] = [this.#bars, this.#by];
    const most = Math.max(1, ...shown.map(({ number }) => number));
    while (this.strip.childElementCount > shown.length) this.strip.lastElementChild.remove();
    shown.forEach((bar, index) => {
      const node = this.strip.children[index] ?? this.strip.appendChild(el("span", { class: "bar" }));
      node.style.setProperty("--share", String(bar.number / most));
      node.title = `${barWords(bar, by)}: ${format.count(bar.number)}`;
    });
    setText(this.words, summary(shown, by));
    setText(this.first, shown.length > 0 ? barWords(shown[0], by) : "");
    setText(this.last, shown.length > 1 ? barWords(shown.at(-1), by) : "");
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
