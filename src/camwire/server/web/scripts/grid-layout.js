/** Where the tiles go: a pure function from sizes to sizes. All lengths are CSS pixels. */

/**
 * @typedef {{columns: number, rows: number, tileWidth: number, pictureHeight: number, scrolls: boolean}} GridLayout
 * @typedef {{aspect?: number, gap?: number, caption?: number, smallest?: number}} GridOptions
 *   `aspect`: a picture's width over its height; `caption`: height of the line under each picture; `smallest`:
 *   the narrowest tile still worth looking at
 */

/**
 * The columns and rows that make `count` equal tiles as large as possible inside a box. Where even the best are
 * narrower than `smallest`, tiles fill the width at about that size, and the grid scrolls.
 * @param {number} count
 * @param {number} width
 * @param {number} height
 * @param {GridOptions} [options]
 * @returns {GridLayout}
 */
export function gridLayout(count, width, height, options = {}) {
  const { aspect = 16 / 9, gap = 8, caption = 32, smallest = 240 } = options;
  if (count < 1 || width <= 0) {
    return { columns: 0, rows: 0, tileWidth: 0, pictureHeight: 0, scrolls: false };
  }
  let best = null;
  for (let columns = 1; columns <= count; columns++) {
    const rows = Math.ceil(count / columns);
    const widthShare = (width - gap * (columns - 1)) / columns;
    const heightShare = (height - gap * (rows - 1)) / rows - caption;
    const tileWidth = Math.floor(Math.min(widthShare, heightShare * aspect));
    if (best === null || tileWidth > best.tileWidth) best = { columns, rows, tileWidth };
  }
  if (best.tileWidth >= Math.min(smallest, width)) return sized(best, aspect, false);
  const columns = Math.max(1, Math.min(count, Math.floor((width + gap) / (smallest + gap))));
  const tileWidth = Math.floor((width - gap * (columns - 1)) / columns);
  return sized({ columns, rows: Math.ceil(count / columns), tileWidth }, aspect, true);
}

/**
 * The tile that an arrow key leads to.
 * @param {number} index
 * @param {string} key  a KeyboardEvent's `key`
 * @param {number} count
 * @param {number} columns
 * @returns {number | null} null where there is none, or the key is no arrow
 */
export function neighbour(index, key, count, columns) {
  const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }[key];
  const target = step === undefined ? -1 : index + step;
  return target >= 0 && target < count ? target : null;
}

/**
 * The aspect that most pictures have; 16:9 while none is known.
 * @param {{width: number, height: number}[]} sizes
 */
export function commonAspect(sizes) {
  const votes = new Map();
  for (const { width, height } of sizes) {
    if (width > 0 && height > 0) {
      const aspect = (width / height).toFixed(2);
      votes.set(aspect, { aspect: width / height, count: (votes.get(aspect)?.count ?? 0) + 1 });
    }
  }
  let winner = { aspect: 16 / 9, count: 0 };
  for (const vote of votes.values()) if (vote.count > winner.count) winner = vote;
  return winner.aspect;
}

/** @returns {GridLayout} */
function sized({ columns, rows, tileWidth }, aspect, scrolls) {
  return { columns, rows, tileWidth, pictureHeight: Math.floor(tileWidth / aspect), scrolls };
}
