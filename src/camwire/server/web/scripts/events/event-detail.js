/** One event alone: its picture or clip, and all that is known of it. */

import { el, icon, setText } from "../dom.js";
import * as format from "../format.js";
import { routeTo } from "../routes.js";
import { eventWords } from "./words.js";

/** @typedef {import("./filter.js").Event} Event */

export class EventDetail {
  /** @type {Event | null} */
  #event = null;
  #stepped = false;
  #api;
  #timeline;
  #nameOf;

  /**
   * @param {import("../api.js").Api} api
   * @param {import("./timeline.js").Timeline} timeline  where its neighbours are
   * @param {(camera: string) => string} nameOf  a camera's name
   * @param {(event: Event) => void} onLeft  told where one got to, when that is another event than at first
   */
  constructor(api, timeline, nameOf, onLeft) {
    this.#api = api;
    this.#timeline = timeline;
    this.#nameOf = nameOf;
    this.title = el("h2", { id: "event-title" });
    this.when = el("p", { class: "event-when" });
    this.media = el("div", { class: "event-media" });
    this.facts = el("dl", { class: "facts" });
    this.links = el("div", { class: "dialog-actions" });
    this.newer = el("button", { class: "button", type: "button", onclick: () => this.#step(-1) }, "Newer");
    this.older = el("button", { class: "button", type: "button", onclick: () => this.#step(1) }, "Older");
    const close = el(
      "button",
      { class: "icon-button", type: "button", "aria-label": "Close", onclick: () => this.root.close() },
      icon("close"),
    );
    this.root = el(
      "dialog",
      { class: "dialog event-dialog", "aria-labelledby": "event-title" },
      el("header", { class: "event-dialog-head" }, el("div", {}, this.title, this.when), close),
      this.media,
      this.facts,
      el("footer", { class: "event-dialog-foot" }, this.newer, this.older, this.links),
    );
    this.root.addEventListener("keydown", (event) => this.#onKey(event));
    this.root.addEventListener("close", () => {
      this.media.replaceChildren(); // a clip goes on playing otherwise
      if (this.#stepped) onLeft(this.#event);
      this.#event = null;
      this.#stepped = false;
    });
  }

  /** Show an event, and see whether its clip has come since it was told. @param {Event} event */
  async open(event) {
    this.#show(event);
    const page = await this.#api.get("events", { before: event.number + 1, limit: 1 }).catch(() => null);
    const [newest] = page?.events ?? [];
    if (newest?.id !== event.id) return;
    this.#timeline.update(newest);
    const more = newest.clip !== event.clip || newest.snapshot !== event.snapshot;
    if (more && this.#event?.id === event.id) this.#show(newest);
  }

  /** @param {Event} event */
  #show(event) {
    this.#event = event;
    const { title, details } = eventWords(event);
    setText(this.title, title);
    setText(this.when, new Date(event.time * 1000).toLocaleString("en-GB", { dateStyle: "full", timeStyle: "medium" }));
    this.media.replaceChildren(...media(event, title));
    const object = details.length > 0 ? [["Object", details.join(" · ")]] : [];
    const facts = [["Rule", event.rule], ["Camera", this.#nameOf(event.camera)], ...object, ...countFacts(event)];
    this.facts.replaceChildren(...facts.map(([term, text]) => fact(term, text)));
    this.links.replaceChildren(...links(event));
    this.newer.disabled = this.#neighbour(-1) === undefined;
    this.older.disabled = this.#neighbour(1) === undefined;
    if (!this.root.open) this.root.showModal();
  }

  /** @param {number} step  -1: the newer one, 1: the older one */
  #neighbour(step) {
    const { shown } = this.#timeline;
    const index = shown.findIndex(({ number }) => number === this.#event?.number);
    return index < 0 ? undefined : shown[index + step];
  }

  /** @param {number} step */
  #step(step) {
    const next = this.#neighbour(step);
    if (next === undefined) return;
    this.#stepped = true;
    this.open(next);
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    if (event.target instanceof HTMLMediaElement) return;
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step !== undefined) this.#step(step);
  }
}

/** @param {Event} event @param {string} title */
function media(event, title) {
  const none = (words) => el("p", { class: "event-no-picture" }, words);
  if (event.clip) {
    const gone = () => video.replaceWith(none("The clip is no longer there."));
    const video = el("video", { controls: true, muted: true, playsinline: true, preload: "metadata", src: event.clip, onerror: gone });
    if (event.snapshot) video.poster = event.snapshot;
    return [video];
  }
  if (event.snapshot) {
    const gone = () => image.replaceWith(none("The picture is no longer there."));
    const image = el("img", { src: event.snapshot, alt: title, onerror: gone });
    return [image];
  }
  return [none("No picture was kept of this event.")];
}

/** The rule's counts right after it. @param {Event} event */
function countFacts(event) {
  const words = (classes) => Object.entries(classes).map(([name, number]) => `${format.count(number)} ${name}`).join(", ");
  return Object.entries(event.counts ?? {})
    .map(([what, classes]) => [`${format.title(what)} then`, words(classes ?? {})])
    .filter(([, text]) => text !== "");
}

/** @param {string} term @param {string} text */
function fact(term, text) {
  return el("div", {}, el("dt", {}, term), el("dd", {}, text));
}

/** @param {Event} event */
function links(event) {
  const link = (words, href, more = {}) => el("a", { class: "button", href, ...more }, words);
  return [
    event.snapshot ? link("Save picture", event.snapshot, { download: `${event.id}.jpg` }) : null,
    event.clip ? link("Save clip", event.clip, { download: `${event.id}.mp4` }) : null,
    link("Show the camera", routeTo("live", [event.camera])),
  ].filter((item) => item !== null);
}
