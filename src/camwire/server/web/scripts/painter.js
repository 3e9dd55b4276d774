/** JPEG bytes to pixels on canvases; runs in the picture worker, or in the page where there is none. */

export class Painter {
  /** @type {Map<string, ImageBitmapRenderingContext>} */
  #surfaces = new Map();

  /**
   * @param {string} camera
   * @param {HTMLCanvasElement | OffscreenCanvas} canvas
   */
  attach(camera, canvas) {
    this.#surfaces.set(camera, canvas.getContext("bitmaprenderer", { alpha: false }));
  }

  /** @param {string} camera */
  detach(camera) {
    this.#surfaces.delete(camera);
  }

  /**
   * Decode off the calling thread and show the picture; its pixels are handed over, never copied.
   * @param {string} camera
   * @param {ArrayBuffer} buffer
   * @param {number} offset  where the JPEG begins
   * @returns {Promise<{width: number, height: number} | null>} null where it was no picture, or no canvas is left
   */
  async paint(camera, buffer, offset) {
    let bitmap;
    try {
      bitmap = await createImageBitmap(new Blob([new Uint8Array(buffer, offset)], { type: "image/jpeg" }));
    } catch {
      return null;
    }
    const surface = this.#surfaces.get(camera);
    if (surface === undefined) {
      bitmap.close();
      return null;
    }
    const { width, height } = bitmap;
    const { canvas } = surface;
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    surface.transferFromImageBitmap(bitmap);
    return { width, height };
  }
}
