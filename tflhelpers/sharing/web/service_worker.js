/**
 * Keeps the page's files on the device, so that it opens without network.
 *
 * All files but the runtime's come at once; of the runtime's two variants the page says which one the browser uses.
 * The page itself is asked of the network first; the rest, which belongs to one version, comes from what is kept.
 */

importScripts("kept_files.js"); // self.KEPT = { version, files }, written by the export

const CACHE = `tflhelpers-demo ${self.registration.scope} `;
const CURRENT = CACHE + self.KEPT.version;
const PATIENCE = 3000; // milliseconds to wait for the page itself

self.addEventListener("install", (event) => {
  event.waitUntil(keep(self.KEPT.files).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(removeOld().then(() => self.clients.claim()));
});

self.addEventListener("message", (event) => {
  const [port] = event.ports;
  const done = keep(event.data.keep).then(
    () => port.postMessage({}),
    (error) => port.postMessage({ error: String(error) }),
  );
  event.waitUntil(done);
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET" || !request.url.startsWith(self.registration.scope)) return;
  event.respondWith(request.mode === "navigate" ? freshPage(request) : keptFirst(request));
});

async function keep(files) {
  const cache = await caches.open(CURRENT);
  const missing = [];
  for (const file of files) if (!(await cache.match(file))) missing.push(new Request(file, { cache: "no-cache" }));
  await cache.addAll(missing);
}

async function removeOld() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith(CACHE) && name !== CURRENT).map((name) => caches.delete(name)));
}

async function keptFirst(request) {
  const cache = await caches.open(CURRENT);
  return (await cache.match(request, { ignoreSearch: true })) ?? fetch(request);
}

async function freshPage(request) {
  try {
    return await fetch(request, { signal: AbortSignal.timeout(PATIENCE) });
  } catch {
    const cache = await caches.open(CURRENT);
    return (await cache.match(request, { ignoreSearch: true })) ?? (await cache.match("./")) ?? Response.error();
  }
}
