/** All cameras, live. It stays there while other pages are shown, so that its charts know the last minutes. */

import { announcer } from "../announcer.js";
import { CameraGrid } from "../camera-grid.js";
import { summary, withWorkersTrouble } from "../camera-words.js";
import { setText } from "../dom.js";
import { setUpFullScreen } from "../full-screen.js";
import { Heatmaps } from "../heatmap/heatmaps.js";
import { guarded, reasonAgainst } from "../permission.js";
import * as protocol from "../protocol.js";
import { parseRoute, routeTo } from "../routes.js";
import { StatsPanel } from "../stats-panel.js";
import { Toggles } from "../toggles.js";

const COUNTDOWN_MS = 500;

/** @param {string} id */
const byId = (id) => document.getElementById(id);

/** @type {LivePage | null} */
let live = null;

/** @type {import("../pages.js").Mount} */
export function mount(_root, services, route) {
  live ??= new LivePage(services);
  live.show(route.path[0] ?? null);
  return { unmount: () => live.hide(), routed: ({ path }) => live.routed(path[0] ?? null) };
}

class LivePage {
  #services;
  #shown = false;
  /** The camera that the address names, until it stands alone. @type {string | null} */
  #wanted = null;

  /** @param {import("../services.js").Services} services */
  constructor(services) {
    const { feed, sink } = services;
    this.#services = services;
    this.heatmaps = new Heatmaps(services.api);
    this.grid = new CameraGrid(
      byId("cameras"),
      sink,
      () => this.#rearranged(),
      () => this.#tellAddress(),
      (tile) => this.heatmaps.adopt(tile),
    );
    this.panel = new StatsPanel(byId("statistics"), () => sink.counts);
    const setToggle = (name, enabled) => feed.send(protocol.setToggle(name, enabled));
    this.toggles = new Toggles(byId("toggles"), byId("toggles-button"), setToggle);
    this.announce = announcer(byId("announcer"));
    setUpFullScreen(byId("full-screen-button"), byId("body"));
    this.#setUpPanel();
    this.#setUpEscape();
    this.#setUpPermissions();
    feed.listen("stats", (stats) => this.#showStats(stats));
    feed.listen("toggles", (toggles) => this.toggles.update(toggles));
    feed.listen("state", (state, now) => this.#showState(state, now));
    feed.listen("picture", (camera, picture) => {
      if (this.#shown && this.grid.shows(camera)) sink.submit(camera, picture);
    });
    setInterval(() => this.grid.tick(performance.now()), COUNTDOWN_MS);
  }

  /** @param {string | null} camera  that is to stand alone; null: as it was */
  show(camera) {
    this.#shown = true;
    this.#wanted = camera;
    byId("live").hidden = byId("live-tools").hidden = byId("summary").hidden = false;
    this.#rearranged();
    this.#titleSummary();
    this.#enlargeWanted();
    if (camera === null && this.grid.enlarged !== null) history.replaceState(null, "", this.#address);
    this.heatmaps.start();
  }

  /** The address has changed while the page is shown. @param {string | null} camera  null: all */
  routed(camera) {
    this.#wanted = camera;
    if (camera === null) this.grid.enlarge(null);
    else this.#enlargeWanted();
  }

  hide() {
    this.#shown = false;
    this.heatmaps.stop();
    byId("live").hidden = byId("live-tools").hidden = byId("summary").hidden = true;
    this.#services.feed.want();
  }

  /** @param {import("../protocol.js").Stats} stats */
  #showStats(stats) {
    const cameras = withWorkersTrouble(stats.cameras, stats.processes);
    this.grid.update(cameras, performance.now());
    this.#enlargeWanted();
    this.panel.update(stats);
    this.announce(cameras);
    setText(byId("summary"), summary(cameras));
    this.#titleSummary();
    byId("starting").hidden = true;
    byId("empty").hidden = stats.cameras.length > 0;
  }

  /** @param {import("../connection-state.js").ConnectionState} state @param {number} now */
  #showState(state, now) {
    this.toggles.setAble(state.phase === "open" && this.#services.may("operator"));
    byId("clear-button").disabled = state.phase !== "open";
    const stale = state.failures > 0;
    byId("stage").toggleAttribute("data-stale", stale);
    this.grid.setStale(stale, now);
    if (stale) setText(byId("summary"), "Out of reach");
    this.#titleSummary();
  }

  #titleSummary() {
    const words = byId("summary").textContent;
    if (this.#shown && words !== "") this.#services.title(words);
  }

  #enlargeWanted() {
    if (this.#wanted === null || !this.grid.has(this.#wanted)) return;
    this.grid.enlarge(this.#wanted);
    this.#wanted = null;
  }

  get #address() {
    return routeTo("live", this.grid.enlarged === null ? [] : [this.grid.enlarged]);
  }

  /**
   * The address names the camera that stands alone, so that it can be kept and sent, and the browser's Back leads to
   * all of them again. It may have said so first.
   */
  #tellAddress() {
    if (!this.#shown) return;
    const alone = this.grid.enlarged;
    const named = parseRoute(location.hash, "live").path[0] ?? null;
    if (alone === named) return;
    if (alone === null && history.state?.fromAll) history.back();
    else if (named === null) {
      location.hash = this.#address;
      history.replaceState({ fromAll: true }, "");
    } else history.replaceState(history.state, "", this.#address);
  }

  /** What is drawn and what is counted belongs to everyone: not every role may change it. */
  #setUpPermissions() {
    byId("toggles").title = reasonAgainst(this.#services, "operator") ?? "";
    guarded(byId("clear-button"), this.#services, "operator");
  }

  /** Other cameras are in view, or the same in another size: ask for these. */
  #rearranged() {
    byId("back-button").hidden = this.grid.enlarged === null;
    if (this.#shown) this.#services.feed.want(this.grid.wish);
  }

  /** @param {boolean} open */
  #showPanel(open) {
    this.panel.root.hidden = !open;
    byId("statistics-button").setAttribute("aria-expanded", String(open));
    this.panel.show();
    this.#shieldStage();
    if (byId("stage").inert) byId("close-button").focus();
  }

  /** Where the panel covers the cameras, they are out of reach of the keyboard too. */
  #shieldStage() {
    byId("stage").inert = !this.panel.root.hidden && getComputedStyle(this.panel.root).position === "absolute";
  }

  #closePanel() {
    this.#showPanel(false);
    byId("statistics-button").focus();
  }

  #setUpPanel() {
    byId("statistics-button").addEventListener("click", () => this.#showPanel(this.panel.root.hidden));
    byId("close-button").addEventListener("click", () => this.#closePanel());
    byId("clear-button").addEventListener("click", () => this.#services.feed.send(protocol.clearStats()));
    window.addEventListener("resize", () => this.#shieldStage());
  }

  #setUpEscape() {
    byId("back-button").addEventListener("click", () => this.grid.enlarge(null));
    document.addEventListener("keydown", (event) => {
      if (!this.#shown || event.key !== "Escape" || event.defaultPrevented) return;
      if (document.querySelector(":popover-open, dialog[open]") !== null) return; // It goes first.
      const inPanel = this.panel.root.contains(document.activeElement);
      if (this.grid.enlarged !== null && !inPanel) this.grid.enlarge(null);
      else if (!this.panel.root.hidden) this.#closePanel();
    });
  }
}
