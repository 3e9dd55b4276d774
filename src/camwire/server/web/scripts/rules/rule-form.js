/** The settings of the chosen rule. */

import { el, fillList, icon } from "../dom.js";
import { choiceField, colourField, numberField, severalField, switchField, textField } from "./fields.js";
import { COLOURS, KINDS, OVERCROWDING } from "./kinds.js";
import { changed, read, turned, withGround } from "./settings.js";

/**
 * @typedef {import("./settings.js").Settings} Settings
 * @typedef {{
 *   change: (how: (settings: Settings) => Settings, merging?: string) => void, remove: () => void,
 *   size: () => import("./settings.js").Size
 * }} Editor
 * @typedef {{cameras: [string, string][], camera: string, classes: string[]}} Offer  ids with names; the camera that is
 *   shown; classes, those first that were seen
 */

/** A rule's form; another kind of rule takes another form. */
export class RuleForm {
  /** @type {((settings: Settings) => void)[]} */
  #shows = [];
  #editor;
  #built = "";

  /** @param {Editor} editor */
  constructor(editor) {
    this.#editor = editor;
    this.mistakes = el("ul", { class: "mistakes", role: "alert" });
    this.fields = el("div", { class: "rule-fields" });
    this.root = el("section", { class: "rule-form", "aria-label": "The chosen rule" }, this.mistakes, this.fields);
  }

  /**
   * @param {number} key
   * @param {Settings} settings
   * @param {Offer} offer
   * @param {string[]} mistakes
   */
  show(key, settings, offer, mistakes) {
    const built = [key, settings.type, settings.ground == null, settings.overcrowding == null].join();
    if (built !== this.#built) this.#build(settings);
    this.#built = built;
    this.cameras.offer(offer.cameras, offer.camera);
    this.classes.offer(classChoices(settings, offer.classes));
    for (const show of this.#shows) show(settings);
    fillList(this.mistakes, mistakes);
  }

  /** @param {string} key @param {any} value */
  #set(key, value) {
    this.#editor.change((settings) => changed(settings, key, value), `field ${key}`);
  }

  /** @param {Settings} settings */
  #build(settings) {
    const kind = KINDS[settings.type];
    this.#shows = [];
    const add = (field, value) => {
      this.#shows.push((now) => field.show(value(now)));
      return field.root;
    };
    const name = textField("Name", (value) => this.#set("name", value), {
      hint: "Names the rule in events and counts. Earlier events keep the name they had.",
    });
    this.cameras = severalField({ label: "Cameras", all: "Every camera" }, (value) => this.#set("cameras", value));
    this.classes = severalField({ label: "Objects", all: "Every class" }, (value) => this.#set("classes", value));
    this.fields.replaceChildren(
      el("p", { class: "purpose" }, kind.purpose),
      add(name, (now) => now.name),
      add(
        colourField(COLOURS, (value) => this.#set("colour", value)),
        (now) => now.colour ?? COLOURS[0],
      ),
      add(
        switchField("In use", (value) => this.#set("enabled", value)),
        (now) => now.enabled ?? true,
      ),
      ...this.#turning(settings),
      ...kind.options.map((option) => this.#option(option, add)),
      ...(settings.type === "zone" ? this.#overcrowding(settings, add) : []),
      ...(settings.type === "speed" ? this.#ground(settings) : []),
      add(this.classes, (now) => now.classes),
      add(this.cameras, (now) => now.cameras),
      el(
        "button",
        { class: "button danger", type: "button", onclick: () => this.#editor.remove() },
        icon("bin"),
        el("span", {}, `Delete this ${kind.title.toLowerCase()}`),
      ),
    );
  }

  /** @param {import("./kinds.js").Option} option */
  #option(option, add) {
    const set = (value) => this.#set(option.key, value);
    const value = (now) => read(now, option.key) ?? option.fallback;
    if (option.type === "switch") return add(switchField(option.label, set), value);
    if (option.type === "choice") return add(choiceField(option.label, option.choices, set), value);
    const field = numberField(option, set);
    this.#shows.push((now) => field.showUnit(unitOf(option, now)));
    return add(field, value);
  }

  /** @param {Settings} settings */
  #turning(settings) {
    const words = { line: "Swap in and out", direction: "Turn the arrow round" }[settings.type];
    if (words === undefined) return [];
    const turn = () => this.#editor.change(turned);
    return [el("button", { class: "button", type: "button", onclick: turn }, icon("swap"), el("span", {}, words))];
  }

  /** @param {Settings} settings */
  #overcrowding(settings, add) {
    const on = settings.overcrowding != null;
    const start = { objects: OVERCROWDING[0].fallback, seconds: OVERCROWDING[1].fallback };
    const field = switchField("Report when it is too full", (value) => this.#set("overcrowding", value ? start : null));
    field.show(on);
    const options = on ? OVERCROWDING.map((option) => this.#option(option, add)) : [];
    return [el("div", { class: "group-fields" }, field.root, ...options)];
  }

  /** Where four points of the picture lie on the ground. @param {Settings} settings */
  #ground(settings) {
    const on = settings.ground != null;
    const field = switchField("Measure in metres", (value) =>
      this.#editor.change((now) => withGround(now, value, this.#editor.size())),
    );
    field.show(on);
    if (!on) return [field.root];
    const rows = settings.ground.metres.map((_, point) => {
      const inputs = ["across", "along"].map((words, axis) => this.#metres(point, axis, words));
      return el("li", {}, el("span", {}, `Point ${point + 1}`), ...inputs);
    });
    const hint =
      "Move the four points in the picture to places whose distances you know, and say where each lies: metres " +
      "across and metres along the ground, from anywhere.";
    return [
      field.root,
      el(
        "div",
        { class: "group-fields" },
        el("small", { class: "option-hint" }, hint),
        el("ol", { class: "metres" }, ...rows),
      ),
    ];
  }

  /** @param {number} point @param {number} axis @param {string} words */
  #metres(point, axis, words) {
    const label = `Point ${point + 1}, metres ${words}`;
    const input = el("input", {
      class: "input number",
      type: "number",
      step: "any",
      required: true,
      "aria-label": label,
    });
    input.addEventListener("input", () => {
      if (!input.validity.valid) return;
      const value = input.valueAsNumber;
      const set = (metres) => metres.with(point, metres[point].with(axis, value));
      this.#editor.change((now) => changed(now, "ground.metres", set(now.ground.metres)), `metres ${point} ${axis}`);
    });
    this.#shows.push((now) => {
      const value = now.ground?.metres[point][axis];
      if (value !== undefined && input.valueAsNumber !== value) input.value = String(value);
    });
    return input;
  }
}

/** @param {import("./kinds.js").Option} option @param {Settings} settings */
function unitOf(option, settings) {
  if (option.unit === "speed") return settings.ground == null ? "px/s" : "m/s";
  return option.unit ?? "";
}

/** @param {Settings} settings @param {string[]} known @returns {[string, string][]} */
function classChoices(settings, known) {
  return [...new Set([...known, ...(settings.classes ?? [])])].map((name) => [name, name]);
}
