/** What a worker does, and what can be done about it, as values. */

/**
 * @typedef {{label: string, icon: string, tone: "good" | "busy" | "bad" | "idle", help: string | null}} WorkerWords
 */

/** @type {Record<string, WorkerWords>} */
const WORDS = {
  starting: { label: "Starting", icon: "connecting", tone: "busy", help: "It loads the model; the first time this may take minutes." },
  running: { label: "Running", icon: "live", tone: "good", help: null },
  restarting: {
    label: "Restarting", icon: "lost", tone: "bad",
    help: "It ended and is started again. Viewers stay connected, counts go on where they were.",
  },
  failing: {
    label: "Failing", icon: "lost", tone: "bad",
    help: "It ends again and again, and is started ever more rarely. Its cameras stand still until it runs; the log says more.",
  },
  stopped: { label: "Stopped", icon: "off", tone: "idle", help: null },
};

/** Runs, but not as configured. @type {WorkerWords} */
const TROUBLED = {
  label: "Running", icon: "lost", tone: "bad",
  help: "It can't do what the configuration wants; what ran before goes on.",
};

/**
 * @param {string} phase
 * @param {string | null} reason  why it doesn't run, or what it can't do
 * @returns {WorkerWords}
 */
export function workerWords(phase, reason) {
  if (phase === "running" && reason !== null) return TROUBLED;
  return Object.hasOwn(WORDS, phase) ? WORDS[phase] : { label: phase, icon: "waiting", tone: "idle", help: null };
}

/**
 * A worker that has not said yet where it works is called by its own name, which is its device's.
 * @param {{name: string, device: string | null}} process
 */
export function processName({ name, device }) {
  return name === "server" ? "Server" : `Worker on ${device ?? name}`;
}
