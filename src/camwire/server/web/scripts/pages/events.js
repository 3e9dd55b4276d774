/** The events page: what the rules reported, as it happens and long ago. */

import { ApiError } from "../api.js";
import { el, setText } from "../dom.js";
import { routeTo } from "../routes.js";
import { BarChart } from "../events/bar-chart.js";
import { timeZone } from "../events/bars.js";
import { EventDetail } from "../events/event-detail.js";
import { EventList } from "../events/event-list.js";
import { asked, barLength, bounds, isNarrow, matches, readFilter, writeFilter } from "../events/filter.js";
import { FilterBar } from "../events/filter-bar.js";
import { emptyMessage, failedMessage } from "../events/messages.js";
import { Timeline } from "../events/timeline.js";
import { kindWords, newWords } from "../events/words.js";

/** Events that are asked for at once. */
const PAGE = 50;
/** What comes is shown this often at most, however much comes. */
const SHOW_MS = 400;
/** Where more comes than a connection carries, everything is asked for anew this often at most. */
const AGAIN_MS = 3_000;
/** Events that come while others are asked for, at most. */
const MEANWHILE = 1_000;
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
  #stop;
  #turn = 0;
  #timer = 0;
  #loading = false;
  #askedAt = -Infinity;
  /** What came while the server was being asked: it may not be in the answer. @type {import("../events/filter.js").Event[]} */
  #meanwhile = [];
  #atTop = true;
  #open = false;
  /** The newest event that came by itself. */
  #lastNumber = null;
  #announcedAt = 0;
  #unannounced = 0;

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
    const table = () => ({ by: barLength(this.#filter, now()), time_zone: timeZone(), format: "csv" });
    const counts = this.#download("Counts as CSV", "counts", table);
    this.chart = new BarChart(counts);
    this.top = el("div", { class: "events-top" });
    this.fresh = el("button", { class: "button primary", type: "button", onclick: () => this.#showNew() });
    this.freshBar = el("div", { class: "events-fresh", hidden: true }, this.fresh);
    const nameOf = (camera) => this.filters.words("camera", camera);
    this.list = new EventList(nameOf, (event) => this.detail.open(event), () => this.#leftAlone());
    this.more = el("button", { class: "button", type: "button", onclick: () => this.#loadOlder() }, "Older events");
    this.end = el("p", { class: "events-end" });
    this.message = el("div", { class: "page-message", hidden: true });
    this.announcer = el("p", { class: "unseen", role: "status" });
    this.detail = new EventDetail(this.#services.api, this.#timeline, nameOf, ({ number }) => this.list.focus(number));
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
      this.list.root,
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
    this.#askedAt = performance.now();
    this.#meanwhile.length = 0;
    this.#setLoading(true);
    const query = asked(this.#filter, now());
    const by = barLength(this.#filter, now());
    const { api } = this.#services;
    const asking = [
      api.get("events", { ...query, limit: PAGE }),
      api.get("counts", { ...query, by, time_zone: timeZone() }),
    ];
    const answers = await this.#tried(Promise.all(asking), turn);
    if (turn === this.#turn) this.#setLoading(false);
    if (answers === null) return;
    const [page, { counts }] = answers;
    this.#learn(page.events);
    this.#learn(counts);
    this.#timeline.replace(page);
    const { since, until } = bounds(this.#filter, now());
    this.chart.begin(counts, by, since, until ?? now());
    for (const event of this.#meanwhile.splice(0)) this.#take(event);
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
    if (page.events.length > 0) this.list.focus(page.events[0].number, { preventScroll: true });
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
    }
  }

  /** @param {boolean} loading */
  #setLoading(loading) {
    this.#loading = loading;
    this.list.root.setAttribute("aria-busy", String(loading));
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
    if (!this.#loading) this.#take(event);
    else if (this.#meanwhile.length < MEANWHILE) this.#meanwhile.push(event);
    else this.#timeline.miss();
    this.#showSoon(SHOW_MS);
  }

  /** @param {import("../events/filter.js").Event} event */
  #take(event) {
    if (matches(this.#filter, event, now()) && this.#timeline.arrive(event, this.#reading())) {
      this.chart.count(event.time);
      this.#unannounced++;
    }
  }

  /** @param {number} milliseconds */
  #showSoon(milliseconds) {
    if (this.#timer !== 0) return;
    this.#timer = setTimeout(() => {
      this.#timer = 0;
      this.#catchUp();
      this.#announce();
    }, milliseconds);
  }

  #catchUp() {
    const reading = this.#reading();
    if (!reading) this.#timeline.release();
    if (!this.#timeline.behind || reading) return this.#show();
    const wait = this.#askedAt + AGAIN_MS - performance.now();
    return wait > 0 ? this.#showSoon(wait) : this.#load();
  }

  /** Whether something that comes in at the top would move what somebody looks at. */
  #reading() {
    return !this.#atTop || this.detail.root.open || this.list.inUse;
  }

  /** After a while out of reach, or in the background, nobody knows what was missed. @param {boolean} open */
  #connected(open) {
    if (open && !this.#open && this.#filter !== undefined) {
      this.#timeline.miss();
      this.#showSoon(0);
    }
    this.#open = open;
  }

  /** @param {boolean} atTop */
  #scrolled(atTop) {
    this.#atTop = atTop;
    this.#leftAlone();
  }

  /** Nobody reads any longer, perhaps: what waits can be shown. */
  #leftAlone() {
    if (this.#timeline.waiting.length > 0 || this.#timeline.behind) this.#showSoon(SHOW_MS);
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
    this.list.show(shown);
    this.chart.show();
    this.freshBar.hidden = !behind && waiting.length === 0;
    setText(this.fresh, behind ? "Show the newest events" : newWords(waiting.length));
    this.more.hidden = older === null;
    setText(this.end, older === null && shown.length > 0 ? "These are all." : "");
    this.message.hidden = shown.length > 0;
    if (shown.length === 0) this.message.replaceChildren(...emptyMessage(isNarrow(this.#filter), () => this.filters.clear()));
  }

  /** @param {ApiError} error */
  #failed(error) {
    this.message.hidden = false;
    this.message.replaceChildren(...failedMessage(error, () => this.#load()));
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
