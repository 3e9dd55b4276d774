/** Where pictures go: to a worker with OffscreenCanvas where the browser has it, else painted in the page. */

import { Mailbox } from "./mailbox.js";
import { Painter } from "./painter.js";

const WORKER_START_MS = 3_000;

/**
 * @typedef {{buffer: ArrayBuffer, offset: number}} Picture
 * @typedef {{
 *   attach: (camera: string, canvas: HTMLCanvasElement) => void,
 *   detach: (camera: string) => void,
 *   paint: (camera: string, picture: Picture) => void
 * }} Backend
 * @typedef {(camera: string, size: {width: number, height: number} | null) => void} Painted
 */

export class PictureSink {
  /** @type {Mailbox<Picture>} */
  #mailbox = new Mailbox();
  /** @type {Map<string, (size: {width: number, height: number}) => void>} */
  #onPainted = new Map();
  #backend;
  #painted = 0;
  #broken = 0;

  /** @param {(painted: Painted) => Backend} backend  {@link inPage}, or what {@link inWorker} gives */
  constructor(backend) {
    this.#backend = backend((surface, size) => this.#done(surface, size));
  }

  /** Counts since the page was loaded. */
  get counts() {
    return { painted: this.#painted, replaced: this.#mailbox.replaced, broken: this.#broken };
  }

  /**
   * @param {string} surface  names the canvas: a camera's id on the page of all cameras
   * @param {HTMLCanvasElement} canvas  that has had no context yet
   * @param {(size: {width: number, height: number}) => void} [onPainted]  told of each picture on it
   */
  attach(surface, canvas, onPainted = () => {}) {
    this.#onPainted.set(surface, onPainted);
    this.#backend.attach(surface, canvas);
  }

  /** @param {string} surface */
  detach(surface) {
    this.#onPainted.delete(surface);
    this.#backend.detach(surface);
  }

  /** @param {string} surface @param {Picture} picture  its buffer may be gone afterwards */
  submit(surface, picture) {
    const now = this.#mailbox.offer(surface, picture);
    if (now !== null) this.#backend.paint(surface, now);
  }

  /** @type {Painted} */
  #done(surface, size) {
    if (size === null) this.#broken++;
    else this.#painted++;
    const next = this.#mailbox.done(surface);
    if (next !== null) this.#backend.paint(surface, next);
    if (size !== null) this.#onPainted.get(surface)?.(size);
  }
}

/**
 * Start the worker, if this browser can.
 * @returns {Promise<((painted: Painted) => Backend) | null>}
 */
export async function inWorker() {
  if (!("transferControlToOffscreen" in HTMLCanvasElement.prototype)) return null;
  const worker = new Worker(new URL("./picture-worker.js", import.meta.url), { type: "module" });
  if (!(await isReady(worker))) {
    worker.terminate();
    return null;
  }
  return (painted) => {
    worker.addEventListener("message", ({ data }) => painted(data.camera, data.size));
    return {
      attach(camera, canvas) {
        const offscreen = canvas.transferControlToOffscreen();
        worker.postMessage({ type: "attach", camera, canvas: offscreen }, [offscreen]);
      },
      detach: (camera) => worker.postMessage({ type: "detach", camera }),
      paint: (camera, { buffer, offset }) => worker.postMessage({ type: "paint", camera, buffer, offset }, [buffer]),
    };
  };
}

/** @param {Painted} painted @returns {Backend} */
export function inPage(painted) {
  const painter = new Painter();
  return {
    attach: (camera, canvas) => painter.attach(camera, canvas),
    detach: (camera) => painter.detach(camera),
    paint: async (camera, { buffer, offset }) => painted(camera, await painter.paint(camera, buffer, offset)),
  };
}

/** @param {Worker} worker @returns {Promise<boolean>} */
function isReady(worker) {
  return new Promise((resolve) => {
    setTimeout(() => resolve(false), WORKER_START_MS);
    worker.addEventListener("message", () => resolve(true), { once: true });
    worker.addEventListener("error", () => resolve(false), { once: true });
  });
}
