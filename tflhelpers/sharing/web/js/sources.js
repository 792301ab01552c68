/** Where pictures come from: files, the clipboard, a drop, an address. Each becomes a blob with a name. */

import { Sentence } from "./messages.js";

const HEIC = /\.(heic|heif)$/i;

/**
 * The picture in a file, upright. Whoever gets it closes it: a photo of 12 megapixels takes 48 MB.
 * @param {Blob} blob
 * @param {string} name
 * @returns {Promise<ImageBitmap>}
 * @throws {Sentence}
 */
export async function decode(blob, name) {
  // Colours as they stand in the file, as Python reads them.
  const options = { imageOrientation: "from-image", colorSpaceConversion: "none" };
  try {
    return await createImageBitmap(blob, options);
  } catch {
    throw new Sentence(whyNot(blob, name));
  }
}

function whyNot(blob, name) {
  if (!blob.size) return `${name} is empty. Choose another picture.`;
  if (HEIC.test(name) || /hei[cf]/.test(blob.type)) {
    return `${name} is a HEIC photo, which this browser cannot show. Save it as JPEG, or open this page in Safari.`;
  }
  return `${name} cannot be read as a picture: it is damaged or of another kind. JPEG, PNG, WebP and GIF files work.`;
}

/**
 * The picture at an address.
 * @param {string} text
 * @returns {Promise<{ blob: Blob, name: string }>}
 * @throws {Sentence} where it is no address, or its server does not let other pages read it
 */
export async function fetchPicture(text) {
  const url = addressIn(text);
  if (!url) throw new Sentence(`“${shortened(text)}” is not the address of a picture: one begins with https://.`);
  let response;
  try {
    response = await fetch(url, { mode: "cors", credentials: "omit", referrerPolicy: "no-referrer" });
  } catch {
    throw new Sentence(unreachable(url));
  }
  if (!response.ok) throw new Sentence(`${url.host} does not have this picture (it answered ${response.status}).`);
  const blob = await response.blob();
  if (/^text\/html/.test(blob.type)) {
    throw new Sentence(`This address is of a page, not of a picture. Open the picture alone and copy its address.`);
  }
  return { blob, name: nameIn(url) };
}

function nameIn(url) {
  if (!url.protocol.startsWith("http")) return "pasted picture";
  const last = url.pathname.split("/").pop() || url.hostname;
  try {
    return decodeURIComponent(last).slice(-60);
  } catch {
    return last.slice(-60);
  }
}

function unreachable(url) {
  if (!navigator.onLine) return "There is no network now, so no address can be opened. Pictures on this device still work.";
  return (
    `${url.host} cannot be reached, or does not let other pages read its pictures (CORS). ` +
    "Save the picture to this device and choose it here."
  );
}

/**
 * @param {string} text
 * @returns {URL | null} where the text is an address that can hold a picture
 */
export function addressIn(text) {
  try {
    const url = new URL(text.trim());
    return ["http:", "https:", "data:", "blob:"].includes(url.protocol) ? url : null;
  } catch {
    return null;
  }
}

function shortened(text) {
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}

/**
 * What was pasted or dropped.
 * @param {DataTransfer} transfer
 * @returns {{ files: File[], address: string | null }}
 */
export function transferred(transfer) {
  const files = [...(transfer?.files ?? [])];
  const text = transfer?.getData("text/uri-list") || transfer?.getData("text/plain") || "";
  const line = text.split(/\r?\n/).find((each) => each && !each.startsWith("#")) ?? "";
  return { files, address: addressIn(line) ? line.trim() : null };
}
