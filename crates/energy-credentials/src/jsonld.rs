//! The RDF that a JSON-LD document means, in its canonical form (RDFC-1.0), and whether the JSON can be read off it.
//!
//! A signature over RDF protects what the terms mean, not the JSON: a term that no context knows is not signed at
//! all, and two terms with one meaning can be exchanged without breaking the signature. Whoever reads the JSON must
//! therefore know that every value is in the RDF, and under a meaning of its own: [`says_what_it_says`].
//!
//! Reading costs about the number of contexts plus that of values: a term may bring a context of its own (a scoped one),
//! which is read anew for every value and every type under it. Invariants: at most [`CONTEXTS_MAX`] contexts, each once;
//! none inside the document; at most [`VALUES_MAX`] values; nothing is fetched.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use beckn_wire::json::Json;
use oxjsonld::{JsonLdParser, JsonLdRemoteDocument};
use oxrdf::dataset::{CanonicalizationAlgorithm, CanonicalizationHashAlgorithm};
use oxrdf::vocab::rdf;
use oxrdf::{Dataset, Quad, Term};
use sha2::{Digest, Sha256};

use crate::claims::READ;
use crate::contexts::Contexts;

/// Most contexts of a credential.
pub const CONTEXTS_MAX: usize = 8;
/// Most things, types and values of a credential; the largest of the published examples has 160.
const VALUES_MAX: usize = 512;
/// Most statements of a credential.
const QUADS_MAX: usize = 2_000;
/// Most blank nodes that cannot be told apart at first sight: canonical order among them takes time by their
/// permutations.
const TWINS_MAX: usize = 6;
/// The start of values that are put in to see where they come out.
const PROBE: &str = "urn:probe:";

/// Why there is no canonical form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// Not by what is known here.
    Unknown(String),
    /// It must not be read.
    Refused(&'static str),
}

const TOO_MUCH: Unreadable = Unreadable::Refused("it says too much to be read as linked data");
const OWN_CONTEXT: Unreadable =
    Unreadable::Refused("a context of its own could give its words another meaning");

/// The contexts that a document names, each once, where it is named first: one that is named again adds nothing, for
/// contexts are an ordered set.
pub fn context_urls(context: Option<&Json>, most: usize) -> Result<Vec<&str>, Unreadable> {
    let named = match context.ok_or(OWN_CONTEXT)? {
        one @ Json::String(_) => std::slice::from_ref(one),
        Json::Array(several) => several.as_slice(),
        _ => return Err(OWN_CONTEXT),
    };
    let mut urls = Vec::new();
    for one in named {
        let url = one.as_str().ok_or(OWN_CONTEXT)?;
        if urls.contains(&url) {
            continue;
        }
        if urls.len() == most {
            return Err(Unreadable::Refused("it names more than 8 contexts"));
        }
        urls.push(url);
    }
    Ok(urls)
}

/// What relative names are resolved against: nothing, which leaves them out, as the standard has it of a document
/// without an address; or the address that a widespread signer takes then (a status of the type `dedi` is such a name).
const BASES: [Option<&str>; 2] = [None, Some("http://example.org/base/")];

/// The canonical N-Quads, once for each of the [`BASES`] that makes a difference.
pub fn canonical(document: &Json, contexts: &Contexts) -> Result<Vec<String>, Unreadable> {
    let mut forms = Vec::new();
    let mut known = 0;
    for base in BASES {
        let quads = quads(document, contexts, base)?;
        // A base only adds what had no name without one.
        if quads.len() > known {
            known = quads.len();
            forms.push(lines(&quads)?);
        }
    }
    Ok(forms)
}

fn lines(quads: &[Quad]) -> Result<String, Unreadable> {
    refuse_puzzles(quads)?;
    let mut dataset: Dataset = quads.iter().collect();
    dataset.canonicalize(CanonicalizationAlgorithm::Rdfc10 {
        hash_algorithm: CanonicalizationHashAlgorithm::Sha256,
    });
    let mut lines: Vec<String> = dataset.iter().map(|quad| format!("{quad} .\n")).collect();
    lines.sort_unstable();
    Ok(lines.concat())
}

fn quads(document: &Json, contexts: &Contexts, base: Option<&str>) -> Result<Vec<Quad>, Unreadable> {
    let mut left = VALUES_MAX;
    refuse_inner_contexts(document, true, &mut left)?;
    // Those of the credential, and the one that its suite adds.
    let urls = context_urls(document.get("@context"), CONTEXTS_MAX.saturating_add(1))?;
    if let Some(missing) = urls.iter().find(|url| contexts.get(url).is_none()) {
        return Err(Unreadable::Unknown(format!("the context {} is not held here", shown(missing))));
    }
    let held = contexts.clone();
    let bytes = document.to_bytes();
    let mut parser = JsonLdParser::new();
    if let Some(base) = base {
        parser = parser.with_base_iri(base).map_err(|_| Unreadable::Refused("its base is no address"))?;
    }
    let parser = parser.for_slice(&bytes).with_load_document_callback(move |url, _| match held.get(url) {
        Some(text) => {
            Ok(JsonLdRemoteDocument { document: text.as_bytes().to_vec(), document_url: url.to_owned() })
        }
        None => Err("not held here".into()),
    });
    let mut quads = Vec::new();
    for quad in parser {
        quads.push(quad.map_err(|_| Unreadable::Refused("it cannot be read as linked data"))?);
        if quads.len() > QUADS_MAX {
            return Err(TOO_MUCH);
        }
    }
    Ok(quads)
}

/// An address as a reason may show it.
fn shown(url: &str) -> String {
    url.chars().filter(char::is_ascii_graphic).take(120).collect()
}

/// Contexts and keywords inside the document could give its words another meaning. `left` values may still come.
fn refuse_inner_contexts(value: &Json, root: bool, left: &mut usize) -> Result<(), Unreadable> {
    *left = left.checked_sub(1).ok_or(TOO_MUCH)?;
    match value {
        Json::Array(several) => {
            for one in several {
                refuse_inner_contexts(one, false, left)?;
            }
        }
        Json::Object(object) => {
            for (name, inner) in object.iter() {
                let keyword = name.starts_with('@') && !(root && ["@context", "@type"].contains(&name));
                if keyword || name.contains(':') {
                    return Err(OWN_CONTEXT);
                }
                if !(root && name == "@context") {
                    refuse_inner_contexts(inner, false, left)?;
                }
            }
        }
        _ => {}
    }
    Ok(())
}

/// Blank nodes whose own statements look alike are told apart by trying their orders: only a few of them.
fn refuse_puzzles(quads: &[Quad]) -> Result<(), Unreadable> {
    let mut statements: HashMap<String, Vec<String>> = HashMap::new();
    for quad in quads {
        let text = [quad.subject.to_string(), quad.object.to_string(), quad.graph_name.to_string()];
        for node in text.iter().filter(|text| text.starts_with("_:")).collect::<BTreeSet<_>>() {
            let seen = |text: &String| match text.starts_with("_:") {
                true if text == node => "_:a".to_owned(),
                true => "_:z".to_owned(),
                false => text.clone(),
            };
            let line = format!("{} {} {} {}", seen(&text[0]), quad.predicate, seen(&text[1]), seen(&text[2]));
            statements.entry(node.clone()).or_default().push(line);
        }
    }
    let mut alike: BTreeMap<Vec<u8>, usize> = BTreeMap::new();
    for lines in statements.values_mut() {
        lines.sort_unstable();
        let count = alike.entry(Sha256::digest(lines.join("\n")).to_vec()).or_default();
        *count = count.saturating_add(1);
    }
    let twins =
        alike.values().filter(|count| **count > 1).fold(0_usize, |sum, count| sum.saturating_add(*count));
    if twins > TWINS_MAX {
        return Err(Unreadable::Refused("its parts cannot be told apart"));
    }
    Ok(())
}

/// Whether every value that is read is in the RDF once, and no two members mean the same of the same thing.
///
/// Each value is replaced by one of its own, which is then looked for in the RDF.
pub fn says_what_it_says(document: &Json, contexts: &Contexts) -> Result<(), Unreadable> {
    let mut probes = Probes::default();
    let probed = probes.replace(document, "", "");
    let quads = quads(&probed, contexts, None)?;
    let mut found: BTreeMap<usize, Vec<&Quad>> = BTreeMap::new();
    for quad in &quads {
        let index = value_of(&quad.object).and_then(|value| value.strip_prefix(PROBE)?.parse().ok());
        if let Some(index) = index {
            found.entry(index).or_default().push(quad);
        }
    }
    // Which member of the JSON a statement stands for, and which thing each object of the JSON is.
    let mut meaning: HashMap<(String, String), String> = HashMap::new();
    let mut things: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (index, leaf) in probes.leaves.iter().enumerate() {
        let quad = match found.get(&index).map(Vec::as_slice).unwrap_or_default() {
            [quad] => quad,
            _ if is_read(&leaf.member) => return Err(UNSIGNED),
            _ => continue,
        };
        let stands_for = meaning.entry(statement(quad)).or_insert_with(|| leaf.member.clone());
        if *stands_for != leaf.member {
            return Err(AMBIGUOUS);
        }
        if quad.predicate != rdf::FIRST {
            things.entry(&leaf.object).or_default().insert(quad.subject.to_string());
        }
    }
    for (object, nodes) in &things {
        if nodes.len() > 1 {
            return Err(AMBIGUOUS);
        }
        let member = without_indices(object);
        for quad in quads.iter().filter(|quad| nodes.contains(&quad.object.to_string())) {
            if *meaning.entry(statement(quad)).or_insert_with(|| member.clone()) != member {
                return Err(AMBIGUOUS);
            }
        }
    }
    let typed = |kind: &String| {
        quads.iter().any(|quad| value_of(&quad.object).is_some_and(|value| value.ends_with(kind.as_str())))
    };
    if probes.kinds.iter().all(typed) { Ok(()) } else { Err(UNSIGNED) }
}

const UNSIGNED: Unreadable = Unreadable::Refused("not all of it is signed");
const AMBIGUOUS: Unreadable = Unreadable::Refused("what is signed leaves open which value is whose");

fn statement(quad: &Quad) -> (String, String) {
    (quad.subject.to_string(), quad.predicate.to_string())
}

fn value_of(term: &Term) -> Option<&str> {
    match term {
        Term::Literal(literal) => Some(literal.value()),
        Term::NamedNode(node) => Some(node.as_str()),
        Term::BlankNode(_) => None,
    }
}

/// The members that decide something: what is read of the subject, the issuer, the dates.
fn is_read(member: &str) -> bool {
    let read =
        ["/issuer", "/validFrom", "/validUntil", "/issuanceDate", "/expirationDate", "/credentialStatus"];
    let subject = member.strip_prefix("/credentialSubject");
    subject.is_some_and(|path| path.split('/').any(|name| READ.contains(&name))) || read.contains(&member)
}

/// A value of the JSON: its object by its place, and its member by its names alone.
struct Leaf {
    object: String,
    member: String,
}

/// The values that were replaced, in order, and the types of things inside the subject, which are not.
#[derive(Default)]
struct Probes {
    leaves: Vec<Leaf>,
    kinds: Vec<String>,
}

impl Probes {
    fn replace(&mut self, value: &Json, object: &str, place: &str) -> Json {
        match value {
            Json::Null => Json::Null,
            Json::Array(several) => {
                let each = several.iter().enumerate();
                Json::array(each.map(|(index, one)| self.replace(one, object, &format!("{place}/{index}"))))
            }
            Json::Object(members) => Json::object(members.iter().map(|(name, inner)| {
                let kept =
                    ["id", "type", "@type"].contains(&name) || (place.is_empty() && name == "@context");
                if kept {
                    if name == "type" && is_resource(place) {
                        self.kinds.extend(inner.as_str().map(str::to_owned));
                    }
                    return (name, inner.clone());
                }
                (name, self.replace(inner, place, &format!("{place}/{name}")))
            })),
            _ => {
                let probe = format!("{PROBE}{}", self.leaves.len());
                self.leaves.push(Leaf { object: object.to_owned(), member: without_indices(place) });
                Json::from(probe)
            }
        }
    }
}

/// Whether what stands at a place is read by its type.
fn is_resource(place: &str) -> bool {
    let place = without_indices(place);
    place.starts_with("/credentialSubject/")
        && ["/energyResources", "/subResources"].iter().any(|list| place.ends_with(list))
}

fn without_indices(place: &str) -> String {
    let names = place.split('/').filter(|part| part.is_empty() || part.parse::<usize>().is_err());
    names.collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(several: &[&str]) -> Json {
        Json::array(several.iter().map(|url| Json::from(*url)))
    }

    #[test]
    fn a_context_that_is_named_again_is_read_once() {
        let again = named(&[&["a", "b"][..], &["a"; 2_000][..]].concat());
        assert_eq!(context_urls(Some(&again), CONTEXTS_MAX), Ok(vec!["a", "b"]));
        assert_eq!(context_urls(Some(&Json::from("a")), CONTEXTS_MAX), Ok(vec!["a"]));
        let eight = ["a", "b", "c", "d", "e", "f", "g", "h"];
        assert_eq!(context_urls(Some(&named(&eight)), CONTEXTS_MAX), Ok(eight.to_vec()));
        let nine = named(&[&eight[..], &["i"][..]].concat());
        assert!(context_urls(Some(&nine), CONTEXTS_MAX).is_err());
        assert!(context_urls(None, CONTEXTS_MAX).is_err());
    }
}
