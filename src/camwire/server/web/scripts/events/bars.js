/** Counts over time as bars, and what they say. */

/**
 * @typedef {{time: number, number: number}} Bar  `time`: when it begins, UTC seconds
 * @typedef {"minute" | "hour" | "day"} Length
 */

export const SECONDS = { minute: 60, hour: 3600, day: 86_400 };
/** More would be thinner than a pixel; the oldest are left out. */
export const MOST = 400;

/**
 * One bar for each minute, hour or day, those in which nothing was counted too.
 * @param {{time: number, number: number}[]} counts  several may be of one time
 * @param {Length} by
 * @param {number | null} since  UTC seconds; null: from the first count on
 * @param {number} until  UTC seconds
 * @returns {Bar[]} oldest first
 */
export function bars(counts, by, since, until) {
  const step = SECONDS[by];
  const floor = (time) => Math.floor(time / step) * step;
  const totals = new Map();
  for (const { time, number } of counts) totals.set(floor(time), (totals.get(floor(time)) ?? 0) + number);
  const last = Math.max(floor(until), ...totals.keys());
  const first = since ?? Math.min(last, ...totals.keys());
  const begin = Math.max(floor(first), last - (MOST - 1) * step);
  const length = Math.max(0, Math.round((last - begin) / step) + 1);
  return Array.from({ length }, (_, index) => {
    const time = begin + index * step;
    return { time, number: totals.get(time) ?? 0 };
  });
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
  // A day's bar is a day of UTC: that is how the server counts.
  if (by === "day") return when.toLocaleDateString("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });
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
