// Keeps all files of one build of the playground. `VERSION` and `FILES` are written by scripts/lib/after-build.sh.
const VERSION = "@VERSION@";
const FILES = [/*FILES*/];
const NAME = "kvs-zoo-";

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(NAME + VERSION).then((cache) => cache.addAll(FILES)).then(() => self.skipWaiting()));
});
self.addEventListener("activate", (event) => {
  const isOld = (name) => name.startsWith(NAME) && name !== NAME + VERSION;
  event.waitUntil(caches.keys()
    .then((names) => Promise.all(names.filter(isOld).map((name) => caches.delete(name))))
    .then(() => self.clients.claim()));
});
// A page is asked for anew, so that a new build is seen; its parts carry a fingerprint in their names or are of one build.
self.addEventListener("fetch", (event) => {
  if (event.request.method !== "GET" || new URL(event.request.url).origin !== location.origin) return;
  const kept = () => caches.match(event.request, { ignoreSearch: true, cacheName: NAME + VERSION });
  const answer = event.request.mode === "navigate"
    ? fetch(event.request).catch(async () => (await kept()) ?? (await caches.match("./")) ?? Response.error())
    : kept().then((found) => found ?? fetch(event.request));
  event.respondWith(answer);
});
