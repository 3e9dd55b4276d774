/** Fields of a form: each shows a value, and tells when somebody changes it. */

import { el, setAttribute, setText } from "../dom.js";

/**
 * @template T
 * @typedef {{root: HTMLElement, show: (value: T) => void}} Field
 */

let made = 0;

/** A label beside or above something, tied to it. */
function labelled(label, input, { hint = "", row = false } = {}) {
  const id = `field-${++made}`;
  input.id = id;
  const parts = [el("label", { class: "option-label", for: id }, label), input];
  if (row) parts.push(el("span", { class: "option-unit" }));
  if (hint !== "") {
    input.setAttribute("aria-describedby", `${id}-hint`);
    parts.push(el("small", { class: "option-hint", id: `${id}-hint` }, hint));
  }
  return el("div", { class: row ? "option row" : "option" }, ...parts);
}

/** @param {HTMLInputElement} input @param {string} text  left alone while it means the same as what is typed */
function fill(input, text) {
  if (input.value !== text) input.value = text;
}

/**
 * @param {string} label
 * @param {(value: string) => void} onChange
 * @param {{hint?: string, most?: number}} [options]
 * @returns {Field<string>}
 */
export function textField(label, onChange, { hint = "", most = 100 } = {}) {
  const input = el("input", {
    class: "input",
    type: "text",
    maxlength: String(most),
    autocomplete: "off",
    spellcheck: "false",
  });
  input.addEventListener("input", () => onChange(input.value));
  return { root: labelled(label, input, { hint }), show: (value) => fill(input, value) };
}

/**
 * @param {import("./kinds.js").Option} option
 * @param {(value: number | null) => void} onChange
 * @returns {Field<number | null> & {showUnit: (unit: string) => void}}
 */
export function numberField(option, onChange) {
  const attributes = { class: "input number", type: "number", step: option.whole ? "1" : "any", required: true };
  if (option.least !== undefined) attributes.min = String(option.least);
  if (option.most !== undefined) attributes.max = String(option.most);
  const input = el("input", attributes);
  input.addEventListener("input", () => {
    if (input.validity.valid) onChange(input.valueAsNumber);
  });
  const write = (value) => {
    if (value !== null && input.valueAsNumber !== value) input.value = String(value);
  };
  const root = option.optional
    ? optional(option, input, onChange)
    : labelled(option.label, input, { hint: option.hint, row: true });
  const showUnit = (unit) => setText(root.querySelector(".option-unit"), unit);
  if (!option.optional) return { root, show: write, showUnit };
  const tick = root.querySelector("[type=checkbox]");
  const show = (value) => {
    tick.checked = value !== null;
    input.disabled = value === null;
    if (value === null) input.value = "";
    else write(value);
  };
  return { root, show, showUnit };
}

/** A number that may be switched off. */
function optional(option, input, onChange) {
  const tick = el("input", { type: "checkbox" });
  tick.addEventListener("change", () => onChange(tick.checked ? option.initial : null));
  input.setAttribute("aria-label", `${option.label}: how much`);
  const root = el(
    "div",
    { class: "option row" },
    el("label", { class: "option-label check" }, tick, option.label),
    input,
    el("span", { class: "option-unit" }),
  );
  if (option.hint !== undefined) root.append(el("small", { class: "option-hint" }, option.hint));
  return root;
}

/**
 * @param {string} label
 * @param {(value: boolean) => void} onChange
 * @returns {Field<boolean>}
 */
export function switchField(label, onChange) {
  const tick = el("input", { type: "checkbox" });
  tick.addEventListener("change", () => onChange(tick.checked));
  const root = el("div", { class: "option" }, el("label", { class: "option-label check" }, tick, label));
  return { root, show: (value) => (tick.checked = value) };
}

/**
 * @param {string} label
 * @param {[string, string][]} choices  value, words
 * @param {(value: string) => void} onChange
 * @returns {Field<string>}
 */
export function choiceField(label, choices, onChange) {
  const select = el("select", { class: "input" }, ...choices.map(([value, words]) => el("option", { value }, words)));
  select.addEventListener("change", () => onChange(select.value));
  return { root: labelled(label, select), show: (value) => (select.value = value) };
}

/**
 * @param {string[]} offered
 * @param {(value: string) => void} onChange
 * @returns {Field<string>}
 */
export function colourField(offered, onChange) {
  const swatches = offered.map((colour, index) => {
    const label = `Colour ${index + 1}, ${colour}`;
    const button = el("button", {
      class: "swatch",
      type: "button",
      "aria-label": label,
      onclick: () => onChange(colour),
    });
    button.style.setProperty("--swatch", colour);
    return button;
  });
  const any = el("input", { class: "swatch-any", type: "color", "aria-label": "Another colour" });
  any.addEventListener("input", () => onChange(any.value));
  const root = el(
    "div",
    { class: "option", role: "group", "aria-label": "Colour" },
    el("span", { class: "option-label" }, "Colour"),
    el("div", { class: "swatches" }, ...swatches, any),
  );
  const show = (value) => {
    swatches.forEach((swatch, index) => setAttribute(swatch, "aria-pressed", String(offered[index] === value)));
    fill(any, value);
  };
  return { root, show };
}

/**
 * Some of several, or null for all.
 * @param {{label: string, all: string}} words
 * @param {(value: string[] | null) => void} onChange
 * @returns {Field<string[] | null> & {offer: (choices: [string, string][], first?: string) => void}}
 *   `offer`: value, words; `first`: what is chosen once it isn't all any more
 */
export function severalField({ label, all }, onChange) {
  const every = el("input", { type: "checkbox" });
  const list = el("div", { class: "several" });
  const root = el(
    "fieldset",
    { class: "option" },
    el("legend", { class: "option-label" }, label),
    el("label", { class: "check" }, every, all),
    list,
  );
  let choices = [];
  let value = null;
  let first;
  every.addEventListener("change", () => onChange(every.checked ? null : [first ?? choices[0][0]]));
  const build = () => {
    const unknown = (value ?? []).filter((one) => !choices.some(([known]) => known === one));
    const rows = [...choices, ...unknown.map((one) => [one, one])].map(([one, words]) => {
      const tick = el("input", { type: "checkbox" });
      tick.checked = value !== null && value.includes(one);
      tick.addEventListener("change", () => {
        const others = (value ?? []).filter((other) => other !== one);
        const wanted = tick.checked ? [...others, one] : others;
        onChange(wanted.length > 0 ? wanted : null);
      });
      return el("label", { class: "check" }, tick, words);
    });
    list.replaceChildren(...rows);
    list.hidden = value === null;
    every.checked = value === null;
    every.disabled = choices.length === 0;
  };
  let shown = "";
  const refresh = () => {
    const key = JSON.stringify([choices, value]);
    if (key !== shown) build();
    shown = key;
  };
  return {
    root,
    show: (now) => {
      value = now ?? null;
      refresh();
    },
    offer: (now, one) => {
      choices = now;
      first = one;
      refresh();
    },
  };
}
