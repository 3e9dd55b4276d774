/**
 * Light or dark: as the system has it, or as this browser was told. index.html loads this module before the first
 * paint, so that the page never flashes in the other theme.
 */

const KEY = "camwire.theme";
const ORDER = ["system", "light", "dark"];
const WORDS = { system: "as the system", light: "light", dark: "dark" };

let chosen = stored();
apply();

/** @param {HTMLButtonElement} button  turns system → light → dark */
export function setUpThemeButton(button) {
  const show = () => {
    button.dataset.theme = chosen;
    button.setAttribute("aria-label", `Theme: ${WORDS[chosen]}`);
    button.title = `Theme: ${WORDS[chosen]}`;
  };
  button.addEventListener("click", () => {
    chosen = ORDER[(ORDER.indexOf(chosen) + 1) % ORDER.length];
    store(chosen);
    apply();
    show();
  });
  show();
}

function apply() {
  if (chosen === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = chosen;
}

function stored() {
  try {
    const value = localStorage.getItem(KEY);
    return ORDER.includes(value) ? value : "system";
  } catch {
    return "system"; // Storage may be forbidden; the choice then lasts as long as the page.
  }
}

/** @param {string} value */
function store(value) {
  try {
    localStorage.setItem(KEY, value);
  } catch {
    // As above.
  }
}
