/** Adding a camera, or changing one. */

import { ApiError, segment } from "../api.js";
import { el, fillList } from "../dom.js";
import { suggested } from "./suggestions.js";
import { Trial } from "./trial.js";

/**
 * @typedef {{id: string, name: string, settings: Record<string, any>}} Known  as the server tells it
 */

export class CameraDialog {
  #api;
  /** @type {Known | null} */
  #known;
  #taken;
  /** Fields that somebody has filled in; the others follow the address. */
  #own = new Set();

  /**
   * @param {import("../api.js").Api} api
   * @param {Known | null} known  null for a new one
   * @param {string[]} taken  ids that there are
   */
  constructor(api, known, taken) {
    this.#api = api;
    this.#known = known;
    this.#taken = taken;
    this.trial = new Trial(api);
    this.#build();
  }

  /** Show it until it is done. @returns {Promise<boolean>} whether something was added or changed */
  open() {
    document.body.append(this.dialog);
    return new Promise((resolve) => {
      this.dialog.addEventListener("close", () => {
        this.trial.clear();
        this.dialog.remove();
        resolve(this.dialog.returnValue === "done");
      });
      this.dialog.showModal();
    });
  }

  #build() {
    const known = this.#known;
    this.url = input("camera-url", {
      required: true,
      spellcheck: "false",
      autocomplete: "off",
      placeholder: "rtsp://user:password@192.0.2.10/stream",
    });
    this.name = input("camera-name", { autocomplete: "off" });
    this.id = input("camera-id", {
      required: true,
      autocomplete: "off",
      spellcheck: "false",
      disabled: known !== null,
    });
    if (known !== null) {
      this.url.value = known.settings.url;
      this.name.value = known.settings.name ?? "";
      this.id.value = known.id;
    }
    this.mistakes = el("ul", { class: "mistakes", role: "alert", hidden: true });
    const tryIt = el("button", { class: "button", type: "button", onclick: () => this.#try() }, "Try it");
    this.done = el("button", { class: "button primary", type: "submit" }, known === null ? "Add camera" : "Save");
    this.form = el(
      "form",
      {},
      el("h2", { id: "camera-dialog-title" }, known === null ? "Add a camera" : `Change ${known.name}`),
      option(
        "Address",
        this.url,
        "What the camera's manual calls its RTSP or stream URL, or a file's path on the server.",
        tryIt,
      ),
      this.trial.root,
      el(
        "div",
        { class: "camera-names" },
        option("Name", this.name, "For people."),
        option("Id", this.id, idHint(known)),
      ),
      this.mistakes,
      el(
        "div",
        { class: "dialog-actions" },
        el("button", { class: "button", type: "button", onclick: () => this.dialog.close() }, "Cancel"),
        this.done,
      ),
    );
    this.dialog = el("dialog", { class: "dialog camera-dialog", "aria-labelledby": "camera-dialog-title" }, this.form);
    this.#listen();
  }

  #listen() {
    for (const field of [this.name, this.id]) field.addEventListener("input", () => this.#own.add(field));
    this.url.addEventListener("input", () => this.#suggest());
    // What is pasted stands in the field only after this event.
    this.url.addEventListener("paste", () => setTimeout(() => this.#try()));
    this.url.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      this.#try();
    });
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
  }

  #suggest() {
    if (this.#known !== null) return;
    const { name, id } = suggested(this.url.value, this.#taken);
    if (!this.#own.has(this.name)) this.name.value = name;
    if (!this.#own.has(this.id)) this.id.value = id;
  }

  /** The address as it was shown, with the password hidden, can't be tried again. */
  get #unchanged() {
    return this.#known !== null && this.url.value === this.#known.settings.url;
  }

  #try() {
    const url = this.url.value.trim();
    if (url === "" || this.#unchanged) return;
    this.#suggest();
    this.trial.run({ url });
  }

  async #submit() {
    this.done.disabled = true;
    this.mistakes.hidden = true;
    try {
      await this.#send();
      this.dialog.close("done");
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      fillList(this.mistakes, error.problems.length > 0 ? error.problems : [error.words]);
    } finally {
      this.done.disabled = false;
    }
  }

  #send() {
    const url = this.url.value.trim();
    const name = this.name.value.trim() || null;
    if (this.#known === null)
      return this.#api.post("cameras", { id: this.id.value.trim(), ...(name && { name }), url });
    return this.#api.patch(`cameras/${segment(this.#known.id)}`, this.#unchanged ? { name } : { name, url });
  }
}

/** @param {string} id @param {Record<string, string | boolean>} attributes */
function input(id, attributes) {
  return el("input", { class: "input", type: "text", id, ...attributes });
}

/** @param {string} label @param {HTMLElement} field @param {string} hint @param {...HTMLElement} beside */
function option(label, field, hint, ...beside) {
  field.setAttribute("aria-describedby", `${field.id}-hint`);
  return el(
    "div",
    { class: "option" },
    el("label", { class: "option-label", for: field.id }, label),
    el("div", { class: "beside" }, field, ...beside),
    el("small", { class: "option-hint", id: `${field.id}-hint` }, hint),
  );
}

/** @param {Known | null} known */
function idHint(known) {
  return known === null ? "Names it in addresses and events; it can't be changed later." : "It can't be changed.";
}
