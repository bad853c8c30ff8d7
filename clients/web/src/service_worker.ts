// Keeps the screens themselves on the device, so that they open without the
// network. Nothing else: answers of the server, and so anything about patients,
// never pass through here. A new version takes over when it is complete.

const worker = self as unknown as ServiceWorkerGlobalScope;

// Written in by the build.
const files: string[] = "__FILES__" as unknown as string[];
const cacheName = "screens-__VERSION__";

worker.addEventListener("install", (event) => {
  event.waitUntil(
    (async () => {
      const cache = await caches.open(cacheName);
      // What has its content's hash in its name came with the page and is not
      // fetched twice.
      await cache.addAll(files.map((file) =>
        new Request(file, { cache: file.startsWith("/assets/") ? "default" : "reload" })));
      await worker.skipWaiting();
    })(),
  );
});

worker.addEventListener("activate", (event) => {
  event.waitUntil(
    (async () => {
      for (const name of await caches.keys()) {
        if (name !== cacheName) await caches.delete(name);
      }
      await worker.clients.claim();
    })(),
  );
});

worker.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== worker.location.origin) return;
  const isPage = request.mode === "navigate";
  const path = url.pathname === "/" || isPage ? "/index.html" : url.pathname;
  const isFile = files.includes(path);
  if (!isPage && !isFile && !url.pathname.startsWith("/assets/")) return;
  event.respondWith(
    (async () => {
      const cache = await caches.open(cacheName);
      const kept = await cache.match(path);
      if (kept) return kept;
      const answer = await fetch(request);
      // What is not kept from the start (the desks' faces) is kept once used.
      if (answer.ok && url.pathname.startsWith("/assets/")) {
        await cache.put(request, answer.clone());
      }
      return answer;
    })(),
  );
});
