/** Tells people who can't see the page which cameras were lost and which are back. */

import { cameraWords } from "./camera-words.js";
import { setText } from "./dom.js";

/** States worth interrupting for; the others pass by on the way between these. */
const SPOKEN = new Set(["live", "stalled", "retrying"]);

/**
 * What changed, in words; "" for nothing.
 * @param {Map<string, string>} before  the last spoken state of each camera; brought up to date in place
 * @param {import("./protocol.js").Camera[]} cameras
 */
export function changes(before, cameras) {
  const said = [];
  for (const camera of cameras.filter(({ state }) => SPOKEN.has(state))) {
    const last = before.get(camera.id);
    before.set(camera.id, camera.state);
    if (last === undefined || last === camera.state) continue;
    const { label, detail } = cameraWords(camera, true);
    said.push([`${camera.name}: ${label}`, detail].filter(Boolean).join(", "));
  }
  return said.join(". ");
}

/** @param {HTMLElement} region  an aria-live region */
export function announcer(region) {
  const before = new Map();
  return (cameras) => {
    const said = changes(before, cameras);
    if (said !== "") setText(region, said);
  };
}
