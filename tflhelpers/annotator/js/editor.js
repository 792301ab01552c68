import { boxThrough, clipBox, dragHandle, moveBox, sameBox } from "./geometry.js";
import { History } from "./history.js";

/**
 * @typedef {{id: number, xyxy: number[], label: number, crowd: boolean}} EditorBox
 * @typedef {{id: number, xyxy: number[], label: number, score: number}} Proposal
 */

const DUPLICATE_OFFSET = 0.02; // of the picture's longer side: far enough to be seen as a second box

/**
 * What the person has said about one picture, and how it came about: boxes, "nothing here", which proposals
 * are settled, undo and redo without limit. Each changing method is one entry of the history.
 *
 * A proposal has an id of the same kind as a box. Accepting it makes a box of that id; so does editing it.
 *
 * Events: "change" (what must be saved changed), "selection", "proposals", and "notice" (detail: a sentence).
 */
export class Editor extends EventTarget {
  #history;
  #selected = null;
  #offered = [];
  #nextId = 1;

  /** @param {{width: number, height: number, boxes?: object[], nothingHere?: boolean}} picture original size */
  constructor({ width, height, boxes = [], nothingHere = false }) {
    super();
    this.width = width;
    this.height = height;
    const held = boxes.map((box) => this.#held(box));
    const settled = new Set(); // proposals accepted or dismissed
    this.#history = new History({ boxes: held, nothingHere: nothingHere && held.length === 0, settled });
  }

  /** @returns {EditorBox[]} never changed in place */
  get boxes() {
    return this.#state.boxes;
  }

  /** @returns {boolean} */
  get nothingHere() {
    return this.#state.nothingHere;
  }

  /** @returns {Proposal[]} those still open, the surest first */
  get proposals() {
    return this.#offered.filter((proposal) => !this.#state.settled.has(proposal.id));
  }

  /** @returns {number|null} the id of the selected box or proposal */
  get selected() {
    return this.#selected;
  }

  /** @returns {EditorBox|null} */
  get selectedBox() {
    return this.box(this.#selected);
  }

  /** @returns {Proposal|null} */
  get selectedProposal() {
    return this.#proposal(this.#selected);
  }

  get canUndo() {
    return this.#history.canUndo;
  }

  get canRedo() {
    return this.#history.canRedo;
  }

  /** @param {number|null} id @returns {EditorBox|null} */
  box(id) {
    return this.boxes.find((box) => box.id === id) ?? null;
  }

  /** @param {number|null} id a box or a proposal; null selects nothing */
  select(id) {
    const known = this.box(id) || this.#proposal(id) ? id : null;
    if (known === this.#selected) return;
    this.#selected = known;
    this.#history.interrupt();
    this.dispatchEvent(new CustomEvent("selection", { detail: known }));
  }

  /** Goes through boxes, then proposals, round and round. @param {number} step 1 or -1 */
  selectNext(step = 1) {
    const ids = [...this.boxes, ...this.proposals].map((item) => item.id);
    if (ids.length === 0) return;
    const at = ids.indexOf(this.#selected);
    const next = at < 0 ? (step > 0 ? 0 : ids.length - 1) : (at + step + ids.length) % ids.length;
    this.select(ids[next]);
  }

  /**
   * Adds a box, rounded and cut to the picture, and selects it.
   * @returns {number|null} its id; null when none of it lies in the picture
   */
  add({ xyxy, label, crowd = false }) {
    const inside = boxThrough(xyxy.slice(0, 2), xyxy.slice(2), this.width, this.height);
    if (!inside) return null;
    const box = this.#held({ xyxy: inside, label, crowd });
    this.#apply({ boxes: [...this.boxes, box], nothingHere: false });
    this.select(box.id);
    return box.id;
  }

  /** Adds boxes as they are (cut to the picture), as one entry. @returns {number} how many came in */
  addAll(boxes) {
    const added = this.#cut(boxes);
    if (added.length) this.#apply({ boxes: [...this.boxes, ...added], nothingHere: false });
    return added.length;
  }

  /** Puts other boxes in place of all, as one entry. */
  replaceAll(boxes, { nothingHere = false } = {}) {
    const held = this.#cut(boxes);
    if (!held.length && !this.boxes.length && nothingHere === this.nothingHere) return;
    this.#apply({ boxes: held, nothingHere: nothingHere && held.length === 0 });
  }

  removeAll() {
    if (this.boxes.length) this.#apply({ boxes: [] });
  }

  /**
   * Moves a box by picture pixels; it stays whole inside the picture.
   * @param {{merge?: boolean}} options merge: part of the move before it (a key held down), one entry in all
   */
  move(id, dx, dy, { merge = false } = {}) {
    const box = this.#editable(id);
    if (!box) return false;
    return this.#put(box, moveBox(box.xyxy, dx, dy, this.width, this.height), `move ${id}`, merge);
  }

  /** Moves the right edge by dx, the bottom edge by dy. */
  stretch(id, dx, dy, { merge = false } = {}) {
    const box = this.#editable(id);
    if (!box) return false;
    const { width, height } = this;
    const xyxy = dragHandle(box.xyxy, "se", Math.max(dx, box.xyxy[0] + 1 - box.xyxy[2]),
      Math.max(dy, box.xyxy[1] + 1 - box.xyxy[3]), width, height);
    return this.#put(box, xyxy, `stretch ${id}`, merge);
  }

  /** Gives a box other edges; those that differ from before are rounded, all are cut to the picture. */
  setEdges(id, xyxy) {
    const box = this.#editable(id);
    if (!box) return false;
    const rounded = xyxy.map((value, i) => (value === box.xyxy[i] ? value : Math.round(value)));
    const cut = clipBox(rounded, this.width, this.height);
    return cut ? this.#put(box, cut) : false;
  }

  relabel(id, label) {
    const box = this.#editable(id);
    if (!box || (this.box(id) && box.label === label)) return false;
    this.#putBox({ ...box, label });
    return true;
  }

  /** Deletes a box, or dismisses a proposal. */
  remove(id) {
    if (this.#proposal(id)) return this.dismissProposal(id);
    const at = this.boxes.findIndex((box) => box.id === id);
    if (at < 0) return false;
    this.#apply({ boxes: this.boxes.filter((box) => box.id !== id) });
    return true;
  }

  /** Lays a copy a little to the right and below (or left and above at the border). @returns {number|null} */
  duplicate(id) {
    const box = this.box(id);
    if (!box) return null;
    const step = Math.max(1, Math.round(DUPLICATE_OFFSET * Math.max(this.width, this.height)));
    const dx = box.xyxy[2] + step <= this.width ? step : -step;
    const dy = box.xyxy[3] + step <= this.height ? step : -step;
    return this.add({ ...box, xyxy: moveBox(box.xyxy, dx, dy, this.width, this.height) });
  }

  /** Marks the picture as one without any object. Boxes are never thrown away for it: false, and a notice. */
  setNothingHere(value) {
    if (value === this.nothingHere) return true;
    if (value && this.boxes.length) {
      const detail = "This picture has boxes. Delete them first, then mark it as “nothing here”.";
      this.dispatchEvent(new CustomEvent("notice", { detail }));
      return false;
    }
    this.#apply({ nothingHere: value });
    return true;
  }

  /** @param {{xyxy: number[], label: number, score: number}[]} proposals replaces those offered before */
  setProposals(proposals) {
    this.#offered = proposals
      .map(({ xyxy, label, score }) => ({ xyxy: clipBox(xyxy, this.width, this.height), label, score }))
      .filter((proposal) => proposal.xyxy)
      .sort((a, b) => b.score - a.score)
      .map((proposal) => ({ id: this.#nextId++, ...proposal }));
    this.#dropLostSelection();
    this.dispatchEvent(new CustomEvent("proposals"));
  }

  /** Makes a box of a proposal: of the one named, else the selected one, else the surest. @returns {number|null} */
  acceptProposal(id = this.#proposalAtHand()) {
    const box = this.#proposal(id) && this.#editable(id);
    if (!box) return null;
    this.#putBox(box);
    this.select(box.id);
    return box.id;
  }

  /** @returns {number} how many */
  acceptAllProposals() {
    const accepted = this.proposals.map((proposal) => this.#editable(proposal.id));
    if (!accepted.length) return 0;
    const settled = new Set([...this.#state.settled, ...accepted.map((box) => box.id)]);
    this.#apply({ boxes: [...this.boxes, ...accepted], settled, nothingHere: false });
    return accepted.length;
  }

  dismissProposal(id = this.#proposalAtHand()) {
    if (!this.#proposal(id)) return false;
    this.#apply({ settled: new Set([...this.#state.settled, id]) });
    return true;
  }

  undo() {
    return this.#change(() => this.#history.undo());
  }

  redo() {
    return this.#change(() => this.#history.redo());
  }

  #apply(change, kind = null, merge = false) {
    return this.#change(() => this.#history.add({ ...this.#state, ...change }, kind, merge));
  }

  /** Does a step of the history and says what it changed; `step` returns false when there was none to do. */
  #change(step) {
    const before = this.#state;
    if (step() === false) return false;
    this.#dropLostSelection();
    this.dispatchEvent(new CustomEvent("change"));
    if (this.#state.settled !== before.settled) this.dispatchEvent(new CustomEvent("proposals"));
    return true;
  }

  get #state() {
    return this.#history.state;
  }

  #dropLostSelection() {
    if (this.#selected === null || this.box(this.#selected) || this.#proposal(this.#selected)) return;
    this.select(null);
  }

  #put(box, xyxy, kind = null, merge = false) {
    if (this.box(box.id) && sameBox(box.xyxy, xyxy)) return false;
    this.#putBox({ ...box, xyxy }, kind, merge);
    return true;
  }

  /** Puts a changed box in its place, or behind all when it was a proposal until now. */
  #putBox(box, kind = null, merge = false) {
    if (this.box(box.id)) {
      this.#apply({ boxes: this.boxes.map((old) => (old.id === box.id ? box : old)) }, kind, merge);
      return;
    }
    const settled = new Set([...this.#state.settled, box.id]);
    this.#apply({ boxes: [...this.boxes, box], settled, nothingHere: false }, kind, merge);
  }

  /** The box of this id, or the one that the proposal of this id would become. */
  #editable(id) {
    const box = this.box(id);
    if (box) return box;
    const proposal = this.#proposal(id);
    if (!proposal) return null;
    const { xyxy, label } = proposal;
    const rounded = boxThrough(xyxy.slice(0, 2), xyxy.slice(2), this.width, this.height) ?? xyxy;
    return { id, xyxy: rounded, label, crowd: false };
  }

  #proposal(id) {
    return this.proposals.find((proposal) => proposal.id === id) ?? null;
  }

  #proposalAtHand() {
    return (this.selectedProposal ?? this.proposals[0])?.id ?? null;
  }

  #cut(boxes) {
    return boxes
      .map((box) => ({ ...box, xyxy: clipBox(box.xyxy, this.width, this.height) }))
      .filter((box) => box.xyxy)
      .map((box) => this.#held(box));
  }

  #held({ xyxy, label, crowd = false }) {
    return { id: this.#nextId++, xyxy: [...xyxy], label, crowd };
  }
}
