/**
 * The life of the connection to the server, as a pure state machine: time and chance are arguments.
 *
 *   connecting ──opened──▶ open ──closed──▶ waiting ──(retryAt passes | try now)──▶ connecting
 *        └──────closed──────────────────────▲
 *   any ──paused──▶ paused ──resumed──▶ connecting
 */

/**
 * @typedef {"connecting" | "open" | "waiting" | "paused"} Phase
 * @typedef {{
 *   phase: Phase,
 *   failures: number,
 *   since: number,
 *   retryAt: number | null
 * }} ConnectionState
 *   `failures`: attempts in a row that brought no message; `since`: when a message last came, or the attempt
 *   began; times are milliseconds of one clock
 * @typedef {"connect" | "opened" | "heard" | "closed" | "paused" | "resumed"} ConnectionEvent
 */

export const FIRST_DELAY_MS = 500;
export const LONGEST_DELAY_MS = 15_000;
/** Statistics come every second; a server that says nothing for this long is gone, whatever TCP believes. */
export const SILENCE_MS = 6_000;
/** After this many failures in a row the page says that the server is not answering. */
export const FAILURES_UNTIL_GONE = 4;

/**
 * @param {number} now
 * @returns {ConnectionState}
 */
export function initialState(now) {
  return { phase: "connecting", failures: 0, since: now, retryAt: null };
}

/**
 * @param {ConnectionState} state
 * @param {ConnectionEvent} event
 * @param {number} now
 * @param {number} chance  0 to 1, spreads the retries of many viewers
 * @returns {ConnectionState} the same object when the event changes nothing
 */
export function nextState(state, event, now, chance) {
  if (event === "paused") return { phase: "paused", failures: 0, since: now, retryAt: null };
  if (state.phase === "paused") {
    return event === "resumed" ? initialState(now) : state;
  }
  switch (event) {
    case "connect":
      return state.phase === "waiting" ? { ...state, phase: "connecting", since: now, retryAt: null } : state;
    case "opened":
      return state.phase === "connecting" ? { ...state, phase: "open", since: now } : state;
    case "heard":
      return state.phase === "open" ? { ...state, failures: 0, since: now } : state;
    case "closed": {
      if (state.phase === "waiting") return state;
      const retryAt = now + retryDelay(state.failures, chance);
      return { phase: "waiting", failures: state.failures + 1, since: now, retryAt };
    }
    default:
      return state;
  }
}

/**
 * How long to wait before the next attempt, in milliseconds: doubling, capped, with half of it left to chance.
 * @param {number} failures  attempts in a row that failed before
 * @param {number} chance  0 to 1
 */
export function retryDelay(failures, chance) {
  const full = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.min(failures, 16));
  return full / 2 + (full / 2) * chance;
}

/**
 * What is due now, if anything.
 * @param {ConnectionState} state
 * @param {number} now
 * @returns {"connect" | "closed" | null}
 */
export function dueEvent(state, now) {
  if (state.phase === "waiting") return now >= state.retryAt ? "connect" : null;
  const silent = state.phase === "open" || state.phase === "connecting";
  return silent && now - state.since >= SILENCE_MS ? "closed" : null;
}

const LOGGED_OUT = "You are logged out. Log in, here or in another tab, to go on.";

/**
 * What the page says about the connection.
 * @param {ConnectionState} state
 * @param {number} now
 * @param {boolean} [loggedOut]  whether the server is there and lets nobody in
 * @returns {{
 *   tone: "good" | "busy" | "bad" | "idle", short: string, long: string | null, retryInSeconds: number | null
 * }} `long`: null while nothing is wrong
 */
export function describe(state, now, loggedOut = false) {
  const retryInSeconds = state.retryAt === null ? null : Math.max(0, Math.ceil((state.retryAt - now) / 1000));
  const gone = state.failures >= FAILURES_UNTIL_GONE;
  if (state.phase === "open") return { tone: "good", short: "Connected", long: null, retryInSeconds };
  if (state.phase === "paused") return { tone: "idle", short: "Paused", long: null, retryInSeconds };
  if (state.failures === 0) return { tone: "busy", short: "Connecting", long: null, retryInSeconds };
  if (loggedOut) return { tone: "bad", short: "Logged out", long: LOGGED_OUT, retryInSeconds };
  const long = gone
    ? "The server is not answering. Check that camwire is running."
    : "The connection to the server was lost. The pictures below are the last that came.";
  return { tone: "bad", short: gone ? "Server gone" : "Reconnecting", long, retryInSeconds };
}
