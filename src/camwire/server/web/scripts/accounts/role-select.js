/** What somebody may do, to choose from. */

import { el } from "../dom.js";

/** @type {Record<import("../session.js").Role, string>} */
export const ROLES = {
  viewer: "Viewer: looks",
  operator: "Operator: also switches, draws rules, saves",
  admin: "Admin: everything",
};

/** @param {Record<string, any>} [attributes] */
export function roleSelect(attributes = {}) {
  const options = Object.entries(ROLES).map(([role, words]) => el("option", { value: role }, words));
  return el("select", { class: "input", name: "role", ...attributes }, ...options);
}
