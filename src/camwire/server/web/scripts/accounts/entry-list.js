/** Names with a role, a form to add one, and what the server says against it. */

import { ApiError } from "../api.js";
import { el, setText } from "../dom.js";
import { roleSelect } from "./role-select.js";

/**
 * @typedef {{name: string, role: string, created: number}} Entry
 * @typedef {{
 *   title: string, add: string, more: HTMLElement[], load: () => Promise<Entry[]>,
 *   make: (entry: {name: string, role: string}) => Promise<HTMLElement | null>,
 *   controls: (entry: Entry) => HTMLElement[]
 * }} EntryListOptions  `more`: further fields of the form; `make` may return something to be shown
 */

export class EntryList {
  #options;

  /** @param {EntryListOptions} options */
  constructor(options) {
    this.#options = options;
    this.rows = el("tbody");
    this.mistake = el("p", { class: "mistake", role: "alert" });
    this.made = el("div", { role: "status" });
    this.name = el("input", { class: "input", name: "name", required: true, maxlength: "64", autocomplete: "off", autocapitalize: "none", spellcheck: "false" });
    this.role = roleSelect();
    const head = ["Name", "Since", "Role and more"].map((words) => el("th", { scope: "col" }, words));
    this.table = el(
      "table",
      { class: "table stacked" },
      el("caption", { class: "unseen" }, options.title),
      el("thead", {}, el("tr", {}, ...head)),
      this.rows,
    );
    this.form = el(
      "form",
      { class: "account-form", onsubmit: (event) => this.#add(event) },
      el("label", { class: "field" }, el("span", {}, "Name"), this.name),
      ...options.more,
      el("label", { class: "field" }, el("span", {}, "Role"), this.role),
      el("button", { class: "button primary", type: "submit" }, options.add),
      this.mistake,
    );
    this.root = el("section", { class: "card" }, this.table, this.form, this.made);
  }

  /** Show what there is. */
  load() {
    return this.attempt(() => null);
  }

  /** Do something and show what there is then, or why it can't be done. @param {() => any} act */
  async attempt(act) {
    setText(this.mistake, "");
    try {
      await act();
      this.#show(await this.#options.load());
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      setText(this.mistake, error.words);
    }
  }

  /** @param {SubmitEvent} event */
  async #add(event) {
    event.preventDefault();
    this.made.replaceChildren();
    await this.attempt(async () => {
      const made = await this.#options.make({ name: this.name.value, role: this.role.value });
      this.form.reset();
      if (made !== null) this.made.replaceChildren(made);
    });
  }

  /** @param {Entry[]} entries */
  #show(entries) {
    this.table.hidden = entries.length === 0;
    this.rows.replaceChildren(
      ...entries.map((entry) =>
        el(
          "tr",
          {},
          el("th", { scope: "row" }, entry.name),
          el("td", {}, new Date(entry.created * 1000).toLocaleDateString("en-GB", { dateStyle: "medium" })),
          el("td", {}, el("div", { class: "page-actions" }, ...this.#options.controls(entry))),
        ),
      ),
    );
  }
}
