/** Addresses within the page, `#/rules/gate?zone=door`, as values. */

/** @typedef {{page: string, path: string[], query: URLSearchParams}} Route  `path`: what follows the page's name */

/**
 * @param {string} hash  as of `location.hash`
 * @param {string} first  the page that an empty address means
 * @returns {Route}
 */
export function parseRoute(hash, first) {
  const [path, query = ""] = splitOnce(hash.replace(/^#?\/?/, ""), "?");
  const [page, ...rest] = path
    .split("/")
    .filter((part) => part !== "")
    .map(decoded);
  return { page: page ?? first, path: rest, query: new URLSearchParams(query) };
}

/**
 * The address of a page: what {@link parseRoute} reads.
 * @param {string} page
 * @param {string[]} [path]
 * @param {Record<string, string>} [query]
 */
export function routeTo(page, path = [], query = {}) {
  const parameters = new URLSearchParams(query).toString();
  return `#/${[page, ...path].map(encodeURIComponent).join("/")}${parameters === "" ? "" : `?${parameters}`}`;
}

/** @param {string} text @param {string} mark @returns {string[]} */
function splitOnce(text, mark) {
  const at = text.indexOf(mark);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + mark.length)];
}

/** @param {string} part */
function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
