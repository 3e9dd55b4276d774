/** Changing a shape's points, with the reason in words where that can't be. Points are fractions of the picture. */

import { crossing, middle } from "./geometry.js";

/**
 * @typedef {import("./geometry.js").Point} Point
 * @typedef {{points: Point[], refused: string | null}} Outcome  the points as they were, where it is refused
 */

export const CROSSES = "That edge would cross another edge of the zone. Choose another place.";
export const CLOSES_ACROSS = "The edge that closes the zone would cross another one. Go on, or take a corner back.";
export const TOO_FEW = "A zone has three corners at least.";

/**
 * @param {Point[]} points
 * @param {number} index
 * @param {Point} to
 * @param {boolean} polygon  whether it is closed
 * @returns {Outcome}
 */
export function moved(points, index, to, polygon) {
  return checked(points, points.with(index, to), polygon);
}

/** The whole shape elsewhere, as far as the picture goes. @param {Point[]} points @returns {Point[]} */
export function shifted(points, dx, dy) {
  const room = (values, by) => Math.min(1 - Math.max(...values), Math.max(-Math.min(...values), by));
  const x = room(
    points.map((point) => point[0]),
    dx,
  );
  const y = room(
    points.map((point) => point[1]),
    dy,
  );
  return points.map((point) => [point[0] + x, point[1] + y]);
}

/** A corner in the middle of the edge that begins at `index`. @param {Point[]} points @returns {Point[]} */
export function split(points, index) {
  return points.toSpliced(index + 1, 0, middle(points[index], points[(index + 1) % points.length]));
}

/** @param {Point[]} points @param {number} index @returns {Outcome} */
export function withoutCorner(points, index) {
  if (points.length <= 3) return { points, refused: TOO_FEW };
  return checked(points, points.toSpliced(index, 1), true);
}

/** @param {Point[]} before @param {Point[]} after @param {boolean} polygon @returns {Outcome} */
function checked(before, after, polygon) {
  if (polygon && crossing(after) !== null) return { points: before, refused: CROSSES };
  if (!polygon && after.length === 2 && equal(after[0], after[1])) {
    return { points: before, refused: "Its two ends have to be different." };
  }
  return { points: after, refused: null };
}

/** @param {Point} a @param {Point} b */
export function equal(a, b) {
  return a[0] === b[0] && a[1] === b[1];
}
