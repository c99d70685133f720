//! Who may write which cell, on every leg that a message takes.

use beckn_wire::energy::Column::*;
use beckn_wire::energy::Writer::*;

use super::*;

const TO_SELLER: Leg<'_> = Leg { from: &[BuyerPlatform], to: &[SellerPlatform] };
const TO_BUYER: Leg<'_> = Leg { from: &[SellerPlatform], to: &[BuyerPlatform] };
const UP_FROM_SELLER_LEDGER: Leg<'_> = Leg { from: &[SellerDiscom], to: &[SellerPlatform] };
const DOWN_TO_SELLER_LEDGER: Leg<'_> = Leg { from: &[SellerPlatform], to: &[SellerDiscom] };

fn cell<T>(value: T, provenance: Provenance, round: u32) -> Cell<T> {
    Cell { value, provenance, round }
}

fn entitlements(leg: Leg<'_>) -> Vec<(Column, Provenance)> {
    let columns = Column::OFFER.into_iter().chain([EnergyConsumption, Other("CARBON".into())]);
    columns.filter_map(|column| leg.entitled(&column).map(|provenance| (column, provenance))).collect()
}

#[test]
fn a_column_has_its_owner_and_its_owners_platform() {
    let (direct, relayed) = (Provenance::Direct, Provenance::Relayed);
    let seller_discom =
        |as_what| [(SellerDiscomAlloc, as_what), (SellerDiscomStatus, as_what), (FinalAlloc, as_what)];
    let mut from_seller_platform = vec![(PricePerKwh, direct), (AvailableQty, direct)];
    from_seller_platform.extend(seller_discom(relayed));
    assert_eq!(entitlements(TO_BUYER), from_seller_platform);
    assert_eq!(
        entitlements(TO_SELLER),
        [(RequestedQty, direct), (BuyerDiscomAlloc, relayed), (BuyerDiscomStatus, relayed)]
    );
    assert_eq!(entitlements(UP_FROM_SELLER_LEDGER), seller_discom(direct));
}

#[test]
fn a_ledger_takes_from_its_platform_all_but_its_own_columns() {
    let (direct, relayed) = (Provenance::Direct, Provenance::Relayed);
    assert_eq!(
        entitlements(DOWN_TO_SELLER_LEDGER),
        [
            (PricePerKwh, direct),
            (AvailableQty, direct),
            (RequestedQty, relayed),
            (BuyerDiscomAlloc, relayed),
            (BuyerDiscomStatus, relayed)
        ]
    );
    // A platform of the other side has no business with this ledger.
    let stranger = Leg { from: &[BuyerPlatform], to: &[SellerDiscom] };
    assert_eq!(stranger.entitled(&PricePerKwh), None);
    assert_eq!(stranger.entitled(&FinalAlloc), None);
}

#[test]
fn one_subscriber_can_be_two_parties() {
    let shared_ledger = Leg { from: &[BuyerDiscom, SellerDiscom], to: &[BuyerPlatform] };
    assert_eq!(shared_ledger.entitled(&FinalAlloc), Some(Provenance::Direct));
    assert_eq!(shared_ledger.entitled(&BuyerDiscomAlloc), Some(Provenance::Direct));
    assert_eq!(shared_ledger.entitled(&RequestedQty), None);
    let same_platform = Leg { from: &[BuyerPlatform, SellerPlatform], to: &[BuyerPlatform, SellerPlatform] };
    assert_eq!(same_platform.entitled(&PricePerKwh), Some(Provenance::Direct));
    assert_eq!(same_platform.entitled(&RequestedQty), Some(Provenance::Direct));
    let to_shared_ledger = Leg { from: &[SellerPlatform], to: &[BuyerDiscom, SellerDiscom] };
    assert_eq!(to_shared_ledger.entitled(&RequestedQty), Some(Provenance::Relayed));
    assert_eq!(to_shared_ledger.entitled(&BuyerDiscomAlloc), None);
}

#[test]
fn an_empty_or_known_cell_changes_nothing() {
    let stored = cell(18_500, Provenance::Direct, 2);
    for leg in [TO_BUYER, TO_SELLER, UP_FROM_SELLER_LEDGER] {
        assert_eq!(merge_cell(&FinalAlloc, &leg, Stage::Concluded, Some(&stored), None), Merge::Unchanged);
        assert_eq!(
            merge_cell(&FinalAlloc, &leg, Stage::Concluded, Some(&stored), Some(18_500)),
            Merge::Unchanged
        );
    }
    let price = cell(125_000, Provenance::Direct, 1);
    assert_eq!(
        merge_cell(&PricePerKwh, &TO_SELLER, Stage::Agreeing, Some(&price), Some(125_000)),
        Merge::Unchanged
    );
}

#[test]
fn a_stranger_writes_nothing() {
    let refused = |column: Column, leg, stored: Option<&Cell<i64>>| match merge_cell(
        &column,
        &leg,
        Stage::Concluded,
        stored,
        Some(1),
    ) {
        Merge::Refused(error) => error,
        other => panic!("{other:?}"),
    };
    let stored = cell(5, Provenance::Relayed, 1);
    assert_eq!(refused(FinalAlloc, TO_SELLER, None), RuleError::CellNotYours { column: FinalAlloc });
    assert_eq!(refused(FinalAlloc, TO_SELLER, Some(&stored)), RuleError::CellNotYours { column: FinalAlloc });
    assert_eq!(refused(BuyerDiscomAlloc, TO_BUYER, None).code().as_str(), "POL_UPDATE_NOT_ALLOWED");
    let mine = cell(7, Provenance::Direct, 1);
    let echoed = refused(SellerDiscomAlloc, DOWN_TO_SELLER_LEDGER, Some(&mine));
    assert_eq!(echoed, RuleError::CellNotYours { column: SellerDiscomAlloc });
    let other = Other("CARBON".into());
    assert_eq!(refused(other.clone(), TO_BUYER, None), RuleError::CellNotYours { column: other });
}

#[test]
fn rounds_are_numbered_and_a_contradicted_relay_is_a_dispute() {
    let merge = |leg: &Leg<'_>, stored: Option<&Cell<&'static str>>, value| {
        merge_cell(&SellerDiscomStatus, leg, Stage::Concluded, stored, Some(value))
    };
    let at_buyer = Leg { from: &[SellerDiscom], to: &[BuyerPlatform] };
    let first = cell("PENDING", Provenance::Relayed, 1);
    assert_eq!(merge(&TO_BUYER, None, "PENDING"), Merge::Written(first.clone()));
    let second = cell("COMPLETED", Provenance::Relayed, 2);
    assert_eq!(merge(&TO_BUYER, Some(&first), "COMPLETED"), Merge::Written(second.clone()));
    let confirmed = cell("COMPLETED", Provenance::Direct, 2);
    assert_eq!(merge(&at_buyer, Some(&second), "COMPLETED"), Merge::Confirmed(confirmed.clone()));
    let disputed = cell("PENDING", Provenance::Direct, 3);
    assert_eq!(merge(&at_buyer, Some(&second), "PENDING"), Merge::Disputed(disputed));
    // The owner may correct itself; its relay may not correct it.
    let corrected = cell("CURTAILED_OUTAGE", Provenance::Direct, 3);
    assert_eq!(merge(&at_buyer, Some(&confirmed), "CURTAILED_OUTAGE"), Merge::Written(corrected));
    assert!(matches!(merge(&TO_BUYER, Some(&confirmed), "PENDING"), Merge::Refused(_)));
    let last = cell("A", Provenance::Relayed, u32::MAX);
    assert_eq!(merge(&TO_BUYER, Some(&last), "B"), Merge::Written(cell("B", Provenance::Relayed, u32::MAX)));
}

#[test]
fn each_column_has_its_time() {
    let early = merge_cell(&FinalAlloc, &UP_FROM_SELLER_LEDGER, Stage::Agreeing, None, Some(1));
    assert_eq!(early, Merge::Refused(RuleError::CellTooEarly { column: FinalAlloc }));
    let asked = cell(20_500, Provenance::Direct, 1);
    let more = cell(30_000, Provenance::Direct, 2);
    let change = |stage| merge_cell(&RequestedQty, &TO_SELLER, stage, Some(&asked), Some(30_000));
    assert_eq!(change(Stage::Agreeing), Merge::Written(more));
    assert_eq!(change(Stage::Concluded), Merge::Refused(RuleError::CellFrozen { column: RequestedQty }));
}
