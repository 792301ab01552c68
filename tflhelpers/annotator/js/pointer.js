import { boxThrough, dragHandle, handleAt, handlePoint, moveBox } from "./geometry.js";
import { attachWheel } from "./wheel.js";

// All in CSS pixels. A finger is broader than the point of a mouse, and it trembles.
const MOUSE = { draw: 4, edit: 1, handle: 9, tolerance: 3, twice: 8 };
const FINGER = { draw: 8, edit: 4, handle: 24, tolerance: 8, twice: 28 };
const TWICE_WITHIN = 400; // ms between the two presses of a double click
const CURSORS = { n: "ns", s: "ns", e: "ew", w: "ew", nw: "nwse", se: "nwse", ne: "nesw", sw: "nesw" };

/**
 * Turns what mouse, pen and fingers do on a surface into gestures: draw, select, move, resize, pan, pinch.
 * A gesture shows itself in `surface.draft` and changes the editor once, at its end: one entry of the history.
 * @param {Surface} surface
 * @returns {{cancel: function, setPanMode: function, destroy: function}}
 */
export function attachPointer(surface) {
  const pointer = new PointerGestures(surface);
  return {
    cancel: () => pointer.cancel(),
    setPanMode: (on) => pointer.setPanMode(on),
    destroy: () => pointer.destroy(),
  };
}

class PointerGestures {
  #surface;
  #points = new Map(); // pointers that are down: id -> point
  #gesture = null;
  #panMode = false;
  #panned = false;
  #lastClick = null;
  #listening = new AbortController();

  constructor(surface) {
    this.#surface = surface;
    const { element, window } = surface;
    const on = (target, name, handler, options = {}) =>
      target.addEventListener(name, handler.bind(this), { signal: this.#listening.signal, ...options });
    on(element, "pointerdown", this.#down);
    on(element, "pointermove", this.#move);
    on(element, "pointerup", this.#up);
    on(element, "pointercancel", this.#lost);
    on(element, "lostpointercapture", this.#lost);
    on(element, "pointerleave", this.#leave);
    on(element, "contextmenu", this.#contextMenu);
    for (const target of [window, element]) on(target, "blur", () => this.setPanMode(false));
    attachWheel(surface, this.#listening.signal);
  }

  destroy() {
    this.cancel();
    this.#listening.abort();
  }

  /** @returns {boolean} whether anything was under way */
  cancel() {
    const busy = this.#gesture !== null;
    this.#finish(() => this.#gesture?.cancel?.());
    return busy;
  }

  /** @returns {boolean} when turned off: whether anything was panned meanwhile, or it was not on at all */
  setPanMode(on) {
    const wasOn = this.#panMode;
    if (on && !wasOn) this.#panned = false;
    this.#panMode = on;
    if (!this.#gesture && on !== wasOn) this.#surface.element.style.cursor = on ? "grab" : "crosshair";
    return this.#panned || !wasOn;
  }

  #down(event) {
    const { element } = this.#surface;
    const point = this.#point(event);
    if (event.pointerType === "touch" && this.#penIsDown()) return; // the palm of the hand that holds the pen
    element.focus({ preventScroll: true });
    if (event.button === 1) event.preventDefault(); // else the browser starts its own scrolling
    this.#points.set(event.pointerId, point);
    element.setPointerCapture(event.pointerId);
    if (this.#points.size === 1) this.#gesture = this.#gestureFor(point, event);
    else if (this.#points.size === 2 && point.touch) this.#startPinch();
    this.#surface.overlayChanged();
  }

  #move(event) {
    const point = this.#point(event);
    if (!this.#points.has(event.pointerId)) {
      if (event.pointerType !== "touch") this.#hover(point);
      return;
    }
    this.#points.set(event.pointerId, point);
    this.#showCrosshair(point);
    this.#gesture?.move(point);
    this.#surface.overlayChanged();
  }

  #up(event) {
    if (!this.#points.delete(event.pointerId)) return;
    const point = this.#point(event);
    this.#finish(() => this.#gesture?.end(point));
    if (point.touch) this.#leave();
    else this.#hover(point);
  }

  #lost(event) {
    if (!this.#points.delete(event.pointerId)) return;
    this.#finish(() => this.#gesture?.cancel?.());
    this.#leave();
  }

  /** Ends the gesture. What fingers still lie on the glass do nothing more until all are lifted. */
  #finish(end) {
    end();
    this.#gesture = null;
    this.#surface.draft = null;
    this.#surface.magnified = null;
    this.#surface.overlayChanged();
  }

  #leave() {
    if (this.#gesture) return;
    this.#surface.hovered = null;
    this.#surface.pointer = null;
    this.#surface.overlayChanged();
  }

  #hover(point) {
    const surface = this.#surface;
    const handle = this.#handleUnder(point);
    const target = this.#panMode || handle ? null : this.#targetUnder(point);
    const movable = target !== null && target === surface.editor?.selected;
    surface.hovered = target;
    const cursor = this.#panMode ? "grab" : handle ? `${CURSORS[handle]}-resize` : movable ? "move" : "crosshair";
    surface.element.style.cursor = cursor;
    this.#showCrosshair(cursor === "crosshair" ? point : null);
    surface.overlayChanged();
  }

  #showCrosshair(point) {
    const drawing = !this.#gesture || this.#gesture.aims;
    this.#surface.pointer = point && drawing && this.#surface.editor ? [point.x, point.y] : null;
  }

  #gestureFor(point, event) {
    if (event.button === 1 || (event.button === 0 && this.#panMode)) return this.#pan(point);
    if (event.button !== 0 || !this.#surface.editor) return null;
    const { editor } = this.#surface;
    const drawing = () => this.#press(point, point.slack.draw, () => this.#draw(point));
    if (event.shiftKey) return drawing(); // also inside the selected box
    const handle = this.#handleUnder(point);
    if (handle) return this.#press(point, point.slack.edit, () => this.#resize(point, handle), () => {});
    if (!this.#holdsSelected(point)) return drawing();
    return this.#press(point, point.slack.edit, () => this.#moving(point, editor.selected));
  }

  /** Whether a drag from here moves the selected box: it is held inside, or by its label. All else draws. */
  #holdsSelected(point) {
    const { selected } = this.#surface.editor;
    if (selected === null) return false;
    if (this.#surface.plateAt(point.x, point.y) === selected) return true;
    return this.#surface.itemsAt(point.x, point.y, 0).some((item) => item.id === selected);
  }

  /** Down, but not yet moved: a click, until it goes farther than `slack`. */
  #press(start, slack, drag, click = (point) => this.#click(point)) {
    return {
      aims: true,
      move: (point) => {
        if (Math.hypot(point.x - start.x, point.y - start.y) < slack) return;
        this.#gesture = drag();
        this.#gesture.move(point);
      },
      end: click,
    };
  }

  #click(point) {
    const { editor } = this.#surface;
    const before = this.#lastClick;
    this.#lastClick = point;
    const twice = before && point.time - before.time < TWICE_WITHIN
      && Math.hypot(point.x - before.x, point.y - before.y) < point.slack.twice;
    if (twice && editor.selectedProposal) {
      editor.acceptProposal(editor.selected);
      this.#lastClick = null;
      return;
    }
    const plate = this.#surface.plateAt(point.x, point.y);
    if (plate !== null) {
      editor.select(plate);
      return;
    }
    const ids = this.#surface.itemsAt(point.x, point.y, point.slack.tolerance).map((item) => item.id);
    if (editor.selectedProposal && ids[0] === editor.selected) return; // perhaps the first half of a double click
    const at = ids.indexOf(editor.selected); // pressed again: the next one below
    editor.select(ids.length ? ids[(at + 1) % ids.length] : null);
  }

  #draw(start) {
    const surface = this.#surface;
    const { view, editor } = surface;
    const from = view.toPicture(start.x, start.y);
    const boxTo = (point) => boxThrough(from, view.toPicture(point.x, point.y), editor.width, editor.height);
    editor.select(null);
    return {
      aims: true,
      move: (point) => {
        const xyxy = boxTo(point);
        surface.draft = xyxy && { id: null, xyxy, label: surface.label };
        this.#magnify(point, view.toPicture(point.x, point.y));
      },
      end: (point) => {
        const back = Math.abs(point.x - start.x) < start.slack.draw && Math.abs(point.y - start.y) < start.slack.draw;
        const xyxy = boxTo(point);
        if (xyxy && !back) editor.add({ xyxy, label: surface.label });
      },
    };
  }

  #moving(start, id) {
    return this.#edit(start, id, (box, dx, dy, { width, height }) => moveBox(box, dx, dy, width, height));
  }

  #resize(start, handle) {
    const { editor } = this.#surface;
    const pulled = (box, dx, dy, { width, height }) => dragHandle(box, handle, dx, dy, width, height);
    return this.#edit(start, editor.selected, pulled, handle);
  }

  /** Moves or resizes: `change(xyxy, dx, dy, editor)` says what a shift by picture pixels makes of the box. */
  #edit(start, id, change, handle = null) {
    const surface = this.#surface;
    const { editor, view } = surface;
    const { xyxy, label } = editor.box(id) ?? editor.proposals.find((proposal) => proposal.id === id);
    const shifted = (point) => change(xyxy, (point.x - start.x) / view.scale, (point.y - start.y) / view.scale, editor);
    return {
      aims: false,
      move: (point) => {
        surface.draft = { id, xyxy: shifted(point), label };
        if (handle) this.#magnify(point, nearCorner(surface.draft.xyxy, view.toPicture(point.x, point.y), handle));
      },
      end: (point) => editor.setEdges(id, shifted(point)),
    };
  }

  #pan(start) {
    const { element } = this.#surface;
    let last = start;
    element.style.cursor = "grabbing";
    this.#panned = true;
    return {
      aims: false,
      move: (point) => {
        this.#surface.view.panBy(point.x - last.x, point.y - last.y);
        this.#surface.viewChanged();
        last = point;
      },
      end: () => {},
    };
  }

  /** Two fingers: what was begun with the first one is given up. */
  #startPinch() {
    this.#finish(() => this.#gesture?.cancel?.());
    const surface = this.#surface;
    surface.pointer = null;
    const grip = () => {
      const [a, b] = [...this.#points.values()];
      return { middle: [(a.x + b.x) / 2, (a.y + b.y) / 2], span: Math.max(Math.hypot(a.x - b.x, a.y - b.y), 1) };
    };
    const start = grip();
    const held = surface.view.toPicture(...start.middle);
    const { scale } = surface.view;
    this.#gesture = {
      aims: false,
      move: () => {
        const now = grip();
        surface.view.hold(held, now.middle, (scale * now.span) / start.span);
        surface.viewChanged();
      },
      end: () => {},
    };
  }

  /** A long press of a finger must not open a menu in the middle of a drag. */
  #contextMenu(event) {
    if (this.#points.size) event.preventDefault();
  }

  #handleUnder(point) {
    const { editor, view } = this.#surface;
    const held = editor && (editor.selectedBox ?? editor.selectedProposal);
    return held && !this.#panMode ? handleAt(view.boxToScreen(held.xyxy), point.x, point.y, point.slack.handle) : null;
  }

  /** The box that a click here would select, or a drag would move. */
  #targetUnder(point) {
    const { editor } = this.#surface;
    if (!editor) return null;
    if (this.#holdsSelected(point)) return editor.selected;
    const plate = this.#surface.plateAt(point.x, point.y);
    return plate ?? this.#surface.itemsAt(point.x, point.y, point.slack.tolerance)[0]?.id ?? null;
  }

  #magnify(point, inPicture) {
    this.#surface.magnified = point.touch ? { point: inPicture, near: [point.x, point.y] } : null;
  }

  #penIsDown() {
    return [...this.#points.values()].some((point) => point.pen);
  }

  #point(event) {
    const [x, y] = this.#surface.pointOf(event);
    const touch = event.pointerType === "touch";
    return {
      x,
      y,
      time: event.timeStamp,
      touch,
      pen: event.pointerType === "pen",
      slack: touch ? FINGER : MOUSE,
    };
  }
}

/** The point of a handle being pulled; also after the box has turned over, that is where the finger is. */
function nearCorner([x1, y1, x2, y2], [x, y], handle) {
  const near = (value, a, b) => (Math.abs(value - a) < Math.abs(value - b) ? a : b);
  const [middleX, middleY] = handlePoint([x1, y1, x2, y2], "");
  return [/[we]/.test(handle) ? near(x, x1, x2) : middleX, /[ns]/.test(handle) ? near(y, y1, y2) : middleY];
}
