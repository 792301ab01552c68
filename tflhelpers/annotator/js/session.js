import { boxesOfContent, boxesToAdd, contentOfBoxes, emptyContent, sameContent } from "./content.js";
import { Editor } from "./editor.js";
import { nextTodo } from "./thumbnails.js";

/**
 * Going through the pictures: which one is shown, its editor, the classes, and what is handed to the host.
 * Knows nothing of the page around it.
 *
 * Events: "picture" (another one is shown, or waited for), "boxes" (something to draw or list changed),
 * "classes", "states", and "hint" and "notice" (detail: a sentence).
 */
export class Session extends EventTarget {
  #asked = 0;
  #taking = false;

  /**
   * @param {EventTarget} host
   * @param {(picture: object, editor: Editor | null) => Promise<void>} show Resolves when the picture is seen.
   */
  constructor(host, show) {
    super();
    this.host = host;
    this.show = show;
    this.editors = new Map();
    this.handedOver = new Map();
    this.classNames = [];
    this.label = 0;
    this.position = 0;
    this.picture = null;
    this.editor = null;
    this.waiting = true;
  }

  async start() {
    await this.host.ready;
    const { class_names, position, names } = this.host.set;
    this.takeClasses(class_names);
    this.listen();
    this.say("states");
    await this.goTo(Math.min(Math.max(position ?? 0, 0), names.length - 1));
  }

  listen() {
    this.host.addEventListener("states", () => this.say("states"));
    this.host.addEventListener("classes", (event) => this.takeClasses(event.detail));
    this.host.addEventListener("picture", (event) => this.takePicture(event.detail));
    this.host.addEventListener("proposals", ({ detail }) => this.takeProposals(detail.index, detail.boxes));
  }

  get names() {
    return this.host.set?.names ?? [];
  }

  get states() {
    return this.host.set?.states ?? "";
  }

  /** The editor that keys and buttons act on: none while the next picture is on its way. */
  get editable() {
    return this.waiting ? null : this.editor;
  }

  say(type, detail = null) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  /** @param {number} index */
  async goTo(index) {
    if (!(index >= 0 && index < this.names.length)) return;
    const ticket = ++this.#asked;
    this.position = index;
    this.waiting = true;
    this.say("picture");
    const picture = await this.host.open(index);
    if (ticket !== this.#asked) return;
    const editor = picture.error ? null : this.editorOf(picture);
    await this.show(picture, editor).catch(() => {
      picture.error ??= "This picture cannot be shown by the browser.";
    });
    if (ticket !== this.#asked) return;
    this.picture = picture;
    this.editor = picture.error ? null : editor;
    this.waiting = false;
    this.say("picture");
    this.askForProposals();
  }

  next() {
    return this.goTo(this.position + 1);
  }

  previous() {
    return this.goTo(this.position - 1);
  }

  nextUnlabelled() {
    const index = nextTodo(this.states, this.position);
    if (index >= 0) return this.goTo(index);
    const here = this.states[this.position] === "t";
    this.say("hint", here ? "This is the last unlabelled picture." : "No picture is unlabelled: all are done.");
    return null;
  }

  /** The editor of a picture; one for as long as the page stands, so that its history stays. */
  editorOf(picture) {
    this.learnClasses(picture.content);
    const existing = this.editors.get(picture.name);
    if (existing) {
      this.takeContent(picture.name, picture.content);
      return existing;
    }
    const { width, height, content } = picture;
    const boxes = boxesOfContent(content, this.classNames);
    const editor = new Editor({ width, height, boxes, nothingHere: content.nothing_here });
    this.editors.set(picture.name, editor);
    this.handedOver.set(picture.name, content);
    editor.addEventListener("change", () => this.changed(picture.name, editor));
    for (const type of ["selection", "proposals"]) editor.addEventListener(type, () => this.boxesSeen(editor));
    editor.addEventListener("notice", (event) => this.say("hint", event.detail));
    return editor;
  }

  contentOf(editor) {
    return contentOfBoxes(editor.boxes, editor.nothingHere, this.classNames);
  }

  changed(name, editor) {
    const content = this.contentOf(editor);
    const known = this.handedOver.get(name) ?? emptyContent();
    if (!this.#taking && !sameContent(content, known)) {
      this.handedOver.set(name, content);
      this.host.save(name, content);
    }
    this.boxesSeen(editor);
  }

  boxesSeen(editor) {
    if (editor === this.editor) this.say("boxes");
  }

  /** Content that came from elsewhere: shown, one step of the history, and not sent back. */
  takeContent(name, content) {
    const editor = this.editors.get(name);
    if (!editor) return;
    this.learnClasses(content);
    this.handedOver.set(name, content);
    if (sameContent(content, this.contentOf(editor))) return;
    this.#taking = true;
    try {
      editor.replaceAll(boxesOfContent(content, this.classNames), { nothingHere: content.nothing_here });
    } finally {
      this.#taking = false;
    }
  }

  takePicture(picture) {
    this.takeContent(picture.name, picture.content);
    const shown = this.picture && this.picture.name === picture.name && !this.waiting;
    if (shown && Boolean(picture.error) !== Boolean(this.picture.error)) this.goTo(this.position);
  }

  /** @param {number} label Of the selected box, and of the next ones. */
  choose(label) {
    if (!(label >= 0 && label < this.classNames.length)) return;
    this.label = label;
    const editor = this.editable;
    if (editor && editor.selected !== null) editor.relabel(editor.selected, label);
    this.say("classes");
  }

  /** @param {{ add: string } | { rename: [string, string] }} operation */
  changeClasses(operation) {
    const names = [...this.classNames];
    if (operation.add) names.push(operation.add);
    else names[names.indexOf(operation.rename[0])] = operation.rename[1];
    if (operation.rename) this.renameHandedOver(...operation.rename);
    this.classNames = names;
    this.host.changeClasses(operation);
    if (operation.add) this.choose(names.length - 1);
    else this.say("classes");
    this.say("boxes");
  }

  renameHandedOver(from, to) {
    for (const [name, content] of this.handedOver) {
      const boxes = content.boxes.map((box) => (box.class === from ? { ...box, class: to } : box));
      this.handedOver.set(name, { ...content, boxes });
    }
  }

  /** Labels are places in the list, also in the histories: so classes keep theirs, new ones come behind. */
  takeClasses(names) {
    const mine = [...this.classNames];
    names.forEach((name, index) => {
      const renamedElsewhere = index < mine.length && !mine.includes(name) && !names.includes(mine[index]);
      if (renamedElsewhere) {
        this.renameHandedOver(mine[index], name);
        mine[index] = name;
      } else if (!mine.includes(name)) mine.push(name);
    });
    if (mine.join("\n") === this.classNames.join("\n")) return;
    this.classNames = mine;
    this.say("classes");
    this.say("boxes");
  }

  learnClasses(content) {
    const unknown = content.boxes.map((box) => box.class).filter((name) => !this.classNames.includes(name));
    if (unknown.length) this.takeClasses([...this.classNames, ...new Set(unknown)]);
  }

  toggleNothingHere() {
    this.editable?.setNothingHere(!this.editable.nothingHere);
  }

  /** Copy the boxes to the next picture, add them to what is there, and show it. */
  async copyToNext() {
    const source = this.editable;
    if (!source?.boxes.length) return this.say("hint", "There are no boxes here to copy.");
    if (this.position + 1 >= this.names.length) return this.say("hint", "This is the last picture.");
    const copied = source.boxes;
    const wanted = this.position + 1;
    await this.next();
    const target = this.position === wanted ? this.editable : null;
    if (!target) return this.say("hint", "The boxes were not copied: the next picture did not open.");
    const added = boxesToAdd(target.boxes, copied, target.width, target.height);
    if (!added.length) return this.say("hint", "The boxes are all there already.");
    target.addAll(added);
    return null;
  }

  async askForProposals() {
    const { position, editable } = this;
    if (!this.host.set.can_suggest || !editable || this.states[position] !== "t") return;
    const boxes = await this.host.propose(position);
    this.takeProposals(position, boxes);
  }

  takeProposals(index, boxes) {
    const editor = this.editable;
    if (index !== this.position || !editor || editor.boxes.length || editor.nothingHere) return;
    const known = boxes.filter((box) => this.classNames.includes(box.class));
    editor.setProposals(
      known.map((box) => ({ xyxy: box.xyxy, label: this.classNames.indexOf(box.class), score: box.score })),
    );
  }
}
