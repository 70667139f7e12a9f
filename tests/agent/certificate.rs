//! Devices that log in with certificates of the site CA: made with openssl, shown by curl, Mosquitto and openssl.

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value as Json, json};
use tempfile::TempDir;

use crate::common::eventually;
use crate::site::{Program, Site};

/// A site, and a directory with the keys of its devices.
struct Keys {
    site: Site,
    dir: TempDir,
    device: String,
}

impl Keys {
    fn start() -> Self {
        let site = Site::start();
        let dir = tempfile::tempdir().unwrap();
        let new = json!({ "type": "raspberrypi", "identifier": "porch" });
        let (status, made) = site.daemon.request("POST", "/api/v1/devices", &new.to_string());
        assert_eq!(status, 201, "{made}");
        let made: Json = serde_json::from_str(&made).unwrap();
        let (status, ca) = site.http("GET /ca.pem", "none", "text/plain", "");
        assert_eq!(status, 200);
        std::fs::write(dir.path().join("ca.pem"), ca).unwrap();
        Self { site, dir, device: made["device"]["id"].as_str().unwrap().to_owned() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Output {
        let mut command = Command::new(program);
        let output = command.args(arguments).current_dir(self.dir.path()).stdin(Stdio::null()).output();
        output.unwrap_or_else(|error| panic!("{program}: {error}"))
    }

    fn openssl(&self, arguments: &[&str]) -> Output {
        let output = self.run("openssl", arguments);
        assert!(output.status.success(), "openssl {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        output
    }

    /// A key and a request of that name; the request in PEM.
    fn request(&self, name: &str, key: &[&str]) -> String {
        let (keyfile, csr) = (format!("{name}.key"), format!("{name}.csr"));
        self.openssl(&[&["genpkey", "-out", &keyfile], key].concat());
        let more = ["-addext", "subjectAltName=DNS:admin", "-addext", "basicConstraints=critical,CA:TRUE"];
        let asked = ["req", "-new", "-key", &keyfile, "-subj", "/CN=porch/O=Elsewhere", "-out", &csr];
        self.openssl(&[&asked[..], &more[..]].concat());
        std::fs::read_to_string(self.path(&csr)).unwrap()
    }

    fn sign(&self, csr: &str) -> (u16, Json) {
        let path = format!("/api/v1/devices/{}/certificates", self.device);
        let (status, body) = self.site.daemon.request("POST", &path, &json!({ "csr": csr }).to_string());
        (status, serde_json::from_str(&body).unwrap())
    }

    /// A certificate in `<name>.pem` for the key in `<name>.key`; its serial number.
    fn certified(&self, name: &str, key: &[&str]) -> String {
        let (status, signed) = self.sign(&self.request(name, key));
        assert_eq!(status, 201, "{signed}");
        let pem = signed["certificate"]["pem"].as_str().unwrap();
        std::fs::write(self.path(&format!("{name}.pem")), pem).unwrap();
        signed["certificate"]["serial"].as_str().unwrap().to_owned()
    }

    fn revoke(&self, serial: &str) {
        let output = self.site.pymctl(&["certificates", "revoke", serial]);
        assert!(output.status.success(), "{output:?}");
    }

    /// curl with the certificate of that name: what it says of the status of each request.
    fn curl(&self, name: &str, paths: &[&str]) -> (Output, Vec<String>) {
        let base = format!("https://localhost:{}", self.site.daemon.https().port());
        let (cert, key) = (format!("{name}.pem"), format!("{name}.key"));
        let mut arguments = vec!["-sS", "--cacert", "ca.pem", "--cert", &cert, "--key", &key, "-w", "%{http_code}\n"];
        let urls: Vec<String> = paths.iter().map(|path| format!("{base}{path}")).collect();
        for url in &urls {
            arguments.extend(["-o", "answer", url.as_str()]);
        }
        let output = self.run("curl", &arguments);
        let said = String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect();
        (output, said)
    }

    fn mosquitto(&self, program: &str, name: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        let port = self.site.daemon.mqtts().port().to_string();
        command.current_dir(self.dir.path());
        command.args(["-h", "localhost", "-p", &port, "--cafile", "ca.pem", "-q", "1"]);
        command.args(["--cert", &format!("{name}.pem"), "--key", &format!("{name}.key")]).args(arguments);
        command
    }
}

const P256: [&str; 4] = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"];
const OPERATIONS: &str = "/api/device-mgt/v1.0/device/agent/pending/operations/raspberrypi/porch";

#[test]
fn every_kind_of_key_is_signed_for_what_it_is() {
    let keys = Keys::start();
    let kinds: [(&str, &[&str]); 4] = [
        ("p256", &P256),
        ("p384", &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"]),
        ("ed25519", &["-algorithm", "ED25519"]),
        ("rsa", &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]),
    ];
    for (name, key) in kinds {
        keys.certified(name, key);
        let pem = format!("{name}.pem");
        keys.openssl(&["verify", "-x509_strict", "-purpose", "sslclient", "-CAfile", "ca.pem", &pem]);
        let text = keys.openssl(&["x509", "-noout", "-text", "-in", &pem]).stdout;
        let text = String::from_utf8_lossy(&text);
        for part in ["CN = porch", "Digital Signature", "TLS Web Client Authentication", "CA:FALSE"] {
            assert!(text.replace("CN=porch", "CN = porch").contains(part), "{name} lacks {part}: {text}");
        }
        assert!(!text.contains("DNS:admin") && !text.contains("Elsewhere"), "{text}");
        let own = keys.openssl(&["pkey", "-in", &format!("{name}.key"), "-pubout"]).stdout;
        assert_eq!(keys.openssl(&["x509", "-noout", "-pubkey", "-in", &pem]).stdout, own, "{name}");
        let (output, said) = keys.curl(name, &[OPERATIONS]);
        assert_eq!(said, ["200"], "{name}: {output:?}");
    }
}

#[test]
fn requests_that_cannot_be_signed_are_refused_with_the_reason() {
    let keys = Keys::start();
    let weak = keys.request("weak", &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"]);
    let curve = keys.request("curve", &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:secp256k1"]);
    let good = keys.request("good", &P256);
    let forged = good.replacen("MII", "MIJ", 1);
    let end = "-----END CERTIFICATE REQUEST-----";
    let cut = good.replace(end, "");
    let expected = [
        (weak.as_str(), "RSA of 1024 bits"),
        (&curve, "public key"),
        (&forged, "certification request"),
        (&cut, "neither DER nor base64 nor PEM"),
        ("", "neither DER nor base64 nor PEM"),
        ("hello", "neither DER nor base64 nor PEM"),
    ];
    for (csr, why) in expected {
        let (status, problem) = keys.sign(csr);
        assert_eq!((status, problem["field"].as_str()), (400, Some("csr")), "{problem}");
        assert!(problem["detail"].as_str().unwrap().contains(why), "{problem}");
    }
}

#[test]
fn a_revoked_certificate_is_out_over_http_though_the_session_is_resumed() {
    let keys = Keys::start();
    let serial = keys.certified("porch", &P256);
    let other = keys.certified("other", &P256);
    let own = "/api/v1/devices/raspberrypi:porch";
    let elsewhere = OPERATIONS.replace("porch", "cellar");
    let (output, said) = keys.curl("porch", &[OPERATIONS, own, "/api/v1/whoami", "/api/v1/users", &elsewhere]);
    assert_eq!(said, ["200", "200", "200", "403", "403"], "{output:?}");

    // A session to be resumed later, and a connection that stays open while its certificate is revoked.
    let address = format!("localhost:{}", keys.site.daemon.https().port());
    let client = ["s_client", "-connect", &address, "-CAfile", "ca.pem", "-verify_return_error", "-quiet"];
    let show = ["-cert", "porch.pem", "-key", "porch.key"];
    let ask = format!("GET {OPERATIONS} HTTP/1.1\r\nHost: pym\r\n");
    let mut open = Command::new("openssl");
    open.args(client).args(show).args(["-sess_out", "session"]).current_dir(keys.dir.path());
    let mut open = open.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let (mut input, mut output) = (open.stdin.take().unwrap(), open.stdout.take().unwrap());
    let mut round = |end: &str| {
        use std::io::{Read as _, Write as _};
        write!(input, "{ask}{end}\r\n").unwrap();
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n") {
            assert_eq!(output.read(&mut byte).unwrap(), 1, "{}", String::from_utf8_lossy(&head));
            head.push(byte[0]);
        }
        let line = String::from_utf8(head).unwrap();
        // The rest of the answer, by its length.
        let mut rest = Vec::new();
        while !rest.ends_with(b"\r\n\r\n") {
            assert_eq!(output.read(&mut byte).unwrap(), 1);
            rest.push(byte[0]);
        }
        let rest = String::from_utf8(rest).unwrap().to_ascii_lowercase();
        let length = rest.lines().find_map(|line| line.strip_prefix("content-length: ")?.trim().parse().ok());
        let mut body = vec![0; length.unwrap()];
        output.read_exact(&mut body).unwrap();
        line
    };
    assert!(round("").contains(" 200 "));
    keys.revoke(&serial);
    assert!(round("Connection: close\r\n").contains(" 401 "), "the open connection");
    open.wait().unwrap();

    assert_eq!(keys.curl("porch", &[OPERATIONS, own]).1, ["401", "401"]);
    let resumed = Command::new("sh")
        .args([
            "-c",
            &format!("printf '{}Connection: close\r\n\r\n' | openssl \"$@\"", ask.replace("\r\n", "\\r\\n")),
            "sh",
        ])
        .args(client)
        .args(["-sess_in", "session", "-ign_eof"])
        .current_dir(keys.dir.path())
        .output()
        .unwrap();
    let resumed = String::from_utf8_lossy(&resumed.stdout).into_owned();
    assert!(resumed.starts_with("HTTP/1.1 401"), "a resumed session: {resumed:?}");

    assert_eq!(keys.curl("other", &[OPERATIONS]).1, ["200"]);
    let (status, _) = keys.site.daemon.request("DELETE", &format!("/api/v1/devices/{}", keys.device), "");
    assert_eq!(status, 204);
    assert_eq!(keys.curl("other", &[OPERATIONS]).1, ["401"], "removed: {other}");
    let (status, list) = keys.site.http("GET /crl", "none", "text/plain", "");
    assert_eq!(status, 200);
    std::fs::write(keys.path("crl"), list).unwrap();
    let list = keys.openssl(&["crl", "-inform", "DER", "-in", "crl", "-noout", "-text", "-CAfile", "ca.pem"]);
    let list = String::from_utf8_lossy(&list.stdout).to_ascii_lowercase();
    assert!(list.contains(&serial) && list.contains(&other), "{list}");
}

#[test]
fn a_certificate_of_another_site_does_not_get_through_the_handshake() {
    let (keys, other) = (Keys::start(), Keys::start());
    other.certified("porch", &P256);
    for file in ["porch.pem", "porch.key"] {
        std::fs::copy(other.path(file), keys.path(file)).unwrap();
    }
    let (output, said) = keys.curl("porch", &["/livez"]);
    assert!(!output.status.success() && said.iter().all(|status| status == "000"), "{output:?}");
    let topic = "carbon.super/raspberrypi/porch/note";
    let output = keys.mosquitto("mosquitto_pub", "porch", &["-t", topic, "-m", "x"]).output().unwrap();
    assert!(!output.status.success(), "{output:?}");
    assert_eq!(keys.site.counter("pym_mqtt_connections_accepted_total"), 0);
    // Without a certificate everything is as before.
    let url = format!("https://localhost:{}/livez", keys.site.daemon.https().port());
    assert!(keys.run("curl", &["-sSf", "--cacert", "ca.pem", &url]).status.success());
}

#[test]
fn mqtt_takes_a_certificate_for_a_password_until_it_is_revoked() {
    let keys = Keys::start();
    let serial = keys.certified("porch", &P256);
    let (topic, far) = ("carbon.super/raspberrypi/porch/note", "carbon.super/raspberrypi/cellar/note");
    let published = keys.mosquitto("mosquitto_pub", "porch", &["-t", topic, "-m", "hello", "-r"]).output().unwrap();
    assert!(published.status.success(), "{published:?}");
    let heard = keys.mosquitto("mosquitto_sub", "porch", &["-t", topic, "-C", "1", "-W", "30"]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&heard.stdout), "hello\n", "{heard:?}");
    keys.mosquitto("mosquitto_pub", "porch", &["-t", far, "-m", "x"]).output().unwrap();
    assert_eq!(keys.site.counter("pym_mqtt_denied_total"), 1);

    let mut command = keys.mosquitto("mosquitto_sub", "porch", &["-t", "carbon.super/raspberrypi/porch/#", "-d"]);
    let client = Program::start(&mut command, keys.dir.path());
    client.wait_for("Subscribed", 1);
    keys.site.wait_for_status("raspberrypi:porch", "ACTIVE");
    keys.revoke(&serial);
    keys.site.wait_for_status("raspberrypi:porch", "UNREACHABLE");
    let refused = keys.mosquitto("mosquitto_pub", "porch", &["-t", topic, "-m", "again"]).output().unwrap();
    assert!(!refused.status.success(), "{refused:?}");
    eventually("the refusal in the log", || keys.site.daemon.log().contains("the certificate is revoked"));
}

#[test]
fn tools_of_the_entgra_server_sign_list_verify_and_remove() {
    let keys = Keys::start();
    let site = &keys.site;
    let bearer = format!("Bearer {}", site.token());
    let base = "/api/certificate-mgt/v1.0/admin/certificates";
    let ask = |line: &str, kind: &str, body: &str| {
        let (status, answer) = site.http(line, &bearer, kind, body);
        (status, String::from_utf8(answer).unwrap())
    };
    keys.request("porch", &P256);
    let der = keys.openssl(&["req", "-in", "porch.csr", "-outform", "DER"]).stdout;
    let csr = BASE64_STANDARD.encode(der);
    let (status, signed) = ask("POST /api/scep-mgt/v1.0/certificates/signcsr", "text/plain", &csr);
    assert_eq!(status, 200, "{signed}");
    let again = ask("POST /api/scep-mgt/v1.0/scep/sign-csr", "text/plain", &csr);
    assert_eq!(again, (200, signed.clone()), "a retry gets the same");
    std::fs::write(keys.path("porch.der"), BASE64_STANDARD.decode(&signed).unwrap()).unwrap();
    keys.openssl(&["x509", "-inform", "DER", "-in", "porch.der", "-out", "porch.pem"]);
    keys.openssl(&["verify", "-CAfile", "ca.pem", "porch.pem"]);

    let (status, list) = ask(&format!("GET {base}?limit=5"), "text/plain", "");
    let list: Json = serde_json::from_str(&list).unwrap();
    assert_eq!((status, &list["count"]), (200, &json!(1)), "{list}");
    let serial = list["certificates"][0]["serialNumber"].as_str().unwrap();
    assert_eq!(list["certificates"][0]["commonName"], "porch");
    let (_, one) = ask(&format!("GET {base}/{serial}"), "text/plain", "");
    assert_eq!(serde_json::from_str::<Json>(&one).unwrap()[0]["serialNumber"], serial);
    assert_eq!(ask(&format!("GET {base}/17"), "text/plain", ""), (200, "[]".to_owned()));
    let pem = BASE64_STANDARD.encode(std::fs::read(keys.path("porch.pem")).unwrap());
    let verify = || {
        let body = json!({ "serial": serial, "pem": pem }).to_string();
        ask(&format!("POST {base}/verify/android"), "application/json", &body)
    };
    assert_eq!(verify(), (200, "\"valid\"".to_owned()));
    assert_eq!(ask(&format!("DELETE {base}/{serial}"), "text/plain", "").0, 200);
    assert_eq!(verify(), (200, "\"invalid\"".to_owned()));
    assert_eq!(ask(&format!("DELETE {base}/17"), "text/plain", "").0, 404);

    keys.openssl(&["req", "-x509", "-key", "porch.key", "-subj", "/CN=elsewhere", "-out", "own.pem"]);
    let own = BASE64_STANDARD.encode(std::fs::read(keys.path("own.pem")).unwrap());
    let body = json!([{ "serial": "1", "pem": own }]).to_string();
    let added = ask(&format!("POST {base}"), "application/json", &body);
    assert_eq!(added, (201, "\"Added successfully.\"".to_owned()));
    assert_eq!(ask(&format!("POST {base}"), "application/json", r#"[{"pem":"nonsense"}]"#).0, 400);
    let unknown = BASE64_STANDARD
        .encode(keys.openssl(&["req", "-new", "-key", "porch.key", "-subj", "/CN=nobody", "-outform", "DER"]).stdout);
    let (status, refused) = ask("POST /api/scep-mgt/v1.0/scep/sign-csr", "text/plain", &unknown);
    assert!(status == 400 && refused.contains("common name"), "{refused}");
    assert_eq!(site.http(&format!("GET {base}"), "none", "text/plain", "").0, 401);
}

#[test]
fn pymctl_signs_shows_verifies_and_revokes() {
    let keys = Keys::start();
    keys.request("porch", &P256);
    let (csr, pem) = (keys.path("porch.csr"), keys.path("porch.pem"));
    let signed = keys.site.pymctl(&["certificates", "sign", "raspberrypi:porch", csr.to_str().unwrap()]);
    assert!(signed.status.success(), "{signed:?}");
    std::fs::write(&pem, &signed.stdout).unwrap();
    let list = keys.site.pymctl_json(&["certificates", "--device", "raspberrypi:porch"]);
    let serial = list["items"][0]["serial"].as_str().unwrap();
    assert_eq!(keys.site.pymctl(&["certificates", "show", serial]).stdout, signed.stdout);
    let verify = || keys.site.pymctl(&["certificates", "verify", pem.to_str().unwrap()]).stdout;
    assert_eq!(String::from_utf8(verify()).unwrap(), "valid\n");
    keys.revoke(serial);
    assert_eq!(String::from_utf8(verify()).unwrap(), "invalid: the certificate is revoked\n");
    assert!(String::from_utf8(keys.site.pymctl(&["certificates"]).stdout).unwrap().contains("revoked"));
    assert_eq!(keys.site.pymctl(&["certificates", "show", "abc"]).status.code(), Some(4));
}
