/** The rules of the chosen camera, with what they have counted. */

import { el, icon, reconcile, setAttribute, setText } from "../dom.js";
import * as format from "../format.js";
import { KINDS } from "./kinds.js";

export class RuleList {
  /** @type {Map<number, RuleRow>} */
  #rows = new Map();
  #onSelect;

  /** @param {(key: number) => void} onSelect */
  constructor(onSelect) {
    this.#onSelect = onSelect;
    this.list = el("ul", { class: "rule-list" });
    this.empty = el(
      "p",
      { class: "rules-empty" },
      "No rules for this camera yet. Draw a zone or a line to count who comes and goes.",
    );
    this.root = el("section", { "aria-label": "Rules" }, this.list, this.empty);
  }

  /**
   * @param {import("./document.js").Rule[]} rules
   * @param {number | null} selected
   * @param {Map<number, string[]>} mistakes  by key
   */
  show(rules, selected, mistakes) {
    const keys = rules.map(({ key }) => key);
    reconcile(this.list, this.#rows, keys, (key) => new RuleRow(() => this.#onSelect(key)));
    for (const { key, settings } of rules) this.#rows.get(key).show(settings, key === selected, mistakes.has(key));
    this.empty.hidden = rules.length > 0;
  }

  /** @param {import("./document.js").Rule[]} rules @param {Map<string, Map<string, number>>} counts  by name */
  showCounts(rules, counts) {
    for (const { key, settings } of rules) this.#rows.get(key)?.showCounts(counts.get(settings.name));
  }
}

class RuleRow {
  /** @param {() => void} onSelect */
  constructor(onSelect) {
    this.colour = el("span", { class: "rule-colour" });
    this.name = el("span", { class: "rule-name" });
    this.kind = el("span", { class: "rule-kind" });
    this.counts = el("span", { class: "rule-counts" });
    this.wrong = el("span", { class: "badge", "data-tone": "bad" }, icon("lost"), "Needs correction");
    this.button = el(
      "button",
      { class: "rule-row", type: "button", onclick: onSelect },
      this.colour,
      this.name,
      this.kind,
      this.counts,
      this.wrong,
    );
    this.root = el("li", {}, this.button);
  }

  /** @param {import("./settings.js").Settings} settings @param {boolean} selected @param {boolean} wrong */
  show(settings, selected, wrong) {
    setText(this.name, settings.name === "" ? "(no name)" : settings.name);
    const { title } = KINDS[settings.type];
    setText(this.kind, settings.enabled === false ? `${title} · off` : title);
    this.colour.style.setProperty("--swatch", settings.colour ?? "#ffb000");
    setAttribute(this.button, "aria-pressed", String(selected));
    this.root.dataset.name = settings.name;
    this.wrong.hidden = !wrong;
  }

  /** @param {Map<string, number> | undefined} counts */
  showCounts(counts) {
    const words = [...(counts ?? [])].map(([what, number]) => `${format.words(what)} ${format.count(number)}`);
    setText(this.counts, words.join(" · "));
  }
}
