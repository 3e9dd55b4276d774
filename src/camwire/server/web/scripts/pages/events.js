/** The events page: what the rules reported, as it happens and long ago. */

import { ApiError } from "../api.js";
import { el, reconcile, setText } from "../dom.js";
import { routeTo } from "../routes.js";
import { BarChart } from "../events/bar-chart.js";
import { bars, counted } from "../events/bars.js";
import { EventDetail } from "../events/event-detail.js";
import { DayRow, EventRow } from "../events/event-row.js";
import { asked, barLength, bounds, isNarrow, matches, readFilter, writeFilter } from "../events/filter.js";
import { FilterBar } from "../events/filter-bar.js";
import { Timeline } from "../events/timeline.js";
import { dayWords, kindWords, newWords } from "../events/words.js";

/** Events that are asked for at once. */
const PAGE = 50;
/** What comes is shown this often at most, however much comes. */
const SHOW_MS = 400;
/** Screen readers are told of new events no more often than this. */
const ANNOUNCE_MS = 10_000;

/** @type {import("../pages.js").Mount} */
export function mount(root, services, route) {
  const page = new EventsPage(root, services);
  page.routed(route);
  return page;
}

class EventsPage {
  #services;
  #timeline = new Timeline();
  #filter;
  /** @type {Map<string, EventRow | DayRow>} */
  #rows = new Map();
  /** @type {import("../events/bars.js").Bar[]} */
  #bars = [];
  #stop;
  #turn = 0;
  #timer = 0;
  #atTop = true;
  #open = false;
  /** The newest event that came by itself. */
  #lastNumber = null;
  #announcedAt = 0;
  #unannounced = 0;
  /** Where one got to by stepping from event to event. */
  #lookedAt = null;

  /** @param {HTMLElement} root @param {import("../services.js").Services} services */
  constructor(root, services) {
    this.#services = services;
    this.#build(root);
    const observer = new IntersectionObserver(([entry]) => this.#scrolled(entry.isIntersecting));
    observer.observe(this.top);
    services.feed.want({ cameras: null, frames: false, events: true });
    this.#stop = [
      services.feed.listen("event", (event) => this.#arrived(event)),
      services.feed.listen("state", (state) => this.#connected(state.phase === "open")),
      services.feed.listen("stats", ({ cameras }) => this.filters.offer("camera", cameras.map(({ id, name }) => [id, name]))),
      () => observer.disconnect(),
      () => services.feed.want(),
    ];
    this.#learnRules();
  }

  unmount() {
    this.#turn = -1;
    clearTimeout(this.#timer);
    for (const stop of this.#stop) stop();
  }

  /** @param {import("../routes.js").Route} route */
  routed(route) {
    this.#filter = readFilter(route.query);
    this.filters.show(this.#filter);
    this.#load();
  }

  #build(root) {
    this.filters = new FilterBar((filter) => (location.hash = routeTo("events", [], writeFilter(filter))));
    const counts = this.#download("Counts as CSV", "counts", () => ({ by: barLength(this.#filter, now()), format: "csv" }));
    this.chart = new BarChart(counts);
    this.top = el("div", { class: "events-top" });
    this.fresh = el("button", { class: "button primary", type: "button", onclick: () => this.#showNew() });
    this.freshBar = el("div", { class: "events-fresh", hidden: true }, this.fresh);
    this.list = el("ol", { class: "events-list", "aria-label": "Events, newest first" });
    this.more = el("button", { class: "button", type: "button", onclick: () => this.#loadOlder() }, "Older events");
    this.end = el("p", { class: "events-end" });
    this.message = el("div", { class: "events-message", hidden: true });
    this.announcer = el("p", { class: "unseen", role: "status" });
    this.detail = new EventDetail((step) => this.#step(step), () => this.#refocus());
    root.classList.add("sheet", "events");
    root.append(
      el(
        "header",
        { class: "page-head" },
        el("h2", {}, "Events"),
        el(
          "div",
          { class: "page-actions" },
          this.#download("Export CSV", "events.csv"),
          this.#download("Export JSON", "events.json"),
        ),
      ),
      this.filters.root,
      this.chart.root,
      this.top,
      this.freshBar,
      this.message,
      this.list,
      el("footer", { class: "events-foot" }, this.more, this.end),
      this.announcer,
      this.detail.root,
    );
  }

  /** A link to what is shown, as a file. */
  #download(words, path, more = () => ({})) {
    const address = () => this.#services.api.url(path, { ...asked(this.#filter, now()), ...more() });
    // "The last hour" is counted from the click, not from when the page was made.
    const link = el("a", { class: "button", href: "#", download: true, onclick: () => (link.href = address()) }, words);
    return link;
  }

  async #learnRules() {
    try {
      const rules = await this.#services.api.get("rules");
      this.filters.offer("rule", rules.map(({ name }) => [name, name]));
      this.filters.offer("class", rules.flatMap(({ settings }) => (settings?.classes ?? []).map((one) => [one, one])));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      // The names of those that have reported anything come with the events.
    }
  }

  async #load() {
    const turn = ++this.#turn;
    this.list.setAttribute("aria-busy", "true");
    const query = asked(this.#filter, now());
    const by = barLength(this.#filter, now());
    const { api } = this.#services;
    const answers = await this.#tried(Promise.all([api.get("events", { ...query, limit: PAGE }), api.get("counts", { ...query, by })]), turn);
    if (answers === null) return;
    const [page, { counts }] = answers;
    this.#learn(page.events);
    this.#learn(counts);
    this.#timeline.replace(page);
    const { since, until } = bounds(this.#filter, now());
    this.#bars = bars(counts, by, since, until ?? now());
    this.#show();
  }

  async #loadOlder() {
    const turn = this.#turn;
    this.more.disabled = true;
    const query = { ...asked(this.#filter, now()), limit: PAGE, before: this.#timeline.older };
    const page = await this.#tried(this.#services.api.get("events", query), turn);
    this.more.disabled = false;
    if (page === null) return;
    this.#learn(page.events);
    this.#timeline.append(page);
    this.#show();
    // The button goes to the end, away from under the finger; the focus stays where reading goes on.
    if (page.events.length > 0) this.#rows.get(`event:${page.events[0].number}`)?.button.focus({ preventScroll: true });
  }

  /** What the server answers; null where it doesn't, which the page says, or where nobody waits any longer. */
  async #tried(promise, turn) {
    try {
      const answer = await promise;
      return turn === this.#turn ? answer : null;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (turn === this.#turn) this.#failed(error);
      return null;
    } finally {
      if (turn === this.#turn) this.list.removeAttribute("aria-busy");
    }
  }

  #learn(items) {
    const values = (field) => new Set(items.map((item) => item[field]).filter((value) => value));
    for (const field of ["rule", "class", "camera"]) {
      this.filters.offer(field, Array.from(values(field), (value) => [value, value]), false);
    }
    this.filters.offer("kind", Array.from(values("kind"), (kind) => [kind, kindWords(kind)]), false);
  }

  /** @param {import("../events/filter.js").Event} event */
  #arrived(event) {
    const missed = this.#lastNumber !== null && event.number > this.#lastNumber + 1;
    this.#lastNumber = Math.max(this.#lastNumber ?? 0, event.number);
    if (missed) this.#timeline.miss();
    this.#learn([event]);
    if (matches(this.#filter, event, now()) && this.#timeline.arrive(event, this.#reading())) {
      this.#bars = counted(this.#bars, barLength(this.#filter, now()), event.time);
      this.#unannounced++;
    }
    if (this.#timer === 0) this.#timer = setTimeout(() => this.#showLater(), SHOW_MS);
  }

  #showLater() {
    this.#timer = 0;
    if (this.#timeline.behind && !this.#reading()) this.#load();
    else this.#show();
    this.#announce();
  }

  /** Whether something that comes in at the top would move what somebody looks at. */
  #reading() {
    return !this.#atTop || this.detail.root.open || this.list.matches(":hover, :focus-within");
  }

  /** After a while out of reach, or in the background, nobody knows what was missed. @param {boolean} open */
  #connected(open) {
    if (open && !this.#open && this.#filter !== undefined) {
      this.#timeline.miss();
      this.#showLater();
    }
    this.#open = open;
  }

  /** @param {boolean} atTop */
  #scrolled(atTop) {
    this.#atTop = atTop;
    if (!this.#reading() && (this.#timeline.waiting.length > 0 || this.#timeline.behind)) this.#showNew();
  }

  #showNew() {
    if (this.#timeline.behind) this.#load();
    else {
      this.#timeline.release();
      this.#show();
    }
    this.top.scrollIntoView({ block: "center" });
  }

  #show() {
    const { shown, waiting, older, behind } = this.#timeline;
    const today = new Date();
    const keys = [];
    const days = new Map();
    const events = new Map();
    for (const event of shown) {
      const day = dayWords(new Date(event.time * 1000), today);
      if (!days.has(`day:${day}`)) {
        days.set(`day:${day}`, day);
        keys.push(`day:${day}`);
      }
      keys.push(`event:${event.number}`);
      events.set(`event:${event.number}`, event);
    }
    reconcile(this.list, this.#rows, keys, (key) => (days.has(key) ? new DayRow(key) : this.#row(events.get(key))));
    for (const [key, words] of days) this.#rows.get(key).show(words);
    this.chart.show(this.#bars, barLength(this.#filter, now()));
    this.freshBar.hidden = !behind && waiting.length === 0;
    setText(this.fresh, behind ? "Show the newest events" : newWords(waiting.length));
    this.more.hidden = older === null;
    setText(this.end, older === null && shown.length > 0 ? "These are all." : "");
    this.message.hidden = shown.length > 0;
    if (shown.length === 0) this.message.replaceChildren(...this.#emptyWords());
  }

  /** @param {import("../events/filter.js").Event} event */
  #row(event) {
    return new EventRow(event, this.filters.words("camera", event.camera), () => this.#openDetail(event));
  }

  #emptyWords() {
    if (isNarrow(this.#filter)) {
      const clear = el("button", { class: "button", type: "button", onclick: () => this.filters.clear() }, "Clear filters");
      return [el("h3", {}, "No event fits these filters"), clear];
    }
    return [
      el("h3", {}, "No events in this time"),
      el("p", {}, "Events come from rules: zones and lines that objects enter, leave or cross."),
      el("a", { class: "button", href: routeTo("rules") }, "To the rules"),
    ];
  }

  /** @param {ApiError} error */
  #failed(error) {
    const again = el("button", { class: "button", type: "button", onclick: () => this.#load() }, "Try again");
    this.message.hidden = false;
    this.message.replaceChildren(el("h3", {}, "The events can't be shown"), el("p", { role: "alert" }, error.words), again);
  }

  #openDetail(event) {
    const { shown } = this.#timeline;
    const index = shown.findIndex(({ number }) => number === event.number);
    const has = { newer: index > 0, older: index >= 0 && index < shown.length - 1 };
    this.detail.show(event, this.filters.words("camera", event.camera), has);
  }

  /** @param {number} step */
  #step(step) {
    const { shown } = this.#timeline;
    const index = shown.findIndex(({ number }) => number === this.detail.event?.number);
    const next = shown[index + step];
    if (index >= 0 && next !== undefined) {
      this.#lookedAt = next;
      this.#openDetail(next);
    }
  }

  /** After looking at one event, and perhaps stepping on from there, the list goes on at that one. */
  #refocus() {
    if (this.#lookedAt !== null) this.#rows.get(`event:${this.#lookedAt.number}`)?.button.focus();
    this.#lookedAt = null;
  }

  #announce() {
    const time = performance.now();
    if (this.#unannounced === 0 || time - this.#announcedAt < ANNOUNCE_MS) return;
    setText(this.announcer, newWords(this.#unannounced));
    this.#announcedAt = time;
    this.#unannounced = 0;
  }
}

/** UTC seconds. */
function now() {
  return Date.now() / 1000;
}
