//! A credential as the demo's DISCOM of the north would issue it.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use energy_credentials::VerificationKey;
use serde_json::{Value, json};
use wattmandi::cli::local::demo_key;

/// A credential of the north's issuer, as a JWT.
pub fn credential(meter: &str, kilowatts: &str) -> String {
    let payload = json!({
        "@context": ["https://www.w3.org/ns/credentials/v2", "https://north.discom.example/context"],
        "id": "urn:uuid:0f2f8a5e-2a61-4f0c-9c9f-0d8f3c0f1a11",
        "type": ["VerifiableCredential", "GenerationProfileCredential"],
        "issuer": "did:web:north.discom.example",
        "validFrom": "2026-01-01T00:00:00Z",
        "validUntil": "2126-01-01T00:00:00Z",
        "credentialSubject": {
            "consumerNumber": "TEST_CUST_GITA", "meterNumber": meter, "generationType": "Solar",
            "capacityKW": kilowatts, "commissioningDate": "2024-05-01",
        },
    });
    let header = json!({"alg": "EdDSA", "typ": "vc+jwt", "kid": "did:web:north.discom.example#key-1"});
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let input = format!("{}.{}", part(&header), part(&payload));
    let signature = demo_key("north.discom.example").sign_bytes(input.as_bytes());
    format!("{input}.{}", URL_SAFE_NO_PAD.encode(STANDARD.decode(signature).unwrap()))
}

/// What an operator writes down to believe that issuer.
pub fn issuer() -> String {
    let key = STANDARD.decode(demo_key("north.discom.example").public().to_base64()).unwrap();
    let key = VerificationKey::ed25519(&key).unwrap().to_multibase();
    format!(
        "\n[[credentials.issuers]]\nid = \"did:web:north.discom.example\"\ndiscom = \"TEST_DISCOM_NORTH\"\n\
         keys = [\"key-1 {key}\"]\n"
    )
}
