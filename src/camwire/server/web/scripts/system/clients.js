/** Who is connected, and what they get. */

import { el } from "../dom.js";
import * as format from "../format.js";
import { fillTable, table } from "../table.js";

/**
 * @typedef {{address: string, since: number, cameras: string[] | null, size: string | null, max_fps: number,
 *   sent: number, dropped: number}} ConnectedClient
 */

/** Rows at most; a line below says how many more there are. */
const MOST = 100;

export class ClientTable {
  constructor() {
    this.table = table("Connected clients, oldest first", ["Address", "For", "Cameras", "Pictures", "Sent", "Skipped"]);
    this.more = el("p", { class: "note" });
    this.root = el("section", { class: "card scroll-x", tabindex: "0", "aria-label": "Clients" }, this.table, this.more);
  }

  /** @param {ConnectedClient[]} clients @param {number} now  UTC seconds */
  show(clients, now) {
    fillTable(this.table, clients.slice(0, MOST).map((client) => row(client, now)));
    const left = clients.length - MOST;
    this.more.hidden = clients.length > 0 && left <= 0;
    this.more.textContent = left > 0 ? `and ${format.count(left)} more` : "Nobody is connected.";
  }
}

/** @param {ConnectedClient} client @param {number} now */
function row(client, now) {
  const rate = client.max_fps > 0 ? `, ${format.rate(client.max_fps)} fps at most` : "";
  return [
    client.address,
    format.duration(Math.max(0, now - client.since)),
    cameraWords(client.cameras),
    client.size === null ? "none" : `${client.size}${rate}`,
    format.count(client.sent),
    format.count(client.dropped),
  ];
}

/** @param {string[] | null} cameras */
function cameraWords(cameras) {
  if (cameras === null) return "all";
  return cameras.length <= 3 ? cameras.join(", ") || "none" : `${cameras.slice(0, 2).join(", ")} and ${cameras.length - 2} more`;
}
