/** The rule editor: zones and lines on a camera's live picture. */

import { ApiError } from "../api.js";
import { confirmed } from "../dialog.js";
import { el, fillList } from "../dom.js";
import { reasonAgainst } from "../permission.js";
import { routeTo } from "../routes.js";
import { isChanged, selected, settingsOf } from "../rules/document.js";
import { Editor } from "../rules/editor.js";
import { Gestures } from "../rules/gestures.js";
import { importedRules } from "../rules/import-dialog.js";
import { COLOURS } from "../rules/kinds.js";
import { Message } from "../rules/message.js";
import { Overlay } from "../rules/overlay.js";
import { PictureView } from "../rules/picture-view.js";
import { RuleForm } from "../rules/rule-form.js";
import { RuleList } from "../rules/rule-list.js";
import { load, save } from "../rules/saving.js";
import { points } from "../rules/settings.js";
import { Toolbar } from "../rules/toolbar.js";
import { TryOut } from "../rules/try-out.js";

/** Pictures a second whose objects are shown. */
const OBJECTS_FPS = 8;

/** @type {import("../pages.js").Mount} */
export async function mount(root, services, route) {
  const page = new RulesPage(root, services, route.path[0] ?? null);
  // What is drawn before the rules are there would go when they come.
  root.inert = true;
  await page.open().finally(() => (root.inert = false));
  return page;
}

/** In place of the editor while there is nothing to draw on. */
function noCameras() {
  return el(
    "div",
    { class: "placeholder", hidden: true },
    el("h2", {}, "No cameras yet"),
    el("p", {}, "Rules are drawn on a camera's live picture."),
    el("p", {}, el("a", { class: "button primary", href: routeTo("cameras", ["add"]) }, "Add the first one")),
  );
}

class RulesPage {
  #services;
  #may;
  /** The camera that the address names. @type {string | null} */
  #wanted;
  #saving = false;
  /** By the rules' keys. @type {Map<number, string[]>} */
  #mistakes = new Map();
  /** @type {import("../protocol.js").Camera[]} */
  #cameras = [];
  #knownClasses = [];
  /** What the server calls the rules as they were read or saved last; at first no rules' name. @type {string | null} */
  #tag = '""';
  #stops;

  /**
   * @param {HTMLElement} root
   * @param {import("../services.js").Services} services
   * @param {string | null} wanted  a camera's id
   */
  constructor(root, services, wanted) {
    this.#services = services;
    this.#wanted = wanted;
    this.#may = services.may("operator");
    this.overlay = new Overlay();
    this.picture = new PictureView(services.api, this.overlay, () => this.#show());
    this.editor = new Editor({
      picture: () => this.picture.size,
      screen: () => this.overlay,
      changed: () => this.#show(),
      refused: (words) => this.message.refuse(words),
    });
    this.#build(root);
    new Gestures(this.overlay, this.#gestures());
    this.onKey = (event) => this.#key(event);
    document.addEventListener("keydown", this.onKey);
    const { feed } = services;
    this.#stops = [
      feed.listen("state", (state) => this.picture.connected(state.phase === "open")),
      feed.listen("stats", (stats) => this.#heard(stats.cameras)),
      feed.listen("objects", (found) => found.camera === this.editor.camera && this.overlay.showObjects(found)),
    ];
  }

  /** @param {HTMLElement} root */
  #build(root) {
    const { editor } = this;
    this.tools = new Toolbar({
      chooseCamera: (id) => (location.hash = routeTo("rules", [id])),
      add: (kind) => this.#add(kind),
      undo: () => editor.undo(),
      redo: () => editor.redo(),
      snap: (on) => (editor.snapping = on),
      tryOut: () =>
        this.tryOut.run(
          editor.rules.map(({ settings }) => settings),
          editor.camera,
        ),
      import: () => this.#import(),
      save: () => this.#save(),
      discard: () => this.#discard(),
    });
    this.message = new Message();
    this.list = new RuleList((key) => editor.select(key));
    this.form = new RuleForm({
      change: (how, merging) => this.#may && editor.change(how, merging),
      remove: () => editor.removeRule(),
      size: () => this.picture.size,
    });
    this.tryOut = new TryOut(this.#services.api);
    this.generalMistakes = el("ul", { class: "mistakes", role: "alert", hidden: true });
    this.form.fields.inert = !this.#may;
    const reason = reasonAgainst(this.#services, "operator");
    const note = el("p", { class: "rules-empty", hidden: reason === null }, reason ?? "");
    this.parts = [
      this.tools.root,
      el("div", { class: "rules-stage" }, this.picture.root, this.message.root),
      el("div", { class: "rules-panel" }, note, this.generalMistakes, this.tryOut.root, this.list.root, this.form.root),
    ];
    this.empty = noCameras();
    root.classList.add("rules-page");
    root.append(...this.parts, this.empty);
  }

  async open() {
    try {
      const [{ rules, tag }, model] = await Promise.all([load(this.#services.api), this.#services.api.get("model")]);
      this.#knownClasses = model.classes ?? [];
      this.#tag = tag;
      this.editor.open(rules);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.#services.toasts.show(error.words);
    }
  }

  /** @param {import("../routes.js").Route} route */
  routed(route) {
    this.#wanted = route.path[0] ?? null;
    this.#chooseCamera(this.#asked());
  }

  /** The camera of the address, or the first where it names none that there is. */
  #asked() {
    const [first] = this.#cameras;
    return (this.#cameras.find(({ id }) => id === this.#wanted) ?? first)?.id ?? null;
  }

  unsaved() {
    return isChanged(this.editor.document) || (this.editor.drawing?.placed.length ?? 0) > 0;
  }

  unmount() {
    document.removeEventListener("keydown", this.onKey);
    for (const stop of this.#stops) stop();
    this.picture.close();
    this.#services.feed.want();
  }

  /** @param {string | null} id */
  #chooseCamera(id) {
    this.editor.chooseCamera(id);
    this.picture.show(id);
    this.overlay.showObjects({ camera: "", width: 1, height: 1, objects: [] });
    this.tryOut.hide();
    if (id !== null) this.#services.feed.want({ cameras: [id], frames: false, metadata: true, max_fps: OBJECTS_FPS });
    this.#heard(this.#cameras);
  }

  /** @param {import("../protocol.js").Camera[]} cameras */
  #heard(cameras) {
    this.#cameras = cameras;
    this.empty.hidden = cameras.length > 0;
    for (const part of this.parts) part.hidden = cameras.length === 0;
    if (cameras.length > 0 && this.#camera() === undefined) {
      this.#chooseCamera(this.#asked());
      return;
    }
    const camera = this.#camera();
    this.picture.update(camera);
    this.list.showCounts(this.editor.rules, camera?.rules ?? new Map());
    this.#show();
  }

  #camera() {
    return this.#cameras.find(({ id }) => id === this.editor.camera);
  }

  #show() {
    const { document: edited, drawing, rules, camera } = this.editor;
    const { now, past, future } = edited;
    this.tools.showCameras(
      this.#cameras.map(({ id, name }) => [id, name]),
      camera,
    );
    this.tools.show({
      drawing: drawing?.kind ?? null,
      undo: past.length > 0 || (drawing?.placed.length ?? 0) > 0,
      redo: future.length > 0,
      changed: isChanged(edited),
      saving: this.#saving,
      may: this.#may,
      camera: camera !== null,
    });
    this.overlay.show({ rules: rules.map((rule) => this.#look(rule)), drawing });
    this.overlay.root.setAttribute("aria-label", `Picture of ${this.#camera()?.name ?? "the camera"} with its rules`);
    this.list.show(rules, now.selected, this.#mistakes);
    this.#showForm();
    this.message.guide(drawing);
  }

  #showForm() {
    const rule = selected(this.editor.document);
    this.form.root.hidden = rule === null;
    if (rule === null) return;
    const offer = {
      cameras: this.#cameras.map(({ id, name }) => [id, name]),
      camera: this.editor.camera,
      classes: [...new Set([...(this.#camera()?.objects ?? []).map(([name]) => name), ...this.#knownClasses])],
    };
    this.form.show(rule.key, rule.settings, offer, this.#mistakes.get(rule.key) ?? []);
  }

  /** @param {import("../rules/document.js").Rule} rule */
  #look({ key, settings }) {
    return {
      key,
      kind: settings.type,
      name: settings.name,
      colour: settings.colour ?? COLOURS[0],
      enabled: settings.enabled ?? true,
      selected: key === this.editor.document.now.selected,
      points: points(settings, this.picture.size),
    };
  }

  /** @returns {import("../rules/gestures.js").Editor} */
  #gestures() {
    const { editor } = this;
    const names = ["select", "point", "place", "close", "back", "cancel", "settle"];
    const changes = ["moveCorner", "nudgeCorner", "shift", "splitEdge", "removeCorner", "removeRule"];
    const bound = (name) => [name, (...values) => editor[name](...values)];
    const guarded = (name) => [name, (...values) => this.#may && editor[name](...values)];
    return { drawing: () => editor.drawing, ...Object.fromEntries([...names.map(bound), ...changes.map(guarded)]) };
  }

  /** @param {import("../rules/kinds.js").Kind} kind */
  #add(kind) {
    this.editor.add(kind);
    if (this.editor.drawing !== null) this.overlay.root.focus();
    else this.form.root.querySelector("input")?.focus();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const key = event.key.toLowerCase();
    if (!(event.ctrlKey || event.metaKey) || event.altKey || document.querySelector("dialog[open]") !== null) return;
    const act = { z: event.shiftKey ? "redo" : "undo", y: "redo", s: "save" }[key];
    if (act === undefined) return;
    event.preventDefault();
    if (act === "save") this.#save();
    else this.editor[act]();
  }

  async #import() {
    const { camera } = this.editor;
    const names = settingsOf(this.editor.document).map(({ name }) => name);
    const rules = await importedRules(this.#services.api, camera, this.#camera()?.name ?? camera, names);
    if (camera === this.editor.camera) this.editor.addAll(rules);
  }

  async #save() {
    if (this.#saving || !this.#may || !isChanged(this.editor.document)) return;
    this.#saving = true;
    this.message.say("Saving…", "idle");
    this.#show();
    const { rules } = this.editor.document.now;
    try {
      const base = { rules: this.editor.document.saved, tag: this.#tag };
      const outcome = await save(this.#services.api, settingsOf(this.editor.document), base);
      this.message.say("", "idle");
      if ("cancelled" in outcome) return;
      this.#tell("mistakes" in outcome ? outcome.mistakes : new Map(), rules);
      if ("saved" in outcome) {
        this.#tag = outcome.saved.tag;
        this.editor.saved(outcome.saved.rules);
        this.message.say("Saved. The rules count from now on.", "good");
      } else this.message.say(outcome.words, "bad");
    } finally {
      this.#saving = false;
      this.#show();
    }
  }

  /**
   * Show mistakes where they were made.
   * @param {Map<number | null, string[]>} mistakes
   * @param {import("../rules/document.js").Rule[]} rules
   */
  #tell(mistakes, rules) {
    fillList(this.generalMistakes, mistakes.get(null) ?? []);
    this.#mistakes = new Map(
      [...mistakes].filter(([index]) => index !== null).map(([index, words]) => [rules[index].key, words]),
    );
    const [first] = this.#mistakes.keys();
    if (first !== undefined) this.editor.select(first);
  }

  async #discard() {
    const may = await confirmed({
      title: "Discard your changes?",
      text: "The rules go back to what the server has.",
      yes: "Discard",
    });
    if (!may) return;
    this.#tell(new Map(), []);
    await this.open();
  }
}
