import { makeElement, makeIcon, setText } from "./dom.js";

/** The row of tools: what each button is called, its key, and the name of the action it does. */

const ICONS = {
  previous: "M12.5 4 6.5 10l6 6",
  next: "M7.5 4l6 6-6 6",
  nextUnlabelled: "M4 5l5 5-5 5M10 5l5 5-5 5M17 5v10",
  nothingHere: "M10 3a7 7 0 1 0 0 14 7 7 0 0 0 0-14ZM5 15 15 5",
  copyToNext: "M3 5h8v8H3ZM14 7.5 16.5 10 14 12.5M11 10h5.5M7 13v3h3",
  undo: "M7 4 3.5 7.5 7 11M4 7.5h7.5a4.2 4.2 0 0 1 0 8.5H8",
  redo: "M13 4l3.5 3.5L13 11M16 7.5H8.5a4.2 4.2 0 0 0 0 8.5H12",
  remove: "M4 6h12M8 6V4h4v2M6 6l.7 10h6.6L14 6M8.7 9v4.5M11.3 9v4.5",
  duplicate: "M7 7h9v9H7ZM4 13V4h9",
  zoomIn: "M9 4a5 5 0 1 0 0 10A5 5 0 0 0 9 4ZM13 13l4 4M6.5 9h5M9 6.5v5",
  zoomOut: "M9 4a5 5 0 1 0 0 10A5 5 0 0 0 9 4ZM13 13l4 4M6.5 9h5",
  fit: "M3 7V3h4M13 3h4v4M17 13v4h-4M7 17H3v-4",
  help: "M7.5 7.5a2.5 2.5 0 1 1 3.8 2.1c-.9.6-1.3 1-1.3 2.1M10 14.3v.4M10 2.5a7.5 7.5 0 1 0 0 15 7.5 7.5 0 0 0 0-15Z",
  download: "M10 3v9M6 8.5l4 4 4-4M4 16.5h12",
};

const GROUPS = [
  [
    ["previous", "Previous picture", "A"],
    ["next", "Next picture", "D"],
    ["nextUnlabelled", "Next unlabelled picture", "U"],
  ],
  [
    ["nothingHere", "Nothing here", "Space", "Nothing here"],
    ["copyToNext", "Copy boxes to next picture", "C"],
  ],
  [
    ["undo", "Undo", "Ctrl+Z"],
    ["redo", "Redo", "Ctrl+Shift+Z"],
    ["duplicate", "Duplicate box", "Ctrl+D"],
    ["remove", "Delete box", "Delete"],
  ],
  [
    ["zoomOut", "Zoom out", "-"],
    ["fit", "Fit picture", "0"],
    ["zoomIn", "Zoom in", "+"],
  ],
  [["help", "Keys and help", "?"]],
];

/**
 * @param {Record<string, () => void>} actions By the names in the table above.
 * @returns {{ element: HTMLElement, update: (state: object) => void }}
 */
export function createToolbar(actions) {
  const buttons = {};
  const counter = makeElement("span", { class: "tfl-counter", "aria-hidden": "true" });
  const groups = GROUPS.map((rows) => {
    const made = rows.map((row) => (buttons[row[0]] = toolButton(actions, ...row)));
    return makeElement("div", { class: "tfl-group" }, made);
  });
  buttons.previous.after(counter);
  buttons.nothingHere.setAttribute("aria-pressed", "false");
  groups.at(-1).classList.add("tfl-group-last");
  const element = makeElement("div", { class: "tfl-toolbar", role: "toolbar", "aria-label": "Tools" }, groups);
  return { element, update: (state) => updateTools(buttons, counter, state) };
}

/** @returns {HTMLElement} The button of a page that makes the file itself. */
export function createDownloadButton(actions) {
  const button = toolButton(actions, "download", "Download annotations.json", "", "Download");
  button.classList.add("tfl-primary");
  return button;
}

function toolButton(actions, name, label, key, visible = "") {
  const button = makeElement("button", {
    type: "button",
    class: visible ? "tfl-tool tfl-tool-wide" : "tfl-tool",
    "aria-label": label,
    title: key ? `${label} (${key})` : label,
    onclick: () => actions[name](),
  });
  button.append(makeIcon(ICONS[name]));
  if (visible) button.append(makeElement("span", { text: visible }));
  return button;
}

function updateTools(buttons, counter, state) {
  const { position, count, editable, boxCount, hasSelection, canUndo, canRedo, nothingHere, hasTodo } = state;
  setText(counter, count ? `${position + 1} / ${count}` : "0 / 0");
  enable(buttons.previous, position > 0);
  enable(buttons.next, position + 1 < count);
  enable(buttons.nextUnlabelled, hasTodo);
  enable(buttons.nothingHere, editable);
  buttons.nothingHere.setAttribute("aria-pressed", String(Boolean(nothingHere)));
  enable(buttons.copyToNext, editable && boxCount > 0 && position + 1 < count);
  enable(buttons.undo, editable && canUndo);
  enable(buttons.redo, editable && canRedo);
  enable(buttons.remove, editable && hasSelection);
  enable(buttons.duplicate, editable && hasSelection);
  for (const name of ["zoomIn", "zoomOut", "fit"]) enable(buttons[name], editable);
}

/** A button that cannot be used now stays reachable, so that the focus is never lost under it. */
function enable(button, enabled) {
  button.setAttribute("aria-disabled", String(!enabled));
}
