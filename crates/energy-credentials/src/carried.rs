//! A credential that travels inside something else: the text of a document, or a file attached to it.

use beckn_wire::json::Json;

use crate::jwt;
use crate::presented::{CREDENTIAL_MAX, Presented};

/// Places in a text that are looked at.
const TRIES: usize = 64;

/// The first credential among files and texts, as the bytes to judge; none when nothing in them can be read as one.
pub fn carried<'a>(
    files: impl IntoIterator<Item = &'a [u8]>,
    texts: impl IntoIterator<Item = &'a str>,
) -> Option<Vec<u8>> {
    let readable = |bytes: &&[u8]| Presented::parse(bytes).is_ok();
    if let Some(file) = files.into_iter().find(readable) {
        return Some(file.to_vec());
    }
    texts.into_iter().find_map(in_text)
}

fn in_text(text: &str) -> Option<Vec<u8>> {
    let text = text.get(..text.floor_char_boundary(CREDENTIAL_MAX.saturating_mul(4)))?;
    let parses = |text: &String| Presented::parse(text.as_bytes()).is_ok();
    // A page breaks a long token into lines; no space belongs into it.
    let dense: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let token = |start: usize| {
        let rest = dense.get(start..)?;
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c)));
        rest.get(..end.unwrap_or(rest.len())).filter(|token| jwt::is_compact(token)).map(str::to_owned)
    };
    let tokens = dense.match_indices("eyJ").take(TRIES).filter_map(|(start, _)| token(start));
    if let Some(found) = tokens.into_iter().find(parses) {
        return Some(found.into_bytes());
    }
    let end = text.rfind('}')?;
    let objects = text.match_indices('{').take(TRIES).filter_map(|(start, _)| text.get(start..=end));
    // A line break inside a string is the page's; JSON allows none there.
    let joined = |object: &str| object.replace(['\r', '\n'], "");
    objects
        .map(joined)
        .filter(|object| object.contains("credentialSubject") && Json::parse_text(object).is_ok())
        .find(parses)
        .map(String::into_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CREDENTIAL: &str = r#"{"type":["VerifiableCredential"],"credentialSubject":{"id":"did:x:1"}}"#;

    #[test]
    fn found_in_files_first_and_then_in_the_text() {
        let other = CREDENTIAL.replace("did:x:1", "did:x:2");
        let text = format!("Dear customer,\nyour credential: {}", other.replace("\"type\"", "\n\"type\""));
        let files = [b"%%".as_slice(), CREDENTIAL.as_bytes()];
        assert_eq!(carried(files, [text.as_str()]), Some(CREDENTIAL.as_bytes().to_vec()));
        assert_eq!(carried([], [text.as_str()]), Some(other.into_bytes()));
        assert_eq!(carried([], ["{} eyJ {\"credentialSubject\""]), None);
    }

    #[test]
    fn a_token_that_the_page_broke_is_whole_again() {
        let part = |text: &str| {
            use base64::Engine as _;
            base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text)
        };
        let token = format!("{}.{}.c2ln", part(r#"{"alg":"EdDSA"}"#), part(CREDENTIAL));
        let (one, two) = token.split_at(40);
        let page = format!("Scan or copy: ({one}\n  {two})\nThank you {{}}");
        assert_eq!(carried([], [page.as_str()]), Some(token.into_bytes()));
    }
}
