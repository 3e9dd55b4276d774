/** Which events are wanted: read from the page's address, written back to it, and asked of the server. */

/**
 * @typedef {"hour" | "day" | "week" | "month" | "all" | "between"} Span
 * @typedef {{
 *   camera: string | null, rule: string | null, kind: string | null, class: string | null,
 *   span: Span, since: number | null, until: number | null
 * }} Filter  `since`, `until`: UTC seconds, of the span `between` only
 * @typedef {{number: number, id: string, time: number, camera: string, rule: string, kind: string,
 *   object: number | null, class: string | null, score: number | null, box: number[] | null,
 *   value?: number | null, counts: Record<string, Record<string, number>> | null,
 *   snapshot: string | null, clip: string | null}} Event  as in docs/reference/rest.md
 */

const HOUR = 3600;
const DAY = 24 * HOUR;

/** In the order in which they are offered. @type {Record<Span, string>} */
export const SPANS = {
  hour: "Last hour",
  day: "Last 24 hours",
  week: "Last 7 days",
  month: "Last 30 days",
  all: "Everything",
  between: "Between…",
};

const SECONDS = { hour: HOUR, day: DAY, week: 7 * DAY, month: 30 * DAY };
/** What an event is compared by; the span is a matter of time. */
const FIELDS = ["camera", "rule", "kind", "class"];

/** @type {Filter} */
export const NO_FILTER = {
  camera: null, rule: null, kind: null, class: null, span: "day", since: null, until: null,
};

/** @param {URLSearchParams} query @returns {Filter} what makes no sense is left out */
export function readFilter(query) {
  const filter = { ...NO_FILTER };
  for (const field of FIELDS) filter[field] = query.get(field) || null;
  const span = query.get("span");
  if (Object.hasOwn(SPANS, span ?? "")) filter.span = span;
  if (filter.span === "between") {
    filter.since = seconds(query.get("since"));
    filter.until = seconds(query.get("until"));
  }
  return filter;
}

/** What {@link readFilter} reads. @param {Filter} filter @returns {Record<string, string>} */
export function writeFilter(filter) {
  const fields = FIELDS.filter((field) => filter[field] !== null).map((field) => [field, filter[field]]);
  const times = ["since", "until"].filter((end) => filter.span === "between" && filter[end] !== null);
  return Object.fromEntries([
    ...fields,
    ...(filter.span === NO_FILTER.span ? [] : [["span", filter.span]]),
    ...times.map((end) => [end, String(filter[end])]),
  ]);
}

/** Whether anything is left out besides what is long ago. @param {Filter} filter */
export function isNarrow(filter) {
  return FIELDS.some((field) => filter[field] !== null) || filter.span === "between";
}

/**
 * @param {Filter} filter
 * @param {number} now  UTC seconds
 * @returns {{since: number | null, until: number | null}} null: no bound
 */
export function bounds(filter, now) {
  if (filter.span === "between") return { since: filter.since, until: filter.until };
  const length = SECONDS[filter.span];
  return { since: length === undefined ? null : Math.floor(now - length), until: null };
}

/**
 * How long a bar of the counts lasts.
 * @param {Filter} filter
 * @param {number} now  UTC seconds
 * @returns {"minute" | "hour" | "day"}
 */
export function barLength(filter, now) {
  const { since, until } = bounds(filter, now);
  if (since === null) return "day";
  const length = (until ?? now) - since;
  if (length <= 2 * HOUR) return "minute";
  return length <= 8 * DAY ? "hour" : "day";
}

/**
 * Parameters for the server.
 * @param {Filter} filter
 * @param {number} now  UTC seconds
 * @returns {Record<string, string | number | null>}
 */
export function asked(filter, now) {
  return { ...Object.fromEntries(FIELDS.map((field) => [field, filter[field]])), ...bounds(filter, now) };
}

/**
 * Whether an event that comes now belongs to what is shown.
 * @param {Filter} filter
 * @param {Event} event
 * @param {number} now  UTC seconds
 */
export function matches(filter, event, now) {
  const { since, until } = bounds(filter, now);
  const wanted = FIELDS.every((field) => filter[field] === null || event[field] === filter[field]);
  return wanted && (since === null || event.time >= since) && (until === null || event.time < until);
}

/** @param {string | null} text */
function seconds(text) {
  const value = text === null || text === "" ? NaN : Number(text);
  return Number.isFinite(value) ? value : null;
}
