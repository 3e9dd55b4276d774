/** The server's process, or a worker's. */

import { Chart } from "../chart.js";
import { el, icon, setIcon, setText } from "../dom.js";
import { FigureList } from "../figure-list.js";
import * as format from "../format.js";
import { History } from "../history.js";
import { READINGS } from "./gauge.js";
import { processName, workerWords } from "./worker-words.js";

/**
 * @typedef {{name: string, device: string | null, phase: string, reason: string | null, pid: number | null,
 *   cpu_percent: number | null, rss_bytes: number | null, model: string | null, restarts: number}} Worker
 */

export class ProcessCard {
  #cpu = new History(READINGS);

  constructor() {
    this.name = el("h4", { class: "figures-name" });
    this.badgeIcon = icon("waiting");
    this.badgeText = el("span");
    this.figures = new FigureList(["CPU", "Memory", "Restarts"]);
    this.chart = new Chart("CPU over the last minutes, of one core");
    this.reason = el("p", { class: "reason" });
    this.note = el("p", { class: "note" });
    this.root = el(
      "section",
      { class: "card" },
      el("header", { class: "card-head" }, this.name, el("span", { class: "badge" }, this.badgeIcon, this.badgeText)),
      this.reason,
      this.figures.root,
      this.chart.root,
      this.note,
    );
  }

  /** @param {Worker} worker */
  show(worker) {
    const words = workerWords(worker.phase, worker.reason);
    setText(this.name, processName(worker));
    setIcon(this.badgeIcon, words.icon);
    setText(this.badgeText, words.label);
    this.root.dataset.tone = words.tone;
    setText(this.reason, [worker.reason && format.title(worker.reason), words.help].filter(Boolean).join(". "));
    this.reason.hidden = this.reason.textContent === "";
    this.figures.show([
      worker.cpu_percent === null ? "–" : `${Math.round(worker.cpu_percent)} %`,
      worker.rss_bytes === null ? "–" : format.bytes(worker.rss_bytes),
      format.count(worker.restarts),
    ]);
    this.#cpu.push(worker.cpu_percent ?? NaN);
    const lines = [{ values: this.#cpu.values(), colour: "--chart-front", width: 2 }];
    this.chart.draw(lines, READINGS, (value) => `${Math.round(value)} %`);
    const pid = worker.pid === null ? null : `process ${worker.pid}`;
    setText(this.note, [worker.model, pid].filter(Boolean).join(" · "));
  }
}
