//! What of a filter the index can answer. Pure.
//!
//! Read from the tree of the expression are the conditions that must hold for anything to be selected: ids,
//! meters, providers, kinds of resources, prices, starts. Whatever else the expression says is left to the
//! evaluation over the bodies of the candidates; only the test that every stored offer passes needs none.

use units::{Price, Timestamp};

use super::dialect::{Comparison, Operand, Path, Predicate, Step, unquote};
use crate::catalog::{CatalogField, Key, Wanted, canonical};

/// The table of slots in an offer.
const TABLE: &str = "offerAttributes/commitmentAttributes";

/// What was read from an expression.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Plan {
    pub(super) wanted: Wanted,
    /// The expression judges offers or resources one by one; otherwise it may look at a catalog as a whole.
    pub(super) by_item: bool,
    /// Nothing is left for the evaluation.
    pub(super) exact: bool,
}

/// A step as the plan sees it: a list's items are `*`.
#[derive(Clone, Debug)]
enum Part<'p> {
    Name(&'p str),
    Each,
    Keep(&'p Predicate),
    Other,
}

/// The plan of an expression that the dialect understands.
pub(super) fn plan(path: &Path) -> Plan {
    let parts = parts(&path.steps);
    let mut rest = parts.as_slice();
    let mut reader = Reader { plan: Plan::default(), item: Item::Catalog, all_known: true };
    if !path.absolute || !enter(&mut rest, "catalogs") {
        return reader.plan;
    }
    reader.keeps(&mut rest);
    for (name, item) in [("offers", Item::Offer), ("resources", Item::Resource)] {
        let mut inner = rest;
        if enter(&mut inner, name) {
            reader.item = item;
            reader.plan.by_item = true;
            reader.keeps(&mut inner);
            reader.plan.exact = reader.all_known && inner.is_empty() && item == Item::Offer;
            break;
        }
    }
    reader.plan
}

/// Goes into a list.
fn enter(rest: &mut &[Part<'_>], list: &str) -> bool {
    match rest {
        [Part::Name(name), Part::Each, behind @ ..] if *name == list => {
            *rest = behind;
            true
        }
        _ => false,
    }
}

fn parts(steps: &[Step]) -> Vec<Part<'_>> {
    let mut parts = Vec::with_capacity(steps.len());
    for step in steps {
        match step {
            Step::Name(name) => parts.push(Part::Name(name)),
            Step::Index(_) => parts.push(Part::Other),
            Step::Wild => parts.push(Part::Each),
            Step::Keep(predicate) => {
                if let Some(Part::Name(name)) = parts.last()
                    && super::translate::is_list(name)
                {
                    parts.push(Part::Each);
                }
                parts.push(Part::Keep(predicate));
            }
            Step::Children(predicate) => parts.extend([Part::Each, Part::Keep(predicate)]),
        }
    }
    parts
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Item {
    Catalog,
    Offer,
    Resource,
}

struct Reader {
    plan: Plan,
    item: Item,
    all_known: bool,
}

/// A comparison of one value with a literal.
type Test<'p> = (Comparison, &'p str);

impl Reader {
    fn keeps(&mut self, rest: &mut &[Part<'_>]) {
        while let [Part::Keep(predicate), behind @ ..] = rest {
            self.predicate("", predicate);
            *rest = behind;
        }
    }

    /// A predicate about the value at `here`, a way from the item with `/` between names.
    fn predicate(&mut self, here: &str, predicate: &Predicate) {
        match predicate {
            Predicate::And(all) => {
                self.price(here, all.iter());
                all.iter().for_each(|one| self.predicate(here, one));
            }
            Predicate::Exists(path) => self.walk(here, path, None),
            Predicate::Compare(Operand::Path(path), operator, Operand::Literal(value)) => {
                self.walk(here, path, Some((*operator, value)));
            }
            Predicate::Compare(Operand::Literal(value), operator, Operand::Path(path)) => {
                self.walk(here, path, Some((operator.mirrored(), value)));
            }
            _ => self.all_known = false,
        }
    }

    fn walk(&mut self, here: &str, path: &Path, test: Option<Test<'_>>) {
        if path.absolute {
            self.all_known = false;
            return;
        }
        let parts = parts(&path.steps);
        let mut here = here.to_owned();
        let mut rest = parts.as_slice();
        while let [part, behind @ ..] = rest {
            rest = behind;
            match part {
                Part::Name(name) => join(&mut here, name),
                Part::Each => join(&mut here, "*"),
                Part::Other => {
                    self.all_known = false;
                    return;
                }
                Part::Keep(predicate) => {
                    self.predicate(&here, predicate);
                    if let (Predicate::Compare(..), Some(price)) = (predicate, tail_price(rest, test)) {
                        self.price_with(&here, &[predicate], price);
                    }
                }
            }
        }
        match test {
            Some((operator, value)) => self.leaf(&here, operator, value),
            None => self.all_known = false,
        }
    }

    /// One value of the item is compared.
    fn leaf(&mut self, here: &str, operator: Comparison, literal: &str) {
        let every_offer = self.item == Item::Offer && here == "offerAttributes/@type";
        let Some(text) = unquote(literal) else {
            self.all_known = false;
            return;
        };
        if every_offer && operator == Comparison::Equal && text == "EnergyTradeOffer" {
            return;
        }
        self.all_known = false;
        let wanted = &mut self.plan.wanted;
        if operator == Comparison::Equal {
            let key = match (self.item, here) {
                (Item::Offer, "id") => Some(Key::Offer),
                (Item::Offer, "resourceIds/*") | (Item::Resource, "id") => Some(Key::Resource),
                (Item::Offer, "provider/id") => Some(Key::Provider),
                (Item::Offer, "provider/providerAttributes/meterId")
                | (Item::Offer, "offerAttributes/participants/*/participantAttributes/meterId")
                | (Item::Resource, "resourceAttributes/id") => Some(Key::Meter),
                (Item::Resource, "resourceAttributes/type") => Some(Key::Kind),
                _ => None,
            };
            wanted.keys.extend(key.map(|key| (key, canonical(&text).into_owned())));
            let field = match (self.item, here) {
                (Item::Catalog, "id") => Some(CatalogField::Id),
                (Item::Catalog, "bppId") => Some(CatalogField::BppId),
                (Item::Catalog, "provider/id") => Some(CatalogField::ProviderId),
                _ => None,
            };
            // A catalog's own members are looked up as they were written: an instant has many forms.
            if canonical(&text) == text {
                wanted.catalog.extend(field.map(|field| (field, text.clone())));
            }
        }
        if self.item == Item::Offer
            && let Ok(at) = Timestamp::parse_rfc3339(&text)
        {
            let range = range(operator, at.seconds());
            let place = here.strip_prefix(TABLE);
            match place {
                Some("/intervalPeriod/start") => wanted.start = narrow(wanted.start, range),
                Some("/intervals/*/intervalPeriod/start") if wanted.slot.is_none() => wanted.slot = range,
                _ => {}
            }
        }
    }

    /// Conditions that hold together of one cell of the table.
    fn price<'p>(&mut self, here: &str, all: impl Iterator<Item = &'p Predicate> + Clone) {
        if !is_cell(here, self.item) || !all.clone().any(is_price) {
            return;
        }
        let ranges = all.filter_map(|predicate| match predicate {
            Predicate::Compare(Operand::Path(path), operator, Operand::Literal(value)) => {
                price_range(&parts(&path.steps), (*operator, value))
            }
            Predicate::Compare(Operand::Literal(value), operator, Operand::Path(path)) => {
                price_range(&parts(&path.steps), (operator.mirrored(), value))
            }
            _ => None,
        });
        let range = ranges.fold(None, |sum, range| narrow(sum, Some(range)));
        if self.plan.wanted.price.is_none() {
            self.plan.wanted.price = range;
        }
    }

    fn price_with(&mut self, here: &str, all: &[&Predicate], range: (i64, i64)) {
        let known = is_cell(here, self.item) && all.iter().any(|predicate| is_price(predicate));
        if known && self.plan.wanted.price.is_none() {
            self.plan.wanted.price = Some(range);
        }
    }
}

fn join(here: &mut String, name: &str) {
    if !here.is_empty() {
        here.push('/');
    }
    // A name with the sign between names in it leads nowhere that is known.
    here.push_str(if name.contains('/') { "?" } else { name });
}

fn is_cell(here: &str, item: Item) -> bool {
    item == Item::Offer && here.strip_prefix(TABLE) == Some("/intervals/*/payloads/*")
}

/// `@.type == "PRICE_PER_KWH"`.
fn is_price(predicate: &Predicate) -> bool {
    let (path, value) = match predicate {
        Predicate::Compare(Operand::Path(path), Comparison::Equal, Operand::Literal(value))
        | Predicate::Compare(Operand::Literal(value), Comparison::Equal, Operand::Path(path)) => {
            (path, value)
        }
        _ => return false,
    };
    let named = matches!(path.steps.as_slice(), [Step::Name(name)] if name == "type");
    !path.absolute && named && unquote(value).as_deref() == Some("PRICE_PER_KWH")
}

/// What follows a filter of a cell, when it is the comparison of its value.
fn tail_price(rest: &[Part<'_>], test: Option<Test<'_>>) -> Option<(i64, i64)> {
    price_range(rest, test?)
}

fn price_range(parts: &[Part<'_>], (operator, literal): Test<'_>) -> Option<(i64, i64)> {
    match parts {
        [Part::Name("values"), Part::Other | Part::Each] => {
            range(operator, Price::from_inr_text(literal).ok()?.get())
        }
        _ => None,
    }
}

/// The values that may pass; one that is equal always may, for it may have been rounded.
fn range(operator: Comparison, value: i64) -> Option<(i64, i64)> {
    match operator {
        Comparison::Equal => Some((value, value)),
        Comparison::Less | Comparison::LessOrEqual => Some((i64::MIN, value)),
        Comparison::Greater | Comparison::GreaterOrEqual => Some((value, i64::MAX)),
        Comparison::Unequal => None,
    }
}

fn narrow(one: Option<(i64, i64)>, other: Option<(i64, i64)>) -> Option<(i64, i64)> {
    match (one, other) {
        (Some((a, b)), Some((c, d))) => Some((a.max(c), b.min(d))),
        _ => one.or(other),
    }
}

#[cfg(test)]
mod tests {
    use super::super::dialect::parse;
    use super::*;

    fn of(expression: &str) -> Plan {
        plan(&parse(expression).unwrap())
    }

    #[test]
    fn the_official_expression_needs_no_evaluation() {
        let plan = of(r#"$.catalogs[*].offers[*] ? (@.offerAttributes."@type" == "EnergyTradeOffer")"#);
        assert!(plan.exact && plan.by_item);
        assert_eq!(plan.wanted, Wanted::default());
        assert!(!of(r#"$.catalogs[*].offers[*] ? (@.offerAttributes."@type" == "Other")"#).exact);
        assert!(!of(r#"$.catalogs[*].offers[*] ? (!(@.id == "x"))"#).exact);
        assert!(!of(r#"$.catalogs[*] ? (@.id == "c").offers[*]"#).exact);
    }

    #[test]
    fn ids_kinds_prices_and_starts_are_read() {
        let cells = "offerAttributes.commitmentAttributes.intervals[*].payloads";
        let price = |text: &str| of(text).wanted.price;
        for text in [
            format!(
                r#"$.catalogs[*].offers[*] ? (exists(@.{cells}[*] ? (@.type == "PRICE_PER_KWH" && @.values[0] <= 6.5)))"#
            ),
            format!(
                r#"$.catalogs[*].offers[*] ? (@.{cells}[*] ? (@.type == "PRICE_PER_KWH").values[0] <= 6.5)"#
            ),
            format!("$.catalogs[*].offers[?@.{cells}[?@.type == 'PRICE_PER_KWH' && @.values[0] < 6.5]]"),
            format!(
                r#"$.catalogs[*].offers[*] ? (@.{cells} ? (6.5 >= @.values[*] && "PRICE_PER_KWH" == @.type))"#
            ),
        ] {
            assert_eq!(price(&text), Some((i64::MIN, 65_000)), "{text}");
        }
        for text in [
            format!(r#"$.catalogs[*].offers[*] ? (@.{cells}[*].values[*] <= 6.5)"#),
            format!(
                r#"$.catalogs[*].offers[*] ? (@.{cells}[*] ? (@.type == "AVAILABLE_QTY").values[0] <= 6.5)"#
            ),
            format!(
                r#"$.catalogs[*].offers[*] ? (@.id == "x" || @.{cells}[*] ? (@.type == "PRICE_PER_KWH").values[0] <= 6.5)"#
            ),
            format!(
                r#"$.catalogs[*].offers[*] ? (@.{cells}[*] ? (@.type == "PRICE_PER_KWH").values[0] <= 6.00001)"#
            ),
        ] {
            assert_eq!(price(&text), None, "{text}");
        }
        let keys = |text: &str| of(text).wanted.keys;
        assert_eq!(
            keys(r#"$.catalogs[*].offers[*] ? (@.id == "o" && @.provider.id == 'p')"#),
            [(Key::Offer, "o".to_owned()), (Key::Provider, "p".to_owned())]
        );
        assert_eq!(
            keys(r#"$.catalogs[*].resources[*] ? (@.resourceAttributes.type == "SOLAR")"#),
            [(Key::Kind, "SOLAR".to_owned())]
        );
        assert_eq!(keys(r#"$.catalogs[*].offers[*] ? (@.id != "o")"#), []);
        let start = r#"@.offerAttributes.commitmentAttributes.intervalPeriod.start"#;
        let both = format!(
            r#"$.catalogs[*].offers[*] ? ({start} >= "1970-01-01T00:01:00Z" && {start} < "1970-01-01T00:02:00Z")"#
        );
        assert_eq!(of(&both).wanted.start, Some((60, 120)));
        let catalog = of(r#"$.catalogs[*] ? (@.bppId == "b").offers[*] ? (@.id == "o")"#).wanted;
        assert_eq!(catalog.catalog, [(CatalogField::BppId, "b".to_owned())]);
        assert_eq!(catalog.keys.len(), 1);
        assert!(!of("$.catalogs[*]").by_item && !of("$[?@.id == 'o']").by_item);
        assert!(!of("$.catalogs[*].offers[0]").by_item);
    }
}
