/**
 * States of a thing, one after the other, to go back and forth in without limit. States are never changed in
 * place, so each costs only what is new in it.
 */
export class History {
  #past = [];
  #future = [];
  #kind = null;

  constructor(state) {
    this.state = state;
  }

  get canUndo() {
    return this.#past.length > 0;
  }

  get canRedo() {
    return this.#future.length > 0;
  }

  /**
   * Goes on to a state.
   * @param {string|null} kind what was done, such as "move 3"
   * @param {boolean} merge part of the entry before it where that was of the same kind: a key held down
   */
  add(state, kind = null, merge = false) {
    if (!merge || kind === null || kind !== this.#kind) this.#past.push(this.state);
    this.#kind = kind;
    this.#future = [];
    this.state = state;
  }

  /** What comes next is an entry of its own. */
  interrupt() {
    this.#kind = null;
  }

  /** @returns {boolean} whether there was anything to undo */
  undo() {
    return this.#travel(this.#past, this.#future);
  }

  /** @returns {boolean} */
  redo() {
    return this.#travel(this.#future, this.#past);
  }

  #travel(from, to) {
    if (!from.length) return false;
    to.push(this.state);
    this.state = from.pop();
    this.interrupt();
    return true;
  }
}
