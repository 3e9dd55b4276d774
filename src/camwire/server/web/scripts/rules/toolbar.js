/** The buttons over the picture. */

import { el, icon, setAttribute, setText } from "../dom.js";
import { KINDS } from "./kinds.js";

/**
 * @typedef {{
 *   chooseCamera: (id: string) => void, add: (kind: import("./kinds.js").Kind) => void, undo: () => void,
 *   redo: () => void, snap: (on: boolean) => void, tryOut: () => void, import: () => void, save: () => void,
 *   discard: () => void
 * }} Actions
 */

export class Toolbar {
  /** @param {Actions} actions */
  constructor(actions) {
    this.cameras = el("select", { class: "input", "aria-label": "Camera" });
    this.cameras.addEventListener("change", () => actions.chooseCamera(this.cameras.value));
    this.kinds = Object.entries(KINDS).map(([kind, { title, icon: sign, purpose }]) => {
      const button = labelled(icon(sign), title, () => actions.add(kind));
      button.title = purpose;
      button.dataset.kind = kind;
      return button;
    });
    this.undo = bare(icon("undo"), "Undo (Ctrl+Z)", actions.undo);
    this.redo = bare(icon("redo"), "Redo (Ctrl+Shift+Z)", actions.redo);
    this.snap = bare(icon("magnet"), "Snap to corners and edges", () => {
      const on = this.snap.getAttribute("aria-pressed") !== "true";
      this.snap.setAttribute("aria-pressed", String(on));
      actions.snap(on);
    });
    this.snap.setAttribute("aria-pressed", "true");
    this.tryOut = labelled(icon("try"), "Try on the last minute", actions.tryOut);
    this.import = labelled(icon("import"), "Import", actions.import);
    this.import.title = "Take rules over from a file of DeepStream's nvdsanalytics";
    this.discard = el("button", { class: "button", type: "button", onclick: actions.discard }, "Discard");
    this.save = el("button", { class: "button primary", type: "button", onclick: actions.save }, "Save");
    this.unsaved = el("span", { class: "unseen", role: "status" });
    this.root = el(
      "div",
      { class: "rules-tools", role: "toolbar", "aria-label": "Rules" },
      this.cameras,
      el("div", { class: "tool-group", role: "group", "aria-label": "Add" }, ...this.kinds),
      el("div", { class: "tool-group", role: "group", "aria-label": "Edit" }, this.undo, this.redo, this.snap),
      el("div", { class: "tool-group", role: "group", "aria-label": "More" }, this.tryOut, this.import),
      el("div", { class: "tool-group saving" }, this.unsaved, this.discard, this.save),
    );
  }

  /** @param {[string, string][]} cameras  ids and names @param {string | null} chosen */
  showCameras(cameras, chosen) {
    const key = JSON.stringify(cameras);
    if (this.cameras.dataset.key !== key) {
      this.cameras.replaceChildren(...cameras.map(([value, name]) => el("option", { value }, name)));
      this.cameras.dataset.key = key;
    }
    if (chosen !== null && this.cameras.value !== chosen) this.cameras.value = chosen;
  }

  /**
   * @param {{drawing: string | null, undo: boolean, redo: boolean, changed: boolean, saving: boolean, may: boolean,
   *   camera: boolean}} state
   *   `may`: whether this account may change rules; `camera`: whether one is chosen
   */
  show({ drawing, undo, redo, changed, saving, may, camera }) {
    for (const button of this.kinds) {
      setAttribute(button, "aria-pressed", String(button.dataset.kind === drawing));
      button.disabled = !may || !camera;
    }
    this.undo.disabled = !undo;
    this.redo.disabled = !redo;
    this.import.disabled = !may || !camera;
    this.tryOut.disabled = !camera;
    this.save.disabled = !changed || saving || !may;
    this.discard.hidden = !changed;
    setText(this.unsaved, changed ? "Not saved yet" : "");
  }
}

/** @param {SVGElement} sign @param {string} words @param {() => void} onclick */
function labelled(sign, words, onclick) {
  return el("button", { class: "button tool", type: "button", onclick }, sign, el("span", {}, words));
}

/** @param {SVGElement} sign @param {string} words @param {() => void} onclick */
function bare(sign, words, onclick) {
  return el("button", { class: "icon-button", type: "button", "aria-label": words, title: words, onclick }, sign);
}
