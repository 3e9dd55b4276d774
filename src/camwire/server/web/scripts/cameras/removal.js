/** Removing a camera, and what becomes of the rules that name it. */

import { segment } from "../api.js";
import { confirmed } from "../dialog.js";

/**
 * Ask, then remove.
 * @param {import("../api.js").Api} api
 * @param {{id: string, name: string}} camera
 * @returns {Promise<boolean>} whether it is gone
 * @throws {import("../api.js").ApiError}
 */
export async function removed(api, { id, name }) {
  const rules = (await api.get("rules")).map(({ settings }) => settings);
  const yes = await confirmed({
    title: `Remove ${name}?`,
    text: ["It is taken out of the configuration.", ...consequences(rules, id)].join(" "),
    yes: "Remove it",
  });
  if (yes) await api.delete(`cameras/${segment(id)}`, { rules: "change" });
  return yes;
}

/**
 * What removing a camera does to the rules, in sentences.
 * @param {{name: string, cameras?: string[] | null}[]} rules
 * @param {string} id
 */
export function consequences(rules, id) {
  const naming = rules.filter(({ cameras }) => cameras?.includes(id));
  const ending = naming.filter(({ cameras }) => cameras.length === 1);
  const staying = naming.filter(({ cameras }) => cameras.length > 1);
  const quoted = (some) => some.map(({ name }) => `“${name}”`).join(", ");
  return [
    ending.length > 0 && `Rules that are for it alone go, too: ${quoted(ending)}.`,
    staying.length > 0 && `Rules that are for other cameras as well stay for those: ${quoted(staying)}.`,
  ].filter(Boolean);
}
