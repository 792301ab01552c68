/** Makes elements. Names of classes and files only ever get in as text, never as markup. */

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

/** @returns {HTMLElement} the element of that id */
export function byId(id) {
  return document.getElementById(id);
}

/** Set a text only where it differs, so that screen readers do not say it again. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * A score for people: 100% is only what is exactly sure.
 * @param {number} score 0 to 1
 * @returns {string} such as "87%"
 */
export function percent(score) {
  return `${score >= 1 ? 100 : Math.min(99, Math.floor(100 * score + 0.5))}%`;
}

/** Let the person keep a file. */
export function offerFile(blob, name) {
  const url = URL.createObjectURL(blob);
  makeElement("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
