/**
 * The browser's storage, which may be forbidden (private windows, frames) or full: then it says so instead of
 * raising, and what was to be kept stays in this page only.
 */
export class BrowserStore {
  /** @param {string} prefix Of all keys that this store reads and writes. */
  constructor(prefix) {
    this.prefix = prefix;
    this.trouble = null;
  }

  /** @returns {any} What was written there, or null. */
  read(key) {
    try {
      return JSON.parse(localStorage.getItem(this.prefix + key));
    } catch {
      return null;
    }
  }

  /** @returns {boolean} Whether it is kept now; where not, `trouble` says why. */
  write(key, value) {
    try {
      localStorage.setItem(this.prefix + key, JSON.stringify(value));
      this.trouble = null;
      return true;
    } catch (error) {
      const full = error?.name === "QuotaExceededError" || error?.name === "NS_ERROR_DOM_QUOTA_REACHED";
      this.trouble = full ? "the browser's storage is full" : "this browser allows no storage here";
      return false;
    }
  }

  remove(key) {
    try {
      localStorage.removeItem(this.prefix + key);
    } catch {
      // it was never written
    }
  }

  /** @returns {string[]} The keys in use, without the prefix. */
  keys() {
    try {
      const all = Array.from({ length: localStorage.length }, (_, index) => localStorage.key(index));
      return all.filter((key) => key.startsWith(this.prefix)).map((key) => key.slice(this.prefix.length));
    } catch {
      return [];
    }
  }
}
