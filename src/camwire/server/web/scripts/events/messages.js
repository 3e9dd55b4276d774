/** What stands where no events are shown, and why. */

import { el } from "../dom.js";
import { routeTo } from "../routes.js";

/**
 * @param {boolean} narrow  filters leave something out
 * @param {() => void} onClear
 */
export function emptyMessage(narrow, onClear) {
  if (narrow) {
    const clear = el("button", { class: "button", type: "button", onclick: onClear }, "Clear filters");
    return [el("h3", {}, "No event fits these filters"), clear];
  }
  return [
    el("h3", {}, "No events in this time"),
    el("p", {}, "Events come from rules: zones and lines that objects enter, leave or cross."),
    el("a", { class: "button", href: routeTo("rules") }, "To the rules"),
  ];
}

/**
 * @param {import("../api.js").ApiError} error
 * @param {() => void} onAgain
 */
export function failedMessage(error, onAgain) {
  const again = el("button", { class: "button", type: "button", onclick: onAgain }, "Try again");
  return [el("h3", {}, "The events can't be shown"), el("p", { role: "alert" }, error.words), again];
}
