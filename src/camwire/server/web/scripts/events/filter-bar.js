/** What is chosen of the events: a row of selections. */

import { el, setAttribute, setText } from "../dom.js";
import { NO_FILTER, SPANS } from "./filter.js";
import { KINDS, kindWords } from "./words.js";

/** @typedef {import("./filter.js").Filter} Filter */

/** Selections whose choices become known as events come. */
const LISTS = {
  camera: { label: "Camera", all: "All cameras" },
  rule: { label: "Rule", all: "All rules" },
  kind: { label: "What", all: "Everything" },
  class: { label: "Class", all: "All classes" },
};
/** Choices in a selection at most: names come from outside. */
const MOST = 500;

export class FilterBar {
  /** @type {Record<string, Map<string, string>>} value → words */
  #choices = {
    camera: new Map(),
    rule: new Map(),
    kind: new Map(Object.keys(KINDS).map((kind) => [kind, kindWords(kind)])),
    class: new Map(),
  };
  /** @type {Filter} */
  #filter = NO_FILTER;
  #onChange;

  /** @param {(filter: Filter) => void} onChange */
  constructor(onChange) {
    this.#onChange = onChange;
    this.selects = Object.fromEntries(Object.keys(LISTS).map((field) => [field, this.#select(field)]));
    this.span = el(
      "select",
      { class: "input", name: "span", onchange: () => this.#changed() },
      ...Object.entries(SPANS).map(([value, words]) => el("option", { value }, words)),
    );
    this.since = timeInput("since", () => this.#changed());
    this.until = timeInput("until", () => this.#changed());
    this.between = el("div", { class: "filter-between" }, field("From", this.since), field("Until", this.until));
    const reset = el("button", { class: "button", type: "reset" }, "Clear filters");
    this.root = el(
      "form",
      { class: "filters", "aria-label": "Filters", onsubmit: (event) => event.preventDefault(), onreset: () => this.clear() },
      ...Object.entries(LISTS).map(([name, { label }]) => field(label, this.selects[name])),
      field("When", this.span),
      this.between,
      reset,
    );
  }

  /** @param {Filter} filter */
  show(filter) {
    this.#filter = filter;
    for (const name of Object.keys(LISTS)) {
      if (filter[name] !== null) this.offer(name, [[filter[name], filter[name]]], false);
      this.selects[name].value = filter[name] ?? "";
    }
    this.span.value = filter.span;
    this.between.hidden = filter.span !== "between";
    this.since.value = localTime(filter.since);
    this.until.value = localTime(filter.until);
  }

  clear() {
    this.#onChange(NO_FILTER);
  }

  /**
   * Offer choices, besides those that are offered.
   * @param {string} name  of the selection
   * @param {Iterable<[string, string]>} choices  value and words
   * @param {boolean} [better]  whether these words replace others of the same value
   */
  offer(name, choices, better = true) {
    const known = this.#choices[name];
    let news = false;
    for (const [value, words] of choices) {
      if (known.get(value) === words || (known.has(value) ? !better : known.size >= MOST)) continue;
      known.set(value, words);
      news = true;
    }
    if (news) this.#fill(name);
  }

  /** What people call it. @param {string} name @param {string} value */
  words(name, value) {
    return this.#choices[name].get(value) ?? value;
  }

  /** @param {string} name */
  #select(name) {
    const select = el("select", { class: "input", name, onchange: () => this.#changed() });
    queueMicrotask(() => this.#fill(name));
    return select;
  }

  /** @param {string} name */
  #fill(name) {
    const select = this.selects[name];
    const chosen = this.#filter[name] ?? "";
    const offered = [["", LISTS[name].all], ...this.#choices[name]];
    while (select.options.length > offered.length) select.options[select.options.length - 1].remove();
    offered.forEach(([value, words], index) => {
      const option = select.options[index] ?? select.appendChild(el("option"));
      setAttribute(option, "value", value); // without one, the words would count as the value
      setText(option, words);
    });
    select.value = chosen;
  }

  #changed() {
    const chosen = Object.fromEntries(Object.keys(LISTS).map((name) => [name, this.selects[name].value || null]));
    const between = this.span.value === "between";
    this.#onChange({
      ...NO_FILTER,
      ...chosen,
      span: this.span.value,
      since: between ? utcSeconds(this.since.value) : null,
      until: between ? utcSeconds(this.until.value) : null,
    });
  }
}

/** @param {string} label @param {HTMLElement} control */
function field(label, control) {
  return el("label", { class: "field" }, el("span", {}, label), control);
}

/** @param {string} name @param {() => void} onChange */
function timeInput(name, onChange) {
  return el("input", { class: "input", type: "datetime-local", name, onchange: onChange });
}

/** As an input of local time has it. @param {number | null} seconds  UTC */
export function localTime(seconds) {
  if (seconds === null) return "";
  const time = new Date(seconds * 1000);
  const local = new Date(time.getTime() - time.getTimezoneOffset() * 60_000);
  return Number.isNaN(local.getTime()) ? "" : local.toISOString().slice(0, 16);
}

/** @param {string} text  of an input of local time */
export function utcSeconds(text) {
  const time = new Date(text).getTime();
  return Number.isNaN(time) ? null : time / 1000;
}
