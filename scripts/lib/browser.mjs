// A browser that shows pages of ours to nobody, for what is seen only while they run.
import { spawn } from "node:child_process";
import { createReadStream, existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { delimiter, extname, join } from "node:path";

const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".wasm": "application/wasm", ".txt": "text/plain; charset=utf-8" };

/** The first of these programs on the PATH. */
export const find = (...names) => names.flatMap((name) => process.env.PATH.split(delimiter).map((folder) => join(folder, name))).find(existsSync);

const ON_A_MAC = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome";

/** A browser of the family that the tests drive; KVS_ZOO_BROWSER names another. */
export const findBrowser = () => process.env.KVS_ZOO_BROWSER
  || find("google-chrome", "google-chrome-stable", "chromium", "chromium-browser")
  || (existsSync(ON_A_MAC) ? ON_A_MAC : undefined);

/**
 * Serves a folder, and beside it `pages` (by their paths: type and content), and opens "/" until `heard` returns true. It is called for whatever
 * the pages say by POST, with the address and the text. `asked` hears of every other request.
 */
export async function show({ browser, folder, pages, heard, asked = () => {}, patienceMs, unheard }) {
  let settle;
  const end = new Promise((done, failed) => {
    settle = done;
    setTimeout(() => failed(new Error(unheard())), patienceMs).unref();
  });
  const server = createServer(async (request, answer) => {
    const url = new URL(request.url, "http://localhost");
    if (request.method === "POST") {
      const pieces = [];
      for await (const piece of request) pieces.push(piece);
      answer.end();
      if (heard(url, Buffer.concat(pieces).toString())) settle();
      return;
    }
    asked(url, request.headers);
    const file = join(folder, url.pathname);
    const isFile = existsSync(file) && statSync(file).isFile();
    const [type, content] = pages[url.pathname] ?? [TYPES[extname(file)] ?? "application/octet-stream", isFile ? createReadStream(file) : undefined];
    answer.writeHead(content === undefined ? 404 : 200, { "content-type": type });
    if (content?.pipe) content.pipe(answer);
    else answer.end(content);
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  const profile = mkdtempSync(join(tmpdir(), "kvs-zoo-browser-"));
  const flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--window-size=2400,1900", `--user-data-dir=${profile}`];
  const opened = spawn(browser, [...flags, `http://127.0.0.1:${server.address().port}/`], { stdio: "ignore", detached: true });
  try {
    await end;
  } finally {
    // With its children, which would go on writing.
    process.kill(-opened.pid, "SIGKILL");
    if (opened.exitCode === null && opened.signalCode === null) await new Promise((gone) => opened.once("exit", gone));
    server.closeAllConnections();
    server.close();
    rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}

/** The page of a chapter with exhibits, by their attributes; its script is at `${name}.js`. */
export function chapter(name, exhibits) {
  const script = `import "./kvs-zoo.js";
for (const attributes of ${exhibits}) {
  const exhibit = document.createElement("kvs-zoo");
  for (const [name, value] of attributes) exhibit.setAttribute(name, value);
  document.body.append(exhibit);
}`;
  return {
    [`/${name}.html`]: ["text/html", `<!doctype html><script type="module" src="${name}.js"></script>`],
    [`/${name}.js`]: ["text/javascript", script],
  };
}
