/** The system page: what the machine, the processes and the clients do, and what is wrong where something is. */

import { ApiError } from "../api.js";
import { el, icon, reconcile, setText } from "../dom.js";
import * as format from "../format.js";
import { guarded } from "../permission.js";
import { routeTo } from "../routes.js";
import { ClientTable } from "../system/clients.js";
import { MachineCards } from "../system/machine.js";
import { PartList } from "../system/parts.js";
import { ProcessCard } from "../system/process-card.js";

const EVERY_MS = 2_000;

/** @type {import("../pages.js").Mount} */
export function mount(root, services) {
  return new SystemPage(root, services);
}

class SystemPage {
  /** @type {Map<string, ProcessCard>} */
  #processes = new Map();
  #services;
  #timer = 0;
  #mounted = true;

  /** @param {HTMLElement} root @param {import("../services.js").Services} services */
  constructor(root, services) {
    this.#services = services;
    this.machine = new MachineCards();
    this.clients = new ClientTable();
    this.parts = new PartList();
    this.processList = el("div", { class: "cards side-by-side" });
    this.about = el("p", { class: "note" });
    this.trouble = el("p", { class: "trouble", role: "alert", hidden: true }, icon("lost"), el("span"));
    const accounts = el("a", { class: "button", href: routeTo("accounts") }, "Accounts and tokens");
    root.classList.add("sheet", "system");
    root.append(
      el("header", { class: "page-head" }, el("h2", {}, "System"), el("div", { class: "page-actions" }, guarded(accounts, services, "admin"))),
      this.trouble,
      this.machine.root,
      el("h3", { class: "group" }, "Processes"),
      this.processList,
      el("h3", { class: "group" }, "Parts"),
      this.parts.root,
      el("h3", { class: "group" }, "Clients"),
      this.clients.root,
      el("h3", { class: "group" }, "About"),
      el("section", { class: "card" }, this.about, el("p", { class: "page-actions" }, ...this.#links())),
    );
    this.#read();
  }

  unmount() {
    this.#mounted = false;
    clearTimeout(this.#timer);
  }

  async #read() {
    if (!document.hidden) await this.#readNow();
    if (this.#mounted) this.#timer = setTimeout(() => this.#read(), EVERY_MS);
  }

  async #readNow() {
    try {
      const system = await this.#services.api.get("system");
      if (this.#mounted) this.#show(system);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.trouble.hidden = false;
      setText(this.trouble.lastElementChild, `${error.words} The figures below are the last that came.`);
    }
  }

  #show(system) {
    this.trouble.hidden = true;
    this.machine.show(system);
    const server = { ...system.server, name: "server", device: null, phase: "running", reason: null, model: null, restarts: 0 };
    const processes = [server, ...system.workers];
    reconcile(this.processList, this.#processes, processes.map(({ name }) => name), () => new ProcessCard());
    for (const process of processes) this.#processes.get(process.name).show(process);
    const now = Date.now() / 1000;
    this.parts.show(system.parts, now);
    this.clients.show(system.clients, now);
    const { version, started, platform } = system;
    const up = format.duration(Math.max(0, now - started));
    setText(this.about, `camwire ${version}, up for ${up}, on Python ${platform.python}, ${platform.system}, ${platform.machine}.`);
  }

  #links() {
    const { api } = this.#services;
    const link = (words, href) => el("a", { class: "button", href, target: "_blank", rel: "noopener" }, words);
    return [link("For programs: the REST API", api.url("docs/")), link("Metrics for Prometheus", new URL("metrics", document.baseURI).href)];
  }
}
