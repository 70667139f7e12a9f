//! The way in and one's own account, as a browser goes it without scripts.

use std::collections::BTreeMap;

use warp::filters::BoxedFilter;

use super::*;
use crate::app::testing::{Site, operator, site, user};
use crate::auth::totp::{KEY_BYTES, Key, step};
use crate::model::actor::Scope;
use crate::model::audit::AuditFilter;
use crate::net::Peer;

const PASSWORD: &str = "correct horse";

/// A browser with its cookies, and the token of the forms of the page it saw last.
struct Browser {
    routes: BoxedFilter<(Response,)>,
    cookies: BTreeMap<String, String>,
    form: Option<String>,
}

struct Answer {
    status: u16,
    location: String,
    cookies: Vec<String>,
    text: String,
}

impl Answer {
    #[track_caller]
    fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    #[track_caller]
    fn leads_to(self, path: &str) -> Self {
        assert_eq!((self.status, self.location.as_str()), (303, path), "{}", self.text);
        self
    }

    #[track_caller]
    fn says(self, words: &str) -> Self {
        assert!(self.text.contains(words), "no {words:?} in {}", self.text);
        self
    }
}

impl Browser {
    fn of(site: &Site) -> Self {
        let routes = crate::web::routes(site.app.clone(), tokio_util::sync::CancellationToken::new());
        Self { routes, cookies: BTreeMap::new(), form: None }
    }

    async fn ask(&mut self, method: &str, path: &str, fields: &[(&str, &str)], from: &str) -> Answer {
        let (address, local) = ("192.0.2.7:40000".parse().unwrap(), "192.0.2.1:9443".parse().unwrap());
        let peer = Peer::Remote { address, local, tls: true, certificate: None };
        let cookies: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut request = warp::test::request().method(method).path(path).extension(peer).header("accept", "text/html");
        request = request.header("host", "pi:9443").header("sec-fetch-site", from);
        if !cookies.is_empty() {
            request = request.header("cookie", cookies.join("; "));
        }
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let answer = request.body(body).reply(&self.routes).await;
        let text = String::from_utf8(answer.body().to_vec()).unwrap();
        let set: Vec<_> =
            answer.headers().get_all("set-cookie").iter().map(|set| set.to_str().unwrap().to_owned()).collect();
        for cookie in &set {
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            if cookie.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        let between = |text: &str, before: &str| Some(text.split_once(before)?.1.split_once('"')?.0.to_owned());
        self.form = between(&text, "name=\"csrf\" value=\"").or(self.form.take());
        let location = answer.headers().get("location").map(|to| to.to_str().unwrap().to_owned()).unwrap_or_default();
        Answer { status: answer.status().as_u16(), location, cookies: set, text }
    }

    async fn get(&mut self, path: &str) -> Answer {
        self.ask("GET", path, &[], "same-origin").await
    }

    async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let token = self.form.clone().unwrap_or_default();
        let fields: Vec<_> = fields.iter().copied().chain([("csrf", token.as_str())]).collect();
        self.ask("POST", path, &fields, "same-origin").await
    }

    /// Logged in as that person.
    async fn logged_in(site: &Site, name: &str) -> Self {
        let mut browser = Self::of(site);
        browser.post("/login", &[("name", name), ("password", PASSWORD)]).await.leads_to("/");
        browser.get("/account").await.is(200);
        browser
    }
}

async fn with(names: &[(&str, &str)]) -> Site {
    let site = site().await;
    for (name, role) in names {
        site.app.create_user(&operator(), user(name, role), PASSWORD).await.unwrap();
    }
    site
}

/// What the phone shows that scanned the page, `steps` of 30 s from now.
fn phone(site: &Site, page: &str, steps: i64) -> String {
    const BASE32: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let secret = page.split_once("secret=").unwrap().1.get(..32).unwrap();
    let value =
        |piece: &[u8]| piece.iter().fold(0_u64, |bits, c| bits << 5 | BASE32.find(char::from(*c)).unwrap() as u64);
    let key: Vec<u8> = secret.as_bytes().chunks(8).flat_map(|piece| value(piece).to_be_bytes()[3..].to_vec()).collect();
    let key: [u8; KEY_BYTES] = key.try_into().unwrap();
    Key::from_bytes(key).code(step(site.clock.now()) + steps).expose().to_owned()
}

#[test]
fn a_login_leads_to_pages_of_this_site_alone() {
    for to in ["/", "/devices", "/devices?query=tag:a&sort=name", "/logins"] {
        assert_eq!(wanted(Some(to)), to);
    }
    for to in [
        "",
        "devices",
        "//evil.example",
        "/\\evil.example",
        "\\/evil.example",
        "https://evil.example",
        "/a\r\nb: c",
        "/login",
        "/login?to=/login",
        "/login/code",
        "/logout",
        "/setup",
        "/ü",
        "javascript:alert(1)",
    ] {
        assert_eq!(wanted(Some(to)), "/", "{to}");
    }
    assert_eq!(wanted(None), "/");
    assert_eq!(with_wanted("/login/code", "/devices?a=b"), "/login/code?to=%2Fdevices%3Fa%3Db");
    assert_eq!(with_wanted("/login/code", "/"), "/login/code");
}

#[tokio::test]
async fn the_first_run_goes_from_the_code_to_a_site_with_a_name() {
    let site = site().await;
    let mut browser = Browser::of(&site);
    browser.get("/").await.leads_to("/setup");
    browser.get("/login").await.leads_to("/setup");
    browser.get("/setup").await.is(200).says("name=\"code\"");
    let code = site.app.setup_code().unwrap();
    let filled = |code: &'static str, again: &'static str| {
        [("code", code), ("name", "root"), ("password", PASSWORD), ("again", again)]
    };
    browser.post("/setup", &filled("\"><script>", PASSWORD)).await.is(401).says("&quot;&gt;&lt;script&gt;");
    browser.post("/setup", &filled("x", "another")).await.is(400).says("differ");
    let short = [("code", code.as_str()), ("name", "root"), ("password", "short"), ("again", "short")];
    browser.post("/setup", &short).await.is(400).says("8 to 1024 bytes");
    let fields = [("code", code.as_str()), ("name", "root"), ("password", PASSWORD), ("again", PASSWORD)];
    let made = browser.post("/setup", &fields).await.leads_to("/setup/site");
    let session = made.cookies.iter().find(|cookie| cookie.starts_with("__Host-pym_session=pym_s_")).unwrap();
    assert!(session.contains("; Secure; HttpOnly; SameSite=Strict") && session.contains("; Path=/;"), "{session}");
    browser.get("/setup/site").await.is(200).says("logged in as root");
    browser.post("/setup/site", &[("site", "<b>Lake</b> house")]).await.leads_to("/");
    browser.get("/account").await.is(200).says("&lt;b&gt;Lake&lt;/b&gt; house");
    browser.get("/setup").await.leads_to("/login");
    browser.get("/login").await.leads_to("/");
    Browser::of(&site).post("/setup", &fields).await.leads_to("/login");
}

#[tokio::test]
async fn a_login_goes_back_to_the_page_asked_for() {
    let site = with(&[("ada", "admin")]).await;
    let mut browser = Browser::of(&site);
    let page = "/login?to=%2Faudit%3Factor%3Dada";
    browser.get("/audit?actor=ada").await.leads_to(page);
    browser.get(page).await.is(200).says("value=\"/audit?actor=ada\"");
    let to = ("to", "/audit?actor=ada");
    let wrong = browser.post("/login", &[to, ("name", "<i>"), ("password", "nope")]).await.is(401);
    assert!(wrong.text.contains("value=\"&lt;i&gt;\"") && wrong.text.contains("value=\"/audit?actor=ada\""));
    assert!(wrong.cookies.is_empty(), "{:?}", wrong.cookies);
    browser.post("/login", &[to, ("name", "ada"), ("password", PASSWORD)]).await.leads_to("/audit?actor=ada");
    for evil in ["//evil.example", "/\\evil.example", "https://evil.example"] {
        let mut other = Browser::of(&site);
        other.post("/login", &[("to", evil), ("name", "ada"), ("password", PASSWORD)]).await.leads_to("/");
    }
    browser.get("/account").await.is(200);
    browser.post("/logout", &[]).await.leads_to("/login");
    browser.get("/account").await.leads_to("/login?to=%2Faccount");
}

#[tokio::test]
async fn guessing_is_told_how_long_to_wait() {
    let site = with(&[("ada", "admin")]).await;
    let mut browser = Browser::of(&site);
    // Longer than a password can be, so that no hash is computed and the test is quick.
    let long = "x".repeat(2000);
    for _ in 0..100 {
        let answer = browser.post("/login", &[("name", "ada"), ("password", &long)]).await;
        if answer.status == 429 {
            assert!(answer.text.contains("Too many attempts. Try again in "), "{}", answer.text);
            return;
        }
        answer.is(401);
    }
    panic!("passwords can be tried for ever");
}

#[tokio::test]
async fn the_second_factor_is_set_up_asked_for_and_turned_off() {
    let site = with(&[("ada", "viewer")]).await;
    let mut browser = Browser::logged_in(&site, "ada").await;
    let mut other = Browser::logged_in(&site, "ada").await;
    browser.post("/account/second-factor", &[("password", "wrong")]).await.is(400).says("password is wrong");
    let page = browser.post("/account/second-factor", &[("password", PASSWORD)]).await.is(200).says("<svg").text;
    let uri = page.split_once("name=\"uri\" value=\"").unwrap().1.split_once('"').unwrap().0.replace("&amp;", "&");
    let wrong = [("code", "not one"), ("uri", uri.as_str())];
    browser.post("/account/second-factor/confirm", &wrong).await.is(400).says("<svg").says("The code is wrong");
    let forged = [("code", "not one"), ("uri", "https://evil.example/")];
    let refused = browser.post("/account/second-factor/confirm", &forged).await.is(400);
    assert!(!refused.text.contains("evil.example"));
    let code = phone(&site, &uri, -1);
    let codes = browser.post("/account/second-factor/confirm", &[("code", &code), ("uri", &uri)]).await.is(200).text;
    let codes = codes.split_once("<code>").unwrap().1.split_once("</code>").unwrap().0.to_owned();
    let codes: Vec<_> = codes.lines().collect();
    assert_eq!(codes.len(), 10);
    browser.get("/account").await.is(200).says("10 of 10 recovery codes left");
    other.get("/account").await.leads_to("/login?to=%2Faccount");

    let mut fresh = Browser::of(&site);
    let password = [("to", "/tokens"), ("name", "ada"), ("password", PASSWORD)];
    let asked = fresh.post("/login", &password).await.leads_to("/login/code?to=%2Ftokens");
    assert!(!asked.cookies.iter().any(|cookie| cookie.contains("pym_session")), "{:?}", asked.cookies);
    fresh.get("/account").await.leads_to("/login?to=%2Faccount");
    fresh.get("/login/code?to=%2Ftokens").await.is(200).says("value=\"/tokens\"");
    fresh.post("/login/code", &[("code", "123")]).await.is(401).says("The code is wrong");
    let code = phone(&site, &uri, 0);
    fresh.post("/login/code", &[("to", "/tokens"), ("code", &code)]).await.leads_to("/tokens");
    fresh.get("/tokens").await.is(200);
    assert!(!fresh.cookies.contains_key(PENDING_COOKIE));

    // The same code again, from elsewhere; then one from paper, once.
    let mut thief = Browser::of(&site);
    thief.get("/login/code").await.leads_to("/login");
    thief.post("/login", &password).await.leads_to("/login/code?to=%2Ftokens");
    thief.post("/login/code", &[("code", &code)]).await.is(401);
    thief.post("/login/code", &[("code", codes[0])]).await.leads_to("/");
    let mut again = Browser::of(&site);
    again.post("/login", &password).await.leads_to("/login/code?to=%2Ftokens");
    for _ in 0..5 {
        again.post("/login/code", &[("code", codes[0])]).await.is(401);
    }
    again.post("/login/code", &[("code", codes[1])]).await.leads_to("/login");
    again.get("/login").await.is(200).says("too many wrong codes");

    let renewed = "/account/second-factor/recovery-codes";
    browser.post(renewed, &[("proof", "wrong horse")]).await.is(400);
    browser.post(renewed, &[("proof", PASSWORD)]).await.is(200).says("<code>");
    browser.post("/account/second-factor/off", &[("proof", codes[2])]).await.is(400);
    browser.post("/account/second-factor/off", &[("proof", PASSWORD)]).await.leads_to("/account");
    Browser::logged_in(&site, "ada").await;
}

#[tokio::test]
async fn a_form_that_no_page_of_the_session_made_is_refused() {
    let site = with(&[("ada", "admin"), ("eve", "viewer")]).await;
    let mut ada = Browser::logged_in(&site, "ada").await;
    let eve = Browser::logged_in(&site, "eve").await;
    let forged = [("name", "mallory"), ("password", PASSWORD), ("role[]", "admin")];
    for token in ["", "x", &eve.form.clone().unwrap()] {
        let fields: Vec<_> = forged.into_iter().chain([("csrf", token)]).collect();
        ada.ask("POST", "/users", &fields, "same-origin").await.is(403);
    }
    let own = ada.form.clone().unwrap();
    let fields: Vec<_> = forged.into_iter().chain([("csrf", own.as_str())]).collect();
    for from in ["cross-site", "same-site", "none"] {
        ada.ask("POST", "/users", &fields, from).await.is(403);
    }
    // Nor may another site log somebody in.
    let mut nobody = Browser::of(&site);
    let fields = [("name", "ada"), ("password", PASSWORD)];
    assert!(nobody.ask("POST", "/login", &fields, "cross-site").await.is(403).cookies.is_empty());
    ada.ask("POST", "/users", &[("csrf", own.as_str())], "same-origin").await.is(400);
    assert!(site.app.user(&operator(), "mallory").await.is_err());
}

#[tokio::test]
async fn a_new_password_keeps_this_session_and_ends_the_others() {
    let site = with(&[("ada", "viewer")]).await;
    let mut browser = Browser::logged_in(&site, "ada").await;
    let mut other = Browser::logged_in(&site, "ada").await;
    let fields = |old: &'static str, new: &'static str, again: &'static str| {
        [("old_password", old), ("password", new), ("again", again)]
    };
    browser.post("/account/password", &fields("wrong", "another horse", "another horse")).await.is(400);
    browser.post("/account/password", &fields(PASSWORD, "another horse", "other")).await.is(400).says("differ");
    browser.post("/account/password", &fields(PASSWORD, "another horse", "another horse")).await.leads_to("/account");
    browser.get("/account").await.is(200).says("this one");
    other.get("/account").await.leads_to("/login?to=%2Faccount");
    let profile = [("first_name", "<script>alert(1)</script>"), ("last_name", "L"), ("email", "a@b")];
    browser.post("/account/profile", &profile).await.leads_to("/account");
    let page = browser.get("/account").await.is(200).text;
    assert!(page.contains("&lt;script&gt;alert(1)") && !page.contains("<script>alert(1)"));
    let session = page.split_once("/account/sessions/").unwrap().1;
    let end = page.split("action=\"/account/sessions/").find_map(|rest| rest.split_once("/end\"")).map(|(id, _)| id);
    let id = end.filter(|id| id.len() == 36).or_else(|| session.split('/').next()).unwrap().to_owned();
    browser.post(&format!("/account/sessions/{id}/end"), &[]).await.leads_to("/login");
    browser.get("/account").await.leads_to("/login?to=%2Faccount");
}

#[tokio::test]
async fn a_tokens_secret_is_shown_once() {
    let site = with(&[("ada", "operator")]).await;
    let mut browser = Browser::logged_in(&site, "ada").await;
    let list = browser.get("/tokens").await.is(200).text;
    assert!(list.contains("value=\"read\"") && !list.contains("value=\"admin\""), "no more than the person may");
    browser.post("/tokens", &[("name", "x"), ("scope[]", "admin")]).await.is(403);
    browser.post("/tokens", &[("name", "x"), ("scope[]", "nonsense")]).await.is(400);
    browser.post("/tokens", &[("name", "x")]).await.is(400);
    let fields = [("name", "<b>backup"), ("scope[]", "read"), ("scope[]", "operate"), ("life", "30")];
    let made = browser.post("/tokens", &fields).await.is(200).says("&lt;b&gt;backup").text;
    let secret = made.split_once("<code>").unwrap().1.split_once("</code>").unwrap().0.to_owned();
    let actor = site.app.bearer(&secret, "192.0.2.9").await.unwrap();
    assert!(actor.scopes.allow(Scope::Operate) && !actor.scopes.allow(Scope::Admin));
    let list = browser.get("/tokens").await.is(200).says("&lt;b&gt;backup").text;
    assert!(!list.contains(&secret) && list.contains("read operate"));
    let id = list.split_once("action=\"/tokens/").unwrap().1.split('/').next().unwrap().to_owned();
    browser.post(&format!("/tokens/{id}/revoke"), &[]).await.leads_to("/tokens");
    assert!(site.app.bearer(&secret, "192.0.2.9").await.is_err());
    browser.post(&format!("/tokens/{id}/revoke"), &[]).await.is(404);
}

#[tokio::test]
async fn people_and_roles_are_looked_after() {
    let site = with(&[("ada", "admin")]).await;
    let mut ada = Browser::logged_in(&site, "ada").await;
    let new = [("name", "Ben.B"), ("password", PASSWORD), ("role[]", "viewer"), ("first_name", "<img src=x>")];
    ada.post("/users", &new).await.leads_to("/users/ben.b");
    ada.post("/users", &new).await.is(409);
    let list = ada.get("/users?text=ben").await.is(200).says("&lt;img src=x&gt;").text;
    assert!(!list.contains("<img src=x>") && !list.contains("/users/ada"));
    ada.post("/users/ben.b", &[("role[]", "viewer"), ("role[]", "operator"), ("last_name", "B")])
        .await
        .leads_to("/users/ben.b");
    ada.post("/users/ben.b", &[("last_name", "B")]).await.is(400);
    ada.get("/users/ben.b").await.is(200).says("value=\"operator\" checked");
    let mut ben = Browser::logged_in(&site, "ben.b").await;
    for page in ["/users", "/users/ada", "/roles", "/roles/admin", "/audit"] {
        ben.get(page).await.is(403).says("You may not do that");
    }
    let actor = site.app.bearer(&ben.cookies[SESSION_COOKIE], "192.0.2.9").await.unwrap();
    site.app.begin_second_factor(&actor, PASSWORD).await.unwrap();
    ada.post("/users/ben.b/second-factor/reset", &[]).await.leads_to("/users/ben.b");
    assert!(!site.app.second_factor(&actor).await.unwrap().is_begun);
    ada.post("/users/ada/second-factor/reset", &[]).await.is(409);
    ada.post("/users/ben.b/sessions/end", &[]).await.leads_to("/users/ben.b");
    ben.get("/account").await.leads_to("/login?to=%2Faccount");
    ada.post("/users/ben.b/password", &[("password", "another horse"), ("again", "another")]).await.is(400);
    let fields = [("password", "another horse"), ("again", "another horse")];
    ada.post("/users/ben.b/password", &fields).await.leads_to("/users/ben.b");
    site.app.basic("ben.b", "another horse", "192.0.2.9").await.unwrap();

    ada.post("/roles", &[("name", "night"), ("scope[]", "read"), ("description", "</td><b>")])
        .await
        .leads_to("/roles/night");
    ada.get("/roles").await.is(200).says("&lt;/td&gt;&lt;b&gt;");
    ada.post("/roles/night", &[("scope[]", "read"), ("scope[]", "operate")]).await.leads_to("/roles/night");
    ada.post("/roles/night/users", &[("user[]", "ben.b")]).await.leads_to("/roles/night");
    ada.get("/roles/night").await.is(200).says("value=\"ben.b\" checked");
    ada.post("/roles/admin", &[("scope[]", "read")]).await.is(409);
    ada.post("/roles/admin/users", &[("user[]", "ben.b")]).await.is(409).says("without a role");
    ada.post("/roles/night/delete", &[("confirm", "nigh")]).await.is(400);
    ada.post("/roles/night/delete", &[("confirm", "night")]).await.leads_to("/roles");
    for confirm in [&[][..], &[("confirm", "ben")], &[("confirm", "BEN.B")]] {
        ada.post("/users/ben.b/delete", confirm).await.is(400);
    }
    ada.post("/users/ben.b/delete", &[("confirm", "ben.b")]).await.leads_to("/users");
    ada.get("/users/ben.b").await.is(404);
    ada.post("/users/ada/delete", &[("confirm", "ada")]).await.is(409);
}

#[tokio::test]
async fn the_trail_is_filtered_and_paged() {
    let site = with(&[("ada", "admin")]).await;
    for name in ["u0", "u1", "u2"] {
        site.app.add_user(&operator(), user(name, "viewer"), None).await.unwrap();
    }
    let mut ada = Browser::logged_in(&site, "ada").await;
    let page = ada.get("/audit?action=user.create&actor=uid:0&outcome=done").await.is(200).text;
    assert!(page.contains(">u0<") && page.contains(">u2<") && page.contains("4 lines"), "{page}");
    assert!(!page.contains("user.login<"));
    assert!(page.contains("/api/v1/audit/export?actor=uid%3A0&amp;action=user.create&amp;outcome=done&amp;format=csv"));
    ada.get("/audit?since=2026-01-01T10:00&until=2999-01-01").await.is(200).says("user.login");
    ada.get("/audit?until=2000-01-01T00:00").await.is(200).says("Nothing fits");
    for wrong in ["since=soon", "outcome=maybe", "before=x"] {
        ada.get(&format!("/audit?{wrong}")).await.is(400);
    }
    let newest = site.app.audit(&operator(), AuditFilter::default(), 1).await.unwrap().items[0].number;
    let older = ada.get(&format!("/audit?before={newest}")).await.is(200).says("Newest").text;
    assert!(!older.contains(&format!("<td class=\"num\">{newest}</td>")));
    ada.get("/audit?actor=%3Cscript%3E").await.is(200).says("&lt;script&gt;");
}
