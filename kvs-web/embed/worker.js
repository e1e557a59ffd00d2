// The same program in a worker: it listens for an order of the page.
import start from "./playground.js";

start();
