/** A camera's picture, live and without overlay, as large as there is room, with the overlay over it. */

import { cameraWords } from "../camera-words.js";
import { el, setText } from "../dom.js";
import { segment } from "../api.js";

/** Pictures a second; enough to draw on. */
const FPS = 12;
/** A stream that broke is tried again after so long. */
const AGAIN_MS = 3_000;

export class PictureView {
  #api;
  #overlay;
  #onSize;
  /** @type {string | null} */
  #camera = null;
  #live = false;
  #triedAt = -Infinity;
  #broken = false;
  /** Of the picture, in its own pixels; what pixel coordinates of rules count. */
  size = { width: 1280, height: 720 };

  /**
   * @param {import("../api.js").Api} api
   * @param {import("./overlay.js").Overlay} overlay
   * @param {() => void} onSize  called when the picture's size, on the screen or its own, has changed
   */
  constructor(api, overlay, onSize) {
    this.#api = api;
    this.#overlay = overlay;
    this.#onSize = onSize;
    this.image = el("img", { class: "rules-image", alt: "", onerror: () => (this.#broken = true) });
    this.image.addEventListener("load", () => this.measure());
    this.notice = el(
      "div",
      { class: "notice" },
      (this.headline = el("strong", { class: "notice-headline" })),
      (this.detail = el("span")),
    );
    this.frame = el("div", { class: "rules-picture" }, this.image, overlay.root, this.notice);
    this.root = el("div", { class: "rules-area" }, this.frame);
    this.observer = new ResizeObserver(() => this.#fit());
    this.observer.observe(this.root);
    this.onVisibility = () => (document.hidden ? this.#stop() : this.#start());
    document.addEventListener("visibilitychange", this.onVisibility);
  }

  /** @param {string | null} camera  an id */
  show(camera) {
    if (camera === this.#camera) return;
    this.#stop();
    this.#camera = camera;
    this.#live = false;
    this.#triedAt = -Infinity;
  }

  /** How the camera does, once a second. @param {import("../protocol.js").Camera | undefined} camera */
  update(camera) {
    const live = camera?.state === "live";
    if (live && (!this.#live || this.#broken)) this.#start();
    this.#live = live;
    this.measure();
    const words = camera === undefined ? null : cameraWords(camera, this.image.naturalWidth > 0);
    this.notice.hidden = words?.headline == null;
    setText(this.headline, words?.headline ?? "");
    setText(this.detail, words?.detail ?? "");
    this.image.classList.toggle("old", !live);
  }

  /** A stream ends with its server, without a word. @param {boolean} open  whether the server is there */
  connected(open) {
    if (!open) this.#broken = true;
  }

  /** The stream has no event of its own for its first picture in every browser. */
  measure() {
    const { naturalWidth: width, naturalHeight: height } = this.image;
    if (width === 0 || (width === this.size.width && height === this.size.height)) return;
    this.size = { width, height };
    this.#fit();
  }

  close() {
    this.#stop();
    this.observer.disconnect();
    document.removeEventListener("visibilitychange", this.onVisibility);
  }

  #start() {
    const now = performance.now();
    if (this.#camera === null || document.hidden || now - this.#triedAt < AGAIN_MS) return;
    this.#triedAt = now;
    this.#broken = false;
    const path = `cameras/${segment(this.#camera)}/stream.mjpeg`;
    this.image.src = this.#api.url(path, { clean: "true", max_fps: FPS, at: Math.round(now) });
  }

  /** Ends the connection, too. */
  #stop() {
    this.image.removeAttribute("src");
    this.#broken = true;
  }

  #fit() {
    const { width, height } = this.size;
    const scale = Math.min(this.root.clientWidth / width, this.root.clientHeight / height);
    const [across, down] = [Math.floor(width * scale), Math.floor(height * scale)];
    this.frame.style.setProperty("width", `${across}px`);
    this.frame.style.setProperty("height", `${down}px`);
    this.#overlay.resize(across, down);
    this.#onSize();
  }
}
