/** Bringing the rules to the server: all in one go, unless somebody else has changed them meanwhile. */

import { ApiError } from "../api.js";
import { confirmed } from "../dialog.js";
import { byRule } from "./mistakes.js";
import { same } from "./settings.js";

/** Times that others may come between in one go. */
const MOST_TRIES = 3;
const CHANGED_MEANWHILE = 412;

/**
 * @typedef {import("./settings.js").Settings} Settings
 * @typedef {{rules: Settings[], tag: string | null}} Saved  the server's rules, and what it calls this state of them
 * @typedef {{saved: Saved} | {mistakes: Map<number | null, string[]>, words: string} | {cancelled: true}} Outcome
 */

/** @param {import("../api.js").Api} api @returns {Promise<Saved>} */
export async function load(api) {
  return savedOf(await api.getTagged("rules"));
}

/**
 * @param {import("../api.js").Api} api
 * @param {Settings[]} rules
 * @param {Saved} base  what the server had when the changes began
 * @returns {Promise<Outcome>}
 */
export async function save(api, rules, base) {
  let { tag } = base;
  try {
    for (let tries = 1; ; tries++) {
      try {
        return { saved: savedOf(await api.putTagged("rules", rules, tag)) };
      } catch (error) {
        if (!(error instanceof ApiError) || error.status !== CHANGED_MEANWHILE || tries === MOST_TRIES) throw error;
      }
      const theirs = await load(api);
      if (!same(theirs.rules, base.rules) && !(await mayReplace(theirs.rules, base.rules))) return { cancelled: true };
      ({ tag } = theirs);
    }
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return { mistakes: byRule(error.problems, rules), words: error.words };
  }
}

/** @param {{body: {settings: Settings}[], tag: string | null}} answer @returns {Saved} */
function savedOf({ body, tag }) {
  return { rules: body.map(({ settings }) => settings), tag };
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
