/** Events in words and signs, as values. */

import * as format from "../format.js";

/**
 * @typedef {{icon: string, verb: string, about: "object" | "place", value?: (value: number) => string}} KindWords
 *   `icon`: an icon of index.html; `verb`: what the object did; `value`: what the event's value says
 */

const stayed = (value) => (value < 1 ? "after less than 1 s" : `after ${format.duration(value)}`);
const objects = (value) => `${format.count(value)} ${value === 1 ? "object" : "objects"}`;
const speed = (value) => `speed ${format.rate(value)}`;

/** In the order in which they are offered. @type {Record<string, KindWords>} */
export const KINDS = {
  enter: { icon: "enter", verb: "entered", about: "object" },
  exit: { icon: "exit", verb: "left", about: "object", value: stayed },
  loitering: { icon: "waiting", verb: "stays long", about: "object", value: stayed },
  overcrowded: { icon: "crowd", verb: "Too many", about: "place", value: objects },
  overcrowding_over: { icon: "crowd", verb: "No longer too many", about: "place", value: objects },
  in: { icon: "enter", verb: "crossed inwards", about: "object" },
  out: { icon: "exit", verb: "crossed outwards", about: "object" },
  direction: { icon: "direction", verb: "went this way", about: "object" },
  speeding: { icon: "speed", verb: "too fast", about: "object", value: speed },
  stopped: { icon: "stalled", verb: "stopped", about: "object", value: speed },
  moving: { icon: "direction", verb: "moves again", about: "object", value: speed },
};

/** A kind as it stands in a list to choose from. @param {string} kind */
export function kindWords(kind) {
  const verb = Object.hasOwn(KINDS, kind) ? KINDS[kind].verb : format.words(kind);
  return verb.charAt(0).toUpperCase() + verb.slice(1);
}

/**
 * @param {import("./filter.js").Event} event
 * @returns {{icon: string, title: string, details: string[]}}
 */
export function eventWords(event) {
  const known = Object.hasOwn(KINDS, event.kind) ? KINDS[event.kind] : null;
  const subject = format.title(event.class ?? "object");
  const verb = known?.verb ?? format.words(event.kind);
  const title = known?.about === "place" ? verb : `${subject} ${verb}`;
  const details = [
    Number.isFinite(event.value) && known?.value ? known.value(event.value) : null,
    event.object === null || event.object === undefined ? null : `#${event.object}`,
    Number.isFinite(event.score) ? `${Math.round(event.score * 100)} %` : null,
  ];
  return { icon: known?.icon ?? "notice", title, details: details.filter((text) => text !== null) };
}

/**
 * The day of an event, as people say it.
 * @param {Date} time
 * @param {Date} now
 */
export function dayWords(time, now) {
  const days = Math.round((midnight(now) - midnight(time)) / 86_400_000);
  if (days === 0) return "Today";
  if (days === 1) return "Yesterday";
  const year = time.getFullYear() === now.getFullYear() ? undefined : "numeric";
  return time.toLocaleDateString("en-GB", { weekday: "long", day: "numeric", month: "long", year });
}

/** @param {Date} time */
export function clockWords(time) {
  return time.toLocaleTimeString("en-GB");
}

/** @param {number} number */
export function newWords(number) {
  return `${format.count(number)} new ${number === 1 ? "event" : "events"}`;
}

/** Noon's day number is the same whatever daylight saving does. @param {Date} time */
function midnight(time) {
  return new Date(time.getFullYear(), time.getMonth(), time.getDate()).getTime();
}
