/** Who is logged in, and what they may do. */

/** Each may do what those before it may. */
const ROLES = ["viewer", "operator", "admin"];

/**
 * @typedef {"viewer" | "operator" | "admin"} Role
 * @typedef {{required: boolean, account: {name: string, role: Role} | null}} Session
 *   `required`: whether the server asks for accounts at all; where it doesn't, everyone is its admin
 */

/**
 * @param {Session} session
 * @param {Role} role
 */
export function may(session, role) {
  return session.account !== null && ROLES.indexOf(session.account.role) >= ROLES.indexOf(role);
}

/** @param {Session} session */
export function needsLogin(session) {
  return session.required && session.account === null;
}
