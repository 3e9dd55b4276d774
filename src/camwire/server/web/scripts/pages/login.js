/** The login page: a name and a password, and on to where one wanted to go. */

import { ApiError } from "../api.js";
import { el, setText } from "../dom.js";

/** @type {import("../pages.js").Mount} */
export function mount(root, services, route) {
  const page = new LoginPage(root, services, safeNext(route.query.get("next")));
  return { unmount: () => page.unmount() };
}

/**
 * Where to go on: a place of this page, whatever the address says.
 * @param {string | null} next
 */
export function safeNext(next) {
  return next !== null && /^#\/(?!login)/.test(next) ? next : "#/";
}

class LoginPage {
  #services;
  #next;
  #timer = 0;

  /** @param {HTMLElement} root @param {import("../services.js").Services} services @param {string} next */
  constructor(root, services, next) {
    this.#services = services;
    this.#next = next;
    this.name = el("input", { class: "input", name: "name", autocomplete: "username", required: true, autocapitalize: "none", spellcheck: "false" });
    this.password = el("input", { class: "input", name: "password", type: "password", autocomplete: "current-password", required: true });
    this.reveal = el("button", { class: "button", type: "button", "aria-pressed": "false", onclick: () => this.#reveal() }, "Show");
    this.mistake = el("p", { class: "mistake", role: "alert" });
    this.submit = el("button", { class: "button primary", type: "submit" }, "Log in");
    this.form = el(
      "form",
      { class: "login-form card", onsubmit: (event) => this.#logIn(event) },
      el("h2", {}, "Log in"),
      el("label", { class: "field" }, el("span", {}, "Name"), this.name),
      el(
        "div",
        { class: "field" },
        el("label", { for: "login-password" }, "Password"),
        el("div", { class: "login-password" }, this.password, this.reveal),
      ),
      this.mistake,
      this.submit,
    );
    this.password.id = "login-password";
    root.classList.add("login");
    root.append(this.form);
    this.name.focus();
  }

  unmount() {
    clearInterval(this.#timer);
  }

  /** @param {SubmitEvent} event */
  async #logIn(event) {
    event.preventDefault();
    if (this.submit.disabled) return;
    this.submit.disabled = true;
    setText(this.mistake, "");
    try {
      await this.#services.api.post("session", { name: this.name.value, password: this.password.value });
      history.replaceState(null, "", this.#next);
      this.#services.signedIn();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.#refused(error);
    }
  }

  /** @param {ApiError} error */
  #refused(error) {
    if (error.status === 429 && error.retryAfter > 0) this.#wait(error);
    else this.submit.disabled = false;
    setText(this.mistake, error.words);
    if (error.status !== 401) return;
    this.password.value = "";
    this.password.focus();
  }

  /** Count down until the server hears another try. @param {ApiError} error */
  #wait(error) {
    const until = performance.now() + error.retryAfter * 1000;
    const tick = () => {
      const left = Math.ceil((until - performance.now()) / 1000);
      this.submit.disabled = left > 0;
      setText(this.submit, left > 0 ? `Log in (in ${left} s)` : "Log in");
      if (left <= 0) clearInterval(this.#timer);
    };
    clearInterval(this.#timer);
    this.#timer = setInterval(tick, 500);
    tick();
  }

  #reveal() {
    const hidden = this.password.type === "password";
    this.password.type = hidden ? "text" : "password";
    this.reveal.setAttribute("aria-pressed", String(hidden));
    setText(this.reveal, hidden ? "Hide" : "Show");
    this.password.focus();
  }
}
