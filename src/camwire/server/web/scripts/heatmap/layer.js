/** A heat map over one camera's picture, with what its colours mean. */

import { el, setText } from "../dom.js";
import * as format from "../format.js";
import { colour, heatPixels, valueAt } from "./colours.js";

/** Pixels that the cells are smoothed to; the browser scales these to the picture. */
const WIDTH = 480;
const LEGEND_STEPS = 32;

export class HeatmapLayer {
  /**
   * @param {string} camera  its name
   * @param {(rule: string) => void} onRule  another of several heat maps is wanted
   */
  constructor(camera, onRule) {
    this.canvas = el("canvas", { class: "heat-canvas", role: "img", "aria-label": `Heat map of ${camera}` });
    this.rules = el("select", { class: "input", "aria-label": "Heat map", onchange: () => onRule(this.rules.value) });
    this.opacity = el("input", {
      type: "range", min: "10", max: "100", step: "5", value: "80", oninput: () => this.#fade(),
    });
    this.scale = el("canvas", { class: "heat-scale", width: String(LEGEND_STEPS), height: "1", "aria-hidden": "true" });
    this.middle = el("span");
    this.most = el("span");
    this.words = el("p", { class: "heat-words", role: "status" });
    this.legend = el(
      "div",
      { class: "heat-legend", role: "group", "aria-label": `Heat map of ${camera}` },
      this.rules,
      this.words,
      this.scale,
      el("div", { class: "heat-ticks" }, el("span", {}, "0 s"), this.middle, this.most),
      el("label", { class: "heat-opacity" }, el("span", {}, "Opacity"), this.opacity),
    );
    this.#drawScale();
    this.#fade();
  }

  /** @param {string[]} rules @param {string} chosen */
  offer(rules, chosen) {
    this.rules.replaceChildren(...rules.map((rule) => el("option", { value: rule }, rule)));
    this.rules.value = chosen;
    this.rules.hidden = rules.length < 2;
  }

  /**
   * @param {{rows: number, columns: number, values: number[][]}} map  seconds by cell
   * @param {{width: number, height: number}} picture  of which it is; only the aspect counts
   */
  show({ rows, columns, values }, picture) {
    const { pixels, most } = heatPixels(values);
    const aspect = picture.width > 0 ? picture.height / picture.width : rows / columns;
    const height = Math.max(1, Math.round(WIDTH * aspect));
    if (this.canvas.width !== WIDTH || this.canvas.height !== height) Object.assign(this.canvas, { width: WIDTH, height });
    const cells = new OffscreenCanvas(columns, rows);
    cells.getContext("2d").putImageData(new ImageData(pixels, columns, rows), 0, 0);
    const context = this.canvas.getContext("2d");
    context.clearRect(0, 0, WIDTH, height);
    context.imageSmoothingQuality = "high";
    context.drawImage(cells, 0, 0, WIDTH, height);
    setText(this.words, most > 0 ? "Time spent" : "Nobody has been seen yet");
    setText(this.middle, most > 0 ? format.duration(valueAt(0.5, most)) : "");
    setText(this.most, most > 0 ? `${format.duration(most)} or more` : "");
  }

  /** What is wrong, in place of a map. @param {string} words */
  fail(words) {
    setText(this.words, words);
  }

  #fade() {
    this.canvas.style.opacity = String(this.opacity.value / 100);
  }

  #drawScale() {
    const context = this.scale.getContext("2d");
    for (let step = 0; step < LEGEND_STEPS; step++) {
      context.fillStyle = `rgb(${colour(step / (LEGEND_STEPS - 1)).join(" ")})`;
      context.fillRect(step, 0, 1, 1);
    }
  }
}
