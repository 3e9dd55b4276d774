/** A shape that is being drawn, corner by corner, as a value. Points are fractions of the picture. */

import { crossing } from "./geometry.js";
import { CLOSES_ACROSS, CROSSES, equal, TOO_FEW } from "./shapes.js";

/**
 * @typedef {import("./geometry.js").Point} Point
 * @typedef {{kind: "zone" | "line" | "direction", placed: Point[], cursor: Point}} Drawing  `cursor`: where the next
 *   corner would be
 * @typedef {{drawing: Drawing, done: Point[] | null, refused: string | null}} Outcome  `done`: the finished shape
 */

/** @param {Drawing["kind"]} kind @returns {Drawing} */
export function started(kind) {
  return { kind, placed: [], cursor: [0.5, 0.5] };
}

/** @param {Drawing} drawing @param {Point} cursor @returns {Drawing} */
export function pointed(drawing, cursor) {
  return { ...drawing, cursor };
}

/** Why there can be no corner where the cursor is; null where there can. @param {Drawing} drawing */
export function objection({ kind, placed, cursor }) {
  return kind === "zone" && crossing([...placed, cursor], false) !== null ? CROSSES : null;
}

/**
 * A corner where the cursor is; one in the same place as the last is none.
 * @param {Drawing} drawing
 * @returns {Outcome}
 */
export function placed(drawing) {
  const { kind, cursor } = drawing;
  if (drawing.placed.length > 0 && equal(drawing.placed.at(-1), cursor)) return { drawing, done: null, refused: null };
  const refused = objection(drawing);
  if (refused !== null) return { drawing, done: null, refused };
  const points = [...drawing.placed, cursor];
  const done = kind !== "zone" && points.length === 2 ? points : null;
  return { drawing: { ...drawing, placed: points }, done, refused: null };
}

/** Join the last corner with the first. @param {Drawing} drawing @returns {Outcome} */
export function closed(drawing) {
  const points = drawing.placed;
  if (points.length < 3) return { drawing, done: null, refused: TOO_FEW };
  if (crossing(points) !== null) return { drawing, done: null, refused: CLOSES_ACROSS };
  return { drawing, done: points, refused: null };
}

/** Without the last corner. @param {Drawing} drawing @returns {Drawing} */
export function shortened(drawing) {
  return { ...drawing, placed: drawing.placed.slice(0, -1) };
}

/** What to do next, in words. @param {Drawing} drawing */
export function hint({ kind, placed: points }) {
  if (kind === "zone") {
    if (points.length === 0) return "Set the first corner: click, or arrow keys and Space.";
    if (points.length < 3) return "Set the next corner. Shift keeps right angles, Backspace takes one back.";
    return "Set the next corner, or close the zone: click the first corner, or press Enter.";
  }
  if (points.length === 0) return `Set where the ${kind === "line" ? "line" : "arrow"} begins. Escape stops drawing.`;
  return `Set where the ${kind === "line" ? "line" : "arrow"} ends. Shift keeps right angles.`;
}
