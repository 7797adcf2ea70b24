//! Names for the commonest authenticators, to suggest when a passkey is added.

/// AAGUID and name, sorted, as the passkey providers' public list has them.
const MODELS: &[(&str, &str)] = &[
    ("08987058-cadc-4b81-b6e1-30de50dcbe96", "Windows Hello"),
    ("2fc0579f-8113-47ea-b116-bb5a8db9202a", "YubiKey 5 NFC"),
    ("50726f74-6f6e-5061-7373-50726f746f6e", "Proton Pass"),
    ("531126d6-e717-415c-9320-3d9aa6981239", "Dashlane"),
    ("53414d53-554e-4700-0000-000000000000", "Samsung Pass"),
    ("6028b017-b1d4-4c02-b4b3-afcdafc96bb2", "Windows Hello"),
    ("9ddd1817-af5a-4672-a2b9-3e3dd95000a9", "Windows Hello"),
    ("a25342c0-3cdc-4414-8e46-f4807fca511c", "YubiKey 5 NFC"),
    ("adce0002-35bc-c60a-648b-0b25f1f05503", "Chrome on Mac"),
    ("b84e4048-15dc-4dd0-8640-f4f60813c8af", "NordPass"),
    ("bada5566-a7aa-401f-bd96-45619a55120d", "1Password"),
    ("cb69481e-8ff7-4039-93ec-0a2729a154a8", "YubiKey 5"),
    ("d548826e-79b4-db40-a3d8-11116f7e8349", "Bitwarden"),
    ("dd4ec289-e01d-41c9-bb89-70fa845d4bf2", "iCloud Keychain"),
    ("ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4", "Google Password Manager"),
    ("ee882879-721c-4913-9775-3dfcce97072a", "YubiKey 5"),
    ("fa2b99dc-9e39-4257-8f92-4a30d23c4118", "YubiKey 5 NFC"),
    ("fbfc3007-154e-4ecc-8c0b-6e020557d7bd", "iCloud Keychain"),
    ("fdb141b2-5d84-443e-8a35-4698c205a502", "KeePassXC"),
];

/// What people call the authenticator with this AAGUID.
pub fn model_name(aaguid: &str) -> Option<&'static str> {
    let at = MODELS.binary_search_by_key(&aaguid, |(known, _)| known).ok()?;
    MODELS.get(at).map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn the_table_is_sorted_and_written_as_uuids_are() {
        assert!(MODELS.is_sorted_by(|(before, _), (after, _)| before < after));
        for (aaguid, name) in MODELS {
            assert_eq!(Uuid::parse_str(aaguid).unwrap().to_string(), *aaguid, "{name}");
        }
    }

    #[test]
    fn known_models_have_a_name_and_others_none() {
        let icloud = "fbfc3007-154e-4ecc-8c0b-6e020557d7bd";
        assert_eq!(model_name(icloud), Some("iCloud Keychain"));
        assert_eq!(model_name("00000000-0000-0000-0000-000000000000"), None);
        assert_eq!(model_name(""), None);
    }
}
