//! `enroll --qr`: how a person brings in a device that enrolls itself.

use super::failure::Failure;
use super::output::{Output, short};
use crate::client::Client;
use crate::model::qr::QrCode;

/// The type of device that enrolls itself by an address.
const TYPE: &str = "android";

pub(super) async fn show(client: &Client, device_type: &str, output: &mut Output) -> Result<(), Failure> {
    if device_type != TYPE {
        return Err(Failure::Usage(format!("--qr is for the type {TYPE}, whose devices enroll themselves")));
    }
    let enrollment = client.enrollment().await?;
    if output.is_json() {
        return output.document(&enrollment);
    }
    output
        .line("Install the Android device-management agent of the Entgra IoT Server on the device, and give it this")?;
    output.line(format_args!("address as its server: {}", short(&enrollment.address, 300)))?;
    output.line("")?;
    if let Some(code) = QrCode::of(&enrollment.address) {
        for line in code.half_blocks() {
            output.line(line)?;
        }
    }
    output.line("Then log in on the device with your name and password on this site.")
}
