// For pages with <iframe>s of exhibits: makes each as high as what is in it. A classic script or a module, as you like.
//
// A message counts only from the window of an <iframe> on this page, with the origin of that <iframe>'s own address
// (or, in a sandbox without `allow-same-origin`, with none), and only as a height within reason.
addEventListener("message", (event) => {
  if (event.data?.type !== "kvs-zoo:resize" || !Number.isFinite(event.data.height)) return;
  const frame = [...document.querySelectorAll("iframe")].find((each) => each.contentWindow === event.source);
  if (!frame) return;
  const isBoxed = frame.hasAttribute("sandbox") && !frame.sandbox.contains("allow-same-origin");
  const origin = isBoxed ? "null" : new URL(frame.src, document.baseURI).origin;
  if (event.origin !== origin) return;
  frame.style.height = `${Math.min(Math.max(event.data.height, 80), 4000)}px`;
});
