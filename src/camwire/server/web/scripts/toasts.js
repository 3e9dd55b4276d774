/** Short messages that come and go: what the server had to say about something this page did. */

import { el, icon } from "./dom.js";

const SHOWN_MS = 8_000;
const MOST = 3;

export class Toasts {
  #root;

  /** @param {HTMLElement} root  an aria-live region */
  constructor(root) {
    this.#root = root;
  }

  /** @param {string} message  a message that is already there is not shown twice */
  show(message) {
    const same = Array.from(this.#root.children).find((toast) => toast.dataset.message === message);
    same?.remove();
    while (this.#root.children.length >= MOST) this.#root.firstElementChild.remove();
    const dismiss = { class: "icon-button", type: "button", "aria-label": "Dismiss", onclick: () => toast.remove() };
    const toast = el(
      "div",
      { class: "toast" },
      icon("notice"),
      el("span", {}, message),
      el("button", dismiss, icon("close")),
    );
    toast.dataset.message = message;
    this.#root.append(toast);
    this.#leaveLater(toast);
  }

  /** Stay while someone reads: the pointer or the focus is on it. @param {HTMLElement} toast */
  #leaveLater(toast) {
    setTimeout(() => {
      if (toast.matches(":hover, :focus-within")) this.#leaveLater(toast);
      else toast.remove();
    }, SHOWN_MS);
  }
}
