/** The accounts of people: add, change, remove. */

import { segment } from "../api.js";
import { confirmed } from "../dialog.js";
import { el } from "../dom.js";
import { askPassword, passwordInput } from "./ask-password.js";
import { EntryList } from "./entry-list.js";
import { roleSelect } from "./role-select.js";

export class AccountList {
  #services;

  /** @param {import("../services.js").Services} services @param {() => void} onFirst  the server asks for logins now */
  constructor(services, onFirst) {
    this.#services = services;
    this.#onFirst = onFirst;
    this.password = passwordInput();
    this.list = new EntryList({
      title: "Accounts",
      add: "Add account",
      more: [el("label", { class: "field" }, el("span", {}, "Password"), this.password)],
      load: () => services.api.get("accounts"),
      make: (entry) => this.#make(entry),
      controls: (account) => this.#controls(account),
    });
    if (!services.session.required) this.list.role.value = "admin";
    this.root = this.list.root;
  }

  #onFirst;

  /** @param {{name: string, role: string}} entry */
  async #make(entry) {
    await this.#services.api.post("accounts", { ...entry, password: this.password.value });
    if (!this.#services.session.required) this.#onFirst();
    return null;
  }

  /** @param {{name: string, role: string}} account @returns {HTMLElement[]} */
  #controls({ name, role }) {
    const path = `accounts/${segment(name)}`;
    const { api } = this.#services;
    const select = roleSelect({ "aria-label": `Role of ${name}` });
    select.value = role;
    select.addEventListener("change", () => this.list.attempt(() => api.patch(path, { role: select.value })));
    const changePassword = async () => {
      const password = await askPassword(name);
      if (password !== null) await this.list.attempt(() => api.patch(path, { password }));
    };
    const remove = async () => {
      const yes = await confirmed({ title: `Remove ${name}?`, text: "Their sessions end at once.", yes: "Remove" });
      if (yes) await this.list.attempt(() => api.delete(path));
    };
    const button = (words, act) =>
      el("button", { class: "button", type: "button", "aria-label": `${words}: ${name}`, onclick: act }, words);
    return [el("span", { class: "field" }, select), button("New password", changePassword), button("Remove", remove)];
  }
}
