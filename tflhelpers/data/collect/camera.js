/**
 * The camera of a notebook: a preview, one click a photo, and what the kernel says about each.
 * A photo that the kernel has not confirmed stays in the page, is sent again, and can be saved by hand.
 */

const JPEG_QUALITY = 0.95;
const SHOWN = 24; // thumbnails
const THUMBNAIL = 120; // pixels, longer side
const SEND_AGAIN = 15_000; // milliseconds without an answer
const LOOK_EVERY = 500;

const ICONS = {
  shutter: "M4 6h3l1.5-2h3L13 6h3v9H4zM10 8a2.6 2.6 0 1 0 0 5.2A2.6 2.6 0 1 0 10 8",
  turn: "M4 9a6 6 0 0 1 10.5-3.5L16 7M16 3.5V7h-3.5M16 11a6 6 0 0 1-10.5 3.5L4 13M4 16.5V13h3.5",
  bin: "M4 6h12M8 6V4h4v2M6 6l.6 10h6.8L14 6M8.5 9v4.5M11.5 9v4.5",
  power: "M10 3v7M6.2 5.6a6 6 0 1 0 7.6 0",
};

/** What the browser's error means for a person. */
export function explain(error) {
  const hint = "Photos of a phone come in with collect.upload and collect.from_folder.";
  const sentences = {
    NotAllowedError:
      "The browser does not let this page use the camera. Click the sign beside the address, allow the camera, and try again.",
    NotFoundError: `No camera was found. Connect one and try again. ${hint}`,
    NotReadableError: "The camera does not start. If another program uses it, close that one, and try again.",
    InsecureContext: `The browser gives the camera only to pages at https:// or at localhost. ${hint}`,
  };
  const name = { SecurityError: "NotAllowedError", OverconstrainedError: "NotFoundError" }[error.name] ?? error.name;
  return sentences[name] ?? `The camera does not start (${error.message || error.name}). ${hint}`;
}

function make(tag, attributes = {}, children = []) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "text") element.textContent = value;
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== null && value !== false) element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children);
  return element;
}

function icon(path) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("viewBox", "0 0 20 20");
  svg.setAttribute("aria-hidden", "true");
  svg.append(document.createElementNS(space, "path"));
  svg.firstChild.setAttribute("d", path);
  return svg;
}

function button(label, path, onclick, { shown = false, kind = "" } = {}) {
  const children = [icon(path), ...(shown ? [make("span", { text: label })] : [])];
  return make("button", { type: "button", class: `tfl-camera-button ${kind}`, "aria-label": label, title: label, onclick }, children);
}

/** Photos on their way to the kernel, in order; each until the kernel has answered. */
class Outbox {
  constructor(post) {
    this.post = post;
    this.waiting = new Map();
  }

  put(photo) {
    this.waiting.set(photo.id, photo);
    this.send(photo);
  }

  send(photo) {
    photo.sentAt = Date.now();
    this.post({ kind: "photo", id: photo.id, data: photo.data });
  }

  /** Messages get lost where a kernel was busy or the line broke; the kernel knows a photo that comes twice. */
  sendLate() {
    for (const photo of this.waiting.values()) {
      if (Date.now() - photo.sentAt > SEND_AGAIN && !photo.failed) this.send(photo);
    }
  }
}

class Camera {
  constructor(model, el) {
    this.model = model;
    this.stream = null;
    this.facing = "environment";
    this.photos = []; // { id, name, element }, newest last
    this.outbox = new Outbox((message) => this.post(message));
    this.build(el);
    this.hear = (message) => this.take(message);
    this.showCount = () => this.tell();
    model.on("msg:custom", this.hear);
    model.on("change:count", this.showCount);
    this.watch = setInterval(() => this.look(), LOOK_EVERY);
    this.onLeave = (event) => this.outbox.waiting.size && event.preventDefault();
    window.addEventListener("beforeunload", this.onLeave);
    this.tell();
    this.start();
  }

  build(el) {
    this.video = make("video", { playsinline: true, "aria-label": "What the camera sees" });
    this.video.muted = true;
    this.flash = make("div", { class: "tfl-camera-flash" });
    this.words = make("p", { role: "alert" });
    this.retry = make("button", { type: "button", class: "tfl-camera-button tfl-camera-main", text: "Try again", onclick: () => this.start() });
    this.overlay = make("div", { class: "tfl-camera-overlay" }, [this.words, this.retry]);
    this.shutter = button("Take photo", ICONS.shutter, () => this.shoot(), { shown: true, kind: "tfl-camera-main" });
    this.other = button("Other camera", ICONS.turn, () => this.switchCamera(), { shown: true });
    this.remove = button("Delete last", ICONS.bin, () => this.deleteLast(), { shown: true });
    this.power = button("Turn camera off", ICONS.power, () => (this.stream ? this.stop("The camera is off.") : this.start()));
    this.status = make("span", { role: "status", class: "tfl-camera-status" });
    this.strip = make("div", { class: "tfl-camera-strip", role: "list", "aria-label": "Photos" });
    const tools = make("div", { class: "tfl-camera-tools" }, [this.shutter, this.other, this.remove, this.power, this.status]);
    const stage = make("div", { class: "tfl-camera-stage" }, [this.video, this.flash, this.overlay]);
    this.root = make("div", { class: "tfl-camera", tabindex: "0", "aria-label": "Camera. Space takes a photo.", "data-lm-suppress-shortcuts": "true", onkeydown: (event) => this.key(event) }, [stage, tools, this.strip]);
    el.append(this.root);
  }

  // ---- the camera

  async start() {
    this.cover("Waiting for the camera. The browser may ask whether this page may use it.");
    try {
      if (!navigator.mediaDevices?.getUserMedia) throw Object.assign(new Error(), { name: "InsecureContext" });
      const stream = await this.open();
      if (this.gone) return void stream.getTracks().forEach((track) => track.stop());
      this.endStream();
      this.stream = stream;
      stream.getVideoTracks()[0].addEventListener("ended", () => this.stream === stream && this.stop("The camera was disconnected."));
      this.video.srcObject = stream;
      await this.video.play();
      await this.showOther();
      this.cover(null);
    } catch (error) {
      if (error.name !== "AbortError") this.stop(explain(error));
    }
  }

  /** @returns {Promise<MediaStream>} Of the camera wanted, else of any. */
  async open() {
    const size = { width: { ideal: 1920 }, height: { ideal: 1080 } };
    const which = this.device ? { deviceId: { exact: this.device } } : { facingMode: { ideal: this.facing } };
    try {
      return await navigator.mediaDevices.getUserMedia({ video: { ...size, ...which }, audio: false });
    } catch (error) {
      if (error.name !== "OverconstrainedError") throw error;
      return navigator.mediaDevices.getUserMedia({ video: true, audio: false });
    }
  }

  /** Phones have one camera to the front and one to the back; computers have some, in no order. */
  async showOther() {
    const devices = (await navigator.mediaDevices.enumerateDevices()).filter(({ kind }) => kind === "videoinput");
    this.devices = devices.map(({ deviceId }) => deviceId);
    this.other.hidden = devices.length < 2;
    const seen = this.stream?.getVideoTracks()[0]?.getSettings().facingMode ?? "";
    this.root.classList.toggle("tfl-camera-mirrored", seen === "user"); // as in a mirror; photos are as others see it
  }

  switchCamera() {
    const settings = this.stream?.getVideoTracks()[0]?.getSettings() ?? {};
    if (settings.facingMode === "user" || settings.facingMode === "environment") {
      this.facing = settings.facingMode === "user" ? "environment" : "user";
      this.device = null;
    } else {
      this.device = this.devices[(this.devices.indexOf(settings.deviceId) + 1) % this.devices.length];
    }
    this.endStream(); // many phones give one camera at a time
    this.start();
  }

  stop(sentence) {
    this.endStream();
    this.cover(sentence, true);
  }

  endStream() {
    this.stream?.getTracks().forEach((track) => track.stop());
    this.stream = null;
    this.video.srcObject = null;
  }

  /** Say something over the preview, or nothing. */
  cover(sentence, retry = false) {
    this.overlay.hidden = sentence === null;
    this.retry.hidden = !retry;
    this.words.textContent = sentence ?? "";
    this.shutter.disabled = sentence !== null;
    const label = this.stream ? "Turn camera off" : "Turn camera on";
    this.power.setAttribute("aria-label", label);
    this.power.title = label;
  }

  // ---- photos

  shoot() {
    const { videoWidth: width, videoHeight: height } = this.video;
    if (!this.stream || !width) return;
    const photo = { id: Math.random().toString(36).slice(2), takenAt: Date.now() };
    photo.data = this.picture(Math.min(1, this.model.get("longest") / Math.max(width, height)), JPEG_QUALITY);
    this.addThumbnail(photo, this.picture(THUMBNAIL / Math.max(width, height), 0.7));
    this.flash.getAnimations().forEach((animation) => animation.cancel());
    this.flash.animate([{ opacity: 0.8 }, { opacity: 0 }], { duration: 220, easing: "ease-out" });
    this.outbox.put(photo);
    this.tell();
  }

  picture(scale, quality) {
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.round(this.video.videoWidth * scale));
    canvas.height = Math.max(1, Math.round(this.video.videoHeight * scale));
    const context = canvas.getContext("2d");
    context.imageSmoothingQuality = "high";
    context.drawImage(this.video, 0, 0, canvas.width, canvas.height);
    return canvas.toDataURL("image/jpeg", quality);
  }

  addThumbnail(photo, url) {
    photo.element = make("a", { role: "listitem", class: "tfl-camera-photo", "data-state": "waiting" }, [make("img", { src: url, alt: "Photo, not saved yet" })]);
    this.photos.push(photo);
    this.strip.prepend(photo.element);
    const saved = this.photos.filter(({ element }) => element.dataset.state === "saved");
    for (const old of saved.slice(0, Math.max(0, this.photos.length - SHOWN))) old.element.remove();
  }

  deleteLast() {
    if (this.deleting || this.outbox.waiting.size) return;
    this.deleting = true;
    this.post({ kind: "delete_last", id: "delete" });
    setTimeout(() => (this.deleting = false), 3000);
    this.tell();
  }

  // ---- the kernel

  post(message) {
    try {
      this.model.send(message);
    } catch {
      this.lost = true; // a closed connection; what was not saved stays here
    }
  }

  take(message) {
    if (message.kind === "saved") this.markSaved(message.id, message.name);
    if (message.kind === "failed") this.markFailed(message.id, message.reason);
    if (message.kind === "deleted") this.markDeleted(message.name);
    this.tell();
  }

  markSaved(id, name) {
    const photo = this.outbox.waiting.get(id);
    if (!photo) return; // of another view of the same camera
    this.outbox.waiting.delete(id);
    this.trouble = null;
    Object.assign(photo, { name, data: null });
    photo.element.dataset.state = "saved";
    photo.element.removeAttribute("href");
    photo.element.title = name;
    photo.element.firstChild.alt = name;
  }

  markFailed(id, reason) {
    this.trouble = reason;
    const photo = this.outbox.waiting.get(id);
    if (photo) this.offer(photo, "failed");
  }

  markDeleted(name) {
    this.deleting = false;
    const index = this.photos.findIndex((photo) => photo.name === name);
    if (index >= 0) this.photos.splice(index, 1)[0].element.remove();
  }

  /** A photo that only the page has: a click saves it as a file. */
  offer(photo, state) {
    photo.failed = state === "failed";
    Object.assign(photo.element, { href: photo.data, download: `photo_${photo.takenAt}.jpg`, title: "Click to save it on this computer" });
    photo.element.dataset.state = state;
  }

  look() {
    this.outbox.sendLate();
    this.tell();
  }

  /** Say how many photos there are, or what is wrong. */
  tell() {
    const waiting = this.outbox.waiting.size;
    const alive = (this.model.comm_live ?? this.model.get("layout")?.comm_live) !== false && !this.lost;
    const late = [...this.outbox.waiting.values()].some((photo) => Date.now() - photo.takenAt > 1500);
    const count = this.model.get("count");
    const number = (many) => `${many} ${many === 1 ? "photo" : "photos"}`;
    let [text, state] = [`${number(count)} in ${this.model.get("kept_where")}`, "good"];
    if (waiting && late) [text, state] = [`${number(waiting)} not saved yet: the kernel is busy. Keep this page open.`, "wait"];
    if (this.trouble) [text, state] = [this.trouble, "bad"];
    if (!alive) {
      [text, state] = [waiting ? `The kernel is gone, and ${number(waiting)} not saved: click them to keep them, then run all cells again.` : "The kernel is gone. Run all cells again to take more.", "bad"];
      for (const photo of this.outbox.waiting.values()) this.offer(photo, "failed");
    }
    if (this.status.textContent !== text) this.status.textContent = text;
    this.status.dataset.state = state;
    this.remove.disabled = waiting > 0 || Boolean(this.deleting) || !this.photos.some(({ name }) => name);
  }

  key(event) {
    if (event.key !== " " || event.ctrlKey || event.metaKey || event.altKey) return;
    const pressed = event.target.closest("button, a[href]");
    if (pressed && pressed !== this.shutter) return; // a focused button keeps its key
    event.preventDefault();
    event.stopPropagation();
    if (!event.repeat) this.shoot();
  }

  destroy() {
    this.gone = true;
    this.endStream();
    clearInterval(this.watch);
    window.removeEventListener("beforeunload", this.onLeave);
    this.model.off("msg:custom", this.hear);
    this.model.off("change:count", this.showCount);
  }
}

function render({ model, el }) {
  const camera = new Camera(model, el);
  return () => camera.destroy();
}

export default { render };
