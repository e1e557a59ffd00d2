// mdBook takes classic scripts only, and gives them names of its own; so this one fetches the module, from the folder
// `kvs` beside itself: that is where mdBook puts it, whatever folder a chapter is in.
import("./kvs/kvs-zoo.js").catch((error) => console.error(error));
