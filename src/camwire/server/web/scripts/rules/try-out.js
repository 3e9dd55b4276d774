/** What the rules, as they are now, would have counted in the last minute. */

import { ApiError } from "../api.js";
import { el, icon } from "../dom.js";
import * as format from "../format.js";

const SECONDS = 60;

export class TryOut {
  #api;

  /** @param {import("../api.js").Api} api */
  constructor(api) {
    this.#api = api;
    this.content = el("div");
    const close = { class: "icon-button", type: "button", "aria-label": "Close", onclick: () => this.hide() };
    this.root = el(
      "section",
      { class: "try-out card", "aria-label": "Tried on the last minute", role: "status", hidden: true },
      el(
        "header",
        { class: "card-head" },
        el("h3", {}, "Tried on the last minute"),
        el("button", close, icon("close")),
      ),
      this.content,
    );
  }

  hide() {
    this.root.hidden = true;
  }

  /** @param {import("./settings.js").Settings[]} rules @param {string} camera */
  async run(rules, camera) {
    this.root.hidden = false;
    this.content.replaceChildren(el("p", { class: "note" }, "Counting…"));
    try {
      const answer = await this.#api.post("rules/dry-run", { rules, camera, seconds: SECONDS });
      this.content.replaceChildren(...result(answer, rules));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.content.replaceChildren(el("p", { class: "mistakes" }, error.words));
    }
  }
}

/** @param {{counts: Record<string, Record<string, Record<string, number>>>, since: number, until: number,
 *   frames: number, events: any[]}} answer @param {import("./settings.js").Settings[]} rules */
function result({ counts, since, until, frames, events }, rules) {
  const rows = rules.map(({ name }) => {
    const counted = Object.entries(counts[name] ?? {}).map(([what, classes]) => {
      const parts = Object.entries(classes).map(([of, number]) => `${format.count(number)} ${format.words(of)}`);
      return `${format.words(what)}: ${parts.join(", ") || "0"}`;
    });
    return el("li", {}, el("strong", {}, name), " ", counted.join(" · ") || "nothing counted");
  });
  const time = format.duration(Math.max(0, until - since));
  const over = `${format.count(frames)} pictures of ${time}, ${format.count(events.length)} events.`;
  return [el("ul", { class: "try-rows" }, ...rows), el("p", { class: "note" }, over)];
}
