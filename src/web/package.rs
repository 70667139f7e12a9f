//! `/packages`: applications the site hands to its devices.

mod apply;

use maud::{Markup, html};
use warp::Reply;
use warp::http::Method;

use super::call::Call;
use super::failure::Failure;
use super::message::{general, package as words};
use super::routes::{Route, route};
use super::ui::Ui;
use super::ui::text::bytes;
use crate::app::Error;
use crate::model::actor::Scope;
use crate::model::id::PackageId;
use crate::model::package::Package;

/// Where the script sends an APK: the API's own way, which takes it piece by piece.
const UPLOAD: &str = "/api/v1/packages";

pub(super) fn routes() -> Vec<Route> {
    let mut routes = vec![
        route(Method::GET, "/packages", list),
        route(Method::GET, "/packages/{id}", show),
        route(Method::POST, "/packages/{id}/delete", delete),
    ];
    routes.extend(apply::routes());
    routes
}

fn id(call: &Call) -> Result<PackageId, Failure> {
    call.id(0, "the package")
}

async fn list(call: Call) -> Result<impl Reply, Failure> {
    let ui = call.ui();
    let packages = call.app().packages(call.actor()).await?;
    let body = html! {
        div.page-head { h1 { (ui.t(words::TITLE)) } }
        section #packages data-live="packages" {
            @if packages.is_empty() {
                (ui.empty(words::NONE, words::NONE_HINT, None))
            } @else {
                (table(&ui, &packages))
            }
        }
        (upload(&ui))
    };
    let host = ui.host();
    let page = ui.page(words::TITLE).curl("GET", UPLOAD);
    Ok(page.curl_line(&format!(
        "curl --cacert ca.pem -H \"Authorization: Bearer $PYM_TOKEN\" -H 'Content-Type: application/vnd.android.package-archive' \
         -T app.apk -X POST 'https://{host}{UPLOAD}?identifier=com.example.app&version=1.0&name=Example'"
    )).body(body))
}

fn table(ui: &Ui, packages: &[Package]) -> Markup {
    html! {
        (ui.scroll(ui.t(words::TITLE), html! {
            table.list {
                thead { tr {
                    th scope="col" { (ui.t(words::NAME)) } th scope="col" { (ui.t(words::IDENTIFIER)) }
                    th scope="col" { (ui.t(words::VERSION)) } th.num scope="col" { (ui.t(words::SIZE)) }
                    th scope="col" { (ui.t(words::UPLOADED)) } th scope="col" { (ui.t(words::UPLOADED_BY)) }
                } }
                tbody {
                    @for package in packages {
                        tr data-row data-key=(package.id) {
                            td { a href={ "/packages/" (package.id) } { (package.name) } }
                            td.mono { (package.identifier) }
                            td { (package.version) }
                            td.num { (bytes(package.size)) }
                            td.nowrap { (ui.ago(package.uploaded_at)) }
                            td { (package.uploaded_by) }
                        }
                    }
                }
            }
        }))
    }
}

/// The form that the script sends; a form alone could not put a file into a request's body.
fn upload(ui: &Ui) -> Markup {
    html! {
        section.card.after {
            h2 { (ui.t(words::UPLOAD)) }
            p.note.unscripted { (ui.t(words::UPLOAD_SCRIPT)) }
            form #upload.form.scripted method="get" action="/packages" data-upload=(UPLOAD)
                data-type="application/vnd.android.package-archive" {
                (ui.input_required("file", "file", words::FILE, "", None))
                (ui.input_required("text", "identifier", words::IDENTIFIER, "", Some(ui.t(words::IDENTIFIER_HINT))))
                div.row {
                    (ui.input_required("text", "version", words::VERSION, "", None))
                    (ui.input("text", "name", words::NAME, "", None))
                }
                progress max="100" value="0" hidden aria-label=(ui.t(words::UPLOADING)) {}
                button.button.primary { (ui.t(words::UPLOAD_BUTTON)) }
            }
        }
    }
}

async fn show(call: Call) -> Result<impl Reply, Failure> {
    let (ui, id) = (call.ui(), id(&call)?);
    let package = call.app().package(call.actor(), id).await?;
    let groups = match call.app().groups(call.actor()).await {
        Err(Error::Forbidden { .. }) => Vec::new(),
        groups => groups?,
    };
    let body = html! {
        div.page-head {
            h1 { (package.name) }
            a.button href={ (UPLOAD) "/" (id) "/content" } download { (ui.t(words::CONTENT)) }
        }
        section.card {
            dl.facts {
                dt { (ui.t(words::IDENTIFIER)) } dd.mono { (package.identifier) }
                dt { (ui.t(words::VERSION)) } dd { (package.version) }
                dt { (ui.t(words::SIZE)) } dd { (bytes(package.size)) }
                dt { (ui.t(words::CHECKSUM)) } dd.mono { (package.sha256) }
                dt { (ui.t(words::UPLOADED)) } dd { (ui.time(package.uploaded_at)) }
                dt { (ui.t(words::UPLOADED_BY)) } dd { (package.uploaded_by) }
            }
        }
        div.columns.after {
            @if ui.may(Scope::Operate) { (apply::form(&ui, &package, &groups)) }
            section.card {
                h2 { (ui.t(words::DELETE)) }
                p.muted { (ui.t(words::DELETE_HINT)) }
                (ui.delete_form(&format!("/packages/{id}/delete"), ui.t(general::TYPE_ITS_NAME), Some(&package.name), words::DELETE, Some(&ui.fill(words::DELETE_ASK, &[&package.name]))))
            }
        }
    };
    let path = format!("{UPLOAD}/{id}");
    let receivers = serde_json::json!({ "devices": ["DEVICE-ID"] }).to_string();
    let page = ui.page_titled(package.name.clone()).curl("GET", &path);
    Ok(page.curl_json("POST", &format!("{path}/install"), &receivers).curl("DELETE", &path).body(body))
}

async fn delete(call: Call) -> Result<impl Reply, Failure> {
    let id = id(&call)?;
    let package = call.app().package(call.actor(), id).await?;
    call.confirmed(&package.name, general::NOT_TYPED)?;
    call.app().delete_package(call.actor(), id).await?;
    Ok(call.redirect("/packages").saying(words::DELETED))
}
