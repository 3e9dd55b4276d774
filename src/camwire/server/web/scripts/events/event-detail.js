/** One event alone: its picture or clip, and all that is known of it. */

import { el, icon, setText } from "../dom.js";
import * as format from "../format.js";
import { routeTo } from "../routes.js";
import { eventWords } from "./words.js";

export class EventDetail {
  /** @type {import("./filter.js").Event | null} */
  #event = null;

  /**
   * @param {(step: number) => void} onStep  -1: to the newer one, 1: to the older one
   * @param {() => void} onClose
   */
  constructor(onStep, onClose) {
    this.title = el("h2", { id: "event-title" });
    this.when = el("p", { class: "event-when" });
    this.media = el("div", { class: "event-media" });
    this.facts = el("dl", { class: "facts" });
    this.links = el("div", { class: "dialog-actions" });
    this.newer = el("button", { class: "button", type: "button", onclick: () => onStep(-1) }, "Newer");
    this.older = el("button", { class: "button", type: "button", onclick: () => onStep(1) }, "Older");
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
    this.root.addEventListener("keydown", (event) => {
      if (event.target instanceof HTMLMediaElement) return;
      const step = { ArrowLeft: this.newer, ArrowRight: this.older }[event.key];
      if (step !== undefined && !step.disabled) step.click();
    });
    this.root.addEventListener("close", () => {
      this.media.replaceChildren(); // a clip goes on playing otherwise
      this.#event = null;
      onClose();
    });
  }

  get event() {
    return this.#event;
  }

  /**
   * @param {import("./filter.js").Event} event
   * @param {string} camera  its name
   * @param {{newer: boolean, older: boolean}} has  whether there are others on either side
   */
  show(event, camera, has) {
    this.#event = event;
    const { title, details } = eventWords(event);
    setText(this.title, title);
    setText(this.when, new Date(event.time * 1000).toLocaleString("en-GB", { dateStyle: "full", timeStyle: "medium" }));
    this.media.replaceChildren(...media(event, title));
    const facts = [["Rule", event.rule], ["Camera", camera], ...(details.length ? [["Object", details.join(" · ")]] : [])];
    this.facts.replaceChildren(...[...facts, ...countFacts(event)].map(([term, text]) => fact(term, text)));
    this.links.replaceChildren(...links(event));
    this.newer.disabled = !has.newer;
    this.older.disabled = !has.older;
    if (!this.root.open) this.root.showModal();
  }
}

/** @param {import("./filter.js").Event} event @param {string} title */
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

/** The rule's counts right after it. @param {import("./filter.js").Event} event */
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

/** @param {import("./filter.js").Event} event */
function links(event) {
  const link = (words, href, more = {}) => el("a", { class: "button", href, ...more }, words);
  return [
    event.snapshot ? link("Save picture", event.snapshot, { download: `${event.id}.jpg` }) : null,
    event.clip ? link("Save clip", event.clip, { download: `${event.id}.mp4` }) : null,
    link("Show the camera", routeTo("live", [event.camera])),
  ].filter((item) => item !== null);
}
