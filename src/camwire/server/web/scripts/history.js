/** The last values of a figure, in bounded memory. */
export class History {
  #values;
  #next = 0;
  #length = 0;

  /** @param {number} capacity */
  constructor(capacity) {
    this.#values = new Float64Array(capacity);
  }

  /** @param {number} value  NaN where there is none */
  push(value) {
    this.#values[this.#next] = value;
    this.#next = (this.#next + 1) % this.#values.length;
    this.#length = Math.min(this.#length + 1, this.#values.length);
  }

  get capacity() {
    return this.#values.length;
  }

  /** @returns {number[]} oldest first */
  values() {
    const start = this.#next - this.#length + this.#values.length;
    return Array.from({ length: this.#length }, (_, i) => this.#values[(start + i) % this.#values.length]);
  }
}
