// mdBook takes classic scripts only, and gives them names of its own; so this one fetches the module from the folder
// `kvs` of the book, from chapters in any folder.
import((typeof path_to_root === "undefined" ? "./" : path_to_root || "./") + "kvs/kvs-zoo.js").catch((error) => console.error(error));
