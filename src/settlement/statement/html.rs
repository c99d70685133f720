//! A statement as a page to print: no script, no foreign origin, one style of its own that the content security policy
//! names by its hash; every text escaped.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use units::{Paise, WattHours, ist_label};

use super::{Part, Statement, TradeLine};
use crate::contract::Side;
use crate::settlement::model::{MoneyError, add};

const STYLE: &str = "body{font:14px/1.4 sans-serif;margin:2em auto;max-width:60em;color:#111}\
    table{border-collapse:collapse;width:100%;margin:.5em 0 1.5em}\
    th,td{border:1px solid #999;padding:.25em .5em;text-align:left}\
    td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}\
    tr.sum td{font-weight:bold}\
    @media print{body{margin:0;max-width:none}a{color:inherit;text-decoration:none}}";

/// The style of [`render_html`], as a policy names it: `sha256-…`.
pub fn style_hash() -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(STYLE.as_bytes())))
}

/// The page.
///
/// # Errors
/// A sum is out of range.
pub fn render_html(statement: &Statement, platform: &str) -> Result<String, MoneyError> {
    let title = format!("Statement {} of {}", statement.month, escaped(&statement.user.display_name));
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>{title}</title>\
         <style>{STYLE}</style></head>\n<body>\n<h1>Energy traded with neighbors: {}</h1>\n\
         <p>{}<br>Account {}<br>Platform {}</p>\n",
        statement.month,
        escaped(&statement.user.display_name),
        escaped(&statement.user.handle),
        escaped(platform),
    );
    meters(&mut page, statement);
    charges(&mut page, statement)?;
    account(&mut page, statement)?;
    details(&mut page, statement)?;
    page.push_str("</body>\n</html>\n");
    Ok(page)
}

fn meters(page: &mut String, statement: &Statement) {
    page.push_str(
        "<h2>Adjustment of your DISCOM's bill</h2>\n<table>\n<tr><th>Meter</th><th>DISCOM</th>\
        <th>Customer number</th><th class=\"n\">Bought, off your import, kWh</th>\
        <th class=\"n\">Sold, off your export, kWh</th></tr>\n",
    );
    for part in &statement.meters {
        page.push_str(&format!(
            "<tr><td>{}</td><td>{}</td><td>{}</td>{}{}</tr>\n",
            escaped(&part.meter.meter_id),
            escaped(&part.meter.discom_code),
            escaped(&part.meter.customer_number),
            energy(part.bought),
            energy(part.sold),
        ));
    }
    page.push_str("</table>\n");
}

fn charges(page: &mut String, statement: &Statement) -> Result<(), MoneyError> {
    let (bought, sold): (&Part, &Part) = (&statement.bought, &statement.sold);
    page.push_str(
        "<h2>Trades</h2>\n<table>\n<tr><th></th><th class=\"n\">Bought, INR</th>\
        <th class=\"n\">Sold, INR</th></tr>\n",
    );
    page.push_str(&format!(
        "<tr><td>Energy, kWh</td>{}{}</tr>\n",
        energy(bought.energy),
        energy(sold.energy)
    ));
    for (name, of) in [
        ("Energy", (bought.bill.energy, sold.bill.energy)),
        ("Wheeling", (bought.bill.wheeling, sold.bill.wheeling)),
        ("Transaction charge, your half", (bought.bill.charge, sold.bill.charge)),
        ("Platform fee", (bought.bill.fee, sold.bill.fee)),
        ("Penalty for shortfall", (bought.bill.penalty, sold.bill.penalty)),
    ] {
        page.push_str(&format!("<tr><td>{name}</td>{}{}</tr>\n", money(of.0), money(of.1)));
    }
    page.push_str(&format!(
        "<tr class=\"sum\"><td>To your account</td>{}{}</tr>\n</table>\n",
        money(bought.amount),
        money(sold.amount)
    ));
    Ok(())
}

fn account(page: &mut String, statement: &Statement) -> Result<(), MoneyError> {
    let traded = add(statement.bought.amount, statement.sold.amount)?;
    page.push_str("<h2>Account</h2>\n<table>\n");
    page.push_str(&format!("<tr><td>Opening balance</td>{}</tr>\n", money(statement.opening)));
    page.push_str(&format!("<tr><td>Trades</td>{}</tr>\n", money(traded)));
    for movement in &statement.movements {
        let name = movement.kind.as_str().replace('_', "-");
        let at = ist_label(movement.at);
        page.push_str(&format!("<tr><td>{at}: {}</td>{}</tr>\n", escaped(&name), money(movement.amount)));
    }
    let closing =
        if statement.closing < Paise::ZERO { "Closing balance, to be paid" } else { "Closing balance" };
    page.push_str(&format!(
        "<tr class=\"sum\"><td>{closing}</td>{}</tr>\n</table>\n",
        money(statement.closing)
    ));
    Ok(())
}

fn details(page: &mut String, statement: &Statement) -> Result<(), MoneyError> {
    page.push_str(
        "<h2>Every hour</h2>\n<table>\n<tr><th>Hour</th><th>Trade</th><th class=\"n\">Contracted, kWh</th>\
        <th class=\"n\">Seller's DISCOM, kWh</th><th class=\"n\">Buyer's DISCOM, kWh</th>\
        <th class=\"n\">Settled, kWh</th><th class=\"n\">INR per kWh</th><th class=\"n\">Charges, INR</th>\
        <th class=\"n\">Amount, INR</th></tr>\n",
    );
    for line in &statement.lines {
        detail(page, line)?;
    }
    page.push_str("</table>\n");
    Ok(())
}

fn detail(page: &mut String, line: &TradeLine) -> Result<(), MoneyError> {
    let slot = &line.line.result;
    let verb = if line.side == Side::Buyer { "bought from" } else { "sold to" };
    let note = match line.settled_before {
        Some(before) => format!(", corrected from {} kWh", before.to_kwh_text()),
        None => String::new(),
    };
    let known =
        |energy_: Option<WattHours>| energy_.map_or_else(|| "<td class=\"n\"></td>".to_owned(), energy);
    let id = escaped(&line.transaction_id);
    page.push_str(&format!(
        "<tr><td>{}</td><td><a href=\"/api/transactions/{id}\">{id}</a> {verb} {} ({}{note}; \
         <a href=\"/api/transactions/{id}/events\">events</a>)</td>{}{}{}{}<td class=\"n\">{}</td>{}{}</tr>\n",
        ist_label(slot.slot.start()),
        escaped(&line.peer_id),
        slot.quality.as_str(),
        energy(slot.requested),
        known(slot.round1),
        known(slot.round2),
        energy(slot.settled),
        slot.price.to_inr_text(),
        money(line.bill()?.costs()?),
        money(line.amount()?),
    ));
    Ok(())
}

fn energy(energy: WattHours) -> String {
    format!("<td class=\"n\">{}</td>", energy.to_kwh_text())
}

fn money(amount: Paise) -> String {
    format!("<td class=\"n\">{}</td>", amount.to_inr_text())
}

fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}
