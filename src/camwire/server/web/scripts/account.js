/** Who is logged in, in the head of the page, and the way out. */

import { ApiError } from "./api.js";
import { el, icon } from "./dom.js";

/**
 * @param {HTMLElement} root  stays empty where the server asks for no accounts
 * @param {import("./services.js").Services} services
 */
export function setUpAccount(root, services) {
  const { account, required } = services.session;
  if (!required || account === null) return;
  const out = el(
    "button",
    { class: "button", type: "button", title: `Log out ${account.name}`, onclick: () => logOut(services) },
    icon("log-out"),
    el("span", {}, "Log out"),
  );
  root.replaceChildren(
    el("span", { class: "account-name", title: `${account.name}: ${account.role}` }, account.name),
    el("span", { class: "account-role" }, account.role),
    out,
  );
}

/** @param {import("./services.js").Services} services */
async function logOut({ api, signedIn, toasts }) {
  try {
    await api.delete("session");
    signedIn();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    toasts.show(error.words);
  }
}
