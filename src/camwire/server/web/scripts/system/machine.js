/** The machine: processor, memory, disk and GPUs. */

import { el, reconcile, setText } from "../dom.js";
import * as format from "../format.js";
import { Gauge } from "./gauge.js";

/**
 * @typedef {{used: number, total: number}} Amount  bytes
 * @typedef {{name: string, utilisation: number | null, decoder: number | null, memory_used: number | null,
 *   memory_total: number | null}} Gpu
 */

export class MachineCards {
  /** @type {Map<string, GpuCard>} */
  #gpus = new Map();

  constructor() {
    this.cpu = new Gauge("Processor", { charted: true });
    this.memory = new Gauge("Memory", { charted: true });
    this.disk = new Gauge("Disk");
    this.noGpu = el(
      "p",
      { class: "note" },
      "No NVIDIA GPU is known to this server. If the machine has one: it needs NVIDIA's driver, and camwire its packages (pip install 'camwire[cuda]').",
    );
    this.gpuList = el("div", { class: "cards side-by-side" });
    this.root = el(
      "div",
      {},
      el("h3", { class: "group" }, "Machine"),
      el("div", { class: "cards side-by-side" }, ...[this.cpu, this.memory, this.disk].map(({ root }) => card(root))),
      el("h3", { class: "group" }, "GPU"),
      this.gpuList,
      this.noGpu,
    );
  }

  /** @param {{cpu_percent: number, cores: number, memory: Amount, disk: Amount | null, gpus: Gpu[]}} system */
  show({ cpu_percent: cpu, cores, memory, disk, gpus }) {
    this.cpu.show(cpu, `${Math.round(cpu)} %`, `of ${cores} ${cores === 1 ? "core" : "cores"}`);
    showAmount(this.memory, memory);
    showAmount(this.disk, disk);
    const keys = gpus.map((_, index) => String(index));
    reconcile(this.gpuList, this.#gpus, keys, () => new GpuCard());
    gpus.forEach((gpu, index) => this.#gpus.get(String(index)).show(gpu, index));
    this.noGpu.hidden = gpus.length > 0;
  }
}

class GpuCard {
  constructor() {
    this.name = el("h4", { class: "figures-name" });
    this.load = new Gauge("Kernels", { charted: true });
    this.decoder = new Gauge("Video decoder", { charted: true });
    this.memory = new Gauge("GPU memory");
    this.root = card(el("header", { class: "card-head" }, this.name), this.load.root, this.decoder.root, this.memory.root);
  }

  /** @param {Gpu} gpu @param {number} index */
  show(gpu, index) {
    setText(this.name, `${index}: ${gpu.name}`);
    this.load.show(gpu.utilisation, `${Math.round(gpu.utilisation)} %`);
    this.decoder.show(gpu.decoder, `${Math.round(gpu.decoder)} %`);
    showAmount(this.memory, gpu.memory_used === null ? null : { used: gpu.memory_used, total: gpu.memory_total });
  }
}

/** @param {Gauge} gauge @param {Amount | null} amount */
function showAmount(gauge, amount) {
  if (amount === null) gauge.show(null, "");
  else gauge.show((100 * amount.used) / amount.total, format.bytes(amount.used), `of ${format.bytes(amount.total)}`);
}

/** @param {...HTMLElement} children */
function card(...children) {
  return el("section", { class: "card" }, ...children);
}
