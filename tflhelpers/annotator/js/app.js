import { BoxList } from "./box_list.js";
import { ClassList } from "./class_list.js";
import { makeElement, setText } from "./dom.js";
import { Help } from "./help.js";
import { drawingActions, handleKey } from "./keyboard.js";
import { classColour } from "./palette.js";
import { ProposalBar } from "./proposal_bar.js";
import { Session } from "./session.js";
import { Notices, StatusLine } from "./status.js";
import { createSurface } from "./surface.js";
import { Thumbnails, nextTodo, progressText } from "./thumbnails.js";
import { createDownloadButton, createToolbar } from "./toolbar.js";

const PATIENCE = 200; // milliseconds until waiting for a picture is said, so that quick ones do not flicker

/**
 * Build the annotator inside an element and start it.
 * @param {HTMLElement} parent
 * @param {EventTarget} host What it talks to: a kernel, or the page itself.
 * @returns {App}
 */
export function startApp(parent, host) {
  const app = new App(parent, host);
  app.start();
  return app;
}

/** Ties the host, the session and the parts of the page together. */
class App {
  constructor(parent, host) {
    this.host = host;
    this.session = new Session(host, (picture, editor) => this.show(picture, editor));
    this.makeStage();
    this.makeParts();
    this.root = makeElement("div", { class: "tfl-annotator", "data-lm-suppress-shortcuts": "true", tabindex: "-1" }, [
      this.notices.element,
      this.toolbar.element,
      makeElement("div", { class: "tfl-middle" }, [
        this.stage,
        makeElement("aside", { class: "tfl-side" }, [this.classes.element, this.boxes.element]),
      ]),
      this.thumbnails.element,
      this.status.element,
      this.help.element,
    ]);
    parent.append(this.root);
    this.surface.measure();
    this.listen();
  }

  makeStage() {
    this.stage = makeElement("div", { class: "tfl-stage" });
    this.surface = createSurface(this.stage);
    this.overlay = this.stage.appendChild(makeElement("div", { class: "tfl-overlay", hidden: true }, [makeElement("span")]));
    this.badge = this.stage.appendChild(makeElement("div", { class: "tfl-badge", text: "Nothing here", hidden: true }));
  }

  makeParts() {
    const { session } = this;
    this.notices = new Notices();
    this.status = new StatusLine();
    this.help = new Help();
    const actions = this.makeActions();
    this.actions = actions;
    this.toolbar = createToolbar(actions);
    if (this.host.download) this.status.element.append(createDownloadButton(actions));
    this.proposals = new ProposalBar(actions);
    this.stage.append(this.proposals.element, this.notices.hints);
    this.classes = new ClassList({
      choose: (label) => session.choose(label),
      change: (operation) => session.changeClasses(operation),
    });
    this.boxes = new BoxList({
      select: (id) => session.editable?.select(id),
      walk: (step) => session.editable?.selectNext(step),
    });
    this.thumbnails = new Thumbnails({
      go: (index) => session.goTo(index),
      fetch: (index) => this.host.thumbnail(index),
    });
  }

  async start() {
    this.status.setStatus({ state: "saving", text: "Opening …" });
    this.showWaiting("Waiting for the kernel …");
    this.update();
    await this.session.start();
    this.help.setKeptWhere(this.host.set.kept_where);
  }

  /** Everything that a key or a button can do, by name; nothing is changed while a picture is waited for. */
  makeActions() {
    const { session, host, help } = this;
    const drawing = Object.entries(drawingActions(this.surface)).map(([name, act]) => [
      name,
      (...args) => (session.editable || name === "panMode" ? act(...args) : false),
    ]);
    return {
      ...Object.fromEntries(drawing),
      previous: () => session.previous(),
      next: () => session.next(),
      nextUnlabelled: () => session.nextUnlabelled(),
      copyToNext: () => session.copyToNext(),
      chooseClass: (label) => session.choose(label),
      help: () => help.toggle(),
      download: () => host.download?.(),
    };
  }

  listen() {
    const { host, session } = this;
    host.addEventListener("status", (event) => this.status.setStatus(event.detail));
    host.addEventListener("notice", (event) => this.notices.show(event.detail));
    session.addEventListener("notice", (event) => this.notices.show(event.detail));
    session.addEventListener("hint", (event) => this.notices.hint(event.detail));
    session.addEventListener("picture", () => this.updatePicture());
    session.addEventListener("boxes", () => this.updateSoon());
    session.addEventListener("states", () => this.updateStates());
    session.addEventListener("classes", () => this.updateClasses());
    this.root.addEventListener("keydown", (event) => this.keyDown(event));
    this.root.addEventListener("keyup", (event) => this.keyUp(event));
    this.root.addEventListener("keypress", (event) => event.stopPropagation());
  }

  /** Keys pressed in here never reach the notebook around it, where "a" would add a cell. */
  keyDown(event) {
    event.stopPropagation();
    if (!this.help.isOpen || event.key === "?") handleKey(event, this.actions);
  }

  keyUp(event) {
    event.stopPropagation();
    if (!this.help.isOpen) handleKey(event, this.actions);
  }

  async show(picture, editor) {
    this.notices.clearHint();
    if (!editor) {
      this.surface.setEditor(null);
      return;
    }
    await this.surface.show(picture.url, picture.width, picture.height);
    this.surface.setEditor(editor);
  }

  updatePicture() {
    const { waiting, picture } = this.session;
    clearTimeout(this.patience);
    if (waiting) this.patience = setTimeout(() => this.showWaiting("Waiting for the picture …"), PATIENCE);
    else if (picture?.error) this.showOverlay("error", picture.error);
    else this.overlay.hidden = true;
    this.updateStates();
    this.update();
  }

  showWaiting(text) {
    this.showOverlay("waiting", text);
  }

  showOverlay(kind, text) {
    this.overlay.dataset.kind = kind;
    this.overlay.hidden = false;
    setText(this.overlay.firstChild, text);
  }

  updateClasses() {
    const { classNames, label } = this.session;
    this.classes.update(classNames, label);
    this.surface.setClasses(classNames.map((name, index) => ({ name, colour: classColour(index) })));
    this.surface.setLabel(label);
    this.updateSoon();
  }

  updateStates() {
    const { names, states, position } = this.session;
    if (this.thumbnails.names !== names) this.thumbnails.setNames(names);
    this.thumbnails.update(states, position);
    this.status.setPicture(names[position] ?? "", progressText(states));
    this.updateSoon();
  }

  /** The parts around the picture follow in the next frame, so that dragging never waits for them. */
  updateSoon() {
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => this.update());
  }

  update() {
    cancelAnimationFrame(this.frame);
    this.frame = null;
    const { session } = this;
    const editor = session.editable;
    const hint = editor?.nothingHere
      ? "Marked: none of the classes is in this picture."
      : "None yet. Drag over a thing to draw a box around it.";
    this.boxes.update(editor?.boxes ?? [], session.classNames, editor?.selected ?? null, editor ? hint : "");
    this.badge.hidden = !editor?.nothingHere;
    this.proposals.update(editor?.proposals.length ?? 0);
    this.toolbar.update({
      position: session.position,
      count: session.names.length,
      editable: Boolean(editor),
      boxCount: editor?.boxes.length ?? 0,
      hasSelection: Boolean(editor) && editor.selected !== null,
      canUndo: Boolean(editor?.canUndo),
      canRedo: Boolean(editor?.canRedo),
      nothingHere: Boolean(editor?.nothingHere),
      hasTodo: nextTodo(session.states, session.position) >= 0,
    });
  }

  destroy() {
    clearTimeout(this.patience);
    cancelAnimationFrame(this.frame);
    this.notices.clearHint();
    this.thumbnails.destroy();
    this.surface.destroy();
    this.host.close?.();
    this.root.remove();
  }
}
