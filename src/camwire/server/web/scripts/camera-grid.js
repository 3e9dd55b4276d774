/** All cameras, as large as the screen allows; or one of them alone. */

import { CameraTile } from "./camera-tile.js";
import { reconcile } from "./dom.js";
import { commonAspect, gridLayout, neighbour } from "./grid-layout.js";

/** Room for a scrollbar, where the grid must scroll: pixels. */
const SCROLLBAR = 12;
/** Up to so many pixels of the screen a thumbnail is as good as the full picture. */
const THUMBNAIL = 480;
/** Pictures so far beyond the edge are wanted already, so that scrolling finds them there. */
const AHEAD = "50% 0px";
/** While someone scrolls, nothing is asked for yet. */
const SETTLE_MS = 120;

export class CameraGrid {
  /** @type {Map<string, CameraTile>} */
  #tiles = new Map();
  /** @type {string | null} */
  #enlarged = null;
  /** Tiles that are scrolled out of sight. @type {Set<string>} */
  #outOfSight = new Set();
  #settling = 0;
  #columns = 1;
  #tileWidth = Infinity;
  #list;
  #sink;
  #onArranged;
  #onEnlarged;
  #onTile;
  #sight;

  /**
   * @param {HTMLElement} list  the <ul> that holds the tiles; its parent's size is what they fill
   * @param {import("./picture-sink.js").PictureSink} sink
   * @param {() => void} onArranged  called when {@link enlarged} or {@link wish} may have changed
   * @param {() => void} onEnlarged  called when {@link enlarged} has changed
   * @param {(tile: CameraTile) => void} [onTile]  called with the tile of each camera that comes
   */
  constructor(list, sink, onArranged, onEnlarged, onTile = () => {}) {
    this.#list = list;
    this.#sink = sink;
    this.#onArranged = onArranged;
    this.#onEnlarged = onEnlarged;
    this.#onTile = onTile;
    new ResizeObserver(() => this.#arrange()).observe(list.parentElement);
    this.#sight = new IntersectionObserver((entries) => this.#seen(entries), {
      root: list.parentElement,
      rootMargin: AHEAD,
    });
    list.addEventListener("keydown", (event) => this.#onKey(event));
  }

  get enlarged() {
    return this.#enlarged;
  }

  /** The pictures that are worth having. @returns {import("./feed.js").Subscription} */
  get wish() {
    const small = this.#tileWidth * devicePixelRatio <= THUMBNAIL;
    return { cameras: this.#inSight(), size: small ? "thumbnail" : "full" };
  }

  /** Cameras that are to be seen; null: all. */
  #inSight() {
    if (this.#enlarged !== null) return [this.#enlarged];
    if (this.#outOfSight.size === 0) return null;
    return [...this.#tiles.keys()].filter((id) => !this.#outOfSight.has(id));
  }

  /** @param {import("./protocol.js").Camera[]} cameras @param {number} now  milliseconds */
  update(cameras, now) {
    const gone = new Set(this.#tiles.keys());
    const ids = cameras.map(({ id }) => id);
    for (const id of ids) gone.delete(id);
    for (const id of gone) {
      this.#sink.detach(id);
      this.#sight.unobserve(this.#tiles.get(id).root);
      this.#outOfSight.delete(id);
    }
    reconcile(this.#list, this.#tiles, ids, (id) => this.#makeTile(id));
    for (const camera of cameras) this.#tiles.get(camera.id).update(camera, now);
    if (gone.has(this.#enlarged)) this.enlarge(null);
    this.#arrange();
  }

  /** @param {string} id */
  has(id) {
    return this.#tiles.has(id);
  }

  /** Whether a camera's pictures are to be shown. @param {string} id */
  shows(id) {
    return this.#tiles.has(id) && (this.#enlarged === null || this.#enlarged === id);
  }

  /** Whether the server is out of reach. @param {boolean} stale @param {number} now  milliseconds */
  setStale(stale, now) {
    for (const tile of this.#tiles.values()) tile.setStale(stale, now);
  }

  /** @param {number} now  milliseconds */
  tick(now) {
    for (const tile of this.#tiles.values()) tile.tick(now);
  }

  /** Show one camera alone, or all (null). @param {string | null} id */
  enlarge(id) {
    const before = this.#enlarged;
    if (id === before) return;
    this.#enlarged = id;
    for (const tile of this.#tiles.values()) {
      tile.root.hidden = id !== null && tile.id !== id;
      tile.setEnlarged(tile.id === id);
    }
    this.#list.toggleAttribute("data-alone", id !== null);
    this.#arrange();
    this.#tiles.get(id ?? before)?.button.focus();
    this.#onEnlarged();
  }

  /** @param {string} id */
  #makeTile(id) {
    const tile = new CameraTile(id, () => this.enlarge(this.#enlarged === id ? null : id));
    tile.setEnlarged(false);
    tile.root.hidden = this.#enlarged !== null;
    this.#sink.attach(id, tile.canvas, () => tile.painted(performance.now()));
    this.#sight.observe(tile.root);
    this.#onTile(tile);
    return tile;
  }

  /** Tiles were scrolled in or out of sight. @param {IntersectionObserverEntry[]} entries */
  #seen(entries) {
    if (this.#list.offsetWidth === 0) return; // Another page is shown.
    for (const { target, isIntersecting } of entries) {
      if (target.hidden) continue; // One camera stands alone.
      if (isIntersecting) this.#outOfSight.delete(target.dataset.camera);
      else this.#outOfSight.add(target.dataset.camera);
    }
    clearTimeout(this.#settling);
    this.#settling = setTimeout(this.#onArranged, SETTLE_MS);
  }

  #arrange() {
    const shown = [...this.#tiles.values()].filter(({ root }) => !root.hidden);
    const style = getComputedStyle(this.#list);
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
    const box = this.#list.parentElement;
    if (box.offsetWidth === 0) return; // Another page is shown.
    const padding = parseFloat(style.paddingLeft);
    const options = {
      aspect: commonAspect(shown.map(({ size }) => size)),
      gap: parseFloat(style.columnGap),
      caption: parseFloat(style.getPropertyValue("--caption")) * rem,
      smallest: parseFloat(style.getPropertyValue("--smallest-tile")) * rem,
    };
    const width = box.offsetWidth - 2 * padding;
    const height = box.offsetHeight - 2 * padding;
    let layout = gridLayout(shown.length, width, height, options);
    if (layout.scrolls) layout = gridLayout(shown.length, width - SCROLLBAR, height, options);
    this.#columns = layout.columns;
    this.#tileWidth = layout.tileWidth;
    this.#list.style.setProperty("--columns", String(layout.columns));
    this.#list.style.setProperty("--tile-width", `${layout.tileWidth}px`);
    this.#list.style.setProperty("--picture-height", `${layout.pictureHeight}px`);
    this.#list.toggleAttribute("data-scrolls", layout.scrolls);
    this.#onArranged();
  }

  /** Arrows move between cameras. @param {KeyboardEvent} event */
  #onKey(event) {
    if (!event.target.matches(".tile-open")) return; // what lies over a picture has a use for arrows itself
    const order = Array.from(this.#list.children, (tile) => tile.dataset.camera);
    const index = order.indexOf(event.target.closest(".tile")?.dataset.camera);
    const columns = this.#enlarged === null ? this.#columns : order.length;
    const target = index < 0 ? null : neighbour(index, event.key, order.length, columns);
    if (target === null) return;
    event.preventDefault();
    if (this.#enlarged === null) this.#tiles.get(order[target]).button.focus();
    else this.enlarge(order[target]);
  }
}
