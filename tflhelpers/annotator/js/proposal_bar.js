import { makeElement, setText } from "./dom.js";

/** What can be done with the proposals of the picture; there only while there are some. */
export class ProposalBar {
  /** @param {Record<string, () => void>} actions */
  constructor(actions) {
    const button = (label, visible, name, key, main = false) =>
      makeElement("button", {
        type: "button",
        class: main ? "tfl-button tfl-primary" : "tfl-button",
        "aria-label": label,
        title: `${label} (${key})`,
        text: visible,
        onclick: () => actions[name](),
      });
    this.text = makeElement("span", { class: "tfl-proposal-count" });
    this.element = makeElement("div", { class: "tfl-proposals", role: "group", "aria-label": "Proposals", hidden: true }, [
      this.text,
      button("Accept all proposals", "Accept all", "acceptAll", "Shift+Enter", true),
      button("Accept proposal", "Accept", "acceptProposal", "Enter"),
      button("Dismiss proposal", "Dismiss", "dismissProposal", "X"),
    ]);
  }

  /** @param {number} count */
  update(count) {
    if (this.element.contains(document.activeElement) && count === 0) {
      this.element.closest(".tfl-annotator").querySelector("[role=application]")?.focus();
    }
    this.element.hidden = count === 0;
    setText(this.text, count === 1 ? "1 proposal" : `${count} proposals`);
  }
}
