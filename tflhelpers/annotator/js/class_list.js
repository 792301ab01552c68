import { makeElement, makeIcon, setText } from "./dom.js";
import { classColour } from "./palette.js";

const ADD_ICON = "M10 4v12M4 10h12";
const RENAME_ICON = "M4 16l.8-3.2L13.5 4.5l2 2L6.8 15.2ZM11.5 6.5l2 2";

/**
 * The classes as a group of radio buttons, with a form in place to add one or to rename the chosen one.
 * No `window.prompt`: frames in which notebooks show widgets do not allow it.
 */
export class ClassList {
  /** @param {{ choose: (label: number) => void, change: (operation: object) => void }} actions */
  constructor(actions) {
    this.actions = actions;
    this.names = [];
    this.label = 0;
    this.group = makeElement("div", { class: "tfl-classes", role: "radiogroup", "aria-label": "Class" });
    this.group.addEventListener("keydown", (event) => this.walk(event));
    this.addButton = this.formButton("Add class", ADD_ICON, () => this.openForm("add"));
    this.renameButton = this.formButton("Rename class", RENAME_ICON, () => this.openForm("rename"));
    const tools = makeElement("div", { class: "tfl-class-tools" }, [this.addButton, this.renameButton]);
    const title = makeElement("div", { class: "tfl-heading" }, [makeElement("span", { text: "Classes" }), tools]);
    this.form = this.makeForm();
    this.element = makeElement("section", { class: "tfl-class-list" }, [title, this.form, this.group]);
  }

  /**
   * @param {string[]} names
   * @param {number} label The chosen one.
   */
  update(names, label) {
    if (names.join("\n") !== this.names.join("\n")) this.makeRadios(names);
    this.names = [...names];
    this.label = label;
    this.renameButton.setAttribute("aria-disabled", String(names.length === 0));
    [...this.group.children].forEach((radio, index) => {
      radio.setAttribute("aria-checked", String(index === label));
      radio.tabIndex = index === label ? 0 : -1;
    });
  }

  makeRadios(names) {
    const hadFocus = this.group.contains(document.activeElement);
    this.group.replaceChildren(...names.map((name, label) => this.makeRadio(name, label)));
    if (hadFocus) this.group.children[Math.min(this.label, names.length - 1)]?.focus();
  }

  makeRadio(name, label) {
    const swatch = makeElement("span", { class: "tfl-swatch", "aria-hidden": "true" });
    swatch.style.background = classColour(label);
    const key = label < 9 ? makeElement("kbd", { text: String(label + 1), "aria-hidden": "true" }) : null;
    const text = makeElement("span", { class: "tfl-class-name", text: name, dir: "auto" });
    return makeElement(
      "button",
      {
        type: "button",
        role: "radio",
        class: "tfl-class",
        "aria-label": name,
        title: label < 9 ? `${name} (${label + 1})` : name,
        onclick: () => this.actions.choose(label),
      },
      [swatch, text, key],
    );
  }

  /** Arrow keys go through the group, as in every group of radio buttons. */
  walk(event) {
    const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    if (!step || event.altKey || event.ctrlKey || event.metaKey || !this.names.length) return;
    event.preventDefault();
    const next = (this.label + step + this.names.length) % this.names.length;
    this.actions.choose(next);
    this.group.children[next]?.focus();
  }

  formButton(label, icon, onclick) {
    const button = makeElement("button", {
      type: "button",
      class: "tfl-small-tool",
      "aria-label": label,
      "aria-expanded": "false",
      title: label,
      onclick,
    });
    button.append(makeIcon(icon));
    return button;
  }

  makeForm() {
    this.input = makeElement("input", { type: "text", class: "tfl-input", autocomplete: "off", dir: "auto" });
    this.submit = makeElement("button", { type: "submit", class: "tfl-button tfl-primary" });
    const cancel = makeElement("button", {
      type: "button",
      class: "tfl-button",
      text: "Cancel",
      onclick: () => this.closeForm(),
    });
    this.mistake = makeElement("p", { class: "tfl-mistake", role: "alert", hidden: true });
    const form = makeElement("form", { class: "tfl-class-form", hidden: true }, [
      this.input,
      makeElement("div", { class: "tfl-form-buttons" }, [this.submit, cancel]),
      this.mistake,
    ]);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.finishForm();
    });
    form.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !event.isComposing) this.closeForm();
    });
    this.input.addEventListener("input", () => this.showMistake(""));
    return form;
  }

  /** @param {"add" | "rename"} purpose */
  openForm(purpose) {
    if (purpose === "rename" && !this.names.length) return;
    if (this.purpose === purpose) {
      this.closeForm();
      return;
    }
    this.purpose = purpose;
    this.renamed = this.names[this.label];
    const label = purpose === "add" ? "Name of the new class" : `New name of the class ${this.renamed}`;
    this.input.setAttribute("aria-label", label);
    this.input.placeholder = purpose === "add" ? "Name of the new class" : "New name";
    this.input.value = purpose === "add" ? "" : this.renamed;
    setText(this.submit, purpose === "add" ? "Add" : "Rename");
    this.addButton.setAttribute("aria-expanded", String(purpose === "add"));
    this.renameButton.setAttribute("aria-expanded", String(purpose === "rename"));
    this.form.hidden = false;
    this.showMistake("");
    this.input.focus();
    this.input.select();
  }

  closeForm() {
    if (!this.purpose) return;
    const opener = this.purpose === "add" ? this.addButton : this.renameButton;
    this.purpose = null;
    this.form.hidden = true;
    opener.setAttribute("aria-expanded", "false");
    opener.focus();
  }

  finishForm() {
    const name = this.input.value.trim();
    const mistake = classNameMistake(name, this.names, this.purpose === "rename" ? this.renamed : null);
    if (mistake) {
      this.showMistake(mistake);
      this.input.focus();
      return;
    }
    const operation = this.purpose === "add" ? { add: name } : { rename: [this.renamed, name] };
    const same = this.purpose === "rename" && name === this.renamed;
    this.closeForm();
    if (!same) this.actions.change(operation);
  }

  showMistake(text) {
    setText(this.mistake, text);
    this.mistake.hidden = !text;
    this.input.setAttribute("aria-invalid", String(Boolean(text)));
  }
}

/**
 * @param {string} name
 * @param {string[]} names Those there are.
 * @param {string | null} renamed The one that gets this name, if any.
 * @returns {string} Why this cannot be the name of a class; empty where it can.
 */
export function classNameMistake(name, names, renamed = null) {
  if (!name.trim()) return "Write a name: a class without one cannot be found again.";
  if (name !== renamed && names.includes(name)) return `There is a class “${name}” already. Choose another name.`;
  return "";
}
