const BUSY_AFTER = 2000; // milliseconds without an answer until the kernel counts as busy

/**
 * What to tell the person about the kernel and the changes.
 * @param {object} facts
 * @param {boolean} facts.live Whether there is a connection to a kernel.
 * @param {number} facts.pending How many changes wait to be saved.
 * @param {number} facts.waited For how many milliseconds the oldest change, sent, has had no answer.
 * @param {number} facts.waitedForPicture The same of a picture asked for.
 * @param {string | null} facts.refusal Why the kernel could not save.
 * @param {string | null} facts.trouble Why the browser keeps nothing.
 * @param {boolean} facts.begun Whether anything is saved.
 * @param {string} facts.keptWhere The file.
 * @returns {{ state: "saved" | "saving" | "busy" | "gone" | "error", text: string }}
 */
export function kernelStatus({ live, pending, waited, waitedForPicture, refusal, trouble, begun, keptWhere }) {
  const here = trouble
    ? `Unsaved changes are only in this page, for ${trouble}: do not close it.`
    : "Your changes are kept in this browser";
  if (!live) {
    const rest = pending ? here : "All changes are saved.";
    const end = trouble && pending ? "" : pending ? ": run all cells again to save them." : " Run all cells again to go on.";
    return { state: "gone", text: `The kernel is gone. ${rest}${end}` };
  }
  if (refusal && pending) return { state: "error", text: `Not saved: ${refusal}${trouble ? ` ${here}` : ""}` };
  if (pending && waited >= BUSY_AFTER) {
    return { state: "busy", text: `The kernel is busy. ${here}${trouble ? "" : " and saved when it is free."}` };
  }
  if (waitedForPicture >= BUSY_AFTER) return { state: "busy", text: "The kernel is busy. Pictures come when it is free." };
  if (pending) return { state: "saving", text: "Saving …" };
  const text = begun ? `Saved in ${keptWhere}` : `Ready: every change is saved in ${keptWhere}`;
  return { state: "saved", text };
}
