/** Switches for what is drawn on the pictures; the server's word is what they show. */

import { el, reconcile, setAttribute } from "./dom.js";
import * as format from "./format.js";

/** Between the button and what it opens: pixels. */
const GAP = 6;

export class Toggles {
  /** @type {Map<string, {root: HTMLElement}>} */
  #switches = new Map();
  #root;
  #onSet;

  /**
   * @param {HTMLElement} root
   * @param {HTMLElement} button  shows them where there is no room for all of them at once
   * @param {(name: string, enabled: boolean) => void} onSet
   */
  constructor(root, button, onSet) {
    this.#root = root;
    this.#onSet = onSet;
    root.addEventListener("beforetoggle", () => {
      const { bottom, right } = button.getBoundingClientRect();
      root.style.setProperty("--below", `${Math.round(bottom + GAP)}px`);
      root.style.setProperty("--right", `${Math.max(GAP, Math.round(document.body.clientWidth - right))}px`);
    });
  }

  /** @param {[string, boolean][]} toggles  as the server sent them */
  update(toggles) {
    const names = toggles.map(([name]) => name);
    reconcile(this.#root, this.#switches, names, (name) => this.#makeSwitch(name));
    for (const [name, enabled] of toggles) setAttribute(this.#switches.get(name).root, "aria-checked", String(enabled));
  }

  /** @param {boolean} able  whether the server would hear */
  setAble(able) {
    for (const { root } of this.#switches.values()) setAttribute(root, "aria-disabled", String(!able));
  }

  /** @param {string} name */
  #makeSwitch(name) {
    const root = el(
      "button",
      { class: "switch", type: "button", role: "switch", "aria-checked": "false", onclick: () => this.#flip(root) },
      el("span", { class: "switch-track" }, el("span", { class: "switch-thumb" })),
      el("span", {}, format.title(name)),
    );
    root.dataset.toggle = name;
    return { root };
  }

  /** @param {HTMLElement} root */
  #flip(root) {
    if (root.getAttribute("aria-disabled") === "true") return;
    this.#onSet(root.dataset.toggle, root.getAttribute("aria-checked") !== "true");
  }
}
