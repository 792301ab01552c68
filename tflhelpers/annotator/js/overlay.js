import { HANDLES, handlePoint } from "./geometry.js";
import { contrastColour } from "./palette.js";

const FONT = "600 12px system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif";
const PLATE_HEIGHT = 18;
const PLATE_PADDING = 5;
const WIDEST_PLATE = 170;
const SMALLEST_LABELLED = 14; // CSS pixels; a smaller box shows its label only when it is meant
const HALO = "rgba(0, 0, 0, 0.7)";
const HANDLE_SIDE = 9;
const NO_CLASS = { name: "no class", colour: "rgb(160, 160, 160)" };

const textWidths = new Map();
const shortNames = new Map();

/**
 * Paints boxes, proposals, handles and crosshair in CSS pixels, and says where the label plates lie.
 * @param {CanvasRenderingContext2D} context scaled to CSS pixels, cleared
 * @param {object} scene view, boxes, proposals, selected, hovered (ids), classes, draft, crosshair, labels
 * @returns {{id: number, plate: number[]}[]} plates as [x, y, width, height], the topmost first
 */
export function paintOverlay(context, scene) {
  context.font = FONT;
  context.textBaseline = "middle";
  const items = itemsOf(scene);
  for (const item of items) paintFrame(context, item);
  if (scene.crosshair) paintCrosshair(context, scene.crosshair, scene.view);
  const labelled = scene.labels === false ? [] : items;
  const plates = labelled.map((item) => paintPlate(context, item, scene.view)).filter(Boolean);
  for (const item of items) if (item.selected && !item.drawn) paintHandles(context, item.rect, item.colour);
  return plates.reverse();
}

/** What is painted, in order: proposals below boxes, the selected one on top, the one being drawn last. */
function itemsOf(scene) {
  const { boxes, proposals, draft } = scene;
  const items = [...proposals, ...boxes].map((box) => itemOf(box, scene));
  const top = items.findIndex((item) => item.selected);
  if (top >= 0) items.push(...items.splice(top, 1));
  if (draft && draft.id === null) items.push({ ...itemOf(draft, scene), selected: true, drawn: true });
  return items;
}

/** One box as it is painted. While it is being changed, it has the draft's edges and says its size. */
function itemOf(box, { view, selected, hovered, classes, draft }) {
  const { name, colour } = classes[box.label] ?? NO_CLASS;
  const busy = Boolean(draft) && draft.id === box.id;
  const xyxy = busy ? draft.xyxy : box.xyxy;
  const proposed = box.score !== undefined && !busy;
  const size = `  ${Math.round(xyxy[2] - xyxy[0])} × ${Math.round(xyxy[3] - xyxy[1])}`;
  const note = busy ? size : proposed ? ` ${box.score.toFixed(2)}?` : box.crowd ? " (crowd)" : "";
  return {
    id: box.id,
    rect: view.boxToScreen(xyxy),
    colour,
    name,
    note,
    dashed: proposed,
    selected: box.id === selected,
    hovered: box.id === hovered,
  };
}

function paintFrame(context, { rect, colour, selected, hovered, dashed }) {
  const [x1, y1, x2, y2] = rect.map(Math.round);
  if (selected || hovered) {
    context.globalAlpha = selected ? 0.18 : 0.1;
    context.fillStyle = colour;
    context.fillRect(x1, y1, x2 - x1, y2 - y1);
    context.globalAlpha = 1;
  }
  const width = selected ? 3 : 2;
  context.lineWidth = width + 2;
  context.strokeStyle = HALO;
  context.strokeRect(x1, y1, x2 - x1, y2 - y1);
  context.lineWidth = width;
  context.strokeStyle = colour;
  if (dashed) context.setLineDash([7, 5]);
  context.strokeRect(x1, y1, x2 - x1, y2 - y1);
  if (dashed) context.setLineDash([]);
}

/** The name on a plate of the class's colour: above the box, or inside it where there is no room above. */
function paintPlate(context, item, view) {
  const [x1, y1, x2, y2] = item.rect;
  if (x2 < 0 || y2 < 0 || x1 > view.width || y1 > view.height) return null;
  const tiny = x2 - x1 < SMALLEST_LABELLED || y2 - y1 < SMALLEST_LABELLED;
  if (tiny && !item.selected && !item.hovered) return null;
  const text = shortened(context, item.name, item.note);
  const width = Math.ceil(widthOf(context, text)) + 2 * PLATE_PADDING;
  const x = Math.round(Math.min(Math.max(x1 - 1, 0), Math.max(view.width - width, 0)));
  const above = y1 - PLATE_HEIGHT - 1;
  const y = Math.round(above >= 0 ? above : Math.max(y1, 0) + 2);
  context.fillStyle = HALO;
  context.fillRect(x - 1, y - 1, width + 2, PLATE_HEIGHT + 2);
  context.fillStyle = item.colour;
  context.fillRect(x, y, width, PLATE_HEIGHT);
  context.fillStyle = contrastColour(item.colour);
  context.fillText(text, x + PLATE_PADDING, y + PLATE_HEIGHT / 2 + 1);
  return { id: item.id, plate: [x, y, width, PLATE_HEIGHT] };
}

function paintHandles(context, rect, colour) {
  const half = HANDLE_SIDE / 2;
  context.lineWidth = 2;
  for (const handle of HANDLES) {
    const [x, y] = handlePoint(rect, handle).map(Math.round);
    context.fillStyle = "rgb(255, 255, 255)";
    context.strokeStyle = "rgb(0, 0, 0)";
    context.fillRect(x - half, y - half, HANDLE_SIDE, HANDLE_SIDE);
    context.strokeRect(x - half, y - half, HANDLE_SIDE, HANDLE_SIDE);
    context.fillStyle = colour;
    context.fillRect(x - half + 2.5, y - half + 2.5, HANDLE_SIDE - 5, HANDLE_SIDE - 5);
  }
}

/** Lines through the pointer over the picture, dark beside light, to be seen on any of it. */
function paintCrosshair(context, [x, y], view) {
  const [left, top] = view.toScreen(0, 0).map(Math.round);
  const [right, bottom] = view.toScreen(view.pictureWidth, view.pictureHeight).map(Math.round);
  const column = Math.round(x);
  const row = Math.round(y);
  for (const [shift, colour] of [[0, "rgba(255, 255, 255, 0.9)"], [1, "rgba(0, 0, 0, 0.7)"]]) {
    context.fillStyle = colour;
    if (column >= left && column <= right) context.fillRect(column + shift, top, 1, bottom - top);
    if (row >= top && row <= bottom) context.fillRect(left, row + shift, right - left, 1);
  }
}

/** Name and note; a long name gives way to the note. */
function shortened(context, name, note) {
  const room = WIDEST_PLATE - widthOf(context, note);
  if (widthOf(context, name) <= room) return name + note;
  let kept = shortNames.get(name + note);
  if (kept === undefined) {
    const letters = [...name]; // by whole characters: half an emoji is none
    while (letters.length > 1 && context.measureText(`${letters.join("")}…`).width > room) letters.pop();
    kept = `${letters.join("").trimEnd()}…${note}`;
    remember(shortNames, name + note, kept);
  }
  return kept;
}

function widthOf(context, text) {
  let width = textWidths.get(text);
  if (width === undefined) {
    width = context.measureText(text).width;
    remember(textWidths, text, width);
  }
  return width;
}

/** Measuring a text is slow beside painting it, so it is done once; sizes change all the time, so not for ever. */
function remember(known, text, value) {
  if (known.size > 2000) known.clear();
  known.set(text, value);
}
