/** Shows the page that the address names, and asks before what isn't saved is lost. */

import { confirmed } from "./dialog.js";
import { el, icon } from "./dom.js";
import { FIRST, PAGES } from "./pages.js";
import { parseRoute, routeTo } from "./routes.js";
import { needsLogin } from "./session.js";

const PRELOAD_MS = 3_000;

export class Router {
  /** @type {{name: string, page: import("./pages.js").Page | null, hash: string} | null} */
  #shown = null;
  #root;
  #navigation;
  #services;
  /** Ends what waits for the server. */
  #stopWaiting = nothing;
  /** Whether somebody is being asked already. */
  #asking = false;
  /** Counts the changes of page, so that a slow one doesn't come up over a later one. */
  #turn = 0;

  /**
   * @param {HTMLElement} root  where pages are mounted
   * @param {HTMLElement} navigation  gets a link to each page
   * @param {import("./services.js").Services} services
   */
  constructor(root, navigation, services) {
    this.#root = root;
    this.#navigation = navigation;
    this.#services = services;
    navigation.replaceChildren(...links());
    window.addEventListener("hashchange", () => this.#follow());
    window.addEventListener("beforeunload", (event) => {
      if (this.#unsaved()) event.preventDefault();
    });
  }

  async start() {
    await this.#follow();
    if (!needsLogin(this.#services.session)) requestIdle(preload);
  }

  #unsaved() {
    return this.#shown?.page?.unsaved?.() ?? false;
  }

  async #follow() {
    const shown = this.#shown;
    if (shown?.hash === location.hash) return;
    const route = parseRoute(location.hash, FIRST);
    const same = shown?.name === route.page && shown.page !== null;
    if (!same && this.#unsaved() && !(await this.#mayLeave(shown, location.hash))) return;
    if (same && shown.page.routed !== undefined) {
      shown.hash = location.hash;
      shown.page.routed(route);
      return;
    }
    await this.#show(route, location.hash);
  }

  /** Who is being asked is not asked again. @param {{hash: string}} shown @param {string} wanted */
  async #mayLeave(shown, wanted) {
    history.replaceState(null, "", shown.hash || "#/");
    if (this.#asking) return false;
    this.#asking = true;
    try {
      return await mayBeLost(wanted);
    } finally {
      this.#asking = false;
    }
  }

  /** @param {import("./routes.js").Route} route @param {string} hash */
  async #show(route, hash) {
    const turn = ++this.#turn;
    this.#shown?.page?.unmount();
    this.#shown = { name: route.page, page: null, hash };
    this.#stopWaiting();
    for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
    this.#markCurrent(route.page);
    this.#root.replaceChildren();
    this.#root.hidden = route.page === FIRST;
    document.body.dataset.page = route.page;
    const entry = Object.hasOwn(PAGES, route.page) ? PAGES[route.page] : null;
    this.#services.title(entry?.title ?? "No such page");
    if (entry === null) {
      this.#root.replaceChildren(noSuchPage());
      return;
    }
    const page = await this.#mounted(entry, route, () => turn === this.#turn);
    if (page === null) return;
    if (turn === this.#turn) this.#shown.page = page;
    else page.unmount();
  }

  /**
   * @param {import("./pages.js").PageEntry} entry
   * @param {import("./routes.js").Route} route
   * @param {() => boolean} wanted
   */
  async #mounted(entry, route, wanted) {
    try {
      const [module] = await Promise.all([entry.load(), ...(entry.styles ?? []).map(styled)]);
      if (!wanted()) return null;
      const root = el("div", { class: "page-content" });
      this.#root.replaceChildren(root);
      return await module.mount(root, this.#services, route);
    } catch (error) {
      console.error(error);
      if (wanted()) {
        this.#root.replaceChildren(cannotShow(entry.title));
        this.#waitForServer();
      }
      return null;
    }
  }

  /** A page that could not be loaded comes up by itself once a server that was gone is back. */
  #waitForServer() {
    let away = false;
    this.#stopWaiting =
      this.#services.feed?.listen("state", ({ phase, failures }) => {
        if (away && phase === "open") location.reload();
        away ||= failures > 0;
      }) ?? nothing;
  }

  /** @param {string} name */
  #markCurrent(name) {
    for (const link of this.#navigation.querySelectorAll("a")) {
      if (link.dataset.page === name) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
  }
}

function links() {
  return Object.entries(PAGES)
    .filter(([, page]) => page.icon !== null)
    .map(([name, page]) => {
      const link = el("a", { class: "nav-link", href: routeTo(name) }, icon(page.icon), el("span", {}, page.title));
      link.dataset.page = name;
      return link;
    });
}

const LEAVING = {
  title: "Leave without saving?",
  text: "What you changed here is not saved yet.",
  yes: "Leave",
  no: "Stay",
};
const LOGGED_OUT = {
  title: "You are logged out",
  text: "What you changed here is not saved yet. Log in in another tab, then save it here; or log in here and lose it.",
  yes: "Log in here",
  no: "Stay",
};

/** Ask whether what isn't saved may be lost, and go there if so. @param {string} wanted */
async function mayBeLost(wanted) {
  const may = await confirmed(parseRoute(wanted, FIRST).page === "login" ? LOGGED_OUT : LEAVING);
  if (may) history.replaceState(null, "", wanted || "#/");
  return may;
}

function nothing() {}

/** Safari has no idle callbacks. @param {() => void} act */
function requestIdle(act) {
  if ("requestIdleCallback" in window) requestIdleCallback(act, { timeout: PRELOAD_MS });
  else setTimeout(act, PRELOAD_MS);
}

/** Have the other pages there before they are asked for: changing between them is then instant. */
function preload() {
  for (const { icon: linked, load } of Object.values(PAGES)) {
    if (linked !== null) load().catch(nothing); // Asked for again when it is wanted, and told then.
  }
}

/** @type {Map<string, Promise<void>>} */
const sheets = new Map();

/** @param {string} href */
function styled(href) {
  if (!sheets.has(href)) {
    sheets.set(
      href,
      new Promise((resolve, reject) => {
        const link = el("link", { rel: "stylesheet", href, onload: () => resolve(), onerror: () => reject(href) });
        document.head.append(link);
      }),
    );
  }
  return sheets.get(href);
}

function noSuchPage() {
  return message("There is no such page", el("a", { class: "button", href: routeTo(FIRST) }, "All cameras"));
}

/** @param {string} title */
function cannotShow(title) {
  const again = el("button", { class: "button", type: "button", onclick: () => location.reload() }, "Try again");
  return message(`“${title}” could not be loaded. Is the server still running?`, again);
}

/** @param {string} text @param {HTMLElement} action */
function message(text, action) {
  return el("div", { class: "placeholder" }, el("h2", {}, text), action);
}
