/** Taking rules over from a file of DeepStream's nvdsanalytics. */

import { ApiError } from "../api.js";
import { el } from "../dom.js";

/**
 * Ask for a file and have the server read it.
 * @param {import("../api.js").Api} api
 * @param {string} camera  the id of the one that the rules are to be for
 * @param {string} name  its name
 * @param {string[]} names  of the rules that are being edited, saved or not
 * @returns {Promise<import("./settings.js").Settings[]>} none where it was cancelled
 */
export function importedRules(api, camera, name, names) {
  const file = el("input", {
    class: "input",
    type: "file",
    accept: ".txt,.ini,.yml,.yaml,.cfg,text/plain",
    required: true,
  });
  const stream = el("input", {
    class: "input number",
    type: "number",
    min: "0",
    max: "10000",
    step: "1",
    value: "0",
    required: true,
  });
  const notes = el("div", { class: "import-notes", role: "status" });
  const add = el("button", { class: "button primary", type: "submit" }, "Read it");
  const cancel = el("button", { class: "button", type: "button", onclick: () => dialog.close() }, "Cancel");
  const form = el(
    "form",
    {},
    el("h2", { id: "import-title" }, `Take rules over for ${name}`),
    el("p", {}, "From a configuration file of DeepStream's nvdsanalytics, as text or YAML. Nothing is saved yet."),
    el("label", { class: "option" }, el("span", { class: "option-label" }, "File"), file),
    el(
      "label",
      { class: "option" },
      el("span", { class: "option-label" }, "Stream: the number at the end of the file's group names"),
      stream,
    ),
    notes,
    el("div", { class: "dialog-actions" }, cancel, add),
  );
  const dialog = el("dialog", { class: "dialog", "aria-labelledby": "import-title" }, form);
  document.body.append(dialog);
  return new Promise((resolve) => {
    let rules = null;
    let taken = [];
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      if (rules !== null) {
        taken = rules;
        dialog.close();
        return;
      }
      try {
        const text = await file.files[0].text();
        const asked = { nvdsanalytics: text, camera, stream: stream.valueAsNumber, taken: names };
        const answer = await api.post("rules/import", asked);
        rules = answer.rules;
        file.disabled = stream.disabled = true;
        notes.replaceChildren(...found(answer));
        add.textContent = rules.length > 0 ? `Add ${counted(rules.length)}` : "Close";
        add.focus();
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        notes.replaceChildren(el("p", { class: "mistakes" }, error.words));
      }
    });
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(taken);
    });
    dialog.showModal();
  });
}

/** @param {{rules: any[], notes: string[]}} answer */
function found({ rules, notes }) {
  const head = el(
    "p",
    {},
    rules.length > 0
      ? `The file holds ${counted(rules.length)} for this stream:`
      : "The file holds no rules for this stream.",
  );
  const names = el("ul", { class: "bullets" }, ...rules.map(({ name, type }) => el("li", {}, `${name} (${type})`)));
  if (notes.length === 0) return [head, names];
  return [
    head,
    names,
    el("p", {}, "Worth knowing:"),
    el("ul", { class: "bullets" }, ...notes.map((note) => el("li", {}, note))),
  ];
}

/** @param {number} number */
function counted(number) {
  return number === 1 ? "1 rule" : `${number} rules`;
}
