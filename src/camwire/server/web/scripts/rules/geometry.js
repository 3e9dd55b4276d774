/**
 * Points, edges and where they meet. A point is `[x, y]`, x to the right and y downwards, in any unit that is the same
 * in both directions; for {@link crossing} alone any unit will do.
 *
 * @typedef {[number, number]} Point
 * @typedef {[Point, Point]} Edge
 */

/** @param {Point} a @param {Point} b */
export function distance(a, b) {
  return Math.hypot(a[0] - b[0], a[1] - b[1]);
}

/** @param {Point} a @param {Point} b @returns {Point} */
export function middle(a, b) {
  return [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
}

/** The edges of a polygon, or of a chain of points that is still open. @param {Point[]} points @returns {Edge[]} */
export function edges(points, closed = true) {
  const all = points.map((point, index) => [point, points[(index + 1) % points.length]]);
  return closed ? all : all.slice(0, -1);
}

/**
 * The first two edges that meet anywhere but in their common corner, by position; null where none do. The server
 * refuses polygons by the same measure (`crossing_edges` in config/rules.py).
 * @param {Point[]} points
 * @param {boolean} [closed]
 * @returns {[number, number] | null}
 */
export function crossing(points, closed = true) {
  const all = edges(points, closed);
  for (let i = 0; i < all.length; i++) {
    for (let j = i + 1; j < all.length; j++) {
      const following = j === i + 1;
      const around = closed && i === 0 && j === all.length - 1;
      const meet = following
        ? goesBack(all[i][0], all[i][1], all[j][1])
        : around
          ? goesBack(all[i][1], all[i][0], all[j][0])
          : touch(all[i], all[j]);
      if (meet) return [i, j];
    }
  }
  return null;
}

/**
 * The point of an edge that is nearest to another point.
 * @param {Point} point
 * @param {Edge} edge
 * @returns {Point}
 */
export function nearestOnEdge(point, [a, b]) {
  const length = (b[0] - a[0]) ** 2 + (b[1] - a[1]) ** 2;
  const along = length === 0 ? 0 : ((point[0] - a[0]) * (b[0] - a[0]) + (point[1] - a[1]) * (b[1] - a[1])) / length;
  const t = Math.min(1, Math.max(0, along));
  return [a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])];
}

/**
 * The unit vector to the right of a line, seen from its start towards its end: the side that is "in". Zero where the
 * line has no length.
 * @param {Point} start
 * @param {Point} end
 * @returns {Point}
 */
export function rightOf(start, end) {
  const length = distance(start, end);
  return length === 0 ? [0, 0] : [-(end[1] - start[1]) / length, (end[0] - start[0]) / length];
}

/** Where a name is best written: the corner that is highest, and of these the leftmost. @param {Point[]} points */
export function topmost(points) {
  return points.reduce((best, point) =>
    point[1] < best[1] || (point[1] === best[1] && point[0] < best[0]) ? point : best,
  );
}

/** @param {Point} point @param {number} width @param {number} height @returns {Point} */
export function clamped([x, y], width, height) {
  return [Math.min(width, Math.max(0, x)), Math.min(height, Math.max(0, y))];
}

/** Twice the signed area of the triangle. */
function turn(a, b, c) {
  return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
}

function dot(origin, a, b) {
  return (a[0] - origin[0]) * (b[0] - origin[0]) + (a[1] - origin[1]) * (b[1] - origin[1]);
}

/** Whether two edges with a common corner lie over each other. */
function goesBack(before, shared, after) {
  return turn(before, shared, after) === 0 && dot(shared, before, after) > 0;
}

/** @param {Edge} one @param {Edge} other */
function touch([a, b], [c, d]) {
  const sides = [Math.sign(turn(a, b, c)), Math.sign(turn(a, b, d))];
  const others = [Math.sign(turn(c, d, a)), Math.sign(turn(c, d, b))];
  if (sides[0] * sides[1] < 0 && others[0] * others[1] < 0) return true;
  const ends = [
    [a, b, c, sides[0]],
    [a, b, d, sides[1]],
    [c, d, a, others[0]],
    [c, d, b, others[1]],
  ];
  return ends.some(([start, end, point, side]) => side === 0 && dot(point, start, end) <= 0);
}
