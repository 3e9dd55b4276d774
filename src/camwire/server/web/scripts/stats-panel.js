/** The statistics beside the cameras. Figures are always recorded, and drawn only while the panel is open. */

import { CameraFigures } from "./camera-figures.js";
import { el, reconcile, setText } from "./dom.js";
import { FigureList } from "./figure-list.js";
import * as format from "./format.js";
import { processName } from "./system/worker-words.js";
import { fillTable, table } from "./table.js";

export class StatsPanel {
  /** @type {Map<string, CameraFigures>} */
  #cameras = new Map();
  /** @type {Map<string, ProcessCard>} */
  #processes = new Map();
  #pictureCounts;

  /**
   * @param {HTMLElement} root
   * @param {() => {painted: number, replaced: number, broken: number}} pictureCounts  of this page
   */
  constructor(root, pictureCounts) {
    this.root = root;
    this.#pictureCounts = pictureCounts;
    this.overview = new FigureList(["Up for", "Viewers now", "Viewers so far"]);
    this.page = new FigureList(["Pictures shown", "Replaced by newer", "Unreadable"]);
    this.cameraList = el("div", { class: "cards" });
    this.processList = el("div", { class: "cards" });
    this.clients = table("Connected viewers", ["Address", "Waiting", "Sent", "Skipped"]);
    this.clients.dataset.table = "viewers";
    root.append(
      el("section", { class: "card" }, this.overview.root),
      el("h3", { class: "group" }, "Cameras"),
      this.cameraList,
      el("h3", { class: "group" }, "Processes"),
      this.processList,
      el("h3", { class: "group" }, "Viewers"),
      el("section", { class: "card" }, this.clients),
      el("h3", { class: "group" }, "This page"),
      el("section", { class: "card" }, this.page.root),
    );
  }

  /** @param {import("./protocol.js").Stats} stats */
  update(stats) {
    const ids = stats.cameras.map(({ id }) => id);
    reconcile(this.cameraList, this.#cameras, ids, () => new CameraFigures());
    for (const camera of stats.cameras) this.#cameras.get(camera.id).record(camera);
    this.stats = stats;
    this.show();
  }

  show() {
    if (this.root.hidden || this.stats === undefined) return;
    const { uptimeSeconds, connections, processes, clients } = this.stats;
    this.overview.show([
      format.duration(uptimeSeconds),
      format.count(connections.now),
      format.count(connections.total),
    ]);
    for (const figures of this.#cameras.values()) figures.show();
    const names = processes.map(({ name }) => name);
    reconcile(this.processList, this.#processes, names, () => new ProcessCard());
    for (const process of processes) this.#processes.get(process.name).show(process);
    fillTable(
      this.clients,
      clients.map(({ address, queue, sent, dropped }) => [address, ...[queue, sent, dropped].map(format.count)]),
    );
    const { painted, replaced, broken } = this.#pictureCounts();
    this.page.show([painted, replaced, broken].map(format.count));
  }
}

/** The server, or a worker. */
class ProcessCard {
  constructor() {
    this.name = el("h3", { class: "figures-name" });
    this.state = el("span", { class: "process-state" });
    this.note = el("p", { class: "note" });
    this.figures = new FigureList(["CPU", "Memory", "Restarts"]);
    this.root = el(
      "section",
      { class: "card" },
      el("header", { class: "card-head" }, this.name, this.state),
      this.figures.root,
      this.note,
    );
  }

  /** @param {import("./protocol.js").Process} process */
  show(process) {
    setText(this.name, processName(process));
    setText(this.state, process.pid === null ? process.state : `${process.state} · pid ${process.pid}`);
    this.figures.show([
      `${Math.round(process.cpuPercent)} %`,
      format.bytes(process.rssBytes),
      format.count(process.restarts),
    ]);
    setText(this.note, [process.model, process.reason].filter(Boolean).join(" · "));
    this.note.hidden = this.note.textContent === "";
  }
}
