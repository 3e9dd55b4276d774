/** Brings the parts of the page together. */

import { setUpAccount } from "./account.js";
import { Api, ApiError } from "./api.js";
import { Feed } from "./feed.js";
import { FIRST, PAGES } from "./pages.js";
import { inPage, inWorker, PictureSink } from "./picture-sink.js";
import { Router } from "./router.js";
import { parseRoute, routeTo } from "./routes.js";
import { may, needsLogin } from "./session.js";
import { ConnectionStatus } from "./status.js";
import { setUpThemeButton } from "./theme.js";
import { Toasts } from "./toasts.js";

/** A page in the background lets go of the server after this long; a glance at another tab costs nothing. */
const HIDDEN_MS = 3_000;

/** @param {string} id */
const byId = (id) => document.getElementById(id);

setUpThemeButton(byId("theme-button"));
const api = new Api(new URL("api/v1/", document.baseURI), askForLogin);
const toasts = new Toasts(byId("toasts"));
preloadAsked();
const [session, backend] = await Promise.all([whoIsThere(), inWorker()]);
if (needsLogin(session)) {
  askForLogin();
  window.addEventListener("hashchange", askForLogin);
}

/** @type {import("./services.js").Services} */
const services = {
  api,
  toasts,
  session,
  feed: needsLogin(session) ? null : startFeed(),
  sink: new PictureSink(backend ?? inPage),
  may: (role) => may(session, role),
  title: (words) => (document.title = `${words} · camwire`),
  signedIn: beginAnew,
};
setUpAccount(byId("account"), services);
await new Router(byId("page"), byId("navigation"), services).start();

/** The page that the address names is on its way while the server is asked who is there. */
function preloadAsked() {
  const { page } = parseRoute(location.hash, FIRST);
  // Why it can't be loaded is told where it is shown.
  if (Object.hasOwn(PAGES, page)) PAGES[page].load().catch(() => {});
}

/** @returns {Promise<import("./session.js").Session>} */
async function whoIsThere() {
  try {
    return await api.get("session");
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    // The page says itself that the server is out of reach, as soon as it tries to connect.
    return { required: false, account: { name: "", role: "admin" } };
  }
}

function askForLogin() {
  const wanted = location.hash;
  if (wanted.startsWith("#/login")) return;
  location.hash = routeTo("login", [], { next: wanted });
}

/** After logging in or out: everything is asked for again. */
function beginAnew() {
  location.reload();
}

function startFeed() {
  const feed = new Feed(socketUrl());
  const status = new ConnectionStatus(byId("connection"), byId("banner"), () => feed.tryNow());
  let before = null;
  let loggedOut = false;
  feed.listen("state", async (state, now) => {
    status.show(state, now, loggedOut);
    if (state === before) return; // The clock goes on, nothing else.
    before = state;
    if (state.phase === "open") loggedOut = false;
    // A connection that is refused may be a session that has ended.
    else if (state.phase === "waiting" && session.required) {
      const ended = needsLogin(await whoIsThere());
      if (state !== before) return;
      if (ended && !loggedOut) askForLogin();
      loggedOut = ended;
      status.show(state, performance.now(), loggedOut);
    }
  });
  feed.listen("error", (words) => toasts.show(words));
  letGoInBackground(feed);
  return feed;
}

/** The server's WebSocket, beside this page wherever that is served. */
function socketUrl() {
  const url = new URL("ws", document.baseURI);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return url;
}

/** @param {Feed} feed */
function letGoInBackground(feed) {
  let timer = 0;
  document.addEventListener("visibilitychange", () => {
    clearTimeout(timer);
    if (document.hidden) timer = setTimeout(() => feed.pause(), HIDDEN_MS);
    else feed.resume();
  });
  // A page that the browser keeps for its Back button would keep its connection, too.
  window.addEventListener("pagehide", () => feed.pause());
  window.addEventListener("pageshow", ({ persisted }) => persisted && feed.resume());
}
