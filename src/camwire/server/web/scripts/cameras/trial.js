/** Trying a camera's address: a picture within seconds, or why there is none. */

import { ApiError } from "../api.js";
import { el, icon } from "../dom.js";
import * as format from "../format.js";

export class Trial {
  #api;
  /** Counts the tries, so that an answer to an older one is let go. */
  #turn = 0;

  /** @param {import("../api.js").Api} api */
  constructor(api) {
    this.#api = api;
    this.root = el("div", { class: "trial", role: "status" });
    this.clear();
  }

  clear() {
    this.#turn++;
    this.root.dataset.state = "idle";
    this.root.replaceChildren(el("p", {}, "Its picture appears here."));
  }

  /** @param {Record<string, any>} settings  of the camera @returns {Promise<boolean>} whether it works */
  async run(settings) {
    const turn = ++this.#turn;
    this.root.dataset.state = "busy";
    this.root.replaceChildren(el("p", {}, "Connecting… most cameras answer within three seconds."));
    const answer = await this.#ask(settings);
    if (turn !== this.#turn) return false;
    this.root.dataset.state = answer.works ? "good" : "bad";
    this.root.replaceChildren(...(answer.works ? picture(answer) : problem(answer.reason)));
    return answer.works;
  }

  async #ask(settings) {
    try {
      return await this.#api.post("try-camera", settings);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return { works: false, reason: error.problems.length > 0 ? error.problems.join("; ") : error.words };
    }
  }
}

/** @param {{picture: string, codec: string | null, width: number, height: number}} answer */
function picture({ picture: src, codec, width, height }) {
  const facts = [format.codecName(codec), `${width}×${height}`].filter(Boolean).join(" · ");
  return [
    el("img", { src, alt: "The camera's picture" }),
    el("p", { class: "badge", "data-tone": "good" }, icon("live"), `It works: ${facts}`),
  ];
}

/** @param {string} reason */
function problem(reason) {
  return [el("p", { class: "badge", "data-tone": "bad" }, icon("lost"), "No picture"), el("p", {}, reason)];
}
