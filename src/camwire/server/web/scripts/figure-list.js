/** A row of labelled figures. */

import { el, setText } from "./dom.js";

export class FigureList {
  /** @param {string[]} labels */
  constructor(labels) {
    this.values = labels.map(() => el("dd"));
    const pairs = labels.map((label, index) => el("div", {}, el("dt", {}, label), this.values[index]));
    this.root = el("dl", { class: "figures" }, ...pairs);
  }

  /** @param {string[]} texts */
  show(texts) {
    texts.forEach((text, index) => setText(this.values[index], text));
  }
}
