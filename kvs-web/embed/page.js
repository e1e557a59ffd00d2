// The playground's own page: starts it, and keeps what it is made of, so that it opens without a network, too.
import start, { expectParts } from "./playground.js";

/** What a page needs at once besides what is always there, by its address. */
function partsOf(hash) {
  if (hash.length < 2) return ["pages", "front"];
  const parts = ["pages", "exhibit", "shared", "page"];
  // A store other than the usual one begins with more.
  if (hash !== "#replicated") parts.push("play", "panels");
  if (/^#(lesson|level)/.test(hash)) parts.push("lessons");
  return parts;
}

addEventListener("kvs-zoo:missing", ({ detail }) => {
  const trouble = document.createElement("p");
  trouble.setAttribute("role", "alert");
  trouble.className = "missing";
  trouble.textContent = detail;
  document.body.prepend(trouble);
});
// What does not come now is asked for again when it is needed.
await expectParts(...partsOf(location.hash)).catch(() => {});
start();
// Not while somebody develops: what is kept would hide what has changed.
const scope = new URL(".", import.meta.url);
if ("serviceWorker" in navigator && document.documentElement.dataset.offline === "yes") {
  navigator.serviceWorker.register(new URL("sw.js", scope), { scope: scope.pathname }).catch((error) => {
    console.info("The playground will need a network next time:", error.message);
  });
}
