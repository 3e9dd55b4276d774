/** All cameras as they are configured: add, change, turn off and on, remove. */

import { ApiError, segment } from "../api.js";
import { withWorkersTrouble } from "../camera-words.js";
import { CameraDialog } from "../cameras/camera-dialog.js";
import { CameraRow } from "../cameras/camera-row.js";
import { removed } from "../cameras/removal.js";
import { el, icon, reconcile } from "../dom.js";
import { guarded } from "../permission.js";
import { routeTo } from "../routes.js";

/** Enough to know a camera by. @type {import("../feed.js").Subscription} */
const THUMBNAILS = { cameras: null, size: "thumbnail", max_fps: 1 };

/** The canvas of a camera on this page; the page of all cameras has one of its own. @param {string} id */
const surface = (id) => `cameras/${id}`;

/** @type {import("../pages.js").Mount} */
export function mount(root, services, route) {
  const page = new CamerasPage(root, services);
  page.routed(route);
  return page;
}

class CamerasPage {
  /** @type {Map<string, CameraRow>} */
  #rows = new Map();
  /** @type {Map<string, {id: string, name: string, settings: Record<string, any>}>} */
  #known = new Map();
  #services;
  #stops;

  /** @param {HTMLElement} root @param {import("../services.js").Services} services */
  constructor(root, services) {
    this.#services = services;
    this.list = el("ul", { class: "camera-list" });
    this.empty = el(
      "div",
      { class: "page-message", hidden: true },
      el("h3", {}, "No cameras yet"),
      el("p", {}, "Add the first one with the address of its stream."),
    );
    this.add = el(
      "button",
      { class: "button primary", type: "button", onclick: () => this.#add() },
      icon("plus"),
      el("span", {}, "Add a camera"),
    );
    root.classList.add("sheet");
    root.append(
      el(
        "header",
        { class: "page-head" },
        el("h2", {}, "Cameras"),
        el("div", { class: "page-actions" }, guarded(this.add, services, "admin")),
      ),
      this.list,
      this.empty,
    );
    const { feed, sink } = services;
    feed.want(THUMBNAILS);
    this.#stops = [
      feed.listen("stats", ({ cameras, processes }) => this.#heard(withWorkersTrouble(cameras, processes))),
      feed.listen("picture", (id, picture) => this.#rows.has(id) && sink.submit(surface(id), picture)),
      () => feed.want(),
    ];
    this.#read();
  }

  /** `#/cameras/add` begins at once. @param {import("../routes.js").Route} route */
  routed(route) {
    if (route.path[0] !== "add") return;
    history.replaceState(null, "", routeTo("cameras"));
    if (this.#services.may("admin")) this.#add();
  }

  unmount() {
    for (const stop of this.#stops) stop();
    for (const id of this.#rows.keys()) this.#services.sink.detach(surface(id));
  }

  /** @param {import("../protocol.js").Camera[]} cameras */
  #heard(cameras) {
    const ids = cameras.map(({ id }) => id);
    for (const id of this.#rows.keys()) if (!ids.includes(id)) this.#services.sink.detach(surface(id));
    reconcile(this.list, this.#rows, ids, (id) => this.#makeRow(id));
    for (const camera of cameras) this.#rows.get(camera.id).show(camera);
    this.empty.hidden = cameras.length > 0;
    if (ids.some((id) => !this.#known.has(id))) this.#read();
  }

  /** @param {string} id */
  #makeRow(id) {
    const actions = {
      edit: () => this.#edit(id),
      flip: (enable) =>
        this.#attempt(() => this.#services.api.post(`cameras/${segment(id)}/${enable ? "enable" : "disable"}`)),
      remove: () => this.#attempt(() => this.#remove(id)),
    };
    const row = new CameraRow(id, actions, this.#services);
    row.showAddress(this.#known.get(id)?.settings.url ?? "");
    this.#services.sink.attach(surface(id), row.canvas);
    return row;
  }

  /** Addresses are not in the statistics. */
  #read() {
    return this.#attempt(async () => {
      const cameras = await this.#services.api.get("cameras");
      this.#known = new Map(cameras.map((camera) => [camera.id, camera]));
      for (const [id, row] of this.#rows) row.showAddress(this.#known.get(id)?.settings.url ?? "");
    });
  }

  #add() {
    return this.#show(new CameraDialog(this.#services.api, null, [...this.#rows.keys()]));
  }

  /** What had the focus goes with the camera. @param {string} id */
  async #remove(id) {
    if (await removed(this.#services.api, this.#known.get(id))) this.add.focus();
  }

  /** @param {string} id */
  #edit(id) {
    if (!this.#known.has(id)) return undefined;
    return this.#show(new CameraDialog(this.#services.api, this.#known.get(id), []));
  }

  /** @param {CameraDialog} dialog */
  async #show(dialog) {
    if (await dialog.open()) await this.#read();
  }

  /** @param {() => Promise<unknown>} act */
  async #attempt(act) {
    try {
      await act();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.#services.toasts.show(error.words);
    }
  }
}
