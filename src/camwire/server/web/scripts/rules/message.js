/** The line under the picture: what to do next, why something can't be done, what came of saving. */

import { el, icon, setText } from "../dom.js";
import { hint, objection } from "./drawing.js";

/** So long stands there why something was refused. */
const REFUSED_MS = 4_000;

/** @typedef {"idle" | "busy" | "good" | "refused" | "bad"} Tone */

export class Message {
  #refusedUntil = -Infinity;

  constructor() {
    this.sign = icon("notice");
    this.words = el("span");
    this.root = el("p", { class: "rules-message", role: "status" }, this.sign, this.words);
    this.say("", "idle");
  }

  /** @param {string} words @param {Tone} tone */
  say(words, tone) {
    this.root.dataset.tone = tone;
    this.sign.classList.toggle("hidden", words === "");
    setText(this.words, words);
  }

  /** @param {string} words  why something can't be done */
  refuse(words) {
    this.#refusedUntil = performance.now() + REFUSED_MS;
    this.say(words, "refused");
  }

  /**
   * What to do next while something is drawn, or what keeps it from being done.
   * @param {import("./drawing.js").Drawing | null} drawing
   */
  guide(drawing) {
    const { tone } = this.root.dataset;
    if (tone === "refused" && performance.now() < this.#refusedUntil) return;
    const no = drawing === null ? null : objection(drawing);
    if (no !== null) this.say(no, "refused");
    else if (drawing !== null) this.say(hint(drawing), "busy");
    else if (tone === "busy" || tone === "refused") this.say("", "idle");
  }
}
