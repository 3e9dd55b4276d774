/** Brings the parts of the page together. */

import { announcer } from "./announcer.js";
import { CameraGrid } from "./camera-grid.js";
import { summary, withWorkersTrouble } from "./camera-words.js";
import { Connection } from "./connection.js";
import { setText } from "./dom.js";
import { setUpFullScreen } from "./full-screen.js";
import { inPage, inWorker, PictureSink } from "./picture-sink.js";
import * as protocol from "./protocol.js";
import { StatsPanel } from "./stats-panel.js";
import { ConnectionStatus } from "./status.js";
import { setUpThemeButton } from "./theme.js";
import { Toasts } from "./toasts.js";
import { Toggles } from "./toggles.js";

/** A page in the background lets go of the server after this long; a glance at another tab costs nothing. */
const HIDDEN_MS = 3_000;
const COUNTDOWN_MS = 500;

/** @param {string} id */
const byId = (id) => document.getElementById(id);

const backend = (await inWorker()) ?? inPage;
const sink = new PictureSink(backend, (id, size) => {
  if (size !== null) grid.painted(id, performance.now());
});
const grid = new CameraGrid(byId("cameras"), sink, (name) => {
  byId("back-button").hidden = name === null;
});
const panel = new StatsPanel(byId("statistics"), () => sink.counts);
const toasts = new Toasts(byId("toasts"));
const toggles = new Toggles(byId("toggles"), (name, enabled) => connection.send(protocol.setToggle(name, enabled)));
const status = new ConnectionStatus(byId("connection"), byId("banner"), () => connection.tryNow());
const announce = announcer(byId("announcer"));

const connection = new Connection(socketUrl(), {
  onPicture(buffer) {
    const head = protocol.parsePicture(buffer);
    if (head !== null && grid.shows(head.camera)) sink.submit(head.camera, { buffer, offset: head.offset });
  },
  onText(raw) {
    const message = protocol.parseText(raw);
    if (message?.type === "stats") showStats(message.stats);
    else if (message?.type === "toggles") toggles.update(message.toggles);
    else if (message?.type === "error") toasts.show(message.message);
  },
  onState(state, now) {
    status.show(state, now);
    toggles.setAble(state.phase === "open");
    byId("clear-button").disabled = state.phase !== "open";
    const stale = state.failures > 0;
    byId("stage").toggleAttribute("data-stale", stale);
    grid.setStale(stale, now);
    if (stale) showSummary("Out of reach");
  },
});

/** @param {import("./protocol.js").Stats} stats */
function showStats(stats) {
  const cameras = withWorkersTrouble(stats.cameras, stats.processes);
  grid.update(cameras, performance.now());
  panel.update(stats);
  announce(cameras);
  showSummary(summary(cameras));
  byId("starting").hidden = true;
  byId("empty").hidden = stats.cameras.length > 0;
}

/** @param {string} words */
function showSummary(words) {
  setText(byId("summary"), words);
  document.title = `${words} · camwire`;
}

/** The server's WebSocket, beside this page wherever that is served. */
function socketUrl() {
  const url = new URL("ws", document.baseURI);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return url;
}

/** @param {boolean} open */
function showPanel(open) {
  panel.root.hidden = !open;
  byId("statistics-button").setAttribute("aria-expanded", String(open));
  panel.show();
  shieldStage();
  if (byId("stage").inert) byId("close-button").focus();
}

/** Where the panel covers the cameras, they are out of reach of the keyboard too. */
function shieldStage() {
  byId("stage").inert = !panel.root.hidden && getComputedStyle(panel.root).position === "absolute";
}

function closePanel() {
  showPanel(false);
  byId("statistics-button").focus();
}

function setUpPanel() {
  byId("statistics-button").addEventListener("click", () => showPanel(panel.root.hidden));
  byId("close-button").addEventListener("click", closePanel);
  byId("clear-button").addEventListener("click", () => connection.send(protocol.clearStats()));
  window.addEventListener("resize", shieldStage);
}

function setUpEscape() {
  byId("back-button").addEventListener("click", () => grid.enlarge(null));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.defaultPrevented) return;
    const inPanel = panel.root.contains(document.activeElement);
    if (grid.enlarged !== null && !inPanel) grid.enlarge(null);
    else if (!panel.root.hidden) closePanel();
  });
}

function setUpBackground() {
  let timer = 0;
  document.addEventListener("visibilitychange", () => {
    clearTimeout(timer);
    if (document.hidden) timer = setTimeout(() => connection.pause(), HIDDEN_MS);
    else connection.resume();
  });
}

setUpThemeButton(byId("theme-button"));
setUpFullScreen(byId("full-screen-button"), byId("stage"));
setUpPanel();
setUpEscape();
setUpBackground();
setInterval(() => grid.tick(performance.now()), COUNTDOWN_MS);
