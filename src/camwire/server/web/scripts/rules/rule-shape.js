/** One rule as it lies over the picture: its shape in its colour, its name, and what it counted. */

import { setText } from "../dom.js";
import { middle, rightOf, topmost } from "./geometry.js";
import { list, set, svg } from "./svg.js";

/** Length of the arrow that shows which way over a line is in, in pixels of the screen. */
const ARROW = 34;

/**
 * @typedef {import("./geometry.js").Point} Point
 * @typedef {{points: Point[], kind: import("./kinds.js").Kind, colour: string, name: string, selected: boolean,
 *   enabled: boolean}} Look  `points`: in pixels of the screen
 */

export class RuleShape {
  #kind = null;

  /** @param {number} key */
  constructor(key) {
    this.label = svg("text", { class: "shape-name" });
    this.body = svg("g");
    this.root = svg("g", { class: "shape", "data-rule": key }, this.body, this.label);
  }

  /** @param {Look} look */
  show(look) {
    if (this.#kind !== look.kind) this.#build(look.kind);
    this.root.classList.toggle("selected", look.selected);
    this.root.classList.toggle("off", !look.enabled);
    set(this.root, { color: look.colour });
    setText(this.label, look.points.length > 0 ? look.name : "");
    if (look.points.length === 0) {
      this.body.replaceChildren();
      this.#kind = null;
      return;
    }
    const points = list(look.points);
    for (const node of this.body.querySelectorAll("[data-part=outline]")) set(node, { points });
    const [x, y] = topmost(look.points);
    const above = look.kind === "speed" ? 28 : 10; // Its points have numbers.
    set(this.label, { x: Math.max(4, x), y: Math.max(16, y - above) });
    if (look.kind === "line") this.#pointIn(look.points);
    if (look.kind === "direction") this.#pointAlong(look.points);
  }

  /** @param {import("./kinds.js").Kind} kind */
  #build(kind) {
    this.#kind = kind;
    const shape = kind === "zone" || kind === "speed" ? "polygon" : "polyline";
    const parts = [
      svg(shape, { class: "shape-halo", "data-part": "outline" }),
      svg(shape, { class: kind === "zone" ? "shape-line filled" : "shape-line", "data-part": "outline" }),
      svg(shape, { class: "shape-target", "data-part": "outline" }),
    ];
    if (kind === "speed") parts[1].classList.add("dashed");
    if (kind === "line" || kind === "direction") {
      this.arrowHalo = svg("path", { class: "shape-halo" });
      this.arrow = svg("path", { class: "shape-line" });
      parts.splice(2, 0, this.arrowHalo, this.arrow);
    }
    if (kind === "line") {
      this.inward = svg("text", { class: "shape-in" }, "in");
      parts.push(this.inward);
    }
    this.body.replaceChildren(...parts);
  }

  /** @param {Point[]} points */
  #pointIn([start, end]) {
    const [x, y] = middle(start, end);
    const [dx, dy] = rightOf(start, end);
    this.#drawArrow([x, y], [x + dx * ARROW, y + dy * ARROW]);
    set(this.inward, { x: x + dx * (ARROW + 12), y: y + dy * (ARROW + 12) });
  }

  /** @param {Point[]} points */
  #pointAlong([start, end]) {
    this.#drawArrow(start, end);
  }

  /** @param {Point} from @param {Point} to */
  #drawArrow(from, to) {
    const angle = Math.atan2(to[1] - from[1], to[0] - from[0]);
    const wing = (turn) => [to[0] - 12 * Math.cos(angle + turn), to[1] - 12 * Math.sin(angle + turn)];
    const at = ([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`;
    const d = `M${at(from)}L${at(to)}M${at(wing(0.5))}L${at(to)}L${at(wing(-0.5))}`;
    set(this.arrow, { d });
    set(this.arrowHalo, { d });
  }
}
