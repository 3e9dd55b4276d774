/** Where a pointer that is nearly right is meant to be. Lengths are pixels of the screen. */

import { clamped, distance, edges, nearestOnEdge } from "./geometry.js";

/** As near as this a pointer snaps. */
const RADIUS = 10;

/**
 * @typedef {import("./geometry.js").Point} Point
 * @typedef {{
 *   width: number, height: number, points: Point[], edges: import("./geometry.js").Edge[],
 *   from?: Point | null, before?: Point | null, straight?: boolean, free?: boolean
 * }} Surroundings
 *   `width`, `height`: of the picture; `points`, `edges`: of other shapes; `from`: the corner that the edge being
 *   drawn begins at, `before`: the corner before that one; `straight`: keep to right angles and diagonals; `free`:
 *   don't snap
 * @typedef {{point: Point, to: "point" | "edge" | "angle" | null}} Snapped
 */

/**
 * Right angles come first, then corners, then edges.
 * @param {Point} pointer
 * @param {Surroundings} around
 * @returns {Snapped}
 */
export function snapped(pointer, around) {
  const { width, height, from, before, straight, free } = around;
  const point = clamped(pointer, width, height);
  if (straight && from) return { point: clamped(onRay(pointer, from, before ?? null), width, height), to: "angle" };
  if (free) return { point, to: null };
  const frame = [
    [0, 0],
    [width, 0],
    [width, height],
    [0, height],
  ];
  const corner = nearest(point, [...around.points, ...frame]);
  if (corner !== null) return { point: corner, to: "point" };
  const spot = nearest(
    point,
    [...around.edges, ...edges(frame)].map((edge) => nearestOnEdge(point, edge)),
  );
  return spot === null ? { point, to: null } : { point: spot, to: "edge" };
}

/** @param {Point} point @param {Point[]} candidates @returns {Point | null} within {@link RADIUS} */
function nearest(point, candidates) {
  let best = null;
  let least = RADIUS;
  for (const candidate of candidates) {
    const away = distance(point, candidate);
    if (away <= least) [best, least] = [candidate, away];
  }
  return best;
}

/**
 * The pointer, moved onto the nearest ray from a corner that is upright, level, diagonal, or at a right angle to the
 * edge that leads to that corner.
 * @param {Point} pointer
 * @param {Point} from
 * @param {Point | null} before
 * @returns {Point}
 */
function onRay(pointer, from, before) {
  const eighth = Math.PI / 4;
  const directions = Array.from({ length: 8 }, (_, index) => index * eighth);
  if (before !== null && distance(from, before) > 0) {
    const edge = Math.atan2(from[1] - before[1], from[0] - before[0]);
    directions.push(edge, edge + 2 * eighth, edge - 2 * eighth);
  }
  const [x, y] = [pointer[0] - from[0], pointer[1] - from[1]];
  let best = 0;
  let along = -Infinity;
  for (const direction of directions) {
    const projected = x * Math.cos(direction) + y * Math.sin(direction);
    if (projected > along) [best, along] = [direction, projected];
  }
  return [from[0] + along * Math.cos(best), from[1] + along * Math.sin(best)];
}
