import { addWhatOthersDrew, emptyContent, renameInContent, sameContent } from "./content.js";

const DEBOUNCE = 150; // milliseconds: a key held down is one message, and still all is saved in half a second
const FIRST_WAIT_FOR_ANSWER = 2000; // then it is sent again, and the waits double
const LONGEST_WAIT_FOR_ANSWER = 30000;
const WAIT_AFTER_REFUSAL = 10000;
const MOST_BASES = 30;

/**
 * The changes that the kernel has not acknowledged. Each is in the browser's storage before this object does
 * anything else with it, and leaves it only when the kernel says that it is on disk.
 *
 * Of a picture only the latest content is kept, with its `bases`: all that the kernel may have there because of
 * this page. Answers may get lost, so a message may be sent twice; the kernel knows what it has already.
 *
 * Events: "status" (something about `pending`, `waitingSince` or `refusal` changed), "elsewhere" (detail: name,
 * content: others' boxes came in), "notice" (detail: a sentence).
 */
export class Outbox extends EventTarget {
  #changes = new Map();
  #operations = [];
  #known = new Map();
  #timers = new Map();
  #tickets = 0;
  #closed = false;
  #kept = false;

  /**
   * @param {{ store: import("./storage.js").BrowserStore, send: (message: object) => void, name: string }} parts
   *   `store` is for this set of pictures; `name` tells this outbox from others, in it and in tickets.
   */
  constructor({ store, send, name }) {
    super();
    this.store = store;
    this.send = send;
    this.name = name;
    this.classNames = [];
    this.refusal = null;
  }

  /** How many pictures and classes wait to be saved. */
  get pending() {
    return this.#changes.size + this.#operations.length;
  }

  /** When the oldest message was sent that has no answer yet, in milliseconds as `Date.now()`; null for none. */
  get waitingSince() {
    const sent = [...this.#changes.values(), ...this.#operations].filter((entry) => entry.sent.size);
    return sent.length ? Math.min(...sent.map((entry) => entry.waitingSince)) : null;
  }

  /** @returns {string[]} The pictures with changes that are not acknowledged. */
  get names() {
    return [...this.#changes.keys()];
  }

  /** @returns {object[]} The class operations that are not acknowledged, in order. */
  get operations() {
    return this.#operations.map((entry) => entry.operation);
  }

  /** @returns {object | null} What this page holds for a picture: its own change, else what the kernel last said. */
  latest(name) {
    return this.#changes.get(name)?.content ?? this.#known.get(name) ?? null;
  }

  /** @returns {boolean} Whether a change of this picture waits. */
  has(name) {
    return this.#changes.has(name);
  }

  /** Take down what the kernel has for a picture. */
  learn(name, content) {
    this.#known.set(name, this.inWordsOfHere(content));
  }

  /** The content with classes called as they are here, before the kernel knows of a new name. */
  inWordsOfHere(content) {
    return this.operations
      .filter((operation) => operation.rename)
      .reduce((each, { rename }) => renameInContent(each, ...rename), content);
  }

  /** @param {string} name @param {object} content What the picture is to hold. */
  put(name, content) {
    this.#letGoOfWhatOthersTook();
    const entry = this.#changes.get(name) ?? this.#newChange(name);
    entry.content = content;
    this.#changes.set(name, entry);
    this.#keep();
    this.#sendSoon(name, DEBOUNCE);
    this.#say("status");
  }

  /** @param {{ add: string } | { rename: [string, string] }} operation */
  putOperation(operation) {
    this.#letGoOfWhatOthersTook();
    this.#operations.push(newEntry({ operation }));
    if (operation.rename) this.#renameEverywhere(...operation.rename);
    this.#keep();
    this.#sendSoon("", DEBOUNCE);
    this.#say("status");
  }

  /**
   * Take over what earlier pages left in the storage, and send it.
   * @param {string[]} names The pictures that the kernel knows; changes of others stay in the storage.
   * @returns {{ taken: number, left: number }} How many pictures and classes were taken over, and left.
   */
  takeOver(names) {
    const boxes = this.store.keys().filter((key) => key !== this.name).map((key) => [key, this.store.read(key)]);
    const found = boxes.filter(([, held]) => held).sort(([, one], [, other]) => (one.at ?? 0) - (other.at ?? 0));
    let left = 0;
    for (const [key, held] of found) {
      const foreign = (held.changes ?? []).filter((change) => !names.includes(change.name));
      left += foreign.length;
      for (const operation of held.operations ?? []) this.#operations.push(newEntry({ operation }));
      for (const change of held.changes ?? []) if (!foreign.includes(change)) this.#takeOverChange(change);
      this.#keep();
      if (foreign.length) this.store.write(key, { at: held.at, changes: foreign, operations: [] });
      else if (!this.store.trouble) this.store.remove(key);
    }
    for (const name of ["", ...this.names]) this.#sendSoon(name, 0);
    this.#say("status");
    return { taken: this.pending, left };
  }

  /** @returns {boolean} Whether the message answers this outbox. */
  takeAnswer(message) {
    if (!String(message.ticket ?? "").startsWith(`${this.name}.`)) return false;
    const operation = this.#operations.find((entry) => entry.sent.has(message.ticket));
    const change = [...this.#changes.values()].find((entry) => entry.sent.has(message.ticket));
    if (operation) this.#takeOperationAnswer(operation, message);
    else if (change) this.#takeChangeAnswer(change, message);
    this.#keep();
    this.#say("status");
    return true;
  }

  /** Take down what classes the kernel has; a refused operation may be settled by that. */
  learnClassNames(names) {
    this.classNames = names;
    if (this.refusal && this.#operations.length) this.#sendSoon("", 0);
  }

  /** Stop; what is pending stays in the storage for the next page. */
  close() {
    this.#closed = true;
    for (const timer of this.#timers.values()) clearTimeout(timer);
  }

  #newChange(name) {
    const known = this.#known.get(name);
    return newEntry({ name, bases: known ? [known] : [] });
  }

  #takeOverChange({ name, content, bases }) {
    const mine = this.#changes.get(name);
    const entry = mine ?? newEntry({ name, bases: [] });
    entry.content = mine ? addWhatOthersDrew(mine.content, emptyContent(), content) : content;
    entry.bases = withBases(entry.bases, bases ?? []);
    this.#changes.set(name, entry);
    if (mine) this.#say("notice", `Two pages had changed ${name}: the boxes of both are kept.`);
  }

  #renameEverywhere(from, to) {
    const rename = (content) => renameInContent(content, from, to);
    for (const [name, content] of this.#known) this.#known.set(name, rename(content));
    for (const entry of this.#changes.values()) {
      entry.content = rename(entry.content);
      entry.bases = entry.bases.map(rename);
      for (const [ticket, content] of entry.sent) entry.sent.set(ticket, rename(content));
    }
  }

  #sendSoon(name, wait) {
    if (this.#closed) return;
    clearTimeout(this.#timers.get(name));
    this.#timers.set(name, setTimeout(() => this.#sendOrWait(name), wait));
  }

  /** Send the change of a picture ("" for the first class operation), and again later if no answer comes. */
  #sendOrWait(name) {
    this.#letGoOfWhatOthersTook();
    const entry = name ? this.#changes.get(name) : this.#operations[0];
    if (!entry || (name && this.#operations.length)) return; // classes go first; their answer sends the rest
    const now = Date.now();
    if (entry.sent.size && now < entry.sendAgainAt) {
      this.#sendSoon(name, entry.sendAgainAt - now);
      return;
    }
    const ticket = `${this.name}.${++this.#tickets}`;
    const message = name ? this.#changeMessage(entry, ticket) : { kind: "classes", ticket, ...entry.operation };
    entry.wait = entry.sent.size ? Math.min(2 * entry.wait, LONGEST_WAIT_FOR_ANSWER) : FIRST_WAIT_FOR_ANSWER;
    if (!entry.sent.size) entry.waitingSince = now;
    entry.sent.set(ticket, entry.content ?? null);
    entry.sendAgainAt = now + entry.wait;
    this.#keep();
    this.send(message);
    this.#sendSoon(name, entry.wait);
    this.#say("status");
  }

  #changeMessage(entry, ticket) {
    const { name, content, bases } = entry;
    const message = { kind: "change", ticket, name, content, bases };
    entry.bases = withBases(bases, [content]); // from now on the kernel may have it
    return message;
  }

  #takeOperationAnswer(entry, message) {
    const done = message.kind === "classes_saved" || this.#isSettled(entry.operation);
    if (!done && !this.#isImpossible(entry.operation)) {
      this.#refused(entry, "", message.reason);
      return;
    }
    if (message.class_names) this.classNames = message.class_names;
    if (!done) this.#giveUp(entry.operation, message.reason);
    this.refusal = null;
    this.#operations = this.#operations.filter((each) => each !== entry);
    for (const name of ["", ...this.names]) this.#sendSoon(name, 0);
  }

  #isSettled({ add }) {
    return Boolean(add) && this.classNames.includes(add);
  }

  /** A new name that another page has given meanwhile: asking again would never help. */
  #isImpossible({ rename }) {
    return Boolean(rename) && (this.classNames.includes(rename[1]) || !this.classNames.includes(rename[0]));
  }

  /** The kernel never renamed it: what it has for the pictures is called as before. */
  #giveUp({ rename: [from, to] }, reason) {
    const asBefore = (content) => renameInContent(content, to, from);
    for (const [name, content] of this.#known) this.#known.set(name, asBefore(content));
    for (const entry of this.#changes.values()) entry.bases = withBases(entry.bases, entry.bases.map(asBefore));
    this.#say("notice", reason);
  }

  #takeChangeAnswer(entry, message) {
    if (message.kind === "not_saved") {
      this.#refused(entry, entry.name, message.reason);
      return;
    }
    this.refusal = null;
    const sent = entry.sent.get(message.ticket);
    const answer = this.inWordsOfHere(message.content ?? sent);
    forgetUpTo(entry.sent, message.ticket);
    this.#known.set(entry.name, answer);
    const isLatest = sameContent(entry.content, sent);
    if (isLatest) {
      this.#changes.delete(entry.name);
    } else {
      entry.content = addWhatOthersDrew(entry.content, sent, answer);
      entry.bases = withBases([answer], [...entry.sent.values()]);
      entry.sendAgainAt = 0;
      this.#sendSoon(entry.name, 0);
    }
    if (!sameContent(answer, sent)) this.#say("elsewhere", { name: entry.name, content: this.latest(entry.name) });
    if (message.notice) this.#say("notice", message.notice);
  }

  #refused(entry, name, reason) {
    entry.sent.clear();
    this.refusal = reason ?? "The kernel could not save it.";
    this.#sendSoon(name, WAIT_AFTER_REFUSAL);
  }

  /** Another page took over what this one had left in the storage, as after a cell was run again: it is theirs. */
  #letGoOfWhatOthersTook() {
    if (!this.#kept || this.store.read(this.name)) return;
    for (const { name, content } of this.#changes.values()) this.#known.set(name, content);
    this.#changes.clear();
    this.#operations = [];
    this.#kept = false;
  }

  #keep() {
    if (!this.pending) {
      this.store.remove(this.name);
      this.#kept = false;
      return;
    }
    const changes = [...this.#changes.values()].map(({ name, content, bases }) => ({ name, content, bases }));
    this.#kept = this.store.write(this.name, { at: Date.now(), changes, operations: this.operations });
  }

  #say(type, detail = null) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

function newEntry(fields) {
  return { ...fields, sent: new Map(), sendAgainAt: 0, wait: 0, waitingSince: 0 };
}

/** The first base is what the kernel surely had; of the rest the newest are the likeliest. */
function withBases(bases, more) {
  const all = [...bases];
  for (const base of more) if (!all.some((each) => sameContent(each, base))) all.push(base);
  return all.length <= MOST_BASES ? all : [all[0], ...all.slice(1 - MOST_BASES)];
}

/** The kernel answers in order: what was sent before this ticket has been worked off too. */
function forgetUpTo(sent, ticket) {
  for (const each of [...sent.keys()]) {
    sent.delete(each);
    if (each === ticket) return;
  }
}
