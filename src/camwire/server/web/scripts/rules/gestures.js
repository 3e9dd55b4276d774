/** Pointer and keyboard over the picture, as what they mean. */

import { distance } from "./geometry.js";

/** A pointer that moves less than this has not moved. Pixels of the screen. */
const STILL = 5;
/** So near to the first corner a click closes a zone. */
const CLOSING = 14;

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/**
 * @typedef {import("./geometry.js").Point} Point
 * @typedef {{straight: boolean, free: boolean}} Wish  Shift: right angles; Alt: no snapping
 * @typedef {{
 *   drawing: () => import("./drawing.js").Drawing | null,
 *   select: (key: number | null) => void,
 *   point: (at: Point, wish: Wish) => void, place: () => void, close: () => void, back: () => void,
 *   cancel: () => void,
 *   moveCorner: (index: number, to: Point, wish: Wish) => void,
 *   nudgeCorner: (index: number, dx: number, dy: number) => void, shift: (dx: number, dy: number) => void,
 *   splitEdge: (index: number) => void, removeCorner: (index: number) => void, removeRule: () => void,
 *   settle: () => void
 * }} Editor  points and distances are pixels of the screen
 */

export class Gestures {
  #overlay;
  #editor;
  /** @type {{what: "corner" | "shape" | "draft", index?: number, from: Point, last: Point, moving: boolean} | null} */
  #drag = null;

  /** @param {import("./overlay.js").Overlay} overlay @param {Editor} editor */
  constructor(overlay, editor) {
    this.#overlay = overlay;
    this.#editor = editor;
    const { root } = overlay;
    root.addEventListener("pointerdown", (event) => this.#down(event));
    root.addEventListener("pointermove", (event) => this.#move(event));
    root.addEventListener("pointerup", (event) => this.#up(event));
    root.addEventListener("pointercancel", () => this.#end());
    root.addEventListener("dblclick", () => editor.drawing() !== null && editor.close());
    root.addEventListener("keydown", (event) => this.#key(event));
  }

  /** @param {PointerEvent} event @returns {Point} */
  #at(event) {
    const box = this.#overlay.root.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  /** @param {PointerEvent} event */
  #down(event) {
    if (event.button !== 0 || this.#drag !== null) return;
    const at = this.#at(event);
    this.#overlay.root.setPointerCapture(event.pointerId);
    if (this.#editor.drawing() !== null) this.#downInDrawing(at, wish(event));
    else this.#downOnShapes(event.target, at);
    if (this.#editor.drawing() !== null || this.#drag?.what !== "corner") this.#overlay.root.focus();
    event.preventDefault();
  }

  /** @param {Point} at @param {Wish} wanted */
  #downInDrawing(at, wanted) {
    const { kind, placed } = this.#editor.drawing();
    const first = placed.length > 0 ? this.#overlay.toPixels(placed[0]) : null;
    if (kind === "zone" && placed.length >= 3 && distance(at, first) <= CLOSING) {
      this.#editor.close();
      return;
    }
    this.#editor.point(at, wanted);
    const last = placed.length > 0 ? this.#overlay.toPixels(placed.at(-1)) : null;
    if (last === null || distance(at, last) > STILL) this.#editor.place();
    this.#drag = { what: "draft", from: at, last: at, moving: false };
  }

  /** @param {Element} target @param {Point} at */
  #downOnShapes(target, at) {
    const handle = target.closest("[data-corner], [data-edge]");
    if (handle !== null) {
      let index = Number(handle.dataset.corner ?? handle.dataset.edge);
      if (handle.dataset.edge !== undefined) this.#editor.splitEdge(index++);
      this.#overlay.focusHandle(index);
      this.#drag = { what: "corner", index, from: at, last: at, moving: false };
      return;
    }
    const shape = target.closest("[data-rule]");
    this.#editor.select(shape === null ? null : Number(shape.dataset.rule));
    this.#drag = shape === null ? null : { what: "shape", from: at, last: at, moving: false };
  }

  /** @param {PointerEvent} event */
  #move(event) {
    const at = this.#at(event);
    const drag = this.#drag;
    if (drag !== null) drag.moving ||= distance(at, drag.from) > STILL;
    if (this.#editor.drawing() !== null) this.#editor.point(at, wish(event));
    else if (drag?.moving && drag.what === "corner") this.#editor.moveCorner(drag.index, at, wish(event));
    else if (drag?.moving && drag.what === "shape") {
      this.#editor.shift(at[0] - drag.last[0], at[1] - drag.last[1]);
      drag.last = at;
    }
  }

  /** A line is drawn with two clicks, or in one go. @param {PointerEvent} event */
  #up(event) {
    const drawing = this.#editor.drawing();
    if (this.#drag?.moving && drawing !== null && drawing.kind !== "zone") {
      this.#editor.point(this.#at(event), wish(event));
      this.#editor.place();
    }
    this.#end();
  }

  #end() {
    this.#drag = null;
    this.#editor.settle();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.ctrlKey || event.metaKey) return;
    const handled = this.#editor.drawing() === null ? this.#keyOnShapes(event) : this.#keyInDrawing(event);
    if (handled) event.preventDefault();
  }

  /** @param {KeyboardEvent} event @returns {boolean} whether it meant something */
  #keyInDrawing(event) {
    const editor = this.#editor;
    if (event.key in ARROWS) {
      const [x, y] = this.#overlay.toPixels(editor.drawing().cursor);
      const [dx, dy] = ARROWS[event.key].map((part) => part * (event.shiftKey ? 1 : 10));
      editor.point([x + dx, y + dy], { straight: false, free: true });
      return true;
    }
    const acts = { " ": editor.place, Backspace: editor.back, Delete: editor.back, Escape: editor.cancel };
    if (event.key === "Enter") {
      if (editor.drawing().kind === "zone") editor.close();
      else editor.place();
      return true;
    }
    acts[event.key]?.();
    return event.key in acts;
  }

  /** @param {KeyboardEvent} event @returns {boolean} */
  #keyOnShapes(event) {
    const editor = this.#editor;
    const corner = event.target.closest?.("[data-corner]");
    if (event.key === "Escape") {
      editor.select(null);
      this.#overlay.root.focus();
      return true;
    }
    if (corner === null) {
      if (event.key === "Delete") editor.removeRule();
      return event.key === "Delete";
    }
    const index = Number(corner.dataset.corner);
    if (event.key in ARROWS) {
      const [dx, dy] = ARROWS[event.key].map((part) => part * (event.shiftKey ? 10 : 1));
      editor.nudgeCorner(index, dx, dy);
    } else if (event.key === "Delete" || event.key === "Backspace") {
      editor.removeCorner(index);
      this.#overlay.focusHandle(Math.max(0, index - 1));
    } else if (event.key === "+" || event.key === "Insert") {
      editor.splitEdge(index);
      this.#overlay.focusHandle(index + 1);
    } else return false;
    return true;
  }
}

/** @param {PointerEvent} event @returns {Wish} */
function wish(event) {
  return { straight: event.shiftKey, free: event.altKey };
}
