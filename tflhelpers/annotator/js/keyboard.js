/**
 * Which key does what. `keys` are written as `chordOf` writes an event: modifiers in the order Ctrl, Alt, Shift
 * (Cmd counts as Ctrl), letters small. `action` names a member of `actions`; `with` are its arguments.
 * `held` may repeat while the key is held down. `words` are for people.
 */
export const KEY_TABLE = [
  { keys: ["w"], action: "newBox", words: "New box in the middle" },
  ...arrows("", "nudge", 1, "Move the box by one screen pixel"),
  ...arrows("Shift+", "nudge", 10, "Move the box by ten"),
  ...arrows("Alt+", "stretch", 1, "Move its right or bottom edge"),
  ...arrows("Alt+Shift+", "stretch", 10, "Move its right or bottom edge by ten"),
  { keys: ["["], action: "selectNext", with: [-1], held: true, words: "Select the box before" },
  { keys: ["]"], action: "selectNext", with: [1], held: true, words: "Select the next box" },
  { keys: ["Escape"], action: "cancel", words: "Give up, or select nothing" },
  { keys: ["Delete", "Backspace"], action: "remove", words: "Delete the box" },
  { keys: ["Ctrl+d"], action: "duplicate", words: "Duplicate the box" },
  { keys: ["Ctrl+z"], action: "undo", held: true, words: "Undo" },
  { keys: ["Ctrl+Shift+z", "Ctrl+y"], action: "redo", held: true, words: "Redo" },
  { keys: ["a", "PageUp"], action: "previous", held: true, words: "Previous picture" },
  { keys: ["d", "PageDown"], action: "next", held: true, words: "Next picture" },
  { keys: ["u"], action: "nextUnlabelled", words: "Next unlabelled picture" },
  { keys: ["c"], action: "copyToNext", words: "Copy boxes to next picture" },
  { keys: ["+", "="], action: "zoomIn", held: true, words: "Zoom in" },
  { keys: ["-", "_"], action: "zoomOut", held: true, words: "Zoom out" },
  { keys: ["0"], action: "fit", words: "Fit picture" },
  { keys: ["Enter"], action: "acceptProposal", words: "Accept the proposal" },
  { keys: ["Shift+Enter"], action: "acceptAllProposals", words: "Accept all proposals" },
  { keys: ["x"], action: "dismissProposal", words: "Dismiss the proposal" },
  { keys: ["?"], action: "help", words: "Keys and help" },
  ...[1, 2, 3, 4, 5, 6, 7, 8, 9].map((digit) => (
    { keys: [`${digit}`], action: "chooseClass", with: [digit - 1], words: `Class ${digit}` })),
];

/** Space is two keys in one: pressed and let go it is an action; held, it lets the pointer pan. */
export const SPACE = { keys: ["Space"], action: "nothingHere", words: "Nothing here; held: drag the picture" };

const ENTRY_OF = new Map(KEY_TABLE.flatMap((entry) => entry.keys.map((chord) => [chord, entry])));
const WRITING = "input, textarea, select, [contenteditable=''], [contenteditable='true']";
const PRESSABLE = ["radio", "option", "listbox", "radiogroup", "button"]
  .map((role) => `[role=${role}]`).concat("button", "a[href]", "summary").join(", ");
const PRESSING_KEYS = new Set(["Space", "Enter", "ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"]);

/**
 * Does what a key means. For both keydown and keyup; keys in a text field are left alone, and a focused button
 * or list keeps the keys that work it.
 * @param {KeyboardEvent} event
 * @param {Object<string, function>} actions by name; those that are missing leave the key to the browser.
 *   `panMode(on)` is called for Space, and says when turned off whether anything was panned; without it Space acts
 *   when pressed.
 * @returns {boolean} whether the key was ours; then the browser does nothing with it
 */
export function handleKey(event, actions) {
  if (event.isComposing || (event.type === "keydown" && event.defaultPrevented)) return false;
  const target = event.composedPath()[0] ?? event.target;
  const chord = chordOf(event);
  if (target.closest?.(WRITING)) return false;
  if (target.closest?.(PRESSABLE) && PRESSING_KEYS.has(chord)) return false;
  const ours = chord === "Space" ? handleSpace(event, actions) : handleChord(event, chord, actions);
  if (ours) event.preventDefault();
  return ours;
}

/**
 * A key event as text, such as "Ctrl+Shift+z", "Alt+ArrowLeft" or "?". Signs have no modifiers: which ones they
 * need depends on the keyboard.
 * @param {KeyboardEvent} event
 * @returns {string}
 */
export function chordOf(event) {
  const { key } = event;
  if (key === " ") return "Space";
  const letter = key.length === 1 && key.toLowerCase() !== key.toUpperCase();
  const control = event.ctrlKey || event.metaKey;
  if (key.length === 1 && !letter && (!control || event.getModifierState?.("AltGraph"))) return key;
  const modifiers = (control ? "Ctrl+" : "") + (event.altKey ? "Alt+" : "") + (event.shiftKey ? "Shift+" : "");
  return modifiers + (letter ? key.toLowerCase() : key);
}

function handleChord(event, chord, actions) {
  const entry = ENTRY_OF.get(chord) ?? ENTRY_OF.get(plainDigit(event));
  const action = entry && actions[entry.action];
  if (event.type !== "keydown" || !action) return false;
  if (!event.repeat || entry.held) action(...(entry.with ?? []), { repeat: event.repeat });
  return true;
}

/** The digit keys also on keyboards that write digits with Shift only. */
function plainDigit(event) {
  const plain = !(event.ctrlKey || event.metaKey || event.altKey || event.shiftKey);
  return plain && /^Digit\d$/.test(event.code) ? event.code.slice(-1) : "";
}

function handleSpace(event, actions) {
  if (event.type === "keydown") {
    if (!event.repeat && actions.panMode) actions.panMode(true);
    else if (!event.repeat) actions.nothingHere?.();
    return true;
  }
  if (actions.panMode && !actions.panMode(false)) actions.nothingHere?.();
  return true;
}

function arrows(modifiers, action, by, words) {
  const directions = [["ArrowLeft", -by, 0], ["ArrowRight", by, 0], ["ArrowUp", 0, -by], ["ArrowDown", 0, by]];
  return directions.map(([key, dx, dy]) => ({ keys: [modifiers + key], action, with: [dx, dy], held: true, words }));
}

/**
 * The actions that concern the boxes and the view; the shell adds those that concern pictures and classes.
 * @param {Surface} surface
 * @returns {Object<string, function>}
 */
export function drawingActions(surface) {
  const selected = (act) => () => {
    if (surface.editor && surface.editor.selected !== null) act(surface.editor, surface.editor.selected);
  };
  const shift = (method) => (dx, dy, { repeat = false } = {}) =>
    selected((editor, id) => editor[method](id, dx * surface.step, dy * surface.step, { merge: repeat }))();
  return {
    newBox: () => surface.editor?.add({ xyxy: surface.newBoxEdges(), label: surface.label }),
    nudge: shift("move"),
    stretch: shift("stretch"),
    selectNext: (step) => surface.editor?.selectNext(step),
    cancel: () => surface.cancel() || surface.editor?.select(null),
    remove: selected((editor, id) => editor.remove(id)),
    duplicate: selected((editor, id) => editor.duplicate(id)),
    undo: () => surface.editor?.undo(),
    redo: () => surface.editor?.redo(),
    zoomIn: () => surface.zoomBy(1.5),
    zoomOut: () => surface.zoomBy(1 / 1.5),
    fit: () => surface.fit(),
    acceptProposal: () => surface.editor?.acceptProposal(),
    acceptAllProposals: () => surface.editor?.acceptAllProposals(),
    dismissProposal: () => surface.editor?.dismissProposal(),
    nothingHere: () => surface.editor?.setNothingHere(!surface.editor.nothingHere),
    panMode: (on) => surface.setPanMode(on),
  };
}
