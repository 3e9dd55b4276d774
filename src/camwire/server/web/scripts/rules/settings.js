/** A rule's settings, as the server has them, as values: read and changed without changing what is there. */

/**
 * @typedef {import("./geometry.js").Point} Point
 * @typedef {{type: import("./kinds.js").Kind, name: string, cameras?: string[] | null, classes?: string[] | null,
 *   units?: "fractions" | "pixels", enabled?: boolean, colour?: string} & Record<string, any>} Settings
 * @typedef {{width: number, height: number}} Size  of the picture, in its pixels
 */

/** @param {Settings} settings @param {string} camera */
export function isFor(settings, camera) {
  return settings.cameras == null || settings.cameras.includes(camera);
}

/**
 * The points of a rule's shape, as fractions of the picture.
 * @param {Settings} settings
 * @param {Size} size
 * @returns {Point[]}
 */
export function points(settings, size) {
  const own = ownPoints(settings);
  return settings.units === "pixels" ? own.map(([x, y]) => [x / size.width, y / size.height]) : own;
}

/**
 * The same rule with other points.
 * @param {Settings} settings
 * @param {Point[]} fractions
 * @param {Size} size
 * @returns {Settings}
 */
export function withPoints(settings, fractions, size) {
  const pixels = settings.units === "pixels";
  const own = fractions.map(([x, y]) =>
    pixels ? [rounded(x * size.width, 1), rounded(y * size.height, 1)] : [rounded(x, 4), rounded(y, 4)],
  );
  switch (settings.type) {
    case "zone":
      return { ...settings, polygon: own };
    case "speed":
      return { ...settings, ground: { ...settings.ground, picture: own } };
    case "heatmap":
      return settings;
    default:
      return { ...settings, start: own[0], end: own[1] };
  }
}

/** A setting by its key, `section.key` for one in a section; undefined where absent. @param {Settings} settings */
export function read(settings, key) {
  return key.split(".").reduce((value, part) => value?.[part], settings);
}

/**
 * @param {Settings} settings
 * @param {string} key
 * @param {any} value
 * @returns {Settings}
 */
export function changed(settings, key, value) {
  const [first, ...rest] = key.split(".");
  const inner = rest.length === 0 ? value : changed(settings[first] ?? {}, rest.join("."), value);
  return { ...settings, [first]: inner };
}

/** A line whose other side is in, an arrow the other way round. @param {Settings} settings @returns {Settings} */
export function turned(settings) {
  return { ...settings, start: settings.end, end: settings.start };
}

/** Where four points on the ground lie until somebody has moved them. @type {{picture: Point[], metres: Point[]}} */
const GROUND = {
  picture: [
    [0.35, 0.45],
    [0.65, 0.45],
    [0.8, 0.85],
    [0.2, 0.85],
  ],
  metres: [
    [0, 0],
    [10, 0],
    [10, 10],
    [0, 10],
  ],
};

/** Measure in metres, or in pixels. @param {Settings} settings @param {boolean} metres @param {Size} size */
export function withGround(settings, metres, size) {
  if (!metres) return { ...settings, ground: null };
  return withPoints({ ...settings, ground: { metres: GROUND.metres } }, GROUND.picture, size);
}

/** Whether both say the same, whatever the order of their keys; null is as good as absent. */
export function same(one, other) {
  if (one === other || (one == null && other == null)) return true;
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) return false;
  if (Array.isArray(one) !== Array.isArray(other)) return false;
  if (Array.isArray(one) && one.length !== other.length) return false;
  return [...new Set([...Object.keys(one), ...Object.keys(other)])].every((key) => same(one[key], other[key]));
}

/** @param {Settings} settings @returns {Point[]} */
function ownPoints(settings) {
  switch (settings.type) {
    case "zone":
      return settings.polygon;
    case "speed":
      return settings.ground?.picture ?? [];
    case "heatmap":
      return [];
    default:
      return [settings.start, settings.end];
  }
}

/** @param {number} value @param {number} digits */
function rounded(value, digits) {
  return Number(value.toFixed(digits));
}
