import { makeElement, setText } from "./dom.js";
import { classColour } from "./palette.js";

let listsMade = 0;

/** The boxes of the picture as a list, for those who do not see or cannot point at them. */
export class BoxList {
  /** @param {{ select: (id: number) => void, walk: (step: number) => void }} actions */
  constructor(actions) {
    this.actions = actions;
    this.prefix = `tfl-boxes-${++listsMade}`;
    this.options = new Map();
    this.list = makeElement("div", { class: "tfl-boxes", role: "listbox", "aria-label": "Boxes", tabindex: "0" });
    this.list.addEventListener("keydown", (event) => this.walk(event));
    this.count = makeElement("span", { class: "tfl-count" });
    this.hint = makeElement("p", { class: "tfl-hint" });
    const title = makeElement("div", { class: "tfl-heading" }, [makeElement("span", { text: "Boxes" }), this.count]);
    this.element = makeElement("section", { class: "tfl-box-list" }, [title, this.hint, this.list]);
  }

  /**
   * @param {{ id: number, xyxy: number[], label: number, crowd: boolean }[]} boxes
   * @param {string[]} classNames
   * @param {number | null} selected
   * @param {string} hint Said where there are no boxes.
   */
  update(boxes, classNames, selected, hint) {
    const numberOfClass = new Map();
    const options = boxes.map((box) => {
      const number = (numberOfClass.get(box.label) ?? 0) + 1;
      numberOfClass.set(box.label, number);
      return this.updateOption(box, `${classNames[box.label]} ${number}`, box.id === selected);
    });
    const kept = new Set(boxes.map((box) => box.id));
    for (const id of this.options.keys()) if (!kept.has(id)) this.options.delete(id);
    const shown = [...this.list.children];
    if (shown.length !== options.length || options.some((option, index) => option !== shown[index])) {
      this.list.replaceChildren(...options);
    }
    this.showSelected(kept.has(selected) ? selected : null);
    setText(this.count, boxes.length ? String(boxes.length) : "");
    setText(this.hint, boxes.length ? "" : hint);
    this.hint.hidden = boxes.length > 0;
    this.list.hidden = boxes.length === 0;
  }

  updateOption(box, name, isSelected) {
    let option = this.options.get(box.id);
    if (!option) {
      option = this.makeOption(box.id);
      this.options.set(box.id, option);
    }
    const [x1, y1, x2, y2] = box.xyxy.map((value) => Math.round(value));
    const label = `${name}: ${x1}, ${y1} to ${x2}, ${y2}${box.crowd ? ", a crowd" : ""}`;
    const [swatch, text, size] = option.children;
    const colour = classColour(box.label);
    if (option.getAttribute("aria-label") !== label) option.setAttribute("aria-label", label);
    if (swatch.style.background !== colour) swatch.style.background = colour;
    setText(text, box.crowd ? `${name} (crowd)` : name);
    setText(size, `${x2 - x1} × ${y2 - y1}`);
    option.setAttribute("aria-selected", String(isSelected));
    return option;
  }

  makeOption(id) {
    const option = makeElement(
      "div",
      { class: "tfl-box", role: "option", id: `${this.prefix}-${id}` },
      [
        makeElement("span", { class: "tfl-swatch" }),
        makeElement("span", { class: "tfl-box-name", dir: "auto" }),
        makeElement("span", { class: "tfl-box-size" }),
      ],
    );
    option.addEventListener("click", () => this.actions.select(id));
    return option;
  }

  showSelected(id) {
    if (id === null) {
      this.list.removeAttribute("aria-activedescendant");
      this.shownId = null;
      return;
    }
    this.list.setAttribute("aria-activedescendant", `${this.prefix}-${id}`);
    if (this.shownId !== id) scrollInside(this.list, this.options.get(id));
    this.shownId = id;
  }

  walk(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    this.actions.walk(step);
  }
}

/**
 * Bring a child into view by scrolling its list only, never the page around it.
 * @param {HTMLElement} list
 * @param {HTMLElement} child
 */
export function scrollInside(list, child) {
  const outer = list.getBoundingClientRect();
  const inner = child.getBoundingClientRect();
  if (inner.top < outer.top) list.scrollTop -= outer.top - inner.top;
  if (inner.bottom > outer.bottom) list.scrollTop += inner.bottom - outer.bottom;
  if (inner.left < outer.left) list.scrollLeft -= outer.left - inner.left + 24;
  if (inner.right > outer.right) list.scrollLeft += inner.right - outer.right + 24;
}
