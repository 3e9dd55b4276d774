/** The server's parts that can be in trouble while all else goes on. */

import { el, icon, reconcile, setIcon, setText } from "../dom.js";

/** @typedef {{name: string, problem: string | null}} Part */

/** @type {Record<string, {title: string, help: string}>} */
const WORDS = {
  configuration: {
    title: "Configuration",
    help: "What ran before goes on. Correct the file; it is followed at once.",
  },
  events: {
    title: "Keeping of events",
    help: "Workers remember the newest and hand them over once they can be kept again.",
  },
  media: { title: "Pictures and videos of events", help: "Events go on without them." },
};

export class PartList {
  /** @type {Map<string, PartRow>} */
  #rows = new Map();

  constructor() {
    this.list = el("ul", { class: "parts" });
    this.root = el("section", { class: "card" }, this.list);
  }

  /** @param {Part[]} parts */
  show(parts) {
    const names = parts.map(({ name }) => name);
    reconcile(this.list, this.#rows, names, () => new PartRow());
    for (const part of parts) this.#rows.get(part.name).show(part);
  }
}

class PartRow {
  constructor() {
    this.name = el("span", { class: "part-name" });
    this.badgeIcon = icon("live");
    this.badgeText = el("span");
    this.problem = el("p", { class: "part-problem" });
    const badge = el("span", { class: "badge" }, this.badgeIcon, this.badgeText);
    this.root = el("li", {}, this.name, badge, this.problem);
  }

  /** @param {Part} part */
  show({ name, problem }) {
    const { title, help } = WORDS[name] ?? { title: name, help: "" };
    setText(this.name, title);
    this.root.dataset.tone = problem === null ? "good" : "bad";
    setIcon(this.badgeIcon, problem === null ? "live" : "lost");
    setText(this.badgeText, problem === null ? "Well" : "In trouble");
    setText(this.problem, problem === null ? "" : `${problem.replace(/[.?!]?$/, (end) => end || ".")} ${help}`);
    this.problem.hidden = problem === null;
  }
}
