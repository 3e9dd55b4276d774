/** The server's REST interface (docs/reference/rest.md): JSON in, JSON out, and mistakes in the server's words. */

/** What the server refused, or that it could not be asked at all. */
export class ApiError extends Error {
  /**
   * @param {number} status  of HTTP; 0 where no answer came
   * @param {{what: string, where?: string, todo?: string, problems?: string[]}} body
   * @param {number} [retryAfter]  seconds until the server hears the same again; 0 where it doesn't say
   */
  constructor(status, { what, where = "", todo = "", problems = [] }, retryAfter = 0) {
    super(what);
    this.status = status;
    this.what = what;
    this.where = where;
    this.todo = todo;
    this.problems = problems;
    this.retryAfter = retryAfter;
  }

  /** Everything in one line, for a toast. */
  get words() {
    const sentence = this.what.charAt(0).toUpperCase() + this.what.slice(1);
    const details = this.problems.length > 0 ? `: ${this.problems.join("; ")}` : "";
    return `${sentence}${details}. ${this.todo}`.trim();
  }
}

export class Api {
  #base;
  #onLoginNeeded;

  /**
   * @param {URL} base  of the interface, with a slash at its end
   * @param {() => void} onLoginNeeded  called when the server answers that nobody is logged in
   */
  constructor(base, onLoginNeeded) {
    this.#base = base;
    this.#onLoginNeeded = onLoginNeeded;
  }

  /**
   * The address of something, for links and pictures.
   * @param {string} path  below `/api/v1`, without a slash before it; use {@link segment} for ids
   * @param {Record<string, string | number | null | undefined>} [query]  what is null is left out
   */
  url(path, query = {}) {
    const url = new URL(path, this.#base);
    for (const [name, value] of Object.entries(query)) {
      if (value !== null && value !== undefined) url.searchParams.set(name, String(value));
    }
    return url.href;
  }

  /** @param {string} path @param {Record<string, string | number | null | undefined>} [query] */
  get(path, query) {
    return this.#send("GET", this.url(path, query));
  }

  /** @param {string} path @param {unknown} [body] */
  post(path, body) {
    return this.#send("POST", this.url(path), body);
  }

  /** @param {string} path @param {unknown} body */
  put(path, body) {
    return this.#send("PUT", this.url(path), body);
  }

  /** @param {string} path @param {unknown} body */
  patch(path, body) {
    return this.#send("PATCH", this.url(path), body);
  }

  /** @param {string} path @param {Record<string, string>} [query] */
  delete(path, query) {
    return this.#send("DELETE", this.url(path, query));
  }

  /**
   * What others may change, too: the answer's JSON, and its tag, which a change can name.
   * @param {string} path
   * @returns {Promise<{body: any, tag: string | null}>}
   */
  getTagged(path) {
    return this.#exchange("GET", this.url(path));
  }

  /**
   * Replace what has this tag; refused with status 412 where it has been changed since.
   * @param {string} path
   * @param {unknown} body
   * @param {string | null} tag  null: whatever it is now
   * @returns {Promise<{body: any, tag: string | null}>}
   */
  putTagged(path, body, tag) {
    return this.#exchange("PUT", this.url(path), body, tag === null ? {} : { "If-Match": tag });
  }

  /**
   * @param {string} method
   * @param {string} url
   * @param {unknown} [body]
   * @returns {Promise<any>} the answer's JSON; null where it has none
   * @throws {ApiError}
   */
  async #send(method, url, body) {
    return (await this.#exchange(method, url, body)).body;
  }

  /**
   * @param {string} method
   * @param {string} url
   * @param {unknown} [body]
   * @param {Record<string, string>} [headers]
   * @returns {Promise<{body: any, tag: string | null}>}
   * @throws {ApiError}
   */
  async #exchange(method, url, body, headers = {}) {
    const init = { method, headers: { Accept: "application/json", ...headers } };
    if (body !== undefined) {
      init.headers["Content-Type"] = "application/json";
      init.body = JSON.stringify(body);
    }
    let response;
    try {
      response = await fetch(url, init);
    } catch {
      throw new ApiError(0, { what: "the server does not answer", todo: "Check that camwire is running." });
    }
    const answer = await read(response);
    if (response.ok) return { body: answer, tag: response.headers.get("ETag") };
    const refusal = answer ?? { what: `the server answered with status ${response.status}` };
    if (response.status === 401) {
      this.#onLoginNeeded();
      // The server tells programs what to do; who tries a password is told by the login.
      if (url !== this.url("session")) refusal.todo = "Log in again.";
    }
    throw new ApiError(response.status, refusal, Number(response.headers.get("Retry-After")) || 0);
  }
}

/** An id as a part of a path. @param {string} id */
export function segment(id) {
  return encodeURIComponent(id);
}

/** @param {Response} response */
async function read(response) {
  if (response.status === 204) return null;
  try {
    return await response.json();
  } catch {
    return null;
  }
}
