/** The list beside a picture: each box with its probability, or the classes with theirs. */

import { makeElement, percent } from "./dom.js";

const MOST_CLASSES = 5;

/**
 * Fill a list with what was found.
 * @param {HTMLElement} list
 * @param {{ found?: object, probabilities?: Float32Array }} result
 * @param {object} settings of model.json
 * @param {{ width: number, height: number, threshold: number }} picture
 */
export function fillResults(list, result, settings, picture) {
  const rows = result.found ? boxRows(result.found, settings, picture) : classRows(result.probabilities, settings);
  list.replaceChildren(...rows);
}

function boxRows(found, settings, { width, height, threshold }) {
  if (!found.labels.length) {
    return [makeElement("li", { class: "nothing", text: `Nothing found at ${percent(threshold)} or more.` })];
  }
  return [...found.labels].map((label, at) => {
    const sides = [width, height, width, height];
    const xyxy = [...found.boxes.subarray(at * 4, at * 4 + 4)].map((edge, side) => edge * sides[side]);
    const [left, top, right, bottom] = xyxy.map(Math.round);
    const row = bar(settings.class_names[label], found.scores[at], settings.colours[label].fill);
    row.title = `From (${left}, ${top}) to (${right}, ${bottom}) pixels`;
    row.dataset.xyxy = xyxy.map((edge) => edge.toFixed(3)).join(" ");
    return row;
  });
}

function classRows(probabilities, settings) {
  const order = [...probabilities.keys()].sort((a, b) => probabilities[b] - probabilities[a]);
  const rows = order
    .slice(0, MOST_CLASSES)
    .map((label) => bar(settings.class_names[label], probabilities[label], settings.colours[label].fill));
  const rest = order.slice(MOST_CLASSES);
  if (!rest.length) return rows;
  const others = rest.reduce((sum, label) => sum + probabilities[label], 0);
  return [...rows, bar(rest.length === 1 ? "1 other" : `${rest.length} others`, others, "var(--soft)")];
}

function bar(name, score, colour) {
  const fill = makeElement("span", { class: "fill" });
  fill.style.inlineSize = `${Math.max(0, Math.min(1, score)) * 100}%`;
  fill.style.background = colour;
  const row = makeElement("li", { "data-name": name, "data-score": score.toFixed(5) }, [
    makeElement("span", { class: "name", text: name }),
    makeElement("span", { class: "bar", "aria-hidden": "true" }, [fill]),
    makeElement("span", { class: "percent", text: percent(score) }),
  ]);
  return row;
}

/**
 * How much was found, in two words; "" where the list says it all.
 * @returns {string}
 */
export function summary({ found }) {
  return found?.labels.length ? `${found.labels.length} found` : "";
}
