/** Heat maps over the cameras' pictures: a switch on each camera that a rule of this kind is for. */

import { ApiError, segment } from "../api.js";
import { el, icon } from "../dom.js";
import { HeatmapLayer } from "./layer.js";

const EVERY_MS = 5_000;

/**
 * The heat maps that there are of each camera.
 * @param {{name: string, settings: {type: string, enabled?: boolean, cameras?: string[] | null}}[]} rules
 * @param {string} camera
 * @returns {string[]} names of rules
 */
export function heatmapsOf(rules, camera) {
  return rules
    .filter(({ settings }) => settings.type === "heatmap" && settings.enabled !== false)
    .filter(({ settings }) => (settings.cameras ?? null) === null || settings.cameras.includes(camera))
    .map(({ name }) => name);
}

export class Heatmaps {
  /** @type {Set<HeatmapSwitch>} */
  #switches = new Set();
  #rules = [];
  #api;
  #timer = 0;

  /** @param {import("../api.js").Api} api */
  constructor(api) {
    this.#api = api;
  }

  /** A camera has come. @param {import("../camera-tile.js").CameraTile} tile */
  adopt(tile) {
    const one = new HeatmapSwitch(this.#api, tile);
    one.offer(this.#rules);
    this.#switches.add(one);
  }

  /** The pictures are in view: see which maps there are, and keep those that are shown new. */
  async start() {
    this.stop();
    this.#timer = setInterval(() => this.#refresh(), EVERY_MS);
    try {
      this.#rules = await this.#api.get("rules");
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return; // The page says that the server is out of reach; what was offered stays.
    }
    for (const one of this.#switches) one.offer(this.#rules);
    this.#refresh();
  }

  stop() {
    clearInterval(this.#timer);
  }

  #refresh() {
    for (const one of this.#switches) {
      if (!one.tile.root.isConnected) this.#switches.delete(one);
      else if (!document.hidden && !one.tile.root.hidden) one.refresh();
    }
  }
}

class HeatmapSwitch {
  /** @type {HeatmapLayer | null} */
  #layer = null;
  /** @type {string[]} */
  #rules = [];
  #chosen = "";
  #api;

  /** @param {import("../api.js").Api} api @param {import("../camera-tile.js").CameraTile} tile */
  constructor(api, tile) {
    this.#api = api;
    this.tile = tile;
    this.button = el(
      "button",
      { class: "heat-switch", type: "button", "aria-pressed": "false", hidden: true, onclick: () => this.#flip() },
      icon("heat"),
      el("span", { class: "unseen" }, `Heat map of ${tile.id}`),
    );
    this.button.title = "Heat map: where objects spend their time";
    tile.root.querySelector(".tile-picture").append(this.button);
  }

  offer(rules) {
    this.#rules = heatmapsOf(rules, this.tile.id);
    if (!this.#rules.includes(this.#chosen)) this.#chosen = this.#rules[0] ?? "";
    this.button.hidden = this.#rules.length === 0;
    if (this.#rules.length === 0) this.#remove();
    this.#layer?.offer(this.#rules, this.#chosen);
  }

  async refresh() {
    const layer = this.#layer;
    if (layer === null) return;
    try {
      const map = await this.#api.get(`rules/${segment(this.#chosen)}/heatmap`, { camera: this.tile.id });
      layer.show(map, this.tile.size);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      layer.fail(error.words);
    }
  }

  #flip() {
    if (this.#layer === null) this.#add();
    else this.#remove();
  }

  #add() {
    this.#layer = new HeatmapLayer(this.tile.name.textContent, (rule) => {
      this.#chosen = rule;
      this.refresh();
    });
    this.#layer.offer(this.#rules, this.#chosen);
    this.tile.canvas.after(this.#layer.canvas);
    this.button.before(this.#layer.legend);
    this.button.setAttribute("aria-pressed", "true");
    this.refresh();
  }

  #remove() {
    this.#layer?.canvas.remove();
    this.#layer?.legend.remove();
    this.#layer = null;
    this.button.setAttribute("aria-pressed", "false");
  }
}
