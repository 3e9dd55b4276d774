/**
 * What every page is given.
 *
 * @typedef {{
 *   api: import("./api.js").Api,
 *   feed: import("./feed.js").Feed,
 *   sink: import("./picture-sink.js").PictureSink,
 *   toasts: import("./toasts.js").Toasts,
 *   session: import("./session.js").Session,
 *   may: (role: import("./session.js").Role) => boolean,
 *   title: (words: string) => void,
 *   signedIn: () => void
 * }} Services
 *   `feed`: statistics, events, pictures; a page says with `feed.want` what it needs and takes that back when it is
 *   unmounted. `sink`: paints pictures on canvases. `title`: what stands in the browser's title. `signedIn`: the
 *   session has changed; the page begins anew.
 */

export {};
