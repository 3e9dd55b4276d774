/** A camera's card in the statistics: rates, latency, drops, and their last two minutes. */

import { cameraWords } from "./camera-words.js";
import { Chart } from "./chart.js";
import { el, icon, setIcon, setText } from "./dom.js";
import { FigureList } from "./figure-list.js";
import * as format from "./format.js";
import { History } from "./history.js";
import { endToEnd } from "./protocol.js";
import { fillTable, table } from "./table.js";

/** Seconds of history: statistics come once a second. */
const HISTORY = 120;
/** Stages in the order in which a picture passes them; others follow by name. */
const STAGES = ["decode", "queue", "detect", "track", "analyse", "render", "encode", "total", "socket"];
const STAGE_WORDS = { total: "To hand-over", socket: "To the viewer" };

export class CameraFigures {
  #input = new History(HISTORY);
  #output = new History(HISTORY);
  #p50 = new History(HISTORY);
  #p95 = new History(HISTORY);
  /** @type {import("./protocol.js").Camera | null} */
  #camera = null;

  constructor() {
    this.name = el("h3", { class: "figures-name" });
    this.badgeIcon = icon("waiting");
    this.badgeText = el("span");
    this.rates = new FigureList(["Input", "Processed", "Output"]);
    this.latency = new FigureList(["Latency", "p95"]);
    this.rateChart = new Chart("Pictures a second over the last two minutes: input and output");
    this.latencyChart = new Chart("Latency over the last two minutes: median and 95th percentile");
    this.stages = table("Latency by stage", ["Stage", "p50", "p95"]);
    this.drops = table("Pictures left out", ["Cause", "Pictures"]);
    this.root = el(
      "section",
      { class: "card" },
      el("header", { class: "card-head" }, this.name, el("span", { class: "badge" }, this.badgeIcon, this.badgeText)),
      el(
        "div",
        { class: "charts" },
        el("div", {}, this.rates.root, this.rateChart.root),
        el("div", {}, this.latency.root, this.latencyChart.root),
      ),
      el(
        "details",
        { class: "more", ontoggle: () => this.#showTables() },
        el("summary", {}, "Stages and drops"),
        this.stages,
        this.drops,
      ),
    );
    this.details = this.root.querySelector("details");
  }

  /** Remember the figures; nothing is drawn. @param {import("./protocol.js").Camera} camera */
  record(camera) {
    this.#camera = camera;
    const live = camera.state === "live";
    this.#input.push(live ? camera.fps.input : NaN);
    this.#output.push(live ? camera.fps.output : NaN);
    const latency = endToEnd(camera);
    this.#p50.push(latency?.p50 ?? NaN);
    this.#p95.push(latency?.p95 ?? NaN);
  }

  show() {
    const camera = this.#camera;
    const words = cameraWords(camera, true);
    setText(this.name, camera.name);
    setIcon(this.badgeIcon, words.icon);
    setText(this.badgeText, words.label);
    this.root.dataset.tone = words.tone;
    const { input, processed, output } = camera.fps;
    const latency = endToEnd(camera);
    this.rates.show([input, processed, output].map((value) => `${format.rate(value)} fps`));
    this.latency.show([format.milliseconds(latency?.p50), format.milliseconds(latency?.p95)]);
    this.rateChart.draw(
      [
        { values: this.#input.values(), colour: "--chart-back", width: 1.5 },
        { values: this.#output.values(), colour: "--chart-front", width: 2 },
      ],
      HISTORY,
      (value) => `${format.rate(value)} fps`,
    );
    this.latencyChart.draw(
      [
        { values: this.#p95.values(), colour: "--chart-back", width: 1.5 },
        { values: this.#p50.values(), colour: "--chart-front", width: 2 },
      ],
      HISTORY,
      format.milliseconds,
    );
    this.#showTables();
  }

  #showTables() {
    const camera = this.#camera;
    if (!this.details.open || camera === null) return;
    const known = STAGES.filter((stage) => camera.latency.has(stage));
    const others = [...camera.latency.keys()].filter((stage) => !STAGES.includes(stage));
    fillTable(
      this.stages,
      [...known, ...others].map((stage) => {
        const { p50, p95 } = camera.latency.get(stage);
        return [STAGE_WORDS[stage] ?? format.title(stage), format.milliseconds(p50), format.milliseconds(p95)];
      }),
    );
    fillTable(
      this.drops,
      camera.drops.map(([cause, number]) => [format.title(cause), format.count(number)]),
    );
  }
}
