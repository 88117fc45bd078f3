//! A real Orthanc, with its own folder and ports.

use super::{Running, free_port, programs, wait_until};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

pub(crate) struct Orthanc {
    pub(crate) port: u16,
    pub(crate) http: u16,
    folder: PathBuf,
    process: Option<Running>,
}

/// Debian's folder of the plugins.
const PLUGINS: &str = "/usr/share/orthanc/plugins";

impl Orthanc {
    /// Starts an Orthanc that knows this program, at this port, as the modality `skiagraph`. `None`
    /// if it is not installed.
    pub(crate) fn start(folder: &Path, our_port: u16, lua: &str) -> Option<Self> {
        programs(["Orthanc"], "orthanc orthanc-dicomweb orthanc-gdcm")?;
        let (port, http) = (free_port(), free_port());
        fs::create_dir_all(folder).unwrap();
        fs::write(folder.join("route.lua"), lua).unwrap();
        let config = json!({
            "Name": "test",
            "StorageDirectory": folder.join("storage"),
            "IndexDirectory": folder.join("storage"),
            "Plugins": [PLUGINS],
            "LuaScripts": [folder.join("route.lua")],
            "HttpPort": http,
            "DicomPort": port,
            "DicomAet": "ORTHANC",
            "RemoteAccessAllowed": false,
            "AuthenticationEnabled": true,
            "RegisteredUsers": { "alice": "secret" },
            "DicomModalities": { "skiagraph": ["SKIAGRAPH", "127.0.0.1", our_port] },
            "StableAge": 1,
            "DicomWeb": { "Enable": true },
        });
        fs::write(folder.join("orthanc.json"), config.to_string()).unwrap();
        let mut orthanc = Self { port, http, folder: folder.into(), process: None };
        orthanc.run();
        Some(orthanc)
    }

    fn run(&mut self) {
        let log = fs::File::create(self.folder.join("log")).unwrap();
        let child = Command::new("/usr/sbin/Orthanc")
            .arg(self.folder.join("orthanc.json"))
            .stdout(Stdio::from(log.try_clone().unwrap()))
            .stderr(log)
            .spawn()
            .unwrap();
        self.process = Some(Running(child));
        wait_until("Orthanc answers", || self.try_get("/system").is_some());
    }

    /// Restarts it with nothing in it.
    pub(crate) fn reset(&mut self) {
        self.process = None;
        fs::remove_dir_all(self.folder.join("storage")).unwrap();
        self.run();
    }

    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.http)
    }

    /// A file with the name and password.
    pub(crate) fn password_file(&self) -> PathBuf {
        let path = self.folder.join("password");
        fs::write(&path, "alice:secret\n").unwrap();
        path
    }

    fn try_get(&self, path: &str) -> Option<Value> {
        let request = ureq::get(format!("{}{path}", self.url()))
            .header("Authorization", "Basic YWxpY2U6c2VjcmV0");
        serde_json::from_str(&request.call().ok()?.body_mut().read_to_string().ok()?).ok()
    }

    pub(crate) fn get(&self, path: &str) -> Value {
        self.try_get(path).unwrap()
    }

    fn try_post(
        &self,
        path: &str,
        body: &[u8],
    ) -> Result<ureq::http::Response<ureq::Body>, ureq::Error> {
        let request = ureq::post(format!("{}{path}", self.url()))
            .header("Authorization", "Basic YWxpY2U6c2VjcmV0");
        request.send(body)
    }

    /// Tells whether the answer is success.
    pub(crate) fn accepts(&self, path: &str, body: &[u8]) -> bool {
        self.try_post(path, body).is_ok()
    }

    pub(crate) fn post(&self, path: &str, body: &[u8]) -> Value {
        let answer = self.try_post(path, body).unwrap().body_mut().read_to_string().unwrap();
        serde_json::from_str(&answer).unwrap_or(Value::Null)
    }

    pub(crate) fn put(&self, path: &str, body: &Value) {
        let request = ureq::put(format!("{}{path}", self.url()))
            .header("Authorization", "Basic YWxpY2U6c2VjcmV0");
        request.send(body.to_string()).unwrap();
    }

    pub(crate) fn count(&self) -> u64 {
        self.get("/statistics")["CountInstances"].as_u64().unwrap()
    }

    /// The names of all instances.
    pub(crate) fn instances(&self) -> Value {
        self.get("/instances")
    }
}

/// The script in docs/pacs.md that makes Orthanc route to this program.
pub(crate) fn documented_script() -> String {
    let docs = include_str!("../../../../docs/pacs.md");
    let (_, script) = docs.split_once("```lua\n").unwrap();
    script.split_once("```").unwrap().0.to_owned()
}
