/**
 * A kernel in the page, as far as the annotator talks to one: it answers in order, merges as label_store.py does,
 * and can be busy, gone, forgetful or unable to write. Its disk outlives a reload, in the tab's session storage.
 */

const DISK = "fake kernel's disk";
const TODO = { boxes: [], nothing_here: false };

export function plainPicture(index, width, height) {
  const canvas = document.createElement("canvas");
  canvas.width = width / 2; // as the real one, which sends large pictures smaller
  canvas.height = height / 2;
  const context = canvas.getContext("2d");
  context.fillStyle = `hsl(${(index * 67) % 360} 35% 75%)`;
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.fillStyle = "#333";
  context.font = "60px sans-serif";
  context.fillText(String(index + 1), 20, 70);
  return canvas.toDataURL("image/jpeg", 0.8);
}

export class FakeKernel {
  busy = false;
  lose = 0; // so many of the next answers to changes get lost
  refuse = null; // the reason why nothing can be written
  received = [];
  proposals = {};
  #queue = [];

  constructor({ count = 5, classNames = ["duck", "cow"], broken = [], contents = {}, names = null, size = [800, 600] } = {}) {
    this.names = names ?? Array.from({ length: count }, (_, index) => `duck${index + 1}.jpg`);
    this.size = size;
    this.broken = new Set(broken);
    const held = JSON.parse(sessionStorage.getItem(DISK));
    this.disk = held ?? { contents, classNames };
    this.models = [];
    this.write();
  }

  write() {
    sessionStorage.setItem(DISK, JSON.stringify(this.disk));
  }

  get states() {
    const letters = this.names.map((name, index) => {
      const content = this.disk.contents[name] ?? TODO;
      if (this.broken.has(index)) return "x";
      return content.boxes.length ? "b" : content.nothing_here ? "n" : "t";
    });
    return letters.join("");
  }

  traits() {
    const { classNames } = this.disk;
    return { set_name: "annotations.json-0badcafe", class_names: [...classNames], states: this.states, position: 0, notice: "", can_suggest: Object.keys(this.proposals).length > 0 };
  }

  /** What the front end hands to a view of the widget; each call is another model, as after a cell was run again. */
  connect() {
    const model = new FakeModel(this);
    this.models.push(model);
    return model;
  }

  /** The process ends: connections close, and what it had not worked off is gone. Its disk stays. */
  restart() {
    this.#queue = [];
    this.busy = false;
    for (const model of this.models) {
      model.comm_live = false;
      model.trigger("comm_live_update");
    }
    this.models = [];
  }

  setBusy(busy) {
    this.busy = busy;
    if (!busy) this.#workOff();
  }

  receive(model, message) {
    this.received.push(message);
    this.#queue.push([model, message]);
    if (!this.busy) setTimeout(() => this.#workOff(), 5);
  }

  #workOff() {
    while (this.#queue.length && !this.busy) {
      const [model, message] = this.#queue.shift();
      const answer = this.answer(message);
      if (["saved", "classes_saved"].includes(answer.kind) && this.lose > 0) {
        this.lose -= 1;
        continue;
      }
      model.tell({ ...answer, ticket: message.ticket });
    }
    for (const model of this.models) model.takeTraits({ class_names: [...this.disk.classNames], states: this.states });
  }

  answer(message) {
    const { kind, index } = message;
    if (kind === "hello") return { kind: "welcome", set: { ...this.traits(), name: this.traits().set_name, names: this.names, kept_where: "annotations.json" } };
    if (kind === "open") return { kind: "picture", picture: this.picture(index) };
    if (kind === "thumbnail") return { kind: "thumbnail", url: this.broken.has(index) ? null : plainPicture(index, 160, 120) };
    if (kind === "propose") return { kind: "proposals", index, boxes: this.proposals[index] ?? [] };
    if (this.refuse) return { kind: "not_saved", name: message.name, reason: this.refuse };
    if (kind === "classes") return this.changeClasses(message);
    return this.change(message);
  }

  picture(index) {
    const [width, height] = this.size;
    const name = this.names[index];
    const error = this.broken.has(index) ? `${name}: expected a whole picture, but it is truncated or damaged. Copy or download it again, or remove it.` : null;
    const url = error ? null : plainPicture(index, width, height);
    return { index, name, url, width, height, content: this.disk.contents[name] ?? TODO, error };
  }

  change({ name, content, bases }) {
    if (!this.names.includes(name)) return { kind: "not_saved", name, reason: `${name} is not among the pictures.` };
    const theirs = this.disk.contents[name] ?? TODO;
    const conflict = ![...bases, content, TODO].some((each) => same(each, theirs));
    const wanted = conflict ? union(theirs, content) : content;
    for (const box of wanted.boxes) if (!this.disk.classNames.includes(box.class)) this.disk.classNames.push(box.class);
    this.disk.contents[name] = wanted;
    this.write();
    return { kind: "saved", name, content: wanted, merged: conflict, notice: conflict ? `Somebody else has changed the boxes of ${name} in the meantime.` : null };
  }

  changeClasses({ add, rename }) {
    const names = this.disk.classNames;
    if (add && !names.includes(add)) names.push(add);
    if (rename && names.includes(rename[0])) {
      if (names.includes(rename[1])) return { kind: "not_saved", reason: `the name ${rename[1]} is taken by another class.` };
      names[names.indexOf(rename[0])] = rename[1];
      for (const content of Object.values(this.disk.contents)) {
        for (const box of content.boxes) if (box.class === rename[0]) box.class = rename[1];
      }
    }
    this.write();
    return { kind: "classes_saved", class_names: [...names] };
  }
}

class FakeModel {
  comm_live = true;
  #listeners = [];

  constructor(kernel) {
    this.kernel = kernel;
    this.values = kernel.traits();
  }

  get(name) {
    return this.values[name];
  }

  set(name, value) {
    this.values[name] = value;
  }

  save_changes() {}

  on(type, listener) {
    this.#listeners.push([type, listener]);
  }

  off(type, listener) {
    this.#listeners = this.#listeners.filter((each) => each[0] !== type || each[1] !== listener);
  }

  trigger(type, detail) {
    for (const [each, listener] of [...this.#listeners]) if (each === type) listener(detail);
  }

  send(message) {
    if (this.comm_live) this.kernel.receive(this, JSON.parse(JSON.stringify(message)));
  }

  tell(message) {
    if (this.comm_live) this.trigger("msg:custom", JSON.parse(JSON.stringify(message)));
  }

  takeTraits(values) {
    for (const [name, value] of Object.entries(values)) {
      if (JSON.stringify(this.values[name]) === JSON.stringify(value)) continue;
      this.values[name] = value;
      this.trigger(`change:${name}`);
    }
  }
}

function key(box) {
  return JSON.stringify([box.xyxy, box.class, box.crowd]);
}

function same(one, other) {
  const keys = (content) => JSON.stringify(content.boxes.map(key).sort());
  return one.nothing_here === other.nothing_here && keys(one) === keys(other);
}

function union(one, other) {
  const known = new Set(one.boxes.map(key));
  const boxes = [...one.boxes, ...other.boxes.filter((box) => !known.has(key(box)))];
  return { boxes, nothing_here: boxes.length === 0 && (one.nothing_here || other.nothing_here) };
}
