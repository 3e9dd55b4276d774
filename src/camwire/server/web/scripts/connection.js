/** The WebSocket: a thin shell that does what connection-state.js decides. */

import { dueEvent, initialState, nextState } from "./connection-state.js";

const TICK_MS = 250;

/**
 * @typedef {{
 *   onPicture: (buffer: ArrayBuffer) => void,
 *   onText: (text: string) => void,
 *   onState: (state: import("./connection-state.js").ConnectionState, now: number) => void
 * }} ConnectionHandlers
 */

export class Connection {
  /** @type {WebSocket | null} */
  #socket = null;
  #state;
  #url;
  #handlers;

  /**
   * @param {URL} url
   * @param {ConnectionHandlers} handlers  `onState` is called on every change and, while waiting, with the clock
   */
  constructor(url, handlers) {
    this.#url = url;
    this.#handlers = handlers;
    this.#state = initialState(performance.now());
    this.#open();
    setInterval(() => this.#tick(), TICK_MS);
    handlers.onState(this.#state, performance.now());
  }

  /**
   * @param {string} message
   * @returns {boolean} whether it could be handed over
   */
  send(message) {
    if (this.#state.phase !== "open") return false;
    this.#socket.send(message);
    return true;
  }

  tryNow() {
    this.#apply("connect");
  }

  pause() {
    this.#apply("paused");
  }

  resume() {
    this.#apply("resumed");
  }

  #tick() {
    const now = performance.now();
    const due = dueEvent(this.#state, now);
    if (due !== null) this.#apply(due);
    else if (this.#state.phase === "waiting") this.#handlers.onState(this.#state, now);
  }

  /** @param {import("./connection-state.js").ConnectionEvent} event */
  #apply(event) {
    const now = performance.now();
    const before = this.#state;
    this.#state = nextState(before, event, now, Math.random());
    const { phase, failures } = this.#state;
    if (phase !== before.phase) {
      if (phase === "connecting") this.#open();
      else if (phase !== "open") this.#drop();
    }
    if (phase !== before.phase || failures !== before.failures) this.#handlers.onState(this.#state, now);
  }

  #open() {
    const socket = new WebSocket(this.#url);
    socket.binaryType = "arraybuffer";
    const ifCurrent = (act) => (event) => {
      if (socket === this.#socket) act(event);
    };
    socket.addEventListener("open", ifCurrent(() => this.#apply("opened")));
    socket.addEventListener("close", ifCurrent(() => this.#apply("closed")));
    socket.addEventListener("message", ifCurrent(({ data }) => this.#receive(data)));
    this.#socket = socket;
  }

  #drop() {
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  /** @param {string | ArrayBuffer} data */
  #receive(data) {
    this.#apply("heard");
    if (typeof data === "string") this.#handlers.onText(data);
    else this.#handlers.onPicture(data);
  }
}
