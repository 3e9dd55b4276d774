/**
 * The kinds of rules: what they are for, how they are drawn, and their options with the defaults of config/rules.py
 * (a test holds both to the same values).
 */

/**
 * @typedef {"zone" | "line" | "direction" | "speed" | "heatmap"} Kind
 * @typedef {{
 *   key: string, label: string, type: "number" | "switch" | "choice", fallback: any, hint?: string, unit?: string,
 *   least?: number, most?: number, whole?: boolean, optional?: boolean, initial?: number,
 *   choices?: [string, string][]
 * }} Option
 *   `key`: in the rule's settings, with a dot where it lies in a section; `fallback`: what it is where absent;
 *   `optional`: may be switched off (null), and is `initial` once it is switched on
 * @typedef {{title: string, icon: string, purpose: string, shape: "polygon" | "arrow" | null, options: Option[]}} KindEntry
 */

/** @type {Option} */
const ANCHOR = {
  key: "anchor",
  label: "What counts of an object",
  type: "choice",
  fallback: "bottom_centre",
  choices: [
    ["bottom_centre", "Bottom of its box: where it stands"],
    ["centre", "Centre of its box"],
    ["top_centre", "Top of its box"],
  ],
};

/** @type {Record<Kind, KindEntry>} */
export const KINDS = {
  zone: {
    title: "Zone",
    icon: "zone",
    purpose: "Who is in an area, comes and goes, how long, and whether they are too many.",
    shape: "polygon",
    options: [
      ANCHOR,
      {
        key: "margin",
        label: "Margin",
        type: "number",
        fallback: 20,
        unit: "px",
        least: 0,
        most: 10_000,
        hint: "An object leaves when it is so far outside; less is jitter.",
      },
      {
        key: "loitering",
        label: "Report who stays",
        type: "number",
        fallback: null,
        optional: true,
        initial: 30,
        unit: "s",
        least: 0,
        most: 86_400,
      },
    ],
  },
  line: {
    title: "Line",
    icon: "line",
    purpose: "Who crosses, and which way. The arrow points to the side that is in.",
    shape: "arrow",
    options: [
      ANCHOR,
      {
        key: "band",
        label: "Band",
        type: "number",
        fallback: 20,
        unit: "px",
        least: 0,
        most: 10_000,
        hint: "An object has crossed when it went from one edge of this band to the other; less is jitter.",
      },
      { key: "infinite", label: "Count beyond its ends, too", type: "switch", fallback: false },
      { key: "again", label: "Count an object again when it turns back", type: "switch", fallback: true },
    ],
  },
  direction: {
    title: "Direction",
    icon: "direction",
    purpose: "Who moves the way that the arrow points, anywhere in the picture.",
    shape: "arrow",
    options: [
      ANCHOR,
      {
        key: "tolerance",
        label: "Tolerance",
        type: "number",
        fallback: 45,
        unit: "°",
        least: 1,
        most: 180,
        hint: "How far a movement may deviate from the arrow.",
      },
      {
        key: "distance",
        label: "Distance",
        type: "number",
        fallback: 50,
        unit: "px",
        least: 1,
        most: 10_000,
        hint: "How far an object has to move before its direction counts.",
      },
    ],
  },
  speed: {
    title: "Speed",
    icon: "speed",
    purpose: "Who is too fast, and who has stopped, anywhere in the picture.",
    shape: null,
    options: [
      ANCHOR,
      {
        key: "limit",
        label: "Report who is faster than",
        type: "number",
        fallback: null,
        optional: true,
        initial: 100,
        unit: "speed",
        least: 0.1,
      },
      {
        key: "stopped_after",
        label: "Report who stands still for",
        type: "number",
        fallback: null,
        optional: true,
        initial: 10,
        unit: "s",
        least: 0,
        most: 86_400,
      },
      {
        key: "stopped_below",
        label: "Standing still is slower than",
        type: "number",
        fallback: null,
        optional: true,
        initial: 30,
        unit: "speed",
        least: 0,
        hint: "30 px/s, or 0.5 m/s where it is measured in metres, unless you say otherwise.",
      },
      {
        key: "window",
        label: "Measure over",
        type: "number",
        fallback: 1,
        unit: "s",
        least: 0.1,
        most: 86_400,
      },
    ],
  },
  heatmap: {
    title: "Heat map",
    icon: "heat",
    purpose: "Where objects spend their time.",
    shape: null,
    options: [
      ANCHOR,
      { key: "columns", label: "Columns", type: "number", fallback: 64, least: 1, most: 512, whole: true },
      { key: "rows", label: "Rows", type: "number", fallback: 36, least: 1, most: 512, whole: true },
      {
        key: "half_life",
        label: "Forget",
        type: "number",
        fallback: null,
        optional: true,
        initial: 3600,
        unit: "s",
        least: 1,
        most: 86_400,
        hint: "Time spent counts half after so long; for ever otherwise.",
      },
    ],
  },
};

/** Of a zone that may be too full. @type {Option[]} */
export const OVERCROWDING = [
  {
    key: "overcrowding.objects",
    label: "From",
    type: "number",
    fallback: 10,
    unit: "objects",
    least: 1,
    most: 10_000,
    whole: true,
  },
  { key: "overcrowding.seconds", label: "For", type: "number", fallback: 0, unit: "s", least: 0, most: 86_400 },
  {
    key: "overcrowding.until",
    label: "Over again at",
    type: "number",
    fallback: null,
    optional: true,
    initial: 0,
    unit: "objects",
    least: 0,
    whole: true,
    hint: "One less than the number above unless you say otherwise.",
  },
];

/** Distinct from each other, and from pictures, for most people. */
export const COLOURS = ["#ffb000", "#40c4ff", "#ff6e9c", "#7ee081", "#c58bff", "#ff8a4c", "#f4f7f8", "#ffe74c"];

/**
 * A rule that isn't there yet.
 * @param {Kind} kind
 * @param {string} camera
 * @param {{name: string, colour: string}[]} others
 */
export function newRule(kind, camera, others) {
  return { type: kind, name: freeName(KINDS[kind].title, others), cameras: [camera], colour: freeColour(others) };
}

/**
 * Rules that come together, told apart by their colours where they have none.
 * @template {{colour?: string}} T
 * @param {T[]} rules
 * @param {{colour?: string}[]} others
 * @returns {T[]}
 */
export function coloured(rules, others) {
  const known = [...others];
  return rules.map((rule) => {
    const shown = rule.colour === undefined ? { ...rule, colour: freeColour(known) } : rule;
    known.push(shown);
    return shown;
  });
}

/** `Zone 1`, `Zone 2`, …: the first that nobody has. @param {string} stem @param {{name: string}[]} others */
function freeName(stem, others) {
  const taken = new Set(others.map(({ name }) => name));
  for (let number = 1; ; number++) if (!taken.has(`${stem} ${number}`)) return `${stem} ${number}`;
}

/** The colour that the fewest have. @param {{colour?: string}[]} others */
function freeColour(others) {
  const uses = (colour) => others.filter((other) => (other.colour ?? COLOURS[0]) === colour).length;
  return COLOURS.reduce((best, colour) => (uses(colour) < uses(best) ? colour : best));
}
