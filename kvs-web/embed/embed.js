// The page of an <iframe>: `embed.html?exhibit=replicated&seed=42`, or `embed.html#…` with a link of *Share*.
import "./kvs-zoo.js";

const exhibit = document.createElement("kvs-zoo");
for (const [name, value] of new URLSearchParams(location.search)) {
  // A name that is no attribute's is said to be wrong like any other.
  try { exhibit.setAttribute(name, value); } catch { exhibit.setAttribute("unknown", name); }
}
if (location.hash.length > 1) exhibit.setAttribute("run", location.hash.slice(1));
document.body.append(exhibit);

// How high it is, for a host that makes room. That is no secret; and whoever listens checks from where it comes.
const tell = () => parent.postMessage({ type: "kvs-zoo:resize", height: Math.ceil(document.documentElement.getBoundingClientRect().height) }, "*");
if (parent !== window) new ResizeObserver(tell).observe(document.documentElement);
