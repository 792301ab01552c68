import { stateOfContent } from "./content.js";
import { kernelStatus } from "./kernel_status.js";
import { Outbox } from "./outbox.js";
import { Requests } from "./requests.js";
import { BrowserStore } from "./storage.js";

const PICTURES_KEPT = 8;
const LOOK_EVERY = 500; // milliseconds between looks at whether the kernel answers
const HANDING_OVER = 2000; // milliseconds that the start waits for what the storage held to be saved

/** The host of a widget: talks to the kernel by messages, and never waits for it with a change. */
export class KernelHost extends EventTarget {
  #cache = new Map();
  #coming = new Map();
  #listeners = [];

  /** @param {object} model As the widget's front end gives it: `get`, `set`, `save_changes`, `on`, `off`, `send`. */
  constructor(model) {
    super();
    this.model = model;
    this.name = `view${Math.random().toString(36).slice(2, 10)}`;
    this.set = null;
    this.requests = new Requests((message) => this.post(message), this.name);
    const store = new BrowserStore(`tflhelpers-annotator:${model.get("set_name")}:`);
    this.outbox = new Outbox({ store, name: this.name, send: (message) => this.post(message) });
    this.listen();
    this.watch = setInterval(() => this.tellStatus(), LOOK_EVERY);
    this.ready = this.begin();
  }

  listen() {
    this.hear("msg:custom", (message) => this.take(message));
    this.hear("change:states", () => this.tellStates());
    this.hear("change:class_names", () => this.tellClasses());
    this.hear("change:can_suggest", () => this.set && (this.set.can_suggest = this.model.get("can_suggest")));
    this.hear("change:notice", () => this.tellNotice());
    this.hear("comm_live_update", () => setTimeout(() => this.tellStatus(), 50));
    this.outbox.addEventListener("status", () => this.tellStatus());
    this.outbox.addEventListener("notice", (event) => this.say("notice", event.detail));
    this.outbox.addEventListener("elsewhere", ({ detail }) => this.tellContent(detail.name, detail.content));
    this.onLeave = (event) => this.outbox.pending && this.outbox.store.trouble && event.preventDefault();
    window.addEventListener("beforeunload", this.onLeave);
  }

  hear(type, listener) {
    this.model.on(type, listener);
    this.#listeners.push([type, listener]);
  }

  async begin() {
    const { set } = await this.requests.ask({ kind: "hello" });
    this.set = { ...set };
    this.outbox.learnClassNames(set.class_names);
    const { taken, left } = this.outbox.takeOver(set.names);
    if (taken) await this.handedOver();
    this.set.class_names = this.classNamesOfHere(this.set.class_names);
    this.set.states = this.statesOfHere(this.set.states);
    this.tellNotice();
    if (taken) this.say("notice", "Changes that this browser had kept were handed to the kernel.");
    if (left) this.say("notice", `This browser keeps unsaved changes of ${left} pictures that are not shown here.`);
    this.tellStatus();
  }

  /** Wait until what the storage held is saved; where that takes long, it goes on behind what is shown. */
  handedOver() {
    return new Promise((resolve) => {
      const look = () => {
        if (this.outbox.pending && !this.outbox.refusal) return;
        this.outbox.removeEventListener("status", look);
        resolve();
      };
      this.outbox.addEventListener("status", look);
      setTimeout(resolve, HANDING_OVER);
      look();
    });
  }

  say(type, detail = null) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  post(message) {
    try {
      this.model.send(message);
    } catch {
      this.sendingFails = true; // a closed connection; what is pending stays in the storage
    }
  }

  take(message) {
    this.sendingFails = false;
    if (this.outbox.takeAnswer(message)) return;
    const mine = this.requests.take(message);
    if (!mine) this.takeUnasked(message);
    this.tellStatus();
  }

  /** What was said to another view of the same widget, or without a question. */
  takeUnasked(message) {
    if (!this.set) return;
    if (message.kind === "proposals") this.say("proposals", { index: message.index, boxes: message.boxes });
    if (message.kind === "saved" && !this.outbox.has(message.name)) {
      this.outbox.learn(message.name, message.content);
      this.tellContent(message.name, this.outbox.latest(message.name));
    }
    if (message.kind === "picture" && !message.ticket) {
      const picture = this.learnPicture(message.picture, this.outbox.latest(message.picture.name));
      this.say("picture", picture);
    }
  }

  /** @param {number} index @returns {Promise<object>} The picture, with what this page holds for it. */
  async open(index) {
    const picture = this.#cache.get(index) ?? (await this.fetchPicture(index));
    this.model.set("position", index);
    this.model.save_changes();
    const following = index + 1;
    if (following < this.set.names.length && !this.#cache.has(following)) this.fetchPicture(following);
    return { ...picture, content: this.outbox.latest(picture.name) ?? picture.content };
  }

  /** Asked for ahead, a picture is not asked for again when it is wanted before it came. */
  fetchPicture(index) {
    if (!this.#coming.has(index)) {
      const picture = this.askForPicture(index).finally(() => this.#coming.delete(index));
      this.#coming.set(index, picture);
    }
    return this.#coming.get(index);
  }

  async askForPicture(index) {
    const name = this.set.names[index];
    const before = this.outbox.latest(name);
    const next = index + 1 < this.set.names.length ? index + 1 : null;
    const { picture } = await this.requests.ask({ kind: "open", index, next });
    return this.learnPicture(picture, before);
  }

  /** Changed here since it was asked for, a picture keeps what is here: the answer is older. */
  learnPicture(picture, before) {
    const { name, index } = picture;
    const unchanged = this.outbox.latest(name) === before;
    if (unchanged && !this.outbox.has(name)) this.outbox.learn(name, picture.content);
    this.#cache.delete(index);
    if (!picture.error) this.#cache.set(index, picture);
    while (this.#cache.size > PICTURES_KEPT) this.#cache.delete(this.#cache.keys().next().value);
    return { ...picture, content: this.outbox.latest(name) ?? picture.content };
  }

  async thumbnail(index) {
    const { url } = await this.requests.ask({ kind: "thumbnail", index });
    return url;
  }

  async propose(index) {
    const { boxes } = await this.requests.ask({ kind: "propose", index }, { again: false });
    return boxes ?? [];
  }

  save(name, content) {
    this.outbox.put(name, content);
    this.tellStates();
  }

  changeClasses(operation) {
    this.outbox.putOperation(operation);
  }

  // ---- what is told

  tellStates() {
    if (!this.set) return;
    this.set.states = this.statesOfHere(this.model.get("states"));
    this.say("states");
  }

  statesOfHere(states) {
    const letters = [...states];
    for (const name of this.outbox.names) {
      const index = this.set.names.indexOf(name);
      if (letters[index] !== "x") letters[index] = stateOfContent(this.outbox.latest(name));
    }
    return letters.join("");
  }

  tellClasses() {
    if (!this.set) return;
    const names = this.model.get("class_names");
    this.outbox.learnClassNames(names);
    this.set.class_names = this.classNamesOfHere(names);
    this.say("classes", this.set.class_names);
  }

  classNamesOfHere(names) {
    return this.outbox.operations.reduce((each, { add, rename }) => {
      if (add) return each.includes(add) ? each : [...each, add];
      return each.includes(rename[1]) ? each : each.map((name) => (name === rename[0] ? rename[1] : name));
    }, names);
  }

  tellContent(name, content) {
    const index = this.set?.names.indexOf(name) ?? -1;
    if (index < 0) return;
    this.say("picture", { ...this.#cache.get(index), index, name, content });
    this.tellStates();
  }

  tellNotice() {
    const notice = this.model.get("notice");
    if (notice) this.say("notice", notice);
  }

  tellStatus() {
    const since = this.outbox.waitingSince;
    const status = kernelStatus({
      live: isLive(this.model) && !this.sendingFails,
      pending: this.outbox.pending,
      waited: since === null ? 0 : Date.now() - since,
      waitedForPicture: this.requests.waitingFor(["hello", "open"]),
      refusal: this.outbox.refusal,
      trouble: this.outbox.store.trouble,
      begun: /[bn]/.test(this.set?.states ?? ""),
      keptWhere: this.set?.kept_where ?? "",
    });
    if (status.text === this.told) return;
    this.told = status.text;
    if (this.set || status.state !== "saved") this.say("status", status);
  }

  close() {
    clearInterval(this.watch);
    window.removeEventListener("beforeunload", this.onLeave);
    for (const [type, listener] of this.#listeners) this.model.off(type, listener);
    this.requests.close();
    this.outbox.close();
  }
}

/** The front end says of a model whether it is connected; where it hides that, the model of its layout tells. */
function isLive(model) {
  const live = model.comm_live ?? model.get("layout")?.comm_live;
  return live !== false;
}
