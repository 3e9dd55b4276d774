/**
 * The events that are shown, newest first, in bounded memory; and those that wait to be shown, so that nobody's
 * reading is disturbed.
 *
 * @typedef {import("./filter.js").Event} Event
 * @typedef {{events: Event[], next: number | null}} Answer  of the server
 */

/** Events that are shown at most: some screens full. */
export const MOST = 300;

export class Timeline {
  /** Newest first. @type {Event[]} */
  shown = [];
  /** Newest first. @type {Event[]} */
  waiting = [];
  /** Where older ones continue: before this number; null where there are none. @type {number | null} */
  older = null;
  /** Newer ones were left out, or missed: they have to be asked for again. */
  behind = false;
  #most;

  constructor(most = MOST) {
    this.#most = most;
  }

  /** Begin anew. @param {Answer} answer */
  replace({ events, next }) {
    this.shown = events.slice(0, this.#most);
    this.older = events.length > this.#most ? this.shown.at(-1).number : next;
    this.waiting = [];
    this.behind = false;
  }

  /** Older ones, below; where there are too many, the newest make room. @param {Answer} answer */
  append({ events, next }) {
    const last = this.shown.at(-1)?.number ?? Infinity;
    const all = [...this.shown, ...events.filter(({ number }) => number < last)];
    const over = Math.max(0, all.length - this.#most);
    this.shown = all.slice(over);
    this.older = next;
    if (over > 0) {
      this.behind = true;
      this.waiting = [];
    }
  }

  /**
   * An event has come. It is shown at once, or waits.
   * @param {Event} event
   * @param {boolean} hold  somebody is reading further down
   * @returns {boolean} whether it is news
   */
  arrive(event, hold) {
    const newest = (this.waiting[0] ?? this.shown[0])?.number ?? -Infinity;
    if (event.number <= newest) return false;
    if (this.behind) return true;
    this.waiting.unshift(event);
    if (!hold) this.release();
    else if (this.waiting.length > this.#most) this.miss();
    return true;
  }

  /** Some were missed: there is no telling which. */
  miss() {
    this.behind = true;
    this.waiting = [];
  }

  /** What is known of an event has changed: its clip is there. @param {Event} event */
  update(event) {
    const index = this.shown.findIndex(({ number }) => number === event.number);
    if (index >= 0) this.shown[index] = event;
  }

  /** Show those that wait; where there are too many, the oldest make room. */
  release() {
    const all = [...this.waiting, ...this.shown];
    this.waiting = [];
    this.shown = all.slice(0, this.#most);
    if (all.length > this.#most) this.older = this.shown.at(-1).number;
  }
}
