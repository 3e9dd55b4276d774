/** Making and changing elements. Text always goes in as text: nothing here, or elsewhere, parses HTML. */

/**
 * @param {string} tag
 * @param {Record<string, string | boolean | ((event: Event) => void)>} [attributes]  `class`, `aria-label`, …;
 *   `onclick` and the like take functions
 * @param {...(Node | string)} children
 * @returns {HTMLElement}
 */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(name.slice(2), value);
    else if (typeof value === "boolean") node.toggleAttribute(name, value);
    else node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

/** Change text only where it differs. @param {Node} node @param {string} text */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** @param {Element} node @param {string} name @param {string} value */
export function setAttribute(node, name, value) {
  if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}

/**
 * Items of a list, changed only where they differ; a list without any is hidden.
 * @param {HTMLElement} list
 * @param {string[]} texts
 */
export function fillList(list, texts) {
  while (list.children.length > texts.length) list.lastElementChild.remove();
  texts.forEach((text, index) => setText(list.children[index] ?? list.appendChild(el("li")), text));
  list.hidden = texts.length === 0;
}

const SVG = "http://www.w3.org/2000/svg";

/** An icon of index.html, hidden from assistive technology. @param {string} name */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `#icon-${name}`);
  svg.append(use);
  return svg;
}

/** @param {SVGElement} svg @param {string} name */
export function setIcon(svg, name) {
  setAttribute(svg.firstElementChild, "href", `#icon-${name}`);
}

/**
 * Keep one child a key, in the keys' order: make what is new, remove what is gone, move only what must move.
 * @template T
 * @param {Element} parent
 * @param {Map<string, {root: Element}>} parts  what is there, by key; changed in place
 * @param {string[]} keys
 * @param {(key: string) => {root: Element}} make
 */
export function reconcile(parent, parts, keys, make) {
  const wanted = new Set(keys);
  for (const [key, part] of parts) {
    if (!wanted.has(key)) {
      part.root.remove();
      parts.delete(key);
    }
  }
  keys.forEach((key, index) => {
    if (!parts.has(key)) parts.set(key, make(key));
    const { root } = parts.get(key);
    if (parent.children[index] !== root) parent.insertBefore(root, parent.children[index] ?? null);
  });
}
