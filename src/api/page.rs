//! Pages for people: what this is, what each error means, and the browsable API. No foreign origin, no inline script.

use std::sync::{Arc, OnceLock};

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse};
use utoipa_swagger_ui::Config;

use super::openapi;
use super::problem::Problem;
use super::respond::not_found;

/// The API page loads its own scripts, styles and pictures, and the document from this server.
const DOCS_CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

/// What each code means; `tests/api.rs` compares it with the codes.
const ERRORS: &str = include_str!("../../docs/errors.md");

/// `GET /`
pub async fn notice() -> HttpResponse {
    let body = "<h1>Wattmandi</h1>\n\
        <p>A participant of the open peer-to-peer energy trading network (Beckn 2.0): here people sell the \
        kilowatt-hours of their roofs by the hour, and buy those of others.</p>\n\
        <ul>\n<li><a href=\"/docs/\">The client API</a>, and <a href=\"/openapi.json\">its OpenAPI document</a></li>\n\
        <li><a href=\"/docs/errors\">What each error means</a></li>\n\
        <li><a href=\"/ready\">Is it ready?</a></li>\n</ul>\n\
        <p>Platforms of the network call <code>/bap/receiver</code> and <code>/bpp/receiver</code>.</p>\n";
    html("Wattmandi", body)
}

/// `GET /docs/errors`
pub async fn errors() -> HttpResponse {
    html("Errors of the Wattmandi API", &rendered(ERRORS))
}

/// `GET /openapi.json`
pub async fn openapi() -> HttpResponse {
    static DOCUMENT: OnceLock<String> = OnceLock::new();
    HttpResponse::Ok().content_type("application/json").body(DOCUMENT.get_or_init(openapi::document).as_str())
}

/// `GET /docs`
pub async fn to_docs() -> HttpResponse {
    HttpResponse::PermanentRedirect().insert_header((header::LOCATION, "/docs/")).finish()
}

/// `GET /docs/…`
pub async fn docs(request: HttpRequest) -> Result<HttpResponse, Problem> {
    static CONFIG: OnceLock<Arc<Config<'static>>> = OnceLock::new();
    let config = CONFIG.get_or_init(|| Arc::new(Config::from("/openapi.json").try_it_out_enabled(true)));
    let file = request.match_info().get("file").unwrap_or_default();
    match utoipa_swagger_ui::serve(file, Arc::clone(config)) {
        Ok(Some(file)) => {
            let page = file.content_type.starts_with("text/html");
            let bytes = file.bytes.into_owned();
            Ok(HttpResponse::Ok()
                .insert_header((header::CONTENT_SECURITY_POLICY, DOCS_CSP))
                .content_type(file.content_type)
                .body(if page { titled(bytes) } else { bytes }))
        }
        _ => not_found().await,
    }
}

/// The page of the API under our name in place of that of the tool.
fn titled(page: Vec<u8>) -> Vec<u8> {
    match String::from_utf8(page) {
        Ok(text) => text.replacen("<title>Swagger UI<", "<title>Wattmandi client API<", 1).into_bytes(),
        Err(error) => error.into_bytes(),
    }
}

pub fn html(title: &str, body: &str) -> HttpResponse {
    let page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title></head>\n\
         <body>\n{body}</body>\n</html>\n"
    );
    HttpResponse::Ok().content_type("text/html; charset=utf-8").body(page)
}

/// The few forms that our page of errors uses: headings, paragraphs, lists, code. A second-level heading is an anchor.
fn rendered(markdown: &str) -> String {
    let mut page = String::new();
    for block in markdown.split("\n\n").map(str::trim).filter(|block| !block.is_empty()) {
        let text = |text: &str| code(&escaped(&text.replace('\n', " ")));
        if let Some(heading) = block.strip_prefix("## ") {
            let anchor = heading.trim().trim_matches('`');
            page.push_str(&format!("<h2 id=\"{}\">{}</h2>\n", escaped(anchor), text(heading)));
        } else if let Some(heading) = block.strip_prefix("# ") {
            page.push_str(&format!("<h1>{}</h1>\n", text(heading)));
        } else if let Some(list) = block.strip_prefix("- ") {
            let items = list.split("\n- ").map(|item| format!("<li>{}</li>\n", text(item)));
            page.push_str(&format!("<ul>\n{}</ul>\n", items.collect::<String>()));
        } else {
            page.push_str(&format!("<p>{}</p>\n", text(block)));
        }
    }
    page
}

pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn code(text: &str) -> String {
    let mut parts = text.split('`');
    let mut shown = parts.next().unwrap_or_default().to_owned();
    for (index, part) in parts.enumerate() {
        shown.push_str(if index.is_multiple_of(2) { "<code>" } else { "</code>" });
        shown.push_str(part);
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heading_is_an_anchor_a_list_a_list_and_text_is_escaped() {
        let page =
            rendered("# Errors\n\n## `trade.gate_closed`\n\nAsk <later> `x`\nor \"never\".\n\n- `a`\n- b\n");
        assert_eq!(
            page,
            "<h1>Errors</h1>\n<h2 id=\"trade.gate_closed\"><code>trade.gate_closed</code></h2>\n\
             <p>Ask &lt;later&gt; <code>x</code> or &quot;never&quot;.</p>\n\
             <ul>\n<li><code>a</code></li>\n<li>b</li>\n</ul>\n"
        );
    }
}
