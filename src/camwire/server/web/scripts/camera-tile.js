/** One camera: its picture, what it is doing, and what it sees. */

import { cameraWords, retryWords, staleWords } from "./camera-words.js";
import { el, icon, setAttribute, setIcon, setText } from "./dom.js";
import * as format from "./format.js";
import { endToEnd } from "./protocol.js";

export class CameraTile {
  #hasPicture = false;
  #stale = false;
  /** @type {number | null} */
  #retryAt = null;
  /** @type {import("./protocol.js").Camera | null} */
  #camera = null;

  /** @param {string} id @param {() => void} onOpen  called on a click or Enter on the picture */
  constructor(id, onOpen) {
    this.id = id;
    this.canvas = el("canvas", { class: "tile-canvas", width: "16", height: "9" });
    this.button = el("button", { class: "tile-open", type: "button", onclick: onOpen });
    this.headline = el("strong", { class: "notice-headline" });
    this.detail = el("span", { class: "notice-detail" });
    this.countdown = el("span", { class: "notice-countdown" });
    this.notice = el("div", { class: "notice" }, this.headline, this.detail, this.countdown);
    this.badgeIcon = icon("waiting");
    this.badgeText = el("span");
    this.name = el("h2", { class: "tile-name" });
    this.objects = el("ul", { class: "tile-objects", "aria-label": "Objects in the picture" });
    this.source = el("span", { class: "tile-source" });
    this.fps = el("span", { class: "tile-fps" });
    this.root = el(
      "li",
      { class: "tile" },
      el("div", { class: "tile-picture" }, this.canvas, this.notice, this.button),
      el(
        "div",
        { class: "tile-caption" },
        el("span", { class: "badge" }, this.badgeIcon, this.badgeText),
        this.name,
        this.objects,
        this.source,
        this.fps,
      ),
    );
    this.root.dataset.camera = id;
  }

  /** Of the source, in pixels; 0 while unknown. */
  get size() {
    return { width: this.#camera?.width ?? 0, height: this.#camera?.height ?? 0 };
  }

  /** @param {import("./protocol.js").Camera} camera @param {number} now  milliseconds */
  update(camera, now) {
    this.#camera = camera;
    this.#retryAt = camera.retryInSeconds === null ? null : now + camera.retryInSeconds * 1000;
    this.#show(now);
  }

  /** A picture has come. @param {number} now  milliseconds */
  painted(now) {
    if (this.#hasPicture) return;
    this.#hasPicture = true;
    this.#show(now);
  }

  /** The server is out of reach: nothing that it said holds any longer. @param {boolean} stale @param {number} now */
  setStale(stale, now) {
    this.#stale = stale;
    this.#show(now);
  }

  /** Let the countdown go on. @param {number} now  milliseconds */
  tick(now) {
    const left = this.#retryAt === null || this.#stale ? null : (this.#retryAt - now) / 1000;
    setText(this.countdown, retryWords(left));
  }

  /** @param {boolean} enlarged */
  setEnlarged(enlarged) {
    this.root.toggleAttribute("data-enlarged", enlarged);
    setAttribute(this.button, "aria-pressed", String(enlarged));
  }

  #show(now) {
    const camera = this.#camera;
    if (camera === null) return;
    const words = (this.#stale ? staleWords : cameraWords)(camera, this.#hasPicture);
    this.root.dataset.state = camera.state;
    this.root.dataset.tone = words.tone;
    this.root.toggleAttribute("data-empty", !this.#hasPicture);
    setText(this.name, camera.name);
    setAttribute(this.name, "title", camera.name);
    setAttribute(this.button, "aria-label", `Enlarge ${camera.name}`);
    setIcon(this.badgeIcon, words.icon);
    setText(this.badgeText, words.label);
    this.notice.hidden = words.headline === null;
    setText(this.headline, words.headline ?? "");
    setText(this.detail, words.detail ?? "");
    this.tick(now);
    this.#showFigures(camera);
  }

  /** @param {import("./protocol.js").Camera} camera */
  #showFigures(camera) {
    const live = camera.state === "live" && !this.#stale;
    setText(this.fps, live ? `${format.rate(camera.fps.output)} fps` : "");
    const latency = endToEnd(camera);
    const size = camera.width > 0 ? `${camera.width}×${camera.height}` : null;
    const source = [format.codecName(camera.codec), size, live && latency ? format.milliseconds(latency.p50) : null];
    setText(this.source, source.filter(Boolean).join(" · "));
    const objects = live ? camera.objects.filter(([, number]) => number > 0).sort((a, b) => b[1] - a[1]) : [];
    const key = objects.join();
    if (this.objects.dataset.key === key) return;
    this.objects.dataset.key = key;
    this.objects.replaceChildren(
      ...objects.map(([name, number]) => el("li", {}, el("b", {}, format.count(number)), ` ${format.words(name)}`)),
    );
  }
}
