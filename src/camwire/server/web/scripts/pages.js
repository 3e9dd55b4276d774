/**
 * The pages, in the order of the navigation. Each is a module, loaded when it is first asked for, that exports
 * `mount(root, services, route)`.
 */

/**
 * @typedef {{
 *   title: string, icon: string | null, styles?: string[], load: () => Promise<{mount: Mount}>
 * }} PageEntry  `icon`: of index.html, null for a page without a place in the navigation; `styles`: loaded before it
 * @typedef {{
 *   unmount: () => void,
 *   routed?: (route: import("./routes.js").Route) => void,
 *   unsaved?: () => boolean
 * }} Page
 *   `routed`: the address within the page has changed (a page without it is mounted again); `unsaved`: whether
 *   leaving would lose something
 * @typedef {(
 *   root: HTMLElement, services: import("./services.js").Services, route: import("./routes.js").Route
 * ) => Page | Promise<Page>} Mount
 */

/** @type {Record<string, PageEntry>} */
export const PAGES = {
  live: { title: "Live", icon: "grid", load: () => import("./pages/live.js") },
  cameras: {
    title: "Cameras",
    icon: "camera",
    styles: ["styles/camera-list.css"],
    load: () => import("./pages/cameras.js"),
  },
  rules: {
    title: "Rules",
    icon: "zone",
    styles: ["styles/rules.css", "styles/rule-shapes.css", "styles/rule-panel.css"],
    load: () => import("./pages/rules.js"),
  },
  events: { title: "Events", icon: "events", styles: ["styles/events.css"], load: () => import("./pages/events.js") },
  system: { title: "System", icon: "machine", styles: ["styles/system.css"], load: () => import("./pages/system.js") },
  accounts: { title: "Accounts", icon: null, styles: ["styles/system.css"], load: () => import("./pages/accounts.js") },
  login: { title: "Log in", icon: null, styles: ["styles/login.css"], load: () => import("./pages/login.js") },
};

export const FIRST = "live";
