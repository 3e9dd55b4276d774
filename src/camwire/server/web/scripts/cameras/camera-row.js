/** One camera among all: what it is called, how it does, and what can be done with it. */

import { cameraWords, retryWords } from "../camera-words.js";
import { el, icon, setAttribute, setIcon, setText } from "../dom.js";
import * as format from "../format.js";
import { guarded } from "../permission.js";
import { routeTo } from "../routes.js";

/** @typedef {{edit: () => void, flip: (enable: boolean) => void, remove: () => void}} Actions */

export class CameraRow {
  #enabled = true;

  /** @param {string} id @param {Actions} actions @param {import("../services.js").Services} services */
  constructor(id, actions, services) {
    this.canvas = el("canvas", { class: "camera-thumbnail", width: "16", height: "9" });
    this.sign = icon("waiting");
    this.state = el("span");
    this.name = el("h3", { class: "camera-name" });
    this.address = el("p", { class: "camera-address" });
    this.note = el("p", { class: "note" });
    this.facts = el("p", { class: "note" });
    const button = (role, sign, words, onclick) =>
      guarded(el("button", { class: "button", type: "button", onclick }, sign, el("span", {}, words)), services, role);
    this.flip = button("operator", icon("off"), "Turn off", () => actions.flip(!this.#enabled));
    this.edit = button("admin", icon("edit"), "Change", actions.edit);
    this.remove = button("admin", icon("bin"), "Remove", actions.remove);
    this.remove.classList.add("danger");
    this.rules = el("a", { class: "button", href: routeTo("rules", [id]) }, icon("zone"), el("span", {}, "Rules"));
    this.root = el(
      "li",
      { class: "card camera-row" },
      el(
        "header",
        { class: "camera-head" },
        el("span", { class: "badge" }, this.sign, this.state),
        this.name,
        el("code", {}, id),
      ),
      el("div", { class: "camera-about" }, this.canvas, el("div", {}, this.address, this.note, this.facts)),
      el("div", { class: "page-actions" }, this.rules, this.edit, this.flip, this.remove),
    );
    this.root.dataset.cameraId = id;
  }

  /** @param {import("../protocol.js").Camera} camera */
  show(camera) {
    const words = cameraWords(camera, true);
    this.#enabled = camera.state !== "disabled";
    this.root.dataset.tone = words.tone;
    this.root.dataset.state = camera.state;
    setIcon(this.sign, words.icon);
    setText(this.state, words.label);
    setText(this.name, camera.name);
    const next = retryWords(camera.retryInSeconds);
    setText(this.note, [words.detail, next].filter(Boolean).join(" · "));
    this.note.hidden = this.note.textContent === "";
    const live = camera.state === "live";
    const size = camera.width > 0 ? `${camera.width}×${camera.height}` : null;
    const facts = live ? [format.codecName(camera.codec), size, `${format.rate(camera.fps.input)} fps`] : [];
    setText(this.facts, facts.filter(Boolean).join(" · "));
    setText(this.flip.lastElementChild, this.#enabled ? "Turn off" : "Turn on");
    for (const [control, verb] of [
      [this.edit, "Change"],
      [this.remove, "Remove"],
      [this.rules, "Rules of"],
    ]) {
      setAttribute(control, "aria-label", `${verb} ${camera.name}`);
    }
    setAttribute(this.flip, "aria-label", `${this.#enabled ? "Turn off" : "Turn on"} ${camera.name}`);
  }

  /** @param {string} url  without its password */
  showAddress(url) {
    setText(this.address, url);
  }
}
