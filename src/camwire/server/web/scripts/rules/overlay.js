/** What lies over the picture: rules, the handles of the one that is chosen, objects, and what is being drawn. */

import { reconcile, setText } from "../dom.js";
import { objection } from "./drawing.js";
import { edges, middle } from "./geometry.js";
import { RuleShape } from "./rule-shape.js";
import { list, set, svg } from "./svg.js";

/**
 * @typedef {import("./geometry.js").Point} Point
 * @typedef {{
 *   rules: (Omit<import("./rule-shape.js").Look, "points"> & {key: number, points: Point[]})[],
 *   drawing: import("./drawing.js").Drawing | null
 * }} Scene  points are fractions of the picture
 */

export class Overlay {
  /** @type {Map<number, RuleShape>} */
  #shapes = new Map();
  /** CSS pixels. */
  width = 1;
  height = 1;

  constructor() {
    this.objects = svg("g", { class: "objects" });
    this.shapes = svg("g");
    this.handles = svg("g");
    this.draft = svg("g", { class: "draft" });
    this.root = svg(
      "svg",
      { class: "overlay", tabindex: 0, role: "application", "aria-roledescription": "picture to draw on" },
      this.objects,
      this.shapes,
      this.handles,
      this.draft,
    );
  }

  /** @param {number} width @param {number} height */
  resize(width, height) {
    [this.width, this.height] = [Math.max(1, width), Math.max(1, height)];
    set(this.root, { viewBox: `0 0 ${this.width} ${this.height}` });
  }

  /** @param {Point} point  a fraction @returns {Point} pixels */
  toPixels([x, y]) {
    return [x * this.width, y * this.height];
  }

  /** @param {Point} point  pixels @returns {Point} a fraction */
  toFractions([x, y]) {
    return [x / this.width, y / this.height];
  }

  /** @param {Scene} scene */
  show({ rules, drawing }) {
    const placed = rules.map((rule) => ({ ...rule, points: rule.points.map((point) => this.toPixels(point)) }));
    reconcile(
      this.shapes,
      this.#shapes,
      placed.map(({ key }) => key),
      (key) => new RuleShape(key),
    );
    for (const rule of placed) this.#shapes.get(rule.key).show(rule);
    const chosen = drawing === null ? placed.find(({ selected }) => selected) : undefined;
    this.#showHandles(chosen);
    this.#showDraft(drawing);
    this.root.classList.toggle("drawing", drawing !== null);
    this.root.classList.toggle("grabbing", drawing !== null || chosen !== undefined);
  }

  /** @param {import("../protocol.js").Objects} found */
  showObjects({ width, height, objects }) {
    while (this.objects.children.length > objects.length) this.objects.lastElementChild.remove();
    objects.forEach(({ box }, index) => {
      const group =
        this.objects.children[index] ?? this.objects.appendChild(svg("g", {}, svg("rect"), svg("circle", { r: 3.5 })));
      const [left, top] = this.toPixels([box[0] / width, box[1] / height]);
      const [right, bottom] = this.toPixels([box[2] / width, box[3] / height]);
      set(group.children[0], { x: left, y: top, width: Math.max(0, right - left), height: Math.max(0, bottom - top) });
      set(group.children[1], { cx: (left + right) / 2, cy: bottom });
    });
  }

  /** @param {number} index */
  focusHandle(index) {
    this.handles.querySelector(`[data-corner="${index}"]`)?.focus();
  }

  /** Elements stay, so that the one with the focus keeps it. @param {Scene["rules"][number] | undefined} rule */
  #showHandles(rule) {
    const points = rule?.points ?? [];
    const between = rule?.kind === "zone" ? edges(points).map(([a, b]) => middle(a, b)) : [];
    this.#fill("corner", points.length);
    this.#fill("edge", between.length);
    points.forEach(([x, y], index) => {
      const node = this.handles.querySelector(`[data-corner="${index}"]`);
      const across = Math.round((x / this.width) * 100);
      const down = Math.round((y / this.height) * 100);
      const label = `${cornerName(rule, index)} of ${rule.name}, ${across} % across, ${down} % down`;
      set(node, { transform: `translate(${x.toFixed(1)} ${y.toFixed(1)})`, "aria-label": label, color: rule.colour });
      setText(node.lastElementChild, rule.kind === "speed" ? String(index + 1) : "");
    });
    between.forEach(([x, y], index) => {
      const node = this.handles.querySelector(`[data-edge="${index}"]`);
      set(node, { transform: `translate(${x.toFixed(1)} ${y.toFixed(1)})`, color: rule.colour });
    });
  }

  /** @param {"corner" | "edge"} part @param {number} number */
  #fill(part, number) {
    const there = this.handles.querySelectorAll(`[data-${part}]`);
    for (let index = number; index < there.length; index++) there[index].remove();
    for (let index = there.length; index < number; index++) {
      const target = svg("circle", { class: "handle-target", r: part === "corner" ? 16 : 11 });
      const dot = svg("circle", { class: "handle-dot", r: part === "corner" ? 6.5 : 4 });
      const node = svg("g", { class: `handle ${part}`, [`data-${part}`]: index }, target, dot);
      if (part === "corner") {
        set(node, { tabindex: 0, role: "button" });
        node.append(svg("text", { y: -12 }));
      }
      this.handles.append(node);
    }
  }

  /** @param {import("./drawing.js").Drawing | null} drawing */
  #showDraft(drawing) {
    if (drawing === null) {
      this.draft.replaceChildren();
      return;
    }
    const placed = drawing.placed.map((point) => this.toPixels(point));
    const [x, y] = this.toPixels(drawing.cursor);
    const refused = objection(drawing) !== null;
    const chain = list([...placed, [x, y]]);
    this.draft.classList.toggle("refused", refused);
    this.draft.replaceChildren(
      svg("polyline", { class: "shape-halo", points: chain }),
      svg("polyline", { class: "draft-line", points: chain }),
      ...placed.map(([cx, cy], index) =>
        svg("circle", { class: index === 0 ? "draft-first" : "draft-dot", cx, cy, r: index === 0 ? 8 : 5 }),
      ),
      svg("path", { class: "crosshair", d: refused ? sign(x, y, 8, 8) : sign(x, y, 11, 0) }),
    );
  }
}

/** A cross: upright, or lying where there can be no corner. */
function sign(x, y, a, b) {
  return `M${x - a} ${y - b}L${x + a} ${y + b}M${x + b} ${y - a}L${x - b} ${y + a}`;
}

/** @param {{kind: string}} rule @param {number} index */
function cornerName(rule, index) {
  if (rule.kind === "line" || rule.kind === "direction") return index === 0 ? "Start" : "End";
  return rule.kind === "speed" ? `Point ${index + 1} on the ground` : `Corner ${index + 1}`;
}
