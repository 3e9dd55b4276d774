/** The state of the connection: a word in the head of the page, and a banner where something is wrong. */

import { describe } from "./connection-state.js";
import { setText } from "./dom.js";

export class ConnectionStatus {
  #badge;
  #badgeText;
  #banner;
  #bannerText;
  #countdown;

  /**
   * @param {HTMLElement} badge
   * @param {HTMLElement} banner
   * @param {() => void} onTryNow
   */
  constructor(badge, banner, onTryNow) {
    this.#badge = badge;
    this.#badgeText = badge.querySelector("[data-part=text]");
    this.#banner = banner;
    this.#bannerText = banner.querySelector("[data-part=text]");
    this.#countdown = banner.querySelector("[data-part=countdown]");
    banner.querySelector("button").addEventListener("click", onTryNow);
  }

  /**
   * @param {import("./connection-state.js").ConnectionState} state
   * @param {number} now  milliseconds
   * @param {boolean} loggedOut  whether the server is there and lets nobody in
   */
  show(state, now, loggedOut) {
    const { tone, short, long, retryInSeconds } = describe(state, now, loggedOut);
    this.#badge.dataset.tone = tone;
    setText(this.#badgeText, short);
    this.#banner.hidden = long === null;
    setText(this.#bannerText, long ?? "");
    setText(this.#countdown, retryInSeconds === null ? "Trying now…" : `Next try in ${retryInSeconds} s`);
  }
}
