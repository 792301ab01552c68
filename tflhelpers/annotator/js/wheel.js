import { clamp } from "./geometry.js";

const PAUSE = 250; // ms; a wheel turning on from outside goes on scrolling the page
const TWICE_AS_LARGE = 300; // pixels of the wheel; three notches of most mice
const LINE = 33; // pixels, for browsers that count the wheel in lines,
const SCREEN = 400; // or in screens

/**
 * Zooms a surface at the pointer by the wheel, or by two fingers on a touch pad. Where that can do nothing more,
 * and while the page is being scrolled, the page has the wheel.
 * @param {Surface} surface
 * @param {AbortSignal} signal ends it
 */
export function attachWheel(surface, signal) {
  const { element, window, view } = surface;
  let scrolledAt = -Infinity;

  function turned(event) {
    const scrolling = event.timeStamp - scrolledAt < PAUSE && !event.ctrlKey && !event.metaKey;
    const nothingToDo = event.deltaY > 0 && view.fitted && !event.ctrlKey;
    if (scrolling || nothingToDo || event.deltaY === 0) {
      if (!event.ctrlKey) scrolledAt = event.timeStamp;
      return;
    }
    event.preventDefault();
    surface.zoomBy(2 ** (-wheelPixels(event) / TWICE_AS_LARGE), ...surface.pointOf(event));
  }

  function turnedElsewhere(event) {
    if (!event.composedPath().includes(element)) scrolledAt = event.timeStamp;
  }

  element.addEventListener("wheel", turned, { signal, passive: false });
  window.addEventListener("wheel", turnedElsewhere, { signal, passive: true, capture: true });
}

function wheelPixels(event) {
  const unit = event.deltaMode === 1 ? LINE : event.deltaMode === 2 ? SCREEN : 1;
  const pinched = event.ctrlKey && Math.abs(event.deltaY) < 50; // a touch pad says small numbers, with Ctrl
  return clamp(event.deltaY * unit, -300, 300) * (pinched ? 5 : 1);
}
