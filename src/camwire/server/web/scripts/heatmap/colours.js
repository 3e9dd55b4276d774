/**
 * Time spent as colours: from a deep blue over green to a pale yellow. Each is lighter than the one before, so that
 * they can be told apart by lightness alone, whatever colours somebody sees.
 */

/** Red, green, blue, evenly spread from nothing to the most. */
const STOPS = [
  [38, 26, 110],
  [38, 84, 148],
  [24, 134, 144],
  [72, 180, 104],
  [186, 214, 66],
  [255, 247, 160],
];

/**
 * @param {number} share  0 to 1
 * @returns {number[]} red, green, blue: 0 to 255
 */
export function colour(share) {
  const place = Math.min(Math.max(share, 0), 1) * (STOPS.length - 1);
  const below = Math.min(Math.floor(place), STOPS.length - 2);
  return STOPS[below].map((value, channel) => Math.round(value + (STOPS[below + 1][channel] - value) * (place - below)));
}

/**
 * How far up the scale a value stands. One who stands still for an hour must not hide where all others walk, hence
 * the root.
 * @param {number} value
 * @param {number} most
 */
export function share(value, most) {
  return most > 0 ? Math.sqrt(Math.min(Math.max(value / most, 0), 1)) : 0;
}

/** The value at a share: what {@link share} turns round. @param {number} part @param {number} most */
export function valueAt(part, most) {
  return part * part * most;
}

/** One cell in fifty may be beyond the end of the scale: a parked car leaves the colours to all that moves. */
const WITHIN = 0.98;

/**
 * The end of the scale.
 * @param {number[]} cells
 * @returns {number} 0 where nobody was
 */
export function scaleEnd(cells) {
  const visited = cells.filter((value) => value > 0).sort((a, b) => a - b);
  return visited.length > 0 ? visited[Math.floor(WITHIN * (visited.length - 1))] : 0;
}

/**
 * @param {number[][]} values  row by row, top left first
 * @returns {{pixels: Uint8ClampedArray, most: number}} RGBA, and the end of the scale; where nobody was, nothing is drawn
 */
export function heatPixels(values) {
  const cells = values.flat();
  const most = scaleEnd(cells);
  const pixels = new Uint8ClampedArray(cells.length * 4);
  cells.forEach((value, index) => {
    const part = share(value, most);
    if (value > 0) pixels.set([...colour(part), 130 + 125 * part], index * 4);
  });
  return { pixels, most };
}
