/** Programs' tokens: made, shown once, removed. */

import { segment } from "../api.js";
import { confirmed } from "../dialog.js";
import { el, setText } from "../dom.js";
import { EntryList } from "./entry-list.js";

export class TokenList {
  #services;

  /** @param {import("../services.js").Services} services */
  constructor(services) {
    this.#services = services;
    this.list = new EntryList({
      title: "Tokens for programs",
      add: "Make token",
      more: [],
      load: () => services.api.get("tokens"),
      make: async (entry) => madeToken((await services.api.post("tokens", entry)).token),
      controls: (token) => this.#controls(token),
    });
    this.root = this.list.root;
  }

  /** @param {{name: string, role: string}} token @returns {HTMLElement[]} */
  #controls({ name, role }) {
    const remove = async () => {
      const text = "Programs that use it are refused from then on.";
      if (!(await confirmed({ title: `Remove ${name}?`, text, yes: "Remove" }))) return;
      await this.list.attempt(() => this.#services.api.delete(`tokens/${segment(name)}`));
    };
    const button = el("button", { class: "button", type: "button", "aria-label": `Remove: ${name}`, onclick: remove }, "Remove");
    return [el("span", {}, role), button];
  }
}

/** @param {string} text */
function madeToken(text) {
  const copy = el("button", { class: "button", type: "button" }, "Copy");
  copy.addEventListener("click", async () => {
    await navigator.clipboard.writeText(text);
    setText(copy, "Copied");
  });
  // Without HTTPS, browsers have no clipboard for pages.
  copy.hidden = navigator.clipboard === undefined;
  return el(
    "div",
    {},
    el("p", {}, "This is the token. It is shown this once: keep it where the program finds it."),
    el("div", { class: "token-text" }, el("code", {}, text), copy),
  );
}
