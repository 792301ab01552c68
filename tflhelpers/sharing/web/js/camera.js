/** Opens the camera, a phone's back one if there is one, and exchanges it for the next. */

import { Sentence } from "./messages.js";

const WANTED = { width: { ideal: 1280 }, height: { ideal: 720 } };

export class Camera {
  #stream = null;
  #choice = { facingMode: { ideal: "environment" } };

  /** @param {HTMLVideoElement} video shows what the camera sees */
  constructor(video) {
    this.video = video;
  }

  get isOpen() {
    return this.#stream !== null;
  }

  /** Whether it looks at the person, who expects a mirror then. */
  get looksBack() {
    return this.#settings.facingMode === "user";
  }

  get #settings() {
    return this.#stream?.getVideoTracks()[0]?.getSettings() ?? {};
  }

  /**
   * Open the camera and start the video.
   * @param {() => void} onEnd called when the camera goes away by itself
   * @throws {Sentence} where it cannot be had
   */
  async open(onEnd) {
    if (!navigator.mediaDevices?.getUserMedia) throw new Sentence(NOT_SECURE);
    try {
      this.#stream = await stream(this.#choice);
      this.#stream.getVideoTracks()[0].addEventListener("ended", onEnd);
      this.video.srcObject = this.#stream;
      await this.video.play();
    } catch (error) {
      this.close();
      throw new Sentence(REASONS[error.name] ?? `The camera did not start (${error.message || error.name}). Try again.`);
    }
  }

  /** @returns {Promise<boolean>} whether there is another camera; known only while one is open */
  async hasAnother() {
    return (await cameras()).length > 1;
  }

  /** Choose the camera on a phone's other side, or the next one. Takes effect when it is opened. */
  async chooseNext() {
    const { facingMode, deviceId } = this.#settings;
    const [devices, opposite] = [await cameras(), facingMode === "user" ? "environment" : "user"];
    if (facingMode && devices.some((device) => device.getCapabilities?.().facingMode?.includes(opposite))) {
      this.#choice = { facingMode: { exact: opposite } }; // an ideal one gives way to a better resolution
      return;
    }
    const at = devices.findIndex((device) => device.deviceId === deviceId);
    this.#choice = { deviceId: { exact: devices[(at + 1) % devices.length].deviceId } };
  }

  /** Stop the camera; its light goes out. */
  close() {
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
    this.#stream = null;
    this.video.srcObject = null;
  }
}

async function stream(choice) {
  try {
    return await navigator.mediaDevices.getUserMedia({ video: { ...WANTED, ...choice }, audio: false });
  } catch (error) {
    if (error.name !== "OverconstrainedError") throw error;
    return navigator.mediaDevices.getUserMedia({ video: true, audio: false });
  }
}

async function cameras() {
  return (await navigator.mediaDevices.enumerateDevices()).filter((device) => device.kind === "videoinput");
}

const NOT_SECURE =
  "Browsers open the camera only for pages from https:// addresses and from localhost. " +
  "Put this folder on such a server, or choose pictures instead.";

const NOT_ALLOWED =
  "The camera was not allowed. Allow it for this page in the browser (the sign beside the address) " +
  "and in the device's settings, then press Start again.";

const NOT_FOUND = "No camera was found. Connect one, or choose pictures instead.";

const REASONS = {
  NotAllowedError: NOT_ALLOWED,
  SecurityError: NOT_ALLOWED,
  NotFoundError: NOT_FOUND,
  DevicesNotFoundError: NOT_FOUND,
  NotReadableError: "The camera is in use by another program. Close that one, then press Start again.",
  AbortError: "The camera stopped while it was starting. Press Start again.",
};
