import { cocoFile } from "./coco_file.js";
import { addWhatOthersDrew, renameInContent, sameContent, stateOfContent } from "./content.js";
import { BrowserStore } from "./storage.js";

const THUMBNAIL_SIDE = 96;
const KEPT = "Kept in this browser. Download annotations.json when done.";

/**
 * The host of a page that stands alone: all pictures are in it, changes are kept in the browser's storage, and
 * `download` makes the file.
 */
export class PageHost extends EventTarget {
  /**
   * @param {object} data As tflhelpers/annotator/page.py writes it: `name`, `class_names`, `pictures`, and
   *   `file`, the COCO file that the page began with.
   */
  constructor(data) {
    super();
    this.data = data;
    this.pictures = data.pictures;
    this.store = new BrowserStore(`tflhelpers-annotator:${data.name}`);
    this.contents = this.pictures.map((picture) => picture.content);
    this.classes = data.class_names.map((name) => ({ original: name, name }));
    this.unsaved = false;
    this.set = {
      name: data.name,
      names: this.pictures.map((picture) => picture.name),
      position: 0,
      can_suggest: false,
      kept_where: "the storage of this browser. Download annotations.json to use it",
    };
    this.restore();
    this.ready = Promise.resolve().then(() => this.begin());
    this.onLeave = (event) => this.unsaved && this.store.trouble && event.preventDefault();
    this.onStorage = (event) => event.key === this.store.prefix && this.takeFromOtherTab();
    addEventListener("beforeunload", this.onLeave);
    addEventListener("storage", this.onStorage);
  }

  begin() {
    if (this.store.read("")) this.say("status", { state: "saved", text: KEPT });
    else this.say("status", { state: "saved", text: "Ready. Changes are kept in this browser." });
    if (this.restored) this.say("notice", `Went on with what was drawn earlier in this browser (${this.restored}).`);
  }

  say(type, detail = null) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  /** Take over what an earlier visit left: what was drawn then, and what the page's file had got since. */
  restore() {
    const kept = this.store.read("");
    if (kept) this.classes = mergedClasses(kept.classes, this.classes);
    let count = 0;
    this.pictures.forEach((picture, index) => {
      const earlier = kept?.pictures[picture.name];
      if (!earlier) return;
      const start = this.renamed(picture.content);
      const untouchedSince = sameContent(this.renamed(earlier.start), start);
      const merged = untouchedSince ? earlier.content : addWhatOthersDrew(earlier.content, earlier.start, start);
      if (!sameContent(merged, start)) count += 1;
      this.contents[index] = merged;
    });
    this.restored = count ? `${count} ${count === 1 ? "picture" : "pictures"}` : "";
    this.contents = this.contents.map((content) => this.renamed(content));
    this.refreshSet();
  }

  /** The same content with the names that the classes have here now. */
  renamed(content) {
    return this.classes
      .filter(({ original, name }) => original !== null && original !== name)
      .reduce((each, { original, name }) => renameInContent(each, original, name), content);
  }

  refreshSet() {
    this.set.class_names = this.classes.map(({ name }) => name);
    const states = this.pictures.map(({ error }, index) => (error ? "x" : stateOfContent(this.contents[index])));
    this.set.states = states.join("");
  }

  async open(index) {
    return { ...this.pictures[index], index, content: this.contents[index] };
  }

  async thumbnail(index) {
    const { url, error } = this.pictures[index];
    if (!url || error) return null;
    const image = new Image();
    image.src = url;
    await image.decode().catch(() => null);
    if (!image.naturalWidth) return null;
    const scale = Math.min(1, THUMBNAIL_SIDE / Math.max(image.naturalWidth, image.naturalHeight));
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.round(image.naturalWidth * scale));
    canvas.height = Math.max(1, Math.round(image.naturalHeight * scale));
    const context = canvas.getContext("2d");
    context.imageSmoothingQuality = "high";
    context.drawImage(image, 0, 0, canvas.width, canvas.height);
    return canvas.toDataURL("image/jpeg", 0.8);
  }

  save(name, content) {
    this.contents[this.set.names.indexOf(name)] = content;
    this.keep((kept) => {
      const start = this.pictures.find((picture) => picture.name === name).content;
      kept.pictures[name] = { start, content };
    });
    this.say("states");
  }

  changeClasses({ add, rename }) {
    if (add) this.classes.push({ original: null, name: add });
    else {
      const [from, to] = rename;
      this.classes = this.classes.map((each) => (each.name === from ? { ...each, name: to } : each));
      this.contents = this.contents.map((content) => renameInContent(content, from, to));
    }
    this.keep((kept) => {
      if (!rename) return;
      for (const each of Object.values(kept.pictures)) each.content = renameInContent(each.content, ...rename);
    });
  }

  /** Change what is kept; read again first, for another tab may have written. */
  keep(change) {
    const kept = this.store.read("") ?? { pictures: {} };
    change(kept);
    kept.classes = this.classes;
    this.refreshSet();
    this.unsaved = true;
    if (this.store.write("", kept)) this.say("status", { state: "saved", text: KEPT });
    else {
      const text = `Only in this page, for ${this.store.trouble}: download annotations.json before you close it.`;
      this.say("status", { state: "error", text });
    }
  }

  takeFromOtherTab() {
    const kept = this.store.read("");
    if (!kept) return;
    this.classes = mergedClasses(kept.classes, this.classes);
    this.pictures.forEach((picture, index) => {
      const other = kept.pictures[picture.name]?.content;
      if (!other || sameContent(other, this.contents[index])) return;
      this.contents[index] = other;
      this.say("picture", { ...picture, index, content: other });
    });
    this.refreshSet();
    this.say("classes", this.set.class_names);
    this.say("states");
  }

  async propose() {
    return [];
  }

  /** Hand the person annotations.json, which `Annotations.load` takes. */
  download() {
    const pictures = this.pictures.map((picture, index) => ({
      ...picture,
      start: picture.content,
      content: this.contents[index],
    }));
    const text = JSON.stringify(cocoFile(this.data.file, this.classes, pictures), null, 1);
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([`${text}\n`], { type: "application/json" }));
    link.download = "annotations.json";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
    this.unsaved = false;
    this.say("status", { state: "saved", text: "Downloaded. Put annotations.json beside your pictures." });
  }

  close() {
    removeEventListener("beforeunload", this.onLeave);
    removeEventListener("storage", this.onStorage);
  }
}

/** Those kept earlier in their order, and behind them those that the page's file had got since. */
function mergedClasses(kept, now) {
  const originals = new Set(kept.map(({ original }) => original));
  const names = new Set(kept.map(({ name }) => name));
  return [...kept, ...now.filter(({ original, name }) => !originals.has(original) && !names.has(name))];
}
