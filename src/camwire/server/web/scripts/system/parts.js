/** The server's parts that can be in trouble while all else goes on. */

import { el, icon, reconcile, setIcon, setText } from "../dom.js";
import { count, duration } from "../format.js";

/**
 * @typedef {{
 *   name: string, problem: string | null, sink?: string | null, since?: number | null, waiting?: number | null
 * }} Part  `since`: UTC in seconds
 */

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

  /** @param {Part[]} parts @param {number} now  UTC in seconds */
  show(parts, now) {
    reconcile(this.list, this.#rows, parts.map(keyOf), () => new PartRow());
    for (const part of parts) this.#rows.get(keyOf(part)).show(part, now);
  }
}

/** @param {Part} part */
function keyOf({ name, sink }) {
  return sink ? `${name} ${sink}` : name;
}

/** @param {Part} part @param {number} now @returns {{title: string, help: string}} */
function wordsFor({ name, sink, since, waiting }, now) {
  if (name !== "sink") return WORDS[name] ?? { title: name, help: "" };
  const lasting = since ? `This has been so for ${duration(Math.max(0, now - since))}. ` : "";
  const queue = waiting === 1 ? "1 event waits" : `${count(waiting ?? 0)} events wait`;
  return {
    title: `Sending events to “${sink}”`,
    help: `${lasting}${waiting ? `${queue} for it, on the disk; the` : "The"} other sinks go on.`,
  };
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

  /** @param {Part} part @param {number} now  UTC in seconds */
  show(part, now) {
    const { problem } = part;
    const { title, help } = wordsFor(part, now);
    setText(this.name, title);
    this.root.dataset.tone = problem === null ? "good" : "bad";
    setIcon(this.badgeIcon, problem === null ? "live" : "lost");
    setText(this.badgeText, problem === null ? "Well" : "In trouble");
    setText(this.problem, problem === null ? "" : `${problem.replace(/[.?!]?$/, (end) => end || ".")} ${help}`);
    this.problem.hidden = problem === null;
  }
}
