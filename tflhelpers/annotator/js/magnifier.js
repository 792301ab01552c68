import { paintOverlay } from "./overlay.js";
import { View } from "./view.js";

const SIZE = 132; // CSS pixels across
const LIFT = 84; // from the fingertip to the middle of the glass: the finger must not cover it
const ENLARGEMENT = 3; // beyond the zoom of the surface
const NEAREST_BORDER = 6;

/**
 * A round glass beside the finger, which shows what the fingertip covers, three times as large, with the boxes.
 * @param {HTMLElement} surface the element it lies in
 * @returns {{paint: function, element: HTMLCanvasElement}}
 */
export function createMagnifier(surface) {
  const element = surface.ownerDocument.createElement("canvas");
  element.className = "tfl-magnifier";
  element.setAttribute("aria-hidden", "true");
  Object.assign(element.style, {
    position: "absolute", left: "0", top: "0", width: `${SIZE}px`, height: `${SIZE}px`, borderRadius: "50%",
    boxShadow: "0 0 0 2px #fff, 0 0 0 4px #000, 0 4px 14px rgba(0, 0, 0, 0.5)", background: "#333",
    pointerEvents: "none",
  });
  element.hidden = true;
  surface.append(element);
  return { element, paint: (magnified, image, scene) => paintMagnifier(element, magnified, image, scene) };
}

function paintMagnifier(element, magnified, image, scene) {
  element.hidden = !magnified || !image;
  if (element.hidden) return;
  const [left, top] = glassPlace(magnified.near, scene.view);
  element.style.transform = `translate(${left}px, ${top}px)`;
  const density = element.ownerDocument.defaultView.devicePixelRatio || 1;
  const pixels = Math.round(SIZE * density);
  if (element.width !== pixels) Object.assign(element, { width: pixels, height: pixels });
  const context = element.getContext("2d");
  context.setTransform(density, 0, 0, density, 0, 0);
  context.clearRect(0, 0, SIZE, SIZE);
  const view = enlargedView(scene.view, magnified.point);
  context.imageSmoothingEnabled = (view.scale * view.pictureWidth * density) / image.naturalWidth < 6;
  context.drawImage(image, view.left, view.top, view.pictureWidth * view.scale, view.pictureHeight * view.scale);
  const middle = [SIZE / 2, SIZE / 2];
  paintOverlay(context, { ...scene, view, crosshair: middle, labels: false });
}

/** Above the finger; beside it where there is no room above, on the side with more room. */
function glassPlace([x, y], { width, height }) {
  const highest = height - SIZE - NEAREST_BORDER;
  const widest = width - SIZE - NEAREST_BORDER;
  const within = (value, most) => Math.round(Math.max(NEAREST_BORDER, Math.min(value, most)));
  const above = y - LIFT - SIZE / 2;
  if (above >= NEAREST_BORDER) return [within(x - SIZE / 2, widest), within(above, highest)];
  const beside = x < width / 2 ? x + LIFT - SIZE / 4 : x - LIFT - (SIZE * 3) / 4;
  return [within(beside, widest), within(y - SIZE / 2, highest)];
}

/** The surface's view, enlarged, with a point of the picture in the middle of the glass. */
function enlargedView(view, [x, y]) {
  const enlarged = new View();
  const scale = view.scale * ENLARGEMENT;
  return Object.assign(enlarged, {
    pictureWidth: view.pictureWidth, pictureHeight: view.pictureHeight, width: SIZE, height: SIZE, scale,
    left: SIZE / 2 - x * scale, top: SIZE / 2 - y * scale,
  });
}
