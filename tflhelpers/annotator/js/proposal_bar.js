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
    this.acceptAll = button("Accept all proposals", "", "acceptAllProposals", "Shift+Enter", true);
    this.element = makeElement("div", { class: "tfl-proposals", role: "group", "aria-label": "Proposals", hidden: true }, [
      this.acceptAll,
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
    setText(this.acceptAll, count === 1 ? "Accept 1 proposal" : `Accept all ${count} proposals`);
  }
}
