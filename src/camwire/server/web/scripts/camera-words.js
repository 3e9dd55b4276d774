/** A camera's state in words and signs, as values. */

/**
 * @typedef {{label: string, icon: string, tone: "good" | "busy" | "bad" | "idle",
 *   headline: string | null, detail: string | null}} CameraWords
 *   `headline` and `detail`: what stands over the picture; null where the picture speaks for itself
 */

/** @type {Record<string, CameraWords>} */
const WORDS = {
  live: { label: "Live", icon: "live", tone: "good", headline: null, detail: null },
  connecting: { label: "Connecting", icon: "connecting", tone: "busy", headline: "Connecting…", detail: null },
  stalled: {
    label: "Stalled", icon: "stalled", tone: "bad", headline: "No new pictures",
    detail: "The camera is connected but sends nothing.",
  },
  retrying: { label: "Lost", icon: "lost", tone: "bad", headline: "Camera lost", detail: null },
  waiting: {
    label: "Waiting", icon: "waiting", tone: "idle", headline: "Waiting for a worker",
    detail: "No worker is handling this camera yet.",
  },
  disabled: {
    label: "Off", icon: "off", tone: "idle", headline: "Turned off",
    detail: "This camera is disabled in the configuration.",
  },
};

/**
 * @param {import("./protocol.js").Camera} camera
 * @param {boolean} hasPicture
 * @returns {CameraWords}
 */
export function cameraWords(camera, hasPicture) {
  const known = WORDS[camera.state] ?? {
    label: camera.state, icon: "waiting", tone: "idle", headline: camera.state, detail: null,
  };
  if (camera.state === "live" && !hasPicture) return { ...known, headline: "Waiting for the first picture" };
  return camera.state === "live" ? known : { ...known, detail: camera.reason ?? known.detail };
}

/** A camera that was live when the server was last heard of. @type {CameraWords} */
const UNHEARD = { label: "Last picture", icon: "waiting", tone: "idle", headline: null, detail: null };

/**
 * What is still true of a camera while the server is out of reach.
 * @param {import("./protocol.js").Camera} camera
 * @param {boolean} hasPicture
 * @returns {CameraWords}
 */
export function staleWords(camera, hasPicture) {
  return camera.state === "live" && hasPicture ? UNHEARD : { ...cameraWords(camera, hasPicture), tone: "idle" };
}

/**
 * Cameras that wait for a worker, with the worker's trouble as their reason.
 * @param {import("./protocol.js").Camera[]} cameras
 * @param {import("./protocol.js").Process[]} processes
 * @returns {import("./protocol.js").Camera[]}
 */
export function withWorkersTrouble(cameras, processes) {
  const found = processes.map(({ reason }) => reason).find((reason) => reason !== null) ?? null;
  const trouble = found === null ? null : `The worker: ${found}`;
  return cameras.map((camera) =>
    camera.state === "waiting" && camera.reason === null ? { ...camera, reason: trouble } : camera,
  );
}

/**
 * When the next try is due, in words.
 * @param {number | null} seconds
 */
export function retryWords(seconds) {
  if (seconds === null) return "";
  const whole = Math.ceil(seconds);
  return whole > 0 ? `Next try in ${whole} s` : "Trying now…";
}

/**
 * The line of a page title.
 * @param {import("./protocol.js").Camera[]} cameras
 */
export function summary(cameras) {
  const used = cameras.filter(({ state }) => state !== "disabled");
  const live = used.filter(({ state }) => state === "live").length;
  if (cameras.length === 0) return "No cameras";
  return live === used.length ? `${live} live` : `${live} of ${used.length} live`;
}
