//! A reader in a browser: serves the built page, starts Chromium, and does what a hand and an eye would do.

use std::future::Future;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use fantoccini::key::Key;
use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tokio::io::AsyncBufReadExt;
use tokio::process::{Child, Command};

/// How long the page may take to do something before a test gives up.
const PATIENCE: Duration = Duration::from_secs(120);

/// How the reader's screen is.
#[derive(Clone, Copy)]
pub(crate) struct Screen {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) flags: &'static [&'static str],
}

/// A desk.
pub(crate) const WIDE: Screen = Screen { width: 1280, height: 900, flags: &[] };

/// A telephone.
pub(crate) const NARROW: Screen = Screen { width: 360, height: 740, flags: &[] };

/// A page in a browser.
pub(crate) struct Page {
    client: Client,
}

pub(crate) type Story = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Opens the page at an address fragment, lets `story` happen, and closes the browser whatever came of it.
pub(crate) async fn read(screen: Screen, fragment: &str, story: impl FnOnce(Page) -> Story + Send + 'static) {
    let fragment = fragment.to_owned();
    browse(screen, |page| {
        Box::pin(async move {
            page.open(&fragment).await;
            story(page).await;
        })
    })
    .await;
}

/// Opens a browser, lets `story` happen in it, and closes it whatever came of it.
pub(crate) async fn browse(screen: Screen, story: impl FnOnce(Page) -> Story) {
    let (mut driver, port) = start_driver().await;
    let client = connect(port, screen).await;
    let page = Page { client: client.clone() };
    let outcome = tokio::spawn(story(page)).await;
    let _session_may_be_gone = client.close().await;
    let _driver_may_be_gone = driver.kill().await;
    if let Err(failure) = outcome {
        std::panic::resume_unwind(failure.into_panic());
    }
}

/// Starts a driver on a port of its own choice, and reads off which.
async fn start_driver() -> (Child, u16) {
    let program = std::env::var("CHROMEDRIVER").unwrap_or_else(|_| "chromedriver".into());
    let mut driver = Command::new(&program)
        .arg("--port=0")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap_or_else(|error| panic!("{program} does not start ({error}); scripts/setup installs it"));
    let mut lines = tokio::io::BufReader::new(driver.stdout.take().expect("its output is piped")).lines();
    while let Some(line) = lines.next_line().await.expect("the driver prints text") {
        let port = line.rsplit_once("successfully on port ").map(|(_, port)| port.trim_end_matches('.').parse());
        if let Some(Ok(port)) = port {
            // What it prints from now on is of no interest, but it must not stop because nobody reads.
            tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
            return (driver, port);
        }
    }
    panic!("{program} ended without naming its port");
}

async fn connect(port: u16, screen: Screen) -> Client {
    let size = format!("--window-size={},{}", screen.width, screen.height);
    let mut args = vec!["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", &size];
    args.extend(["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"]);
    args.extend(screen.flags);
    let mut options = json!({ "args": args });
    // A window cannot be as narrow as a telephone; the page can.
    if screen.width < 500 {
        options["mobileEmulation"] =
            json!({ "deviceMetrics": { "width": screen.width, "height": screen.height, "pixelRatio": 2.0 } });
    }
    let capabilities = json!({ "browserName": "chrome", "goog:chromeOptions": options });
    let Value::Object(capabilities) = capabilities else { unreachable!("it is written as an object") };
    ClientBuilder::new(HttpConnector::new())
        .capabilities(capabilities)
        .connect(&format!("http://127.0.0.1:{port}"))
        .await
        .unwrap_or_else(|error| panic!("the browser does not start: {error}"))
}

/// The address of the built page, served by this process for as long as it lives.
pub(crate) fn site() -> &'static str {
    static SITE: OnceLock<Site> = OnceLock::new();
    &SITE.get_or_init(Site::open).address
}

/// The built page at an address of its own.
pub(crate) struct Site {
    pub(crate) address: String,
    is_gone: Arc<AtomicBool>,
}

impl Site {
    pub(crate) fn open() -> Self {
        let dist = built();
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let is_gone = Arc::new(AtomicBool::new(false));
        let closed = is_gone.clone();
        // A thread and a connection a request: no browser waits for another, or for its own next request.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten().filter(|_| !closed.load(Ordering::SeqCst)) {
                let dist = dist.clone();
                std::thread::spawn(move || answer(&dist, stream));
            }
        });
        Self { address: format!("http://{address}/"), is_gone }
    }

    /// From now on nobody gets an answer.
    pub(crate) fn close(&self) {
        self.is_gone.store(true, Ordering::SeqCst);
    }
}

/// The folder of the built page.
pub(crate) fn built() -> PathBuf {
    let dist = PathBuf::from(std::env::var("KVS_ZOO_DIST").unwrap_or_else(|_| "dist".into()));
    assert!(dist.join("index.html").exists(), "there is no built page; `scripts/test e2e` builds one");
    dist
}

/// What a strict book allows its pages.
const STRICT: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self'; \
                      connect-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'";

/// Where a path leads: into the built page, or to pages of the tests, which are strict and have the built page in a folder.
/// `KVS_ZOO_BOOK` is the folder of a book that was built.
fn find(dist: &Path, path: &str) -> (PathBuf, Option<&'static str>) {
    let file = |folder: PathBuf, path: &str| {
        let path = if path.is_empty() || path.ends_with('/') { format!("{path}index.html") } else { path.to_owned() };
        folder.join(path)
    };
    if let Some(page) = path.strip_prefix("/a/chapter/") {
        return match page.strip_prefix("kvs/") {
            Some(path) => (file(dist.into(), path), Some(STRICT)),
            None => (file(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/e2e/pages"), page), Some(STRICT)),
        };
    }
    if let (Some(page), Ok(book)) = (path.strip_prefix("/book/"), std::env::var("KVS_ZOO_BOOK")) {
        return (file(book.into(), page), None);
    }
    (file(dist.into(), path.trim_start_matches('/')), None)
}

/// Answers one request for a file.
fn answer(dist: &Path, stream: TcpStream) -> std::io::Result<()> {
    let mut head = BufReader::new(&stream).lines().take_while(|line| line.as_ref().is_ok_and(|line| !line.is_empty()));
    let request = head.next().transpose()?.unwrap_or_default();
    head.for_each(drop);
    let path = request.split(' ').nth(1).unwrap_or_default().split(['?', '#']).next().unwrap_or_default();
    let (file, policy) = find(dist, path);
    let kind = match file.extension().and_then(std::ffi::OsStr::to_str) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript",
        Some("css") => "text/css",
        Some("svg") => "image/svg+xml",
        Some("wasm") => "application/wasm",
        _ => "application/octet-stream",
    };
    let policy = policy.map_or_else(String::new, |policy| format!("Content-Security-Policy: {policy}\r\n"));
    let (status, body) = std::fs::read(file).map_or(("404 Not Found", Vec::new()), |body| ("200 OK", body));
    let mut stream = &stream;
    write!(
        stream,
        "HTTP/1.1 {status}\r\n{policy}Content-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    )?;
    stream.write_all(&body)?;
    stream.flush()
}

impl Page {
    /// Goes to the page at an address fragment that names a store or a lesson, and waits until it shows a cluster.
    pub(crate) async fn open(&self, fragment: &str) {
        // A change of the fragment alone would not load anything.
        self.client.goto("about:blank").await.expect("a blank page");
        let address = format!("{}#{fragment}", site());
        self.client.goto(&address).await.expect("the page loads");
        self.until("the cluster is shown", "return document.querySelector('[data-node]') !== null").await;
    }

    /// Goes to an address.
    pub(crate) async fn go(&self, address: &str) {
        self.client.goto(address).await.unwrap_or_else(|error| panic!("{address}: {error}"));
    }

    /// Has the page look as it does on paper, or on a screen again.
    pub(crate) async fn on_paper(&self, is_paper: bool) {
        let media = if is_paper { "print" } else { "" };
        let command = DevTools { command: "Emulation.setEmulatedMedia", parameters: json!({ "media": media }) };
        self.client.issue_cmd(command).await.expect("the browser shows what is printed");
    }

    /// Has the page look as it does for somebody who prefers the dark.
    pub(crate) async fn in_the_dark(&self) {
        let features = json!([{ "name": "prefers-color-scheme", "value": "dark" }]);
        let command = DevTools { command: "Emulation.setEmulatedMedia", parameters: json!({ "features": features }) };
        self.client.issue_cmd(command).await.expect("the browser shows it in the dark");
    }

    /// Presses a key where the keyboard is.
    pub(crate) async fn press(&self, key: Key) {
        let element = self.client.active_element().await.expect("the keyboard is somewhere");
        element.send_keys(&char::from(key).to_string()).await.expect("the key is pressed");
    }

    /// Runs a script in the page.
    pub(crate) async fn script(&self, script: &str) -> Value {
        self.client.execute(script, vec![]).await.unwrap_or_else(|error| panic!("{script}: {error}"))
    }

    /// Waits until a script returns true.
    pub(crate) async fn until(&self, what: &str, script: &str) {
        let began = Instant::now();
        while self.script(script).await != Value::Bool(true) {
            assert!(began.elapsed() < PATIENCE, "waited {PATIENCE:?} until {what}");
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }

    /// Clicks on what a selector finds, as a hand would: it must be there and visible.
    pub(crate) async fn click(&self, selector: &str) {
        let element = self.client.wait().at_most(PATIENCE).for_element(Locator::Css(selector)).await;
        let element = element.unwrap_or_else(|error| panic!("{selector}: {error}"));
        // A reader scrolls until nothing is in the way.
        self.script(&format!("document.querySelector({}).scrollIntoView({{ block: 'center' }})", json!(selector)))
            .await;
        element.click().await.unwrap_or_else(|error| panic!("click on {selector}: {error}"));
    }

    /// Puts text into a field in place of what is there.
    pub(crate) async fn fill(&self, selector: &str, text: &str) {
        let element =
            self.client.find(Locator::Css(selector)).await.unwrap_or_else(|error| panic!("{selector}: {error}"));
        element.clear().await.unwrap_or_else(|error| panic!("clear {selector}: {error}"));
        element.send_keys(text).await.unwrap_or_else(|error| panic!("type into {selector}: {error}"));
    }

    /// Chooses an option of a select by its value.
    pub(crate) async fn choose(&self, selector: &str, value: &str) {
        let element =
            self.client.find(Locator::Css(selector)).await.unwrap_or_else(|error| panic!("{selector}: {error}"));
        element.select_by_value(value).await.unwrap_or_else(|error| panic!("{selector} = {value}: {error}"));
    }

    /// The visible text of what a selector finds; empty if there is nothing.
    pub(crate) async fn text(&self, selector: &str) -> String {
        let script = format!("return document.querySelector({})?.innerText ?? ''", json!(selector));
        self.script(&script).await.as_str().unwrap_or_default().to_owned()
    }

    /// The address of the page now.
    pub(crate) async fn address(&self) -> String {
        self.client.current_url().await.expect("the page has an address").to_string()
    }
}

/// A command of the browser's own protocol, which the driver passes on.
#[derive(Debug)]
struct DevTools {
    command: &'static str,
    parameters: Value,
}

impl WebDriverCompatibleCommand for DevTools {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/goog/cdp/execute", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _request: &url::Url) -> (http::Method, Option<String>) {
        let body = json!({ "cmd": self.command, "params": self.parameters });
        (http::Method::POST, Some(body.to_string()))
    }
}
