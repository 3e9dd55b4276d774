/** How much of something is used: words, a bar, and the last minutes where they are wanted. */

import { Chart } from "../chart.js";
import { el, setAttribute, setText } from "../dom.js";
import { History } from "../history.js";

/** Readings in a chart. */
export const READINGS = 120;

export class Gauge {
  #history = new History(READINGS);

  /**
   * @param {string} label
   * @param {{charted?: boolean}} [options]
   */
  constructor(label, { charted = false } = {}) {
    this.label = label;
    this.value = el("strong", { class: "gauge-value" });
    this.detail = el("span", { class: "gauge-detail" });
    this.bar = el("div", { class: "gauge-bar", role: "meter", "aria-label": label, "aria-valuemin": "0", "aria-valuemax": "100" });
    this.chart = charted ? new Chart(`${label} over the last minutes`) : null;
    this.root = el(
      "div",
      { class: "gauge" },
      el("div", { class: "gauge-head" }, el("span", { class: "gauge-label" }, label), this.value, this.detail),
      this.bar,
      ...(this.chart ? [this.chart.root] : []),
    );
  }

  /**
   * @param {number | null} percent  null where it is not known
   * @param {string} words
   * @param {string} [detail]
   */
  show(percent, words, detail = "") {
    const known = Number.isFinite(percent);
    const share = known ? Math.min(Math.max(percent, 0), 100) : 0;
    setText(this.value, known ? words : "not told");
    setText(this.detail, detail);
    this.bar.hidden = !known;
    this.bar.style.setProperty("--share", String(share / 100));
    setAttribute(this.bar, "aria-valuenow", String(Math.round(share)));
    setAttribute(this.bar, "aria-valuetext", `${words} ${detail}`.trim());
    this.root.toggleAttribute("data-full", share >= 90);
    this.#history.push(known ? share : NaN);
    this.chart?.draw([{ values: this.#history.values(), colour: "--chart-front", width: 2 }], READINGS, (value) => `${Math.round(value)} %`);
  }
}
