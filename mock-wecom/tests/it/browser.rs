//! A real Chromium without a window, driven through chromedriver.

use std::process::Stdio;
use std::time::Duration;

use fantoccini::elements::Element;
use fantoccini::error::CmdError;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::{Mutex, MutexGuard};

const INSTALL: &str = "apt-get install -y chromium chromium-driver";
/// Long enough for a machine that is busy with other things.
const PATIENCE: Duration = Duration::from_secs(30);

/// One browser at a time: two of them starve each other on a small machine.
static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

/// A browser with a page of the mock open.
pub(crate) struct Browser {
    client: Client,
    driver: Child,
    _turn: MutexGuard<'static, ()>,
}

async fn start_driver() -> (Child, String) {
    let mut driver = Command::new("chromedriver")
        .arg("--port=0")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap_or_else(|error| {
            panic!("chromedriver cannot be started ({error}). Install it with: {INSTALL}")
        });
    let out = driver.stdout.take().expect("its output");
    let mut lines = BufReader::new(out).lines();
    while let Some(line) = lines.next_line().await.expect("readable") {
        let port = line
            .rsplit_once("successfully on port ")
            .map(|(_, port)| port.trim_end_matches('.').to_owned());
        if let Some(port) = port {
            // The pipe must stay open, or the driver dies of its next line.
            tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
            return (driver, format!("http://127.0.0.1:{port}"));
        }
    }
    panic!("chromedriver ended before it was ready");
}

impl Browser {
    /// Opens a page in a window of this size; a narrow one counts as a phone.
    pub(crate) async fn open(url: &str, width: u32, height: u32) -> Self {
        let turn = ONE_AT_A_TIME.lock().await;
        let (driver, address) = start_driver().await;
        let window = format!("--window-size={width},{height}");
        let mut options =
            json!({"args": ["--headless=new", "--no-sandbox", "--disable-gpu", window]});
        if width < 600 {
            options["mobileEmulation"] =
                json!({"deviceMetrics": {"width": width, "height": height, "pixelRatio": 2}});
        }
        let capabilities = json!({
            "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"},
            "timeouts": {"script": 60_000},
        });
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities.as_object().expect("an object").clone())
            .connect(&address)
            .await
            .unwrap_or_else(|error| panic!("no browser ({error}). Install it with: {INSTALL}"));
        client.goto(url).await.expect("the page");
        Self {
            client,
            driver,
            _turn: turn,
        }
    }

    /// Waits until an element is there.
    pub(crate) async fn see(&self, css: &str) -> Element {
        self.wait(Locator::Css(css)).await
    }

    /// Waits until an element with this text is inside another, given by its id.
    pub(crate) async fn read(&self, inside: &str, text: &str) -> Element {
        let path = format!(
            "//*[@id='{inside}']/descendant-or-self::*[contains(normalize-space(.), '{text}')]"
        );
        self.wait(Locator::XPath(&path)).await
    }

    async fn wait(&self, locator: Locator<'_>) -> Element {
        let found = self
            .client
            .wait()
            .at_most(PATIENCE)
            .for_element(locator)
            .await;
        match found {
            Ok(element) => element,
            Err(error) => {
                let text = self.run("return document.body.innerText").await;
                panic!("{locator:?} did not come: {error}. The page reads:\n{text}")
            }
        }
    }

    /// Clicks what is there; once more when it was drawn anew in between.
    pub(crate) async fn click(&self, css: &str) {
        let mut clicked = self.see(css).await.click().await;
        if clicked
            .as_ref()
            .is_err_and(CmdError::is_stale_element_reference)
        {
            clicked = self.see(css).await.click().await;
        }
        clicked.unwrap_or_else(|error| panic!("{css}: {error}"));
    }

    /// Replaces what a field holds.
    pub(crate) async fn fill(&self, css: &str, text: &str) {
        let field = self.see(css).await;
        field.clear().await.expect("a field");
        field.send_keys(text).await.expect("a field");
    }

    pub(crate) async fn choose(&self, css: &str, value: &str) {
        let field = self.see(css).await;
        field
            .select_by_value(value)
            .await
            .unwrap_or_else(|error| panic!("{css}={value}: {error}"));
    }

    pub(crate) async fn run(&self, script: &str) -> Value {
        self.client
            .execute(script, Vec::new())
            .await
            .expect("a script")
    }

    /// A screenshot for people, where the environment asks for one.
    pub(crate) async fn picture(&self, name: &str) {
        let Some(folder) = std::env::var_os("MOCK_WECOM_PICTURES") else {
            return;
        };
        let bytes = self.client.screenshot().await.expect("a picture");
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::write(
            std::path::Path::new(&folder).join(format!("{name}.png")),
            bytes,
        )
        .expect("a file");
    }

    /// Ends the browser; nothing may have gone wrong on the page.
    pub(crate) async fn close(mut self) {
        let status = self
            .run("return document.getElementById('status').className")
            .await;
        assert!(
            !status.as_str().unwrap_or_default().contains("bad"),
            "the page reports a failure"
        );
        self.client.close().await.expect("closed");
        self.driver.kill().await.expect("ended");
    }
}
