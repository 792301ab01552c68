import { makeElement } from "./dom.js";

const KEYS = [
  ["Drag", "draw a box; in the selected box: move it; on its edges: resize it"],
  ["Shift + drag", "draw a box, also inside the selected one"],
  ["W", "new box in the middle"],
  ["Arrows", "move the box (Shift: ten times as far)"],
  ["Alt + arrows", "move its right or bottom edge"],
  ["[   ]", "previous, next box"],
  ["1 – 9", "class of the selected box, and of the next one"],
  ["Ctrl + D", "duplicate the box"],
  ["Delete", "delete the box"],
  ["Ctrl + Z, Ctrl + Shift + Z", "undo, redo"],
  ["Esc", "let go of the box, cancel"],
  ["A   D", "previous, next picture"],
  ["U", "next unlabelled picture"],
  ["Space", "nothing here: none of the classes is in this picture"],
  ["C", "copy the boxes to the next picture"],
  ["+   −   0", "zoom in, out, fit (or wheel, or two fingers)"],
  ["Space + drag", "move the picture about"],
  ["Enter", "accept the proposal (Shift: all)"],
  ["X", "dismiss the proposal"],
  ["?", "this help"],
];

/** A panel over the picture that says what the keys do. */
export class Help {
  constructor() {
    this.kept = makeElement("span");
    this.close = makeElement("button", {
      type: "button",
      class: "tfl-button",
      text: "Close",
      onclick: () => this.hide(),
    });
    const rows = KEYS.map(([keys, meaning]) =>
      makeElement("tr", {}, [
        makeElement("th", { scope: "row" }, [makeElement("kbd", { text: keys })]),
        makeElement("td", { text: meaning }),
      ]),
    );
    this.element = makeElement(
      "div",
      { class: "tfl-help", role: "dialog", "aria-label": "Keys and help", hidden: true, tabindex: "-1" },
      [
        makeElement("div", { class: "tfl-heading" }, [makeElement("strong", { text: "Keys" }), this.close]),
        makeElement("table", {}, [makeElement("tbody", {}, rows)]),
        makeElement("p", { text: "Draw a box around each thing. Every change is saved by itself, in " }, [this.kept]),
        makeElement("p", {
          text:
            "A picture that shows none of your things teaches too: mark it “nothing here”. " +
            "Dashed boxes are proposals; they count only when you accept them.",
        }),
      ],
    );
    this.element.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.preventDefault();
      this.hide();
    });
  }

  /** @param {string} where Such as "annotations.json". */
  setKeptWhere(where) {
    this.kept.textContent = `${where}.`;
  }

  get isOpen() {
    return !this.element.hidden;
  }

  toggle() {
    if (this.isOpen) this.hide();
    else this.show();
  }

  show() {
    this.opener = document.activeElement;
    this.element.hidden = false;
    this.close.focus();
  }

  hide() {
    this.element.hidden = true;
    this.opener?.focus?.();
  }
}
