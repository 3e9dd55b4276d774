/** A name and an id for a camera whose address somebody has pasted. Never with the password or user in it. */

const ADDRESS = /^[a-z][a-z0-9+.-]*:\/\/(?:[^/]*@)?([^/?#]*)/i;
const LONGEST = 60;

/**
 * @param {string} url  or a file's path
 * @param {string[]} taken  ids that there are
 * @returns {{name: string, id: string}} both empty where nothing can be told yet
 */
export function suggested(url, taken) {
  const stem = stemOf(url.trim());
  if (stem === "") return { name: "", id: "" };
  const id = free(
    stem
      .toLowerCase()
      .replace(/[^\p{L}\p{N}]+/gu, "-")
      .replace(/^-+|-+$/g, "") || "camera",
    taken,
  );
  return { name: nameOf(stem), id };
}

/** What the address is best known by: its host, or its file. @param {string} url */
function stemOf(url) {
  const match = ADDRESS.exec(url);
  if (match !== null) {
    const host = match[1].replace(/:\d+$/, "");
    if (/^\[.*\]$/.test(host)) return host.slice(1, -1);
    if (host.includes(":")) return ""; // A user and the beginning of a password, as long as no @ follows.
    return (isNumeric(host) ? host : host.split(".")[0]).slice(0, LONGEST);
  }
  if (/[:@]/.test(url)) return ""; // A URL that is not whole yet may begin with a password.
  const file = url.split(/[\\/]/).at(-1);
  return file.replace(/\.[^.]*$/, "").slice(0, LONGEST);
}

/** Whether a host is an IP address. @param {string} host */
function isNumeric(host) {
  return host.includes(":") || /^\d+(\.\d+){3}$/.test(host);
}

/** @param {string} stem */
function nameOf(stem) {
  if (isNumeric(stem)) return `Camera ${stem}`;
  const words = stem.replace(/[-_.]+/g, " ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** @param {string} id @param {string[]} taken */
function free(id, taken) {
  if (!taken.includes(id)) return id;
  for (let number = 2; ; number++) if (!taken.includes(`${id}-${number}`)) return `${id}-${number}`;
}
