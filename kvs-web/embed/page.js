// The playground's own page: starts it, and keeps what it is made of, so that it opens without a network, too.
import start from "./playground.js";

start();
// Not while somebody develops: what is kept would hide what has changed.
const scope = new URL(".", import.meta.url);
if ("serviceWorker" in navigator && document.documentElement.dataset.offline === "yes") {
  navigator.serviceWorker.register(new URL("sw.js", scope), { scope: scope.pathname }).catch((error) => {
    console.info("The playground will need a network next time:", error.message);
  });
}
