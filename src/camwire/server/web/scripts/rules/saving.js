/** Bringing the rules to the server: all in one go, unless somebody else has changed them meanwhile. */

import { ApiError } from "../api.js";
import { confirmed } from "../dialog.js";
import { byRule } from "./mistakes.js";
import { same } from "./settings.js";

/**
 * @typedef {import("./settings.js").Settings} Settings
 * @typedef {{saved: Settings[]} | {mistakes: Map<number | null, string[]>, words: string} | {cancelled: true}} Outcome
 */

/** @param {import("../api.js").Api} api @returns {Promise<Settings[]>} */
export async function load(api) {
  return (await api.get("rules")).map(({ settings }) => settings);
}

/**
 * @param {import("../api.js").Api} api
 * @param {Settings[]} rules
 * @param {Settings[]} base  what the server had when the changes began
 * @returns {Promise<Outcome>}
 */
export async function save(api, rules, base) {
  try {
    const theirs = await load(api);
    if (!same(theirs, base) && !(await mayReplace(theirs, base))) return { cancelled: true };
    const saved = await api.put("rules", rules);
    return { saved: saved.map(({ settings }) => settings) };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return { mistakes: byRule(error.problems, rules), words: error.words };
  }
}

/** @param {Settings[]} theirs @param {Settings[]} base */
function mayReplace(theirs, base) {
  const changed = differing(theirs, base).map((name) => `“${name}”`);
  return confirmed({
    title: "Someone else changed the rules meanwhile",
    text: `On the server ${changed.join(", ")} changed since you began. Saving puts your version in place of theirs.`,
    yes: "Save mine",
    no: "Go on editing",
  });
}

/** Names of the rules that are new, gone or different. @param {Settings[]} one @param {Settings[]} other */
function differing(one, other) {
  const byName = (rules) => new Map(rules.map((rule) => [rule.name, rule]));
  const [a, b] = [byName(one), byName(other)];
  return [...new Set([...a.keys(), ...b.keys()])].filter((name) => !same(a.get(name), b.get(name)));
}
