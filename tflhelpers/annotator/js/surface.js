import { boxesAt } from "./geometry.js";
import { createMagnifier } from "./magnifier.js";
import { paintOverlay } from "./overlay.js";
import { attachPointer } from "./pointer.js";
import { View } from "./view.js";

const EDITOR_EVENTS = ["change", "selection", "proposals"];
const SMOOTH_BELOW = 3; // screen pixels a shown pixel; larger ones are shown as squares, to be told apart

/**
 * The place to draw on: one canvas for the picture, painted again only when the view changes, one above it for
 * all that moves. Everything is painted once a frame at most.
 *
 * Members for others: element, view, editor, label, show, setEditor, setClasses, setLabel, zoomBy, fit,
 * newBoxEdges, step, cancel, setPanMode, destroy.
 * @param {HTMLElement} parent which says how large the surface is
 */
export function createSurface(parent) {
  return new Surface(parent);
}

class Surface {
  view = new View();
  editor = null;
  label = 0;
  draft = null; // { id, xyxy, label }: the box being drawn (id null), moved or resized
  hovered = null;
  pointer = null; // [x, y] where the crosshair goes
  magnified = null; // { point: [x, y] in the picture, near: [x, y] on the surface }
  #classes = [];
  #image = null;
  #showing = 0;
  #plates = [];
  #frame = 0;
  #pictureDirty = true;
  #density = 0;
  #repaint = () => this.overlayChanged();
  #cleanups = [];

  constructor(parent) {
    this.element = surfaceElement(parent.ownerDocument);
    this.pictureLayer = layerElement(this.element, "tfl-picture-layer");
    this.overlayLayer = layerElement(this.element, "tfl-overlay-layer");
    this.magnifier = createMagnifier(this.element);
    parent.append(this.element);
    this.window = parent.ownerDocument.defaultView;
    this.gestures = attachPointer(this);
    const observer = new this.window.ResizeObserver(() => this.measure());
    observer.observe(this.element);
    this.#cleanups.push(() => observer.disconnect());
    this.#watchDensity();
    this.measure();
  }

  /**
   * Shows a picture, fitted. Until it is decoded the one before stays; of several calls the last one counts.
   * @param {string|null} url null shows none
   * @param {number} width of the original upright picture
   * @param {number} height
   * @returns {Promise<boolean>} whether this picture is shown now; rejects when it cannot be decoded
   */
  async show(url, width, height) {
    const turn = ++this.#showing;
    const image = url ? await decoded(this.element.ownerDocument, url) : null;
    if (turn !== this.#showing) return false;
    this.gestures.cancel();
    this.#image = image;
    this.view.setPicture(Math.max(width, 1), Math.max(height, 1));
    this.viewChanged();
    return true;
  }

  /** @param {Editor|null} editor whose boxes are shown and changed from now on */
  setEditor(editor) {
    this.gestures.cancel();
    for (const name of EDITOR_EVENTS) {
      this.editor?.removeEventListener(name, this.#repaint);
      editor?.addEventListener(name, this.#repaint);
    }
    this.editor = editor;
    this.hovered = null;
    this.overlayChanged();
  }

  /** @param {{name: string, colour: string}[]} classes colour: "rgb(r, g, b)" or "#rrggbb" */
  setClasses(classes) {
    this.#classes = classes;
    this.overlayChanged();
  }

  /** @param {number} label the class that the next box gets */
  setLabel(label) {
    this.label = label;
    if (this.draft && this.draft.id === null) this.draft = { ...this.draft, label };
    this.overlayChanged();
  }

  /** Zooms about a point of the surface, or about its middle. */
  zoomBy(factor, x = this.view.width / 2, y = this.view.height / 2) {
    this.view.zoomAt(factor, x, y);
    this.viewChanged();
  }

  fit() {
    this.view.fit();
    this.viewChanged();
  }

  /** How many picture pixels an arrow key moves by: one pixel of the screen, but at least one of the picture. */
  get step() {
    return Math.max(1, Math.round(1 / this.view.scale));
  }

  /** Where a box goes that is made without a pointer: the middle of what is to be seen, a third as large. */
  newBoxEdges() {
    const [x1, y1, x2, y2] = this.view.visible();
    const [x, y] = [(x1 + x2) / 2, (y1 + y2) / 2];
    const [across, down] = [Math.max((x2 - x1) / 6, 1), Math.max((y2 - y1) / 6, 1)];
    return [x - across, y - down, x + across, y + down];
  }

  /** Gives up the drawing, moving or resizing under way. @returns {boolean} whether there was any */
  cancel() {
    return this.gestures.cancel();
  }

  /** While on, the first button pans, as the middle one always does. */
  setPanMode(on) {
    return this.gestures.setPanMode(on);
  }

  /** Boxes, then proposals, that hold a point of the surface; the smallest first. */
  itemsAt(x, y, tolerance) {
    if (!this.editor) return [];
    const [px, py] = this.view.toPicture(x, y);
    const reach = tolerance / this.view.scale;
    return [...boxesAt(this.editor.boxes, px, py, reach), ...boxesAt(this.editor.proposals, px, py, reach)];
  }

  /** The id of the box whose label plate holds a point of the surface, as last painted. */
  plateAt(x, y) {
    const held = this.#plates.find(({ plate: [left, top, width, height] }) =>
      x >= left && x <= left + width && y >= top && y <= top + height);
    return held?.id ?? null;
  }

  /** Where an event happened: CSS pixels from the surface's corner, also where the page is scaled by CSS. */
  pointOf(event) {
    const edges = this.overlayLayer.getBoundingClientRect();
    const stretch = edges.width ? this.view.width / edges.width : 1;
    return [(event.clientX - edges.left) * stretch, (event.clientY - edges.top) * stretch];
  }

  viewChanged() {
    this.#pictureDirty = true;
    this.overlayChanged();
  }

  overlayChanged() {
    if (!this.#frame) this.#frame = this.window.requestAnimationFrame(() => this.#paint());
  }

  /** Takes over the size that the parent gives, and the density of the screen. */
  measure() {
    const width = this.element.clientWidth;
    const height = this.element.clientHeight;
    if (!width || !height) return; // hidden; measured again when shown
    const density = this.window.devicePixelRatio || 1;
    const same = width === this.view.width && height === this.view.height && density === this.#density;
    if (same && this.overlayLayer.width > 1) return;
    this.#density = density;
    this.view.setSize(width, height);
    for (const layer of [this.pictureLayer, this.overlayLayer]) {
      layer.width = Math.round(width * density);
      layer.height = Math.round(height * density);
    }
    this.#pictureDirty = true;
    this.#paint(); // at once: a canvas is emptied by its new size, and would flicker until the next frame
  }

  destroy() {
    this.#showing += 1;
    this.setEditor(null);
    this.window.cancelAnimationFrame(this.#frame);
    this.gestures.destroy();
    for (const cleanup of this.#cleanups) cleanup();
    this.element.remove();
  }

  #paint() {
    this.window.cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    if (this.#pictureDirty) this.#paintPicture();
    const { view, draft, hovered, pointer: crosshair } = this;
    const context = this.#cleared(this.overlayLayer);
    const { boxes, proposals, selected } = this.editor ?? { boxes: [], proposals: [], selected: null };
    const scene = { view, boxes, proposals, selected, hovered, classes: this.#classes, draft, crosshair };
    this.#plates = paintOverlay(context, scene);
    this.magnifier.paint(this.magnified, this.#image, scene);
  }

  #paintPicture() {
    this.#pictureDirty = false;
    const context = this.#cleared(this.pictureLayer);
    if (!this.#image) return;
    const { view } = this;
    const across = view.pictureWidth * view.scale;
    const enlarged = (across * this.#density) / this.#image.naturalWidth;
    context.imageSmoothingEnabled = enlarged < SMOOTH_BELOW;
    context.imageSmoothingQuality = enlarged < 1 ? "medium" : "low"; // as fine where nothing is left out, and faster
    context.drawImage(this.#image, view.left, view.top, across, view.pictureHeight * view.scale);
  }

  #cleared(layer) {
    const context = layer.getContext("2d");
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, layer.width, layer.height);
    context.setTransform(this.#density, 0, 0, this.#density, 0, 0);
    return context;
  }

  /** The density changes when a window moves to another screen, or the browser zooms; it fires once each. */
  #watchDensity() {
    let query = null;
    const changed = () => {
      this.measure();
      watch();
    };
    const watch = () => {
      query?.removeEventListener("change", changed);
      query = this.window.matchMedia(`(resolution: ${this.window.devicePixelRatio}dppx)`);
      query.addEventListener("change", changed);
    };
    watch();
    this.#cleanups.push(() => query.removeEventListener("change", changed));
  }
}

function surfaceElement(document) {
  const element = document.createElement("div");
  element.className = "tfl-surface";
  element.setAttribute("role", "application");
  element.setAttribute("aria-label", "Picture");
  element.tabIndex = 0;
  Object.assign(element.style, {
    position: "relative", overflow: "hidden", width: "100%", height: "100%", touchAction: "none",
    userSelect: "none", webkitUserSelect: "none", webkitTouchCallout: "none", cursor: "crosshair",
  });
  return element;
}

function layerElement(parent, className) {
  const layer = parent.ownerDocument.createElement("canvas");
  layer.className = className;
  layer.width = 1;
  layer.height = 1;
  const whole = { position: "absolute", inset: "0", width: "100%", height: "100%" };
  Object.assign(layer.style, { ...whole, pointerEvents: "none" });
  parent.append(layer);
  return layer;
}

async function decoded(document, url) {
  const image = document.createElement("img");
  image.src = url;
  await image.decode();
  return image;
}
