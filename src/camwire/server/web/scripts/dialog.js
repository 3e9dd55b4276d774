/** Questions that have to be answered first. */

import { el } from "./dom.js";

/**
 * Ask, and wait for the answer; Escape means no.
 * @param {{title: string, text: string, yes: string, no?: string}} words
 * @returns {Promise<boolean>}
 */
export function confirmed({ title, text, yes, no = "Cancel" }) {
  const dialog = el(
    "dialog",
    { class: "dialog", "aria-labelledby": "dialog-title" },
    el(
      "form",
      { method: "dialog" },
      el("h2", { id: "dialog-title" }, title),
      el("p", {}, text),
      el(
        "div",
        { class: "dialog-actions" },
        el("button", { class: "button", value: "no", autofocus: true }, no),
        el("button", { class: "button primary", value: "yes" }, yes),
      ),
    ),
  );
  document.body.append(dialog);
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
    dialog.showModal();
  });
}
