const FIRST_WAIT = 4000; // milliseconds until a question is asked again, doubled each time: a busy kernel has it still
const LONGEST_WAIT = 60000;

/** Questions to the kernel that wait for an answer with the same ticket. A lost one is asked again. */
export class Requests {
  #open = new Map();
  #count = 0;

  /**
   * @param {(message: object) => void} send
   * @param {string} name Begins every ticket, so that answers to others are told apart.
   */
  constructor(send, name) {
    this.send = send;
    this.name = name;
  }

  /**
   * @param {object} message Without a ticket.
   * @param {{ again?: boolean }} options Whether to ask again where no answer comes.
   * @returns {Promise<object>} The answer.
   */
  ask(message, { again = true } = {}) {
    const ticket = `${this.name}-${++this.#count}`;
    return new Promise((resolve) => {
      const request = { message: { ...message, ticket }, resolve, asked: Date.now(), wait: FIRST_WAIT };
      this.#open.set(ticket, request);
      this.send(request.message);
      if (again) this.#askAgainLater(ticket, request);
    });
  }

  /** @returns {boolean} Whether it answered one of these questions, now or before. */
  take(message) {
    if (!String(message.ticket ?? "").startsWith(`${this.name}-`)) return false;
    const request = this.#open.get(message.ticket);
    if (request) {
      clearTimeout(request.timer);
      this.#open.delete(message.ticket);
      request.resolve(message);
    }
    return true;
  }

  /** @returns {number} For how many milliseconds the oldest question of these kinds has waited; 0 for none. */
  waitingFor(kinds) {
    const asked = [...this.#open.values()].filter(({ message }) => kinds.includes(message.kind)).map((each) => each.asked);
    return asked.length ? Date.now() - Math.min(...asked) : 0;
  }

  close() {
    for (const request of this.#open.values()) clearTimeout(request.timer);
    this.#open.clear();
  }

  #askAgainLater(ticket, request) {
    request.timer = setTimeout(() => {
      if (!this.#open.has(ticket)) return;
      request.wait = Math.min(2 * request.wait, LONGEST_WAIT);
      this.send(request.message);
      this.#askAgainLater(ticket, request);
    }, request.wait);
  }
}
