//! The columns of the contract table and the parties that write them (wave 2 "payload types" and
//! `insertedBy`).
//!
//! A column has one owner. Who may relay for whom is a rule, not a matter of the wire; it is judged
//! elsewhere.

use std::fmt;

/// A column of the table, named on the wire by `payloadType` and `type`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Column {
    PricePerKwh,
    AvailableQty,
    RequestedQty,
    BuyerDiscomAlloc,
    BuyerDiscomStatus,
    SellerDiscomAlloc,
    SellerDiscomStatus,
    FinalAlloc,
    /// Metered import (+) or export (−); only between a ledger and its DISCOM.
    EnergyConsumption,
    /// A column that this network does not define; carried along, never interpreted.
    Other(String),
}

impl Column {
    /// The eight columns of an offer, in the order in which they are declared.
    pub const OFFER: [Self; 8] = [
        Self::PricePerKwh,
        Self::AvailableQty,
        Self::RequestedQty,
        Self::BuyerDiscomAlloc,
        Self::BuyerDiscomStatus,
        Self::SellerDiscomAlloc,
        Self::SellerDiscomStatus,
        Self::FinalAlloc,
    ];

    /// The seven columns of a report after delivery: those of an offer without `AVAILABLE_QTY`.
    pub const REPORT: [Self; 7] = [
        Self::PricePerKwh,
        Self::RequestedQty,
        Self::BuyerDiscomAlloc,
        Self::BuyerDiscomStatus,
        Self::SellerDiscomAlloc,
        Self::SellerDiscomStatus,
        Self::FinalAlloc,
    ];

    pub fn as_str(&self) -> &str {
        match self {
            Self::PricePerKwh => "PRICE_PER_KWH",
            Self::AvailableQty => "AVAILABLE_QTY",
            Self::RequestedQty => "REQUESTED_QTY",
            Self::BuyerDiscomAlloc => "BUYER_DISCOM_ALLOC",
            Self::BuyerDiscomStatus => "BUYER_DISCOM_STATUS",
            Self::SellerDiscomAlloc => "SELLER_DISCOM_ALLOC",
            Self::SellerDiscomStatus => "SELLER_DISCOM_STATUS",
            Self::FinalAlloc => "FINAL_ALLOC",
            Self::EnergyConsumption => "ENERGY_CONSUMPTION",
            Self::Other(name) => name,
        }
    }

    /// The column of that name; a foreign name is [`Column::Other`].
    pub fn from_name(name: &str) -> Self {
        Self::OFFER
            .into_iter()
            .chain([Self::EnergyConsumption])
            .find(|column| column.as_str() == name)
            .unwrap_or_else(|| Self::Other(name.to_owned()))
    }

    /// The party that owns the column. None for the meter column, which exists only on a DISCOM's own leg,
    /// and for foreign columns.
    pub const fn owner(&self) -> Option<Writer> {
        match self {
            Self::PricePerKwh | Self::AvailableQty => Some(Writer::SellerPlatform),
            Self::RequestedQty => Some(Writer::BuyerPlatform),
            Self::BuyerDiscomAlloc | Self::BuyerDiscomStatus => Some(Writer::BuyerDiscom),
            Self::SellerDiscomAlloc | Self::SellerDiscomStatus | Self::FinalAlloc => {
                Some(Writer::SellerDiscom)
            }
            Self::EnergyConsumption | Self::Other(_) => None,
        }
    }

    /// `EVENT_PAYLOAD_DESCRIPTOR` for what is planned, `REPORT_PAYLOAD_DESCRIPTOR` for what was measured.
    pub const fn object_type(&self) -> &'static str {
        match self {
            Self::PricePerKwh | Self::AvailableQty | Self::RequestedQty => "EVENT_PAYLOAD_DESCRIPTOR",
            _ => "REPORT_PAYLOAD_DESCRIPTOR",
        }
    }

    /// `KWH`, `STRING`, or nothing for the price, which has a currency instead.
    pub const fn units(&self) -> Option<&'static str> {
        match self {
            Self::PricePerKwh | Self::Other(_) => None,
            Self::BuyerDiscomStatus | Self::SellerDiscomStatus => Some("STRING"),
            _ => Some("KWH"),
        }
    }

    /// The cells are energy in kWh.
    pub fn is_energy(&self) -> bool {
        self.units() == Some("KWH")
    }

    /// The cells are written after delivery, by a DISCOM's ledger.
    pub fn is_delivery(&self) -> bool {
        matches!(self.owner(), Some(Writer::BuyerDiscom | Writer::SellerDiscom))
    }
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One of the four parties to a contract; on the wire both `insertedBy` and the `role` of a contract's roles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Writer {
    BuyerPlatform,
    SellerPlatform,
    BuyerDiscom,
    SellerDiscom,
}

impl Writer {
    /// In the order in which a contract lists its roles, and its policy the revenue flows.
    pub const ALL: [Self; 4] =
        [Self::BuyerPlatform, Self::SellerPlatform, Self::BuyerDiscom, Self::SellerDiscom];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BuyerPlatform => "buyerPlatform",
            Self::SellerPlatform => "sellerPlatform",
            Self::BuyerDiscom => "buyerDiscom",
            Self::SellerDiscom => "sellerDiscom",
        }
    }

    /// The party of that name; `buyer` and `seller` are the older names of the platforms.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "buyer" => Some(Self::BuyerPlatform),
            "seller" => Some(Self::SellerPlatform),
            _ => Self::ALL.into_iter().find(|writer| writer.as_str() == name),
        }
    }

    /// The platform of this party's side.
    pub const fn platform(self) -> Self {
        match self {
            Self::BuyerPlatform | Self::BuyerDiscom => Self::BuyerPlatform,
            Self::SellerPlatform | Self::SellerDiscom => Self::SellerPlatform,
        }
    }

    /// The DISCOM of this party's side.
    pub const fn discom(self) -> Self {
        match self {
            Self::BuyerPlatform | Self::BuyerDiscom => Self::BuyerDiscom,
            Self::SellerPlatform | Self::SellerDiscom => Self::SellerDiscom,
        }
    }
}

impl fmt::Display for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
