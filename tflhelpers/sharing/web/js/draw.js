/** Draws boxes with their names, and captions, on a canvas. */

import { percent } from "./dom.js";

const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif';
const WIDEST = 0.55; // share of the picture's width that a tag may take

/**
 * Draw boxes over a picture: coloured lines with a border, so that they are seen on any ground; small boxes last.
 * @param {CanvasRenderingContext2D} context
 * @param {object} found boxes as fractions, labels, scores falling; see nms.js
 * @param {object} settings of model.json
 * @param {{ width: number, height: number, text: number, mirrored?: boolean }} place the picture's size on the canvas,
 *   the size of letters, and whether left and right are exchanged
 */
export function drawBoxes(context, found, settings, place) {
  const frames = [...found.labels.keys()].map((at) => frame(found, at, place));
  const byArea = [...frames].sort((a, b) => b.width * b.height - a.width * a.height);
  for (const each of byArea) drawFrame(context, each, settings, place.text);
  const taken = [];
  const tags = frames.map((each) => placeTag(context, boxWords(each, settings), spots(each, place.text), place, taken));
  for (let at = tags.length - 1; at >= 0; at--) {
    if (tags[at]) drawTag(context, tags[at], settings.colours[frames[at].label], place.text);
  }
}

/** The name, which may be shortened, and the probability, which may not. */
function boxWords({ label, score }, settings) {
  return [settings.class_names[label], ` ${percent(score)}`];
}

function frame(found, at, { width, height, mirrored }) {
  const [left, top, right, bottom] = found.boxes.subarray(at * 4, at * 4 + 4);
  return {
    left: (mirrored ? 1 - right : left) * width,
    top: top * height,
    width: (right - left) * width,
    height: (bottom - top) * height,
    label: found.labels[at],
    score: found.scores[at],
  };
}

function drawFrame(context, { left, top, width, height, label }, settings, text) {
  const line = Math.max(2, text / 5);
  context.lineJoin = "round";
  for (const [style, thick] of [[settings.colours[label].contrast, line * 1.7], [settings.colours[label].fill, line]]) {
    context.strokeStyle = style;
    context.lineWidth = thick;
    context.strokeRect(left, top, width, height);
  }
}

/** Where a box's tag may be, the best place first: above, inside at the top, below, inside at the bottom. */
function spots(box, text) {
  const [tag, bottom] = [text * 1.5, box.top + box.height];
  return [box.top - tag, box.top, bottom, bottom - tag].map((y) => ({ x: box.left, y }));
}

/**
 * Find room for a tag inside the picture and off the tags placed before; the list has those for which there is none.
 * @returns {{ x: number, y: number, width: number, height: number, words: string } | null}
 */
function placeTag(context, words, wanted, { width, height, text }, taken) {
  context.font = `600 ${text}px ${FONT}`;
  const shown = shortened(context, words, Math.max(width * WIDEST, text * 7));
  const size = { width: context.measureText(shown).width + text * 0.8, height: text * 1.5 };
  for (const { x, y } of wanted) {
    const tag = { ...size, words: shown, x: Math.max(0, Math.min(x, width - size.width)), y };
    if (y < 0 || y + tag.height > height || taken.some((other) => overlap(other, tag))) continue;
    taken.push(tag);
    return tag;
  }
  return null;
}

function drawTag(context, { x, y, width, height, words }, colour, text) {
  context.font = `600 ${text}px ${FONT}`;
  context.textBaseline = "middle";
  context.fillStyle = colour.fill;
  context.fillRect(x, y, width, height);
  context.fillStyle = colour.contrast;
  context.fillText(words, x + text * 0.4, y + height / 2 + text * 0.05);
}

function overlap(a, b) {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

function shortened(context, [name, rest], room) {
  if (context.measureText(name + rest).width <= room) return name + rest;
  const letters = [...name];
  while (letters.length > 1 && context.measureText(`${letters.join("")}…${rest}`).width > room) letters.pop();
  return `${letters.join("").trimEnd()}…${rest}`;
}

/** Draw the best class of a classified picture in its corner. */
export function drawCaption(context, probabilities, settings, place) {
  const label = probabilities.indexOf(Math.max(...probabilities));
  const words = boxWords({ label, score: probabilities[label] }, settings);
  const tag = placeTag(context, words, [{ x: 0, y: 0 }], place, []);
  if (tag) drawTag(context, tag, settings.colours[label], place.text);
}
