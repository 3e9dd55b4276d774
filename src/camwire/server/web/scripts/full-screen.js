/** The cameras alone on the whole screen. */

/** @param {HTMLButtonElement} button @param {HTMLElement} stage */
export function setUpFullScreen(button, stage) {
  button.hidden = !document.fullscreenEnabled;
  button.addEventListener("click", () => {
    if (document.fullscreenElement === null) stage.requestFullscreen();
    else document.exitFullscreen();
  });
}
