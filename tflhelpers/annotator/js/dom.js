/** Makes elements. Text from people only ever gets in as text, never as markup. */

const SVG_SPACE = "http://www.w3.org/2000/svg";

/**
 * Make an element.
 * @param {string} tag
 * @param {Record<string, any>} [attributes] `text` sets the text, `on<event>` listens, `null` and `false` are left out.
 * @param {Array<Node | null>} [children]
 * @returns {HTMLElement}
 */
export function makeElement(tag, attributes = {}, children = []) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === false || value === undefined) continue;
    if (name === "text") element.textContent = value;
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  for (const child of children) if (child) element.append(child);
  return element;
}

/**
 * Set a text only where it differs, so that screen readers do not say it again.
 * @param {Element} element
 * @param {string} text
 */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Make an icon of 20 x 20 units drawn with lines in the colour of the text.
 * @param {string} path The `d` of an SVG path.
 * @returns {SVGElement}
 */
export function makeIcon(path) {
  const svg = document.createElementNS(SVG_SPACE, "svg");
  svg.setAttribute("viewBox", "0 0 20 20");
  svg.setAttribute("class", "tfl-icon");
  svg.setAttribute("aria-hidden", "true");
  const line = document.createElementNS(SVG_SPACE, "path");
  line.setAttribute("d", path);
  svg.append(line);
  return svg;
}
