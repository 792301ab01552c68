/**
 * What is drawn on one picture, as it is stored and sent.
 * @typedef {{ xyxy: number[], class: string, crowd: boolean }} ContentBox
 * @typedef {{ boxes: ContentBox[], nothing_here: boolean }} Content
 * @typedef {{ xyxy: number[], label: number, crowd: boolean }} LabelledBox
 */

/** @returns {Content} Nothing drawn yet. */
export function emptyContent() {
  return { boxes: [], nothing_here: false };
}

/**
 * @param {Content} one
 * @param {Content} other
 * @returns {boolean} Whether both say the same; the order of the boxes does not count.
 */
export function sameContent(one, other) {
  if (Boolean(one.nothing_here) !== Boolean(other.nothing_here) || one.boxes.length !== other.boxes.length) return false;
  const keysOfOne = one.boxes.map(boxKey).sort();
  const keysOfOther = other.boxes.map(boxKey).sort();
  return keysOfOne.every((key, index) => key === keysOfOther[index]);
}

/**
 * @param {Content} content
 * @returns {"t" | "b" | "n"} The state that a picture with this content has: todo, boxes, nothing here.
 */
export function stateOfContent(content) {
  if (content.boxes.length) return "b";
  return content.nothing_here ? "n" : "t";
}

/**
 * @param {Content} content
 * @param {string} from
 * @param {string} to
 * @returns {Content} The same boxes after a class got another name.
 */
export function renameInContent(content, from, to) {
  const boxes = content.boxes.map((box) => (box.class === from ? { ...box, class: to } : box));
  return { ...content, boxes };
}

/**
 * Add what somebody else drew, which came with an answer, to what was drawn here since the question.
 * @param {Content} mine What is here now.
 * @param {Content} sent What was here when it was sent.
 * @param {Content} merged What the answer says: what was sent and what others had drawn.
 * @returns {Content}
 */
export function addWhatOthersDrew(mine, sent, merged) {
  const known = new Set([...sent.boxes, ...mine.boxes].map(boxKey));
  const boxes = [...mine.boxes, ...merged.boxes.filter((box) => !known.has(boxKey(box)))];
  return { boxes, nothing_here: mine.nothing_here && boxes.length === 0 };
}

/**
 * @param {LabelledBox[]} boxes
 * @param {boolean} nothingHere
 * @param {string[]} classNames
 * @returns {Content}
 */
export function contentOfBoxes(boxes, nothingHere, classNames) {
  return {
    boxes: boxes.map((box) => ({ xyxy: [...box.xyxy], class: classNames[box.label], crowd: Boolean(box.crowd) })),
    nothing_here: Boolean(nothingHere) && boxes.length === 0,
  };
}

/**
 * @param {Content} content
 * @param {string[]} classNames Has every class of the content.
 * @returns {LabelledBox[]}
 */
export function boxesOfContent(content, classNames) {
  return content.boxes.map((box) => ({
    xyxy: [...box.xyxy],
    label: classNames.indexOf(box.class),
    crowd: Boolean(box.crowd),
  }));
}

/**
 * Copy boxes to a picture that may have some: what is there stays, and nothing comes twice.
 * @param {LabelledBox[]} there
 * @param {LabelledBox[]} copied
 * @param {number} width Of the picture they are copied to.
 * @param {number} height
 * @returns {LabelledBox[]} Those to add, clipped to the picture.
 */
export function boxesToAdd(there, copied, width, height) {
  const labelledKey = (box) => `${box.label} ${box.xyxy.join(" ")}`;
  const known = new Set(there.map(labelledKey));
  return copied
    .map(({ xyxy: [x1, y1, x2, y2], label, crowd }) => ({
      xyxy: [Math.max(0, x1), Math.max(0, y1), Math.min(width, x2), Math.min(height, y2)],
      label,
      crowd,
    }))
    .filter((box) => box.xyxy[2] - box.xyxy[0] >= 1 && box.xyxy[3] - box.xyxy[1] >= 1)
    .filter((box) => !known.has(labelledKey(box)));
}

function boxKey(box) {
  return JSON.stringify([box.xyxy, box.class, Boolean(box.crowd)]);
}
