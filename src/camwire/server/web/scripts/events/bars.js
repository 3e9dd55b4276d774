/** Counts over time as bars, and what they say. */

/**
 * @typedef {{time: number, number: number}} Bar  `time`: when it begins, UTC seconds
 * @typedef {"minute" | "hour" | "day"} Length
 */

const SECONDS = { minute: 60, hour: 3600, day: 86_400 };
/** More would be thinner than a pixel; the oldest are left out. */
export const MOST = 400;

/**
 * When the minute, hour or day of this browser's clock begins, as the server counts them for `time_zone`.
 * @param {number} time  UTC seconds
 * @param {Length} by
 * @param {number} [days]  so many days later, where `by` is a day
 */
function beginning(time, by, days = 0) {
  const at = new Date(time * 1000);
  if (by === "day") return new Date(at.getFullYear(), at.getMonth(), at.getDate() + days).getTime() / 1000;
  const local = time - at.getTimezoneOffset() * 60;
  return time - (((local % SECONDS[by]) + SECONDS[by]) % SECONDS[by]);
}

/**
 * When the span so many spans later begins.
 * @param {number} time  UTC seconds
 * @param {Length} by
 * @param {number} number
 */
function later(time, by, number) {
  return by === "day" ? beginning(time, by, number) : beginning(time + number * SECONDS[by], by);
}

/** What the server knows this browser's clock by. */
export function timeZone() {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/**
 * One bar for each minute, hour or day, those in which nothing was counted too.
 * @param {{time: number, number: number}[]} counts  several may be of one time
 * @param {Length} by
 * @param {number | null} since  UTC seconds; null: from the first count on
 * @param {number} until  UTC seconds
 * @returns {Bar[]} oldest first
 */
export function bars(counts, by, since, until) {
  const totals = new Map();
  for (const { time, number } of counts) {
    const begin = beginning(time, by);
    totals.set(begin, (totals.get(begin) ?? 0) + number);
  }
  const last = Math.max(beginning(until, by), ...totals.keys());
  const first = beginning(since ?? Math.min(last, ...totals.keys()), by);
  const shown = [];
  for (let time = Math.max(first, later(last, by, 1 - MOST)); time <= last; time = later(time, by, 1)) {
    shown.push({ time, number: totals.get(time) ?? 0 });
  }
  return shown;
}

/**
 * Count an event that has just come.
 * @param {Bar[]} shown
 * @param {Length} by
 * @param {number} time  UTC seconds
 * @returns {Bar[]} with bars up to that time
 */
export function counted(shown, by, time) {
  return bars([...shown, { time, number: 1 }], by, shown[0]?.time ?? time, time);
}

/**
 * When a bar begins, in words.
 * @param {Bar} bar
 * @param {Length} by
 */
export function barWords({ time }, by) {
  const when = new Date(time * 1000);
  if (by === "day") return when.toLocaleDateString("en-GB", { day: "numeric", month: "short" });
  const clock = when.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
  return `${when.toLocaleDateString("en-GB", { weekday: "short" })} ${clock}`;
}

/**
 * What the bars say, in a sentence.
 * @param {Bar[]} shown
 * @param {Length} by
 */
export function summary(shown, by) {
  const total = shown.reduce((sum, { number }) => sum + number, 0);
  if (total === 0) return "No events";
  const most = shown.reduce((high, bar) => (bar.number > high.number ? bar : high));
  const events = total === 1 ? "1 event" : `${total.toLocaleString("en")} events`;
  return `${events}, most from ${barWords(most, by)} on: ${most.number.toLocaleString("en")} in ${by === "hour" ? "an" : "a"} ${by}`;
}
