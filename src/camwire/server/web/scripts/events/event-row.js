/** One event in the timeline. */

import { el, icon } from "../dom.js";
import { crop } from "./crop.js";
import { clockWords, eventWords } from "./words.js";

/** An event is told before its picture is on the disk. */
const TRIES = 3;
const AGAIN_MS = 1_500;
/** Of the small pictures, as in events.css. */
const ASPECT = 16 / 9;

export class EventRow {
  /**
   * @param {import("./filter.js").Event} event
   * @param {string} camera  its name
   * @param {() => void} onOpen
   */
  constructor(event, camera, onOpen) {
    const { icon: sign, title, details } = eventWords(event);
    const time = new Date(event.time * 1000);
    this.button = el(
      "button",
      { class: "event-open", type: "button", onclick: onOpen },
      picture(event, sign),
      el(
        "span",
        { class: "event-text" },
        el("span", { class: "event-title" }, icon(sign), el("span", {}, title)),
        el("span", { class: "event-place" }, el("span", {}, event.rule), el("span", {}, camera)),
        el("span", { class: "event-details" }, details.join(" · ")),
      ),
      el("time", { class: "event-time", datetime: time.toISOString() }, clockWords(time)),
    );
    this.root = el("li", { class: "event" }, this.button);
    this.root.dataset.number = String(event.number);
  }
}

/** The line between two days. */
export class DayRow {
  /** @param {string} words */
  constructor(words) {
    this.root = el("li", { class: "event-day" }, el("h3", {}, words));
  }
}

/** @param {import("./filter.js").Event} event @param {string} sign */
function picture(event, sign) {
  const frame = el("span", { class: "event-picture" });
  const none = () => frame.replaceChildren(icon(sign));
  if (!event.snapshot) {
    none();
    return frame;
  }
  let tries = TRIES;
  const again = () => {
    if (--tries === 0) none();
    else setTimeout(() => image.isConnected && (image.src = `${event.snapshot}?try=${tries}`), AGAIN_MS);
  };
  const show = () => {
    const { zoom, x, y } = crop(event.box, { width: image.naturalWidth, height: image.naturalHeight }, ASPECT);
    image.style.transform = `translate(${100 * x}%, ${100 * y}%) scale(${zoom})`;
  };
  const image = el("img", { alt: "", loading: "lazy", decoding: "async", onerror: again, onload: show });
  image.src = event.snapshot;
  frame.append(image);
  return frame;
}
