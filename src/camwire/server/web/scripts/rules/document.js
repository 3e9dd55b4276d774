/**
 * The rules as they are being edited: a value that every change replaces by another, so that undoing is going back to
 * the one before.
 */

import { same } from "./settings.js";

/**
 * @typedef {import("./settings.js").Settings} Settings
 * @typedef {{key: number, settings: Settings}} Rule  `key`: names it while it is edited, whatever its name becomes
 * @typedef {{rules: Rule[], selected: number | null}} Moment
 * @typedef {{
 *   now: Moment, past: Moment[], future: Moment[], saved: Settings[], nextKey: number, merging: string | null
 * }} Document
 *   `saved`: what the server has; `merging`: changes with this token in a row are one step back
 */

/** Steps that can be taken back. */
const MOST_STEPS = 200;

/** @param {Settings[]} saved @returns {Document} */
export function opened(saved) {
  const rules = saved.map((settings, key) => ({ key, settings }));
  return { now: { rules, selected: null }, past: [], future: [], saved, nextKey: saved.length, merging: null };
}

/** @param {Document} document @returns {Settings[]} */
export function settingsOf(document) {
  return document.now.rules.map(({ settings }) => settings);
}

/** @param {Document} document @returns {Rule | null} */
export function selected(document) {
  return document.now.rules.find(({ key }) => key === document.now.selected) ?? null;
}

/** Choosing is no change: there is nothing to take back. @param {Document} document @param {number | null} key */
export function select(document, key) {
  return { ...document, now: { ...document.now, selected: key }, merging: null };
}

/**
 * Add rules behind the others; the last is chosen.
 * @param {Document} document
 * @param {Settings[]} added
 * @returns {Document}
 */
export function add(document, added) {
  if (added.length === 0) return document;
  const rules = added.map((settings, index) => ({ key: document.nextKey + index, settings }));
  const now = { rules: [...document.now.rules, ...rules], selected: rules.at(-1).key };
  return { ...step(document, now, null), nextKey: document.nextKey + added.length };
}

/** @param {Document} document @param {number} key @returns {Document} */
export function remove(document, key) {
  const rules = document.now.rules.filter((rule) => rule.key !== key);
  const chosen = document.now.selected === key ? null : document.now.selected;
  return step(document, { rules, selected: chosen }, null);
}

/**
 * @param {Document} document
 * @param {number} key
 * @param {(settings: Settings) => Settings} how
 * @param {string | null} [merging]  a token: as long as it stays the same, changes are one step
 * @returns {Document} the same where nothing changes
 */
export function change(document, key, how, merging = null) {
  const rules = document.now.rules.map((rule) => (rule.key === key ? { key, settings: how(rule.settings) } : rule));
  const before = document.now.rules.find((rule) => rule.key === key);
  const after = rules.find((rule) => rule.key === key);
  if (before === undefined || same(before.settings, after.settings)) return document;
  return step(document, { ...document.now, rules }, merging);
}

/** What comes next is a step of its own. @param {Document} document @returns {Document} */
export function settled(document) {
  return document.merging === null ? document : { ...document, merging: null };
}

/** @param {Document} document @returns {Document} */
export function undo(document) {
  const { now, past, future } = document;
  if (past.length === 0) return document;
  return { ...document, now: past.at(-1), past: past.slice(0, -1), future: [now, ...future], merging: null };
}

/** @param {Document} document @returns {Document} */
export function redo(document) {
  const { now, past, future } = document;
  if (future.length === 0) return document;
  return { ...document, now: future[0], past: [...past, now], future: future.slice(1), merging: null };
}

/** Whether something is not on the server yet. @param {Document} document */
export function isChanged(document) {
  return !same(settingsOf(document), document.saved);
}

/**
 * The server has taken it, and says how it stands now. What can be undone stays so.
 * @param {Document} document
 * @param {Settings[]} saved
 * @returns {Document}
 */
export function savedAs(document, saved) {
  const keys = new Map(document.now.rules.map(({ key, settings }) => [settings.name, key]));
  let { nextKey } = document;
  const rules = saved.map((settings) => ({ key: keys.get(settings.name) ?? nextKey++, settings }));
  const { selected: chosen } = document.now;
  const stays = rules.some(({ key }) => key === chosen);
  return { ...document, now: { rules, selected: stays ? chosen : null }, saved, nextKey, merging: null };
}

/** @param {Document} document @param {Moment} now @param {string | null} merging @returns {Document} */
function step(document, now, merging) {
  const merged = merging !== null && merging === document.merging;
  const past = merged ? document.past : [...document.past, document.now].slice(-MOST_STEPS);
  return { ...document, now, past, future: [], merging };
}
