/** A new password, asked for in a dialog. */

import { el } from "../dom.js";

/** As the server wants it. */
export const SHORTEST = 8;

/**
 * @param {string} name  of the account
 * @returns {Promise<string | null>} null: never mind
 */
export function askPassword(name) {
  const password = passwordInput();
  const cancel = el("button", { class: "button", type: "button", onclick: () => dialog.close() }, "Cancel");
  const dialog = el(
    "dialog",
    { class: "dialog", "aria-labelledby": "password-title" },
    el(
      "form",
      { method: "dialog" },
      el("h2", { id: "password-title" }, `A new password for ${name}`),
      el("p", {}, "Whoever is logged in with the old one has to log in again."),
      el("label", { class: "field" }, el("span", {}, "New password"), password),
      el("div", { class: "dialog-actions" }, cancel, el("button", { class: "button primary", value: "set" }, "Set password")),
    ),
  );
  document.body.append(dialog);
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "set" ? password.value : null);
    });
    dialog.showModal();
  });
}

export function passwordInput() {
  return el("input", {
    class: "input", type: "password", name: "password", autocomplete: "new-password", required: true, minlength: String(SHORTEST),
  });
}
