/** What can be done to the rules of a camera on its picture; holds the document and the shape being drawn. */

import * as doc from "./document.js";
import * as drawing from "./drawing.js";
import { edges } from "./geometry.js";
import { coloured, KINDS, newRule } from "./kinds.js";
import { isFor, points, withPoints } from "./settings.js";
import * as shapes from "./shapes.js";
import { snapped } from "./snapping.js";

/**
 * @typedef {import("./geometry.js").Point} Point
 * @typedef {import("./settings.js").Settings} Settings
 * @typedef {{width: number, height: number}} Size
 * @typedef {{picture: () => Size, screen: () => Size, changed: () => void, refused: (words: string) => void}} View
 *   `picture`: its own pixels; `screen`: as it is shown; `changed`: something has to be drawn anew; `refused`: why
 *   something can't be done, in words
 */

export class Editor {
  document = doc.opened([]);
  /** @type {import("./drawing.js").Drawing | null} */
  drawing = null;
  /** @type {string | null} */
  camera = null;
  snapping = true;
  #view;

  /** @param {View} view */
  constructor(view) {
    this.#view = view;
  }

  /** The rules that are for the chosen camera. */
  get rules() {
    return this.camera === null ? [] : this.document.now.rules.filter(({ settings }) => isFor(settings, this.camera));
  }

  /** @param {import("./settings.js").Settings[]} saved */
  open(saved) {
    this.drawing = null;
    this.#use(doc.opened(saved));
  }

  /** @param {string | null} camera */
  chooseCamera(camera) {
    if (camera === this.camera) return;
    this.camera = camera;
    this.drawing = null;
    this.#use(doc.select(this.document, null));
  }

  /** Begin to draw a rule, or add it at once where it has no shape. @param {import("./kinds.js").Kind} kind */
  add(kind) {
    if (KINDS[kind].shape === null) {
      this.drawing = null;
      this.#use(doc.add(this.document, [newRule(kind, this.camera, doc.settingsOf(this.document))]));
      return;
    }
    this.drawing = this.drawing?.kind === kind ? null : drawing.started(kind);
    this.#use(doc.select(this.document, null));
  }

  /** @param {import("./settings.js").Settings[]} rules */
  addAll(rules) {
    this.#use(doc.add(this.document, coloured(rules, doc.settingsOf(this.document))));
  }

  /** @param {number | null} key */
  select(key) {
    this.drawing = null;
    this.#use(doc.select(this.document, key));
  }

  /** @param {Point} at  pixels of the screen @param {import("./gestures.js").Wish} wish */
  point(at, wish) {
    const { placed } = this.drawing;
    const near = this.#snap(at, wish, [], placed.at(-1), placed.at(-2));
    this.drawing = drawing.pointed(this.drawing, near);
    this.#view.changed();
  }

  place() {
    this.#drawn(drawing.placed(this.drawing));
  }

  close() {
    this.#drawn(drawing.closed(this.drawing));
  }

  back() {
    if (this.drawing.placed.length === 0) return;
    this.drawing = drawing.shortened(this.drawing);
    this.#view.changed();
  }

  cancel() {
    this.drawing = null;
    this.#view.changed();
  }

  /** @param {number} index @param {Point} at  pixels of the screen @param {import("./gestures.js").Wish} wish */
  moveCorner(index, at, wish) {
    this.#reshape((all, polygon) => {
      const round = (step) => (polygon || index + step >= 0 ? all.at((index + step) % all.length) : undefined);
      const others = all.filter((_, other) => other !== index);
      return shapes.moved(all, index, this.#snap(at, wish, others, round(-1), round(-2)), polygon);
    }, "drag");
  }

  /** @param {number} index @param {number} dx  pixels of the screen @param {number} dy */
  nudgeCorner(index, dx, dy) {
    const { width, height } = this.#view.screen();
    const within = (value) => Math.min(1, Math.max(0, value));
    this.#reshape((all, polygon) => {
      const [x, y] = all[index];
      return shapes.moved(all, index, [within(x + dx / width), within(y + dy / height)], polygon);
    }, `nudge ${index}`);
  }

  /** @param {number} dx  pixels of the screen @param {number} dy */
  shift(dx, dy) {
    const { width, height } = this.#view.screen();
    this.#reshape((all) => ({ points: shapes.shifted(all, dx / width, dy / height), refused: null }), "drag");
  }

  /** @param {number} index  of the corner that the edge begins at */
  splitEdge(index) {
    if (doc.selected(this.document)?.settings.type !== "zone") return;
    this.#reshape((all) => ({ points: shapes.split(all, index), refused: null }), "drag");
  }

  /** @param {number} index */
  removeCorner(index) {
    const type = doc.selected(this.document)?.settings.type;
    if (type === "zone") this.#reshape((all) => shapes.withoutCorner(all, index), null);
    else this.#view.refused(`A ${type} keeps all its points; the button in its form deletes it whole.`);
  }

  removeRule() {
    const { selected } = this.document.now;
    if (selected !== null) this.#use(doc.remove(this.document, selected));
  }

  /**
   * @param {(settings: Settings) => Settings} how
   * @param {string} [merging]
   */
  change(how, merging) {
    const { selected } = this.document.now;
    if (selected !== null) this.#use(doc.change(this.document, selected, how, merging ?? null));
  }

  settle() {
    this.document = doc.settled(this.document);
  }

  undo() {
    if (this.drawing !== null && this.drawing.placed.length > 0) this.back();
    else this.#use(doc.undo(this.document));
  }

  redo() {
    this.#use(doc.redo(this.document));
  }

  /** @param {import("./settings.js").Settings[]} rules  as the server has them now */
  saved(rules) {
    this.#use(doc.savedAs(this.document, rules));
  }

  /** @param {import("./document.js").Document} document */
  #use(document) {
    this.document = document;
    this.#view.changed();
  }

  /** @param {import("./drawing.js").Outcome} outcome */
  #drawn({ drawing: next, done, refused }) {
    if (refused !== null) this.#view.refused(refused);
    this.drawing = done === null ? next : null;
    if (done === null) {
      this.#view.changed();
      return;
    }
    const bare = newRule(next.kind, this.camera, doc.settingsOf(this.document));
    this.#use(doc.add(this.document, [withPoints(bare, done, this.#view.picture())]));
  }

  /**
   * Give the chosen rule's shape other points, or say why not.
   * @param {(points: Point[], polygon: boolean) => import("./shapes.js").Outcome} how
   * @param {string | null} merging
   */
  #reshape(how, merging) {
    const rule = doc.selected(this.document);
    if (rule === null) return;
    const size = this.#view.picture();
    const polygon = rule.settings.type === "zone" || rule.settings.type === "speed";
    const outcome = how(points(rule.settings, size), polygon);
    if (outcome.refused !== null) {
      this.#view.refused(outcome.refused);
      return;
    }
    this.change((settings) => withPoints(settings, outcome.points, size), merging ?? undefined);
  }

  /**
   * @param {Point} at  pixels of the screen
   * @param {import("./gestures.js").Wish} wish
   * @param {Point[]} own  other points of the same shape, as fractions
   * @param {Point | undefined} from @param {Point | undefined} before
   * @returns {Point} a fraction
   */
  #snap(at, { straight, free }, own, from, before) {
    const { width, height } = this.#view.screen();
    const shown = ([x, y]) => [x * width, y * height];
    const chosen = this.document.now.selected;
    const others = this.rules
      .filter(({ key }) => key !== chosen)
      .map(({ settings }) => ({ type: settings.type, all: points(settings, this.#view.picture()).map(shown) }));
    const { point } = snapped(at, {
      width,
      height,
      points: [...others.flatMap(({ all }) => all), ...own.map(shown)],
      edges: others.flatMap(({ type, all }) => edges(all, type === "zone")),
      from: from && shown(from),
      before: before && shown(before),
      straight,
      free: free || !this.snapping,
    });
    return [point[0] / width, point[1] / height];
  }
}
