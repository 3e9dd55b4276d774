/** What a role may not do is there to be seen, and says why it can't be used. */

/**
 * @param {import("./services.js").Services} services
 * @param {import("./session.js").Role} role
 * @returns {string | null} why not; null where it is allowed
 */
export function reasonAgainst(services, role) {
  if (services.may(role)) return null;
  const { name, role: own } = services.session.account ?? { name: "nobody", role: "none" };
  return `This needs the role ${role}; ${name} is ${own}.`;
}

/**
 * Leave a button or link as it is, or have it say why it can't be used. It stays in reach of the keyboard.
 * @template {HTMLElement} T
 * @param {T} control
 * @param {import("./services.js").Services} services
 * @param {import("./session.js").Role} role
 * @returns {T}
 */
export function guarded(control, services, role) {
  const reason = reasonAgainst(services, role);
  if (reason === null) return control;
  control.setAttribute("aria-disabled", "true");
  control.title = reason;
  const refuse = (event) => {
    event.preventDefault();
    event.stopImmediatePropagation();
    services.toasts.show(reason);
  };
  control.addEventListener("click", refuse, { capture: true });
  return control;
}
