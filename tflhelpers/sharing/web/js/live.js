/** The camera's half of the page: each frame goes through the network as soon as the one before is done. */

import { Camera } from "./camera.js";
import { byId, offerFile, setText } from "./dom.js";
import { clearMessages, say, sayError } from "./messages.js";
import { Overlay, annotatedPicture } from "./overlay.js";
import { networkInput } from "./pixels.js";
import { fillResults } from "./results.js";

const RATE_OVER = 2000; // milliseconds that the frame rate is averaged over
const LIST_EVERY = 250; // milliseconds between changes of the list: faster ones cannot be read

export class Live {
  #running = 0; // the number of the loop that runs; 0 for none
  #loops = 0;
  #times = [];
  #listed = 0;
  #awake = null;
  #paused = false;
  #attempts = 0; // to start; stopping counts too, so that a camera that comes too late is closed again

  /**
   * @param {import("./engine.js").Engine} engine
   * @param {{ value: number }} threshold
   */
  constructor(engine, threshold) {
    Object.assign(this, { engine, threshold });
    this.camera = new Camera(byId("video"));
    this.overlay = new Overlay(byId("live-over"), engine.settings);
    byId("start").addEventListener("click", () => this.start());
    byId("stop").addEventListener("click", () => this.stop());
    byId("switch").addEventListener("click", () => this.#switch());
    byId("save-frame").addEventListener("click", () => this.#save());
    document.addEventListener("visibilitychange", () => this.#pauseWhileHidden());
  }

  get isRunning() {
    return this.#running > 0;
  }

  /** Open the camera and look at what it sees until `stop`. */
  async start() {
    clearMessages();
    byId("start").disabled = true;
    const attempt = ++this.#attempts;
    try {
      await this.camera.open(() => this.#ended());
      if (attempt !== this.#attempts) return this.stop();
      this.#showControls(true);
      byId("switch").hidden = !(await this.camera.hasAnother());
      if (attempt !== this.#attempts) return;
      this.#awake = await navigator.wakeLock?.request("screen").catch(() => null);
      this.#run();
    } catch (error) {
      if (attempt !== this.#attempts) return;
      this.stop();
      sayError(error, "The camera did not start.");
    } finally {
      byId("start").disabled = false;
    }
  }

  stop() {
    this.#attempts++;
    this.#running = 0;
    this.#paused = false;
    this.camera.close();
    this.#awake?.release();
    this.#awake = null;
    this.overlay.show(null);
    byId("live-results").replaceChildren();
    this.#showControls(false);
  }

  /** Nobody looks at a hidden page, and a camera that is on eats the battery. */
  #pauseWhileHidden() {
    if (document.hidden && this.isRunning) {
      this.stop();
      this.#paused = true;
    } else if (!document.hidden && this.#paused) {
      this.start();
    }
  }

  #ended() {
    this.stop();
    say("The camera has gone away. Connect it again and press Start.");
  }

  #showControls(on) {
    byId("viewfinder").classList.toggle("on", on);
    byId("viewfinder").classList.toggle("mirrored", on && this.camera.looksBack);
    byId("start").hidden = on;
    for (const id of ["stop", "save-frame", "rate"]) byId(id).hidden = !on;
    if (!on) byId("switch").hidden = true;
    setText(byId("rate"), "");
  }

  async #switch() {
    await this.camera.chooseNext();
    this.stop();
    await this.start();
    (byId("switch").hidden ? byId("stop") : byId("switch")).focus();
  }

  async #run() {
    const loop = (this.#running = ++this.#loops);
    this.#times = [];
    try {
      while (loop === this.#running) {
        await nextFrame(this.camera.video);
        const result = loop === this.#running ? await this.#look(this.camera.video, this.threshold.value) : null;
        if (loop === this.#running && result) this.#show(result);
      }
    } catch (error) {
      if (loop !== this.#running) return;
      this.stop();
      sayError(error, "The camera's picture could not be looked at.");
    }
  }

  /** What is found in the video as it is now; null while it has no picture yet. */
  async #look(source, threshold) {
    const [width, height] = [source.videoWidth ?? source.width, source.videoHeight ?? source.height];
    if (!width || !height) return null;
    const { image_size: size, resize } = this.engine.settings;
    return this.engine.run(networkInput(source, width, height, size, resize.huge), threshold);
  }

  #show(result) {
    this.overlay.show(result, this.camera.looksBack);
    const now = performance.now();
    this.#times = [...this.#times.filter((time) => now - time < RATE_OVER), now];
    if (now - this.#listed < LIST_EVERY) return;
    this.#listed = now;
    const { videoWidth: width, videoHeight: height } = this.camera.video;
    fillResults(byId("live-results"), result, this.engine.settings, { width, height, threshold: this.threshold.value });
    setText(byId("rate"), rateText(this.#times));
  }

  /** Keep the frame of this moment, with what is found in just this frame. */
  async #save() {
    const { video } = this.camera;
    const still = document.createElement("canvas");
    Object.assign(still, { width: video.videoWidth, height: video.videoHeight });
    still.getContext("2d").drawImage(video, 0, 0);
    try {
      const result = await this.#look(still, this.threshold.value);
      const time = new Date().toISOString().slice(0, 19).replace(/\D/g, "-");
      if (!result) throw new Error("the camera shows nothing yet");
      offerFile(await annotatedPicture(still, still.width, still.height, result, this.engine.settings), `camera_${time}.jpg`);
    } catch (error) {
      sayError(error, "The picture could not be saved.");
    }
  }
}

function rateText(times) {
  if (times.length < 3) return "";
  const rate = ((times.length - 1) * 1000) / (times.at(-1) - times[0]);
  return `${rate < 10 ? rate.toFixed(1) : Math.round(rate)} frames a second`;
}

/** Wait for the camera's next frame, or half a second: a frozen camera must not stop the page. */
function nextFrame(video) {
  return new Promise((resolve) => {
    setTimeout(resolve, 500);
    if (video.requestVideoFrameCallback) video.requestVideoFrameCallback(() => resolve());
    else requestAnimationFrame(() => resolve());
  });
}
