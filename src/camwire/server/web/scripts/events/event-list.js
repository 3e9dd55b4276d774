/** The events one under the other, parted by days. */

import { el, reconcile } from "../dom.js";
import { DayRow, EventRow } from "./event-row.js";
import { dayWords } from "./words.js";

/** @typedef {import("./filter.js").Event} Event */

export class EventList {
  /** @type {Map<string, EventRow | DayRow>} */
  #rows = new Map();
  #nameOf;
  #onOpen;

  /**
   * @param {(camera: string) => string} nameOf  a camera's name
   * @param {(event: Event) => void} onOpen
   * @param {() => void} onLeft  nobody points at it any longer, or has the focus in it
   */
  constructor(nameOf, onOpen, onLeft) {
    this.#nameOf = nameOf;
    this.#onOpen = onOpen;
    this.root = el("ol", { class: "events-list", "aria-label": "Events, newest first", onpointerleave: onLeft, onfocusout: onLeft });
  }

  /** @param {Event[]} events  newest first */
  show(events) {
    const today = new Date();
    /** @type {Map<string, string | Event>} rows in their order, by key: a day's words, or an event */
    const wanted = new Map();
    for (const event of events) {
      const day = dayWords(new Date(event.time * 1000), today);
      wanted.set(`day:${day}`, day);
      wanted.set(`event:${event.number}`, event);
    }
    reconcile(this.root, this.#rows, [...wanted.keys()], (key) => this.#make(wanted.get(key)));
    this.root.toggleAttribute("data-pictures", events.some(({ snapshot }) => snapshot));
  }

  /** @param {number} number  of an event */
  focus(number, options = {}) {
    this.#rows.get(`event:${number}`)?.button.focus(options);
  }

  /** Whether somebody is about to use it: it must not move. */
  get inUse() {
    return this.root.matches(":hover, :focus-within");
  }

  /** @param {string | Event} item */
  #make(item) {
    if (typeof item === "string") return new DayRow(item);
    return new EventRow(item, this.#nameOf(item.camera), () => this.#onOpen(item));
  }
}
