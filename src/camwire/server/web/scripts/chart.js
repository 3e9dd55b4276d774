/** Small line charts on canvas. */

import { el, setText } from "./dom.js";

/**
 * @typedef {{x: number, y: number}} Point
 * @typedef {{values: number[], colour: string, width: number}} Line  `colour`: a CSS custom property's name
 */

/**
 * The end of the y axis: the least of 1, 2, 2.5, 5 × 10ⁿ, at least 1, that holds every value.
 * @param {number[]} values  NaNs are left out
 * @returns {number | null} null where there is nothing to draw
 */
export function axisEnd(values) {
  const most = values.reduce((high, value) => (value > high ? value : high), 0);
  if (most <= 0) return null;
  if (most < 1) return 1;
  const power = 10 ** Math.floor(Math.log10(most));
  return [1, 2, 2.5, 5, 10].map((step) => step * power).find((end) => end >= most) ?? 10 * power;
}

/**
 * Points of a line that ends at the right edge; a gap (NaN) begins a new run.
 * @param {number[]} values  oldest first
 * @param {number} capacity  values that fill the width
 * @param {number} end  the value at the top
 * @param {number} width  pixels
 * @param {number} height  pixels
 * @returns {Point[][]}
 */
export function linePoints(values, capacity, end, width, height) {
  const step = capacity > 1 ? width / (capacity - 1) : 0;
  const runs = [];
  let run = null;
  values.forEach((value, index) => {
    if (Number.isNaN(value)) {
      run = null;
      return;
    }
    if (run === null) runs.push((run = []));
    const y = height - (Math.min(Math.max(value, 0), end) / end) * height;
    run.push({ x: width - (values.length - 1 - index) * step, y });
  });
  return runs;
}

export class Chart {
  #context;

  /** @param {string} title  what it shows, for people */
  constructor(title) {
    this.canvas = el("canvas", { class: "chart-canvas", role: "img", "aria-label": title });
    this.top = el("span", { class: "chart-top", "aria-hidden": "true" });
    this.root = el("div", { class: "chart" }, this.canvas, this.top);
    this.#context = this.canvas.getContext("2d");
  }

  /**
   * @param {Line[]} lines  the first lies at the back
   * @param {number} capacity  values that fill the width
   * @param {(value: number) => string} inWords  for the label of the axis
   */
  draw(lines, capacity, inWords) {
    const ratio = window.devicePixelRatio;
    const { clientWidth, clientHeight } = this.canvas;
    if (clientWidth === 0) return;
    const width = Math.round(clientWidth * ratio);
    const height = Math.round(clientHeight * ratio);
    if (this.canvas.width !== width || this.canvas.height !== height) Object.assign(this.canvas, { width, height });
    const context = this.#context;
    const style = getComputedStyle(this.canvas);
    const end = axisEnd(lines.flatMap(({ values }) => values));
    setText(this.top, end === null ? "" : inWords(end));
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, clientWidth, clientHeight);
    context.lineJoin = "round";
    for (const line of end === null ? [] : lines) {
      context.strokeStyle = style.getPropertyValue(line.colour);
      context.lineWidth = line.width;
      context.beginPath();
      // A pixel of room keeps the line's thickness inside at the top and at the bottom.
      for (const run of linePoints(line.values, capacity, end, clientWidth, clientHeight - 2)) {
        run.forEach(({ x, y }, index) => (index === 0 ? context.moveTo(x, y + 1) : context.lineTo(x, y + 1)));
      }
      context.stroke();
    }
  }
}
