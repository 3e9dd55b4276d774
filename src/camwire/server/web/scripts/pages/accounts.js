/** Accounts and tokens, for admins. */

import { AccountList } from "../accounts/account-list.js";
import { TokenList } from "../accounts/token-list.js";
import { el, icon } from "../dom.js";
import { reasonAgainst } from "../permission.js";
import { routeTo } from "../routes.js";

/** @type {import("../pages.js").Mount} */
export function mount(root, services) {
  root.classList.add("sheet", "system", "accounts");
  const back = el("a", { class: "button", href: routeTo("system") }, "System");
  root.append(el("header", { class: "page-head" }, el("h2", {}, "Accounts and tokens"), back));
  const reason = reasonAgainst(services, "admin");
  if (reason !== null) {
    root.append(el("p", { class: "trouble" }, icon("lost"), el("span", {}, reason)));
    return { unmount: () => {} };
  }
  // Once there is an account the server asks for logins, this page's too.
  const accounts = new AccountList(services, () => services.signedIn());
  const tokens = new TokenList(services);
  const open = el(
    "p",
    { class: "trouble", hidden: services.session.required },
    icon("lost"),
    el("span", {}, "The server asks for no accounts: whoever reaches it may do everything. With the first account, which has to be an admin's, it begins to ask."),
  );
  root.append(
    open,
    el("h3", { class: "group" }, "Accounts"),
    accounts.root,
    el("h3", { class: "group" }, "Tokens for programs"),
    tokens.root,
  );
  accounts.list.load();
  tokens.list.load();
  return { unmount: () => {} };
}
