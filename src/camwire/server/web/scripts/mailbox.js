/**
 * Newest wins: at most one picture of a camera is being decoded, and at most one waits.
 *
 * @template T
 */
export class Mailbox {
  /** @type {Map<string, T | null>} a key is here while its picture is being decoded; the value is the one waiting */
  #busy = new Map();
  /** Pictures that a newer one replaced before they were decoded. */
  replaced = 0;

  /**
   * @param {string} key
   * @param {T} item
   * @returns {T | null} what to start on now
   */
  offer(key, item) {
    if (!this.#busy.has(key)) {
      this.#busy.set(key, null);
      return item;
    }
    if (this.#busy.get(key) !== null) this.replaced++;
    this.#busy.set(key, item);
    return null;
  }

  /**
   * What was started is done.
   * @param {string} key
   * @returns {T | null} what to start on next
   */
  done(key) {
    const next = this.#busy.get(key) ?? null;
    if (next === null) this.#busy.delete(key);
    else this.#busy.set(key, null);
    return next;
  }
}
