/**
 * The WebSocket protocol (docs/reference/websocket.md) as values: bytes and text in, plain objects out.
 *
 * Nothing here throws on what a server may send: a message that makes no sense is `null`, a field that
 * makes no sense takes its neutral value, so that a newer or older server never breaks the page.
 */

/**
 * @typedef {{camera: string, offset: number}} PictureHeader  `offset`: where the JPEG begins, in bytes
 * @typedef {{p50: number, p95: number}} Quantiles  milliseconds
 * @typedef {{
 *   id: string, name: string, state: string, reason: string | null, retryInSeconds: number | null,
 *   codec: string | null, width: number, height: number,
 *   fps: {input: number, processed: number, output: number},
 *   drops: [string, number][], objects: [string, number][], latency: Map<string, Quantiles>,
 *   rules: Map<string, Map<string, number>>
 * }} Camera
 * @typedef {{
 *   name: string, pid: number | null, state: string, reason: string | null, restarts: number,
 *   cpuPercent: number, rssBytes: number, device: string | null, model: string | null
 * }} Process
 * @typedef {{id: string, address: string, queue: number, sent: number, dropped: number}} Client
 * @typedef {{
 *   uptimeSeconds: number, cameras: Camera[], processes: Process[], clients: Client[],
 *   connections: {now: number, total: number}
 * }} Stats
 * @typedef {{camera: string, width: number, height: number, objects: DetectedObject[]}} Objects
 * @typedef {{id: number, class: string, score: number, box: number[]}} DetectedObject  x1, y1, x2, y2 in pixels
 * @typedef {{type: "stats", value: Stats}
 *   | {type: "toggles", value: [string, boolean][]}
 *   | {type: "objects", value: Objects}
 *   | {type: "event", value: Record<string, any>}
 *   | {type: "error", value: string}} TextMessage
 */

const utf8 = new TextDecoder("utf-8", { fatal: true });

/**
 * Read the head of a binary message.
 * @param {ArrayBuffer} buffer
 * @returns {PictureHeader | null}
 */
export function parsePicture(buffer) {
  const bytes = new Uint8Array(buffer);
  const offset = 1 + (bytes[0] ?? 0);
  if (offset === 1 || bytes.length <= offset) return null;
  try {
    return { camera: utf8.decode(bytes.subarray(1, offset)), offset };
  } catch {
    return null;
  }
}

/**
 * Read a text message.
 * @param {string} raw
 * @returns {TextMessage | null} null for anything that is not a message of a known type
 */
export function parseText(raw) {
  let message;
  try {
    message = JSON.parse(raw);
  } catch {
    return null;
  }
  if (!isRecord(message)) return null;
  switch (message.type) {
    case "stats":
      return { type: "stats", value: readStats(message) };
    case "toggles":
      return { type: "toggles", value: entries(message.toggles).filter(([, on]) => typeof on === "boolean") };
    case "objects":
      return { type: "objects", value: readObjects(message) };
    case "event":
      return isRecord(message.event) ? { type: "event", value: message.event } : null;
    case "error":
      return { type: "error", value: text(message.message) ?? "The server reported an error." };
    default:
      return null;
  }
}

/**
 * From a picture's last packet to a viewer's socket, or as far as it is known.
 * @param {Camera} camera
 * @returns {Quantiles | null}
 */
export function endToEnd(camera) {
  return camera.latency.get("socket") ?? camera.latency.get("total") ?? null;
}

/** @returns {string} */
export function clearStats() {
  return JSON.stringify({ type: "clear_stats" });
}

/**
 * @param {string} toggle
 * @param {boolean} enabled
 * @returns {string}
 */
export function setToggle(toggle, enabled) {
  return JSON.stringify({ type: "set_vis_toggle", toggle, enabled });
}

/** @param {import("./feed.js").Subscription} subscription @returns {string} */
export function subscribe(subscription) {
  return JSON.stringify({ type: "subscribe", ...subscription });
}

/** @returns {Stats} */
function readStats(message) {
  const connections = record(message.connections);
  return {
    uptimeSeconds: number(message.uptime_s),
    cameras: inOrder(record(message.cameras), message.camera_order).map(([id, camera]) =>
      readCamera(id, record(camera)),
    ),
    processes: entries(message.processes).map(([name, process]) => readProcess(name, record(process))),
    clients: (Array.isArray(message.clients) ? message.clients : []).map((client) => readClient(record(client))),
    connections: { now: number(connections.now), total: number(connections.total) },
  };
}

/**
 * Entries in the order that the server tells: JavaScript puts keys that are whole numbers first.
 * @returns {[string, unknown][]}
 */
function inOrder(values, order) {
  const names = (Array.isArray(order) ? order : []).filter((key) => typeof key === "string");
  const told = names.filter((key) => Object.hasOwn(values, key)); // which would take [] for ""
  const keys = new Set([...told, ...Object.keys(values)]);
  return Array.from(keys, (key) => [key, values[key]]);
}

/** @returns {Objects} */
function readObjects(message) {
  return {
    camera: text(message.camera) ?? "",
    width: number(message.width),
    height: number(message.height),
    objects: (Array.isArray(message.objects) ? message.objects : []).filter(
      (object) => isRecord(object) && Array.isArray(object.box) && object.box.length === 4,
    ),
  };
}

/** @returns {Camera} */
function readCamera(id, camera) {
  const fps = record(camera.fps);
  return {
    id,
    name: text(camera.name) ?? id,
    state: text(camera.state) ?? "waiting",
    reason: text(camera.reason),
    retryInSeconds: Number.isFinite(camera.retry_in_s) ? Math.max(0, camera.retry_in_s) : null,
    codec: text(camera.codec),
    width: number(camera.width),
    height: number(camera.height),
    fps: { input: number(fps.input), processed: number(fps.processed), output: number(fps.output) },
    drops: counts(camera.drops),
    objects: counts(camera.objects),
    latency: new Map(entries(camera.latency_ms).map(([stage, value]) => [stage, readQuantiles(record(value))])),
    rules: new Map(entries(camera.rules).map(([rule, counted]) => [rule, readCounts(record(counted))])),
  };
}

/** Counts of all classes together, by what is counted. @returns {Map<string, number>} */
function readCounts(counted) {
  const sum = (classes) => counts(classes).reduce((total, [, value]) => total + value, 0);
  return new Map(entries(counted).map(([what, classes]) => [what, sum(classes)]));
}

/** @returns {Quantiles} */
function readQuantiles(value) {
  return { p50: number(value.p50), p95: number(value.p95) };
}

/** @returns {Process} */
function readProcess(name, process) {
  return {
    name,
    pid: Number.isFinite(process.pid) ? process.pid : null,
    state: text(process.state) ?? "unknown",
    reason: text(process.reason),
    restarts: number(process.restarts),
    cpuPercent: number(process.cpu_percent),
    rssBytes: number(process.rss_bytes),
    device: text(process.device),
    model: text(process.model),
  };
}

/** @returns {Client} */
function readClient(client) {
  return {
    id: String(client.id ?? ""),
    address: text(client.address) ?? "",
    queue: number(client.queue),
    sent: number(client.sent),
    dropped: number(client.dropped),
  };
}

const isRecord = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
const record = (value) => (isRecord(value) ? value : {});
const entries = (value) => Object.entries(record(value));
const number = (value) => (Number.isFinite(value) ? value : 0);
const text = (value) => (typeof value === "string" && value !== "" ? value : null);
/** @returns {[string, number][]} */
const counts = (value) => entries(value).filter(([, count]) => Number.isFinite(count));
