//! Compresses the dashboard's files once, so that no request does: each is kept plain, as gzip and as brotli, under a
//! name that holds the hash of its content.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::{env, error, fs};

use sha2::{Digest as _, Sha256};

/// Below `assets/web`, with the types they are served as.
const FILES: [(&str, &str); 3] = [
    ("app.css", "text/css; charset=utf-8"),
    ("app.js", "text/javascript; charset=utf-8"),
    ("icon.svg", "image/svg+xml"),
];
/// As many bytes of the hash stand in a name, in hex.
const HASH_BYTES: usize = 8;
/// The window of brotli (RFC 7932, section 9.1): the files are smaller.
const BROTLI_WINDOW: i32 = 18;

fn main() -> Result<(), Box<dyn error::Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=assets/web");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let mut code = String::new();
    for (name, kind) in FILES {
        let plain = fs::read(Path::new("assets/web").join(name))?;
        let digest = Sha256::digest(&plain);
        let mut hash = String::new();
        for byte in digest.iter().take(HASH_BYTES) {
            write!(hash, "{byte:02x}")?;
        }
        let (stem, extension) = name.split_once('.').ok_or("a name without an extension")?;
        fs::write(out.join(name), &plain)?;
        fs::write(out.join(format!("{name}.gz")), gzip(&plain)?)?;
        fs::write(out.join(format!("{name}.br")), brotli(&plain)?)?;
        let constant = name.replace('.', "_").to_uppercase();
        writeln!(
            code,
            "pub(super) const {constant}: Asset = Asset {{\n    path: \"/assets/{stem}-{hash}.{extension}\",\n    \
             kind: \"{kind}\",\n    etag: \"\\\"{hash}\\\"\",\n    plain: include_bytes!(\"{name}\"),\n    \
             gzip: include_bytes!(\"{name}.gz\"),\n    brotli: include_bytes!(\"{name}.br\"),\n}};"
        )?;
    }
    fs::write(out.join("assets.rs"), code)?;
    Ok(())
}

fn gzip(plain: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(plain)?;
    encoder.finish()
}

fn brotli(plain: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut packed = Vec::new();
    let params = brotli::enc::BrotliEncoderParams { quality: 11, lgwin: BROTLI_WINDOW, ..Default::default() };
    brotli::BrotliCompress(&mut &plain[..], &mut packed, &params)?;
    Ok(packed)
}
