/** What the server sends by itself, to whoever listens; and what this page wants of it. */

import { Connection } from "./connection.js";
import * as protocol from "./protocol.js";

/**
 * @typedef {{
 *   cameras?: string[] | null, size?: "full" | "thumbnail", max_fps?: number, frames?: boolean, metadata?: boolean,
 *   events?: boolean
 * }} Subscription  as in docs/reference/websocket.md
 * @typedef {"stats" | "toggles" | "error" | "event" | "objects" | "picture" | "state"} Kind
 */

/** @type {Subscription} */
const NOTHING = { cameras: [], frames: false };

export class Feed {
  /** @type {Map<Kind, Set<(...values: any[]) => void>>} */
  #listeners = new Map();
  /** @type {Map<Kind, any[]>} what came last, for those who begin to listen */
  #latest = new Map();
  #subscription = JSON.stringify(NOTHING);
  #open = false;
  #connection;

  /** @param {URL} url  of the WebSocket */
  constructor(url) {
    this.#connection = new Connection(url, {
      onPicture: (buffer) => this.#picture(buffer),
      onText: (raw) => this.#text(raw),
      onState: (state, now) => this.#state(state, now),
    });
  }

  /**
   * Hear what comes. Who begins to listen to `stats`, `toggles` or `state` is told what came last.
   * @param {Kind} kind  `picture`: (camera, {buffer, offset}); `state`: (state, now); others: (what it says)
   * @param {(...values: any[]) => void} listener
   * @returns {() => void} stops it
   */
  listen(kind, listener) {
    const listeners = this.#listeners.get(kind) ?? new Set();
    this.#listeners.set(kind, listeners.add(listener));
    if (this.#latest.has(kind)) listener(...this.#latest.get(kind));
    return () => listeners.delete(listener);
  }

  /** Say what is wanted from now on; nothing without an argument. @param {Subscription} [subscription] */
  want(subscription = NOTHING) {
    const wanted = JSON.stringify(subscription);
    if (wanted === this.#subscription) return;
    this.#subscription = wanted;
    this.#subscribe();
  }

  /** @param {string} message @returns {boolean} whether it could be handed over */
  send(message) {
    return this.#connection.send(message);
  }

  tryNow() {
    this.#connection.tryNow();
  }

  pause() {
    this.#connection.pause();
  }

  resume() {
    this.#connection.resume();
  }

  #subscribe() {
    if (this.#open) this.#connection.send(protocol.subscribe(JSON.parse(this.#subscription)));
  }

  #state(state, now) {
    const opened = state.phase === "open" && !this.#open;
    this.#open = state.phase === "open";
    // The connection is not assigned yet when it tells its first state.
    if (opened) this.#subscribe();
    this.#latest.set("state", [state, now]);
    this.#tell("state", state, now);
  }

  /** @param {ArrayBuffer} buffer */
  #picture(buffer) {
    const head = protocol.parsePicture(buffer);
    if (head !== null) this.#tell("picture", head.camera, { buffer, offset: head.offset });
  }

  /** @param {string} raw */
  #text(raw) {
    const message = protocol.parseText(raw);
    if (message === null) return;
    if (message.type === "stats" || message.type === "toggles") this.#latest.set(message.type, [message.value]);
    this.#tell(message.type, message.value);
  }

  /** @param {Kind} kind @param {...any} values */
  #tell(kind, ...values) {
    for (const listener of this.#listeners.get(kind) ?? []) listener(...values);
  }
}
