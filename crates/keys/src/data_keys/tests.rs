use proptest::prelude::*;

use super::*;
use crate::{
    MasterKey,
    testing::{NOW, Seeded, master, sealer},
};

/// `count` keys, oldest first, and a sealer that has them.
fn keys_of(count: usize) -> (Vec<StoredDataKey>, Sealer) {
    let (sealer, entropy) = (sealer(), Seeded::new(20));
    let mut keys = Vec::new();
    for _ in 0..count {
        keys.push(sealer.new_data_key(&keys, NOW, &entropy).unwrap());
    }
    sealer.load(&keys).unwrap();
    (keys, sealer)
}

fn retire(key: &mut StoredDataKey) {
    key.retired_at = Some(NOW);
}

#[test]
fn the_newest_key_seals_and_every_older_one_opens() {
    let (keys, sealer) = keys_of(3);
    let entropy = Seeded::new(21);
    let texts: Vec<String> = (0..=3)
        .map(|count| {
            let then = crate::testing::sealer();
            then.load(&keys[..count]).unwrap();
            then.seal("p", b"text", &entropy).unwrap()
        })
        .collect();
    assert!(texts[0].starts_with("v1."), "without a data key the master key seals");
    for (text, key) in texts[1..].iter().zip(&keys) {
        assert!(text.starts_with(&format!("v2.{}.", key.id)), "{text}");
    }
    for text in &texts {
        assert_eq!(sealer.open("p", text).unwrap(), b"text");
    }
    let current: Vec<bool> = texts.iter().map(|text| sealer.is_current(text)).collect();
    assert_eq!(current, [false, false, false, true]);
    assert_eq!(sealer.active().as_ref(), Some(&keys[2].id));
    assert!(!crate::testing::sealer().is_current(&texts[0]));
}

#[test]
fn a_retired_key_opens_and_seals_no_more() {
    let (mut keys, sealer) = keys_of(2);
    let text = sealer.seal("p", b"text", &Seeded::new(1)).unwrap();
    retire(&mut keys[1]);
    let other = crate::testing::sealer();
    other.load(&keys).unwrap();
    assert_eq!(other.open("p", &text).unwrap(), b"text");
    assert_eq!(other.active().as_ref(), Some(&keys[0].id));
    retire(&mut keys[0]);
    assert_eq!(active(&keys), None);
}

#[test]
fn an_unknown_key_is_told_apart_and_known_after_a_refresh() {
    let (keys, sealer) = keys_of(2);
    let late = crate::testing::sealer();
    assert!(late.load(&keys[..1]).unwrap());
    let text = sealer.seal("p", b"text", &Seeded::new(1)).unwrap();
    let refused = late.open("p", &text);
    assert!(matches!(&refused, Err(KeyError::DataKeyUnknown(id)) if *id == keys[1].id));
    // Clones share the ring.
    assert!(late.clone().load(&keys).unwrap());
    assert_eq!(late.open("p", &text).unwrap(), b"text");
    assert!(!late.load(&keys).unwrap(), "nothing changed");
}

#[test]
fn an_older_list_is_ignored() {
    let (keys, sealer) = keys_of(2);
    for older in [&keys[..1], &[]] {
        assert!(!sealer.load(older).unwrap());
        assert_eq!(sealer.active().as_ref(), Some(&keys[1].id));
    }
    sealer.distrust();
    sealer.load(&keys[..1]).unwrap();
    let text = sealer.seal("p", b"text", &Seeded::new(1)).unwrap();
    assert!(text.starts_with("v1."), "an old list restores no trust: {text}");
}

#[test]
fn without_trust_the_master_key_seals_and_all_opens() {
    let (keys, sealer) = keys_of(1);
    let before = sealer.seal("p", b"text", &Seeded::new(1)).unwrap();
    sealer.distrust();
    let meanwhile = sealer.seal("p", b"text", &Seeded::new(1)).unwrap();
    assert!(meanwhile.starts_with("v1.") && !sealer.is_current(&meanwhile), "{meanwhile}");
    for text in [&before, &meanwhile] {
        assert_eq!(sealer.open("p", text).unwrap(), b"text");
    }
    assert!(!sealer.load(&keys).unwrap(), "the same key seals as before");
    let after = sealer.seal("p", b"text", &Seeded::new(1)).unwrap();
    assert!(sealer.is_current(&after), "{after}");
}

#[test]
fn a_new_key_is_younger_than_every_other_whatever_the_clock_says() {
    let (keys, sealer) = keys_of(2);
    assert_eq!(keys[0].created_at, NOW);
    assert_eq!(keys[1].created_at, NOW.plus(1));
    for (now, expected) in [(NOW.plus(-500), NOW.plus(2)), (NOW.plus(9), NOW.plus(9))] {
        let next = sealer.new_data_key(&keys, now, &Seeded::new(5)).unwrap();
        assert_eq!(next.created_at, expected);
    }
}

/// One key under two names: only what a text is bound to can tell that its name was exchanged.
#[test]
fn version_and_key_id_are_authenticated() {
    let sealer = sealer();
    let bytes = [7_u8; 32];
    let ids = ["a".repeat(22), "b".repeat(22)];
    let keys = ids.clone().map(|id| StoredDataKey {
        sealed_key: sealer.seal_by_master(&purpose(&id), &bytes, &Seeded::new(1)).unwrap(),
        id,
        created_at: NOW,
        retired_at: None,
    });
    sealer.load(&keys).unwrap();
    let text = sealer.seal("p", b"text", &Seeded::new(2)).unwrap();
    assert_eq!(sealer.open("p", &text).unwrap(), b"text");
    let renamed = text.replacen(&ids[1], &ids[0], 1);
    assert_ne!(text, renamed);
    assert!(matches!(sealer.open("p", &renamed), Err(KeyError::SealBroken)));
    let encoded = text.rsplit('.').next().unwrap();
    let refused = Cipher::new(&bytes).open("p", encoded);
    assert!(matches!(refused, Err(KeyError::SealBroken)), "its purpose alone does not open it");
}

#[test]
fn a_stored_key_that_was_tampered_with_is_refused_by_name() {
    let (keys, _) = keys_of(2);
    let swapped = StoredDataKey { sealed_key: keys[1].sealed_key.clone(), ..keys[0].clone() };
    let named = StoredDataKey { id: "short".to_owned(), ..keys[0].clone() };
    let entropy = Seeded::new(1);
    let sealed_key = sealer().seal_by_master(&purpose(&keys[0].id), b"not 32", &entropy).unwrap();
    let short = StoredDataKey { sealed_key, ..keys[0].clone() };
    for key in [swapped, named, short] {
        let sealer = sealer();
        let refused = sealer.load(std::slice::from_ref(&key));
        let id = match refused {
            Err(KeyError::DataKeyUnusable { id, .. }) => id,
            other => panic!("{other:?}"),
        };
        assert_eq!(id, key.id);
        assert_eq!(sealer.active(), None, "nothing changed");
    }
    let stranger = Sealer::new(&MasterKey::generate(&Seeded::new(99)));
    let told = stranger.load(&keys).unwrap_err().to_string();
    assert!(told.contains("other master key"), "{told}");
}

#[test]
fn what_names_no_key_is_malformed() {
    let (keys, sealer) = keys_of(1);
    let text = sealer.seal("p", b"text", &Seeded::new(1)).unwrap();
    let id = keys[0].id.as_str();
    for malformed in [
        text.replacen(id, "", 1),
        text.replacen(id, "short", 1),
        text.replacen(id, &"é".repeat(11), 1),
        text.replacen("v2.", "", 1),
        text.replacen("v2", "v3", 1),
        format!("v2.{id}"),
        format!("v2.{id}."),
        format!("{text}\n"),
    ] {
        let refused = sealer.open("p", &malformed);
        assert!(matches!(refused, Err(KeyError::SealMalformed)), "{malformed:?}");
    }
    let broken = text.replacen("v2", "v1", 1).replacen(&format!("{id}."), "", 1);
    assert!(matches!(sealer.open("p", &broken), Err(KeyError::SealBroken)));
}

#[test]
fn nothing_of_a_key_is_printed() {
    let (keys, sealer) = keys_of(1);
    assert_eq!(format!("{sealer:?}"), "Sealer([REDACTED])");
    let fault = KeyError::DataKeyUnknown(keys[0].id.clone()).to_string();
    assert!(!fault.contains(&keys[0].sealed_key), "{fault}");
}

/// What may happen to an installation with two instances.
#[derive(Clone, Debug)]
enum Event {
    Rotate,
    Refresh(bool),
    Distrust(bool),
    /// An instance seals a text.
    Seal(bool),
    /// An instance opens every text.
    Open(bool),
    /// An instance seals again what is not current, then retires what nothing is under.
    Reseal(bool),
    /// Retired keys that no text is under are erased.
    Erase,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        Just(Event::Rotate),
        any::<bool>().prop_map(Event::Refresh),
        any::<bool>().prop_map(Event::Distrust),
        any::<bool>().prop_map(Event::Seal),
        any::<bool>().prop_map(Event::Seal),
        any::<bool>().prop_map(Event::Open),
        any::<bool>().prop_map(Event::Reseal),
        Just(Event::Erase),
    ]
}

struct Installation {
    stored: Vec<StoredDataKey>,
    texts: Vec<String>,
    instances: [Sealer; 2],
    entropy: Seeded,
}

impl Installation {
    fn new() -> Self {
        let instances = [sealer(), sealer()];
        Self { stored: Vec::new(), texts: Vec::new(), instances, entropy: Seeded::new(30) }
    }

    /// As the server opens: once more after a refresh if the key is not known.
    fn opened(&self, sealer: &Sealer, text: &str) -> Vec<u8> {
        match sealer.open("p", text) {
            Err(KeyError::DataKeyUnknown(_)) => {
                sealer.load(&self.stored).unwrap();
                sealer.open("p", text).unwrap()
            }
            other => other.unwrap(),
        }
    }

    fn is_under(&self, key: &StoredDataKey) -> bool {
        self.texts.iter().any(|text| text.starts_with(&format!("v2.{}.", key.id)))
    }

    fn apply(&mut self, event: &Event) {
        let number = self.texts.len().to_string();
        match *event {
            Event::Rotate => {
                let new = self.instances[0].new_data_key(&self.stored, NOW, &self.entropy);
                self.stored.push(new.unwrap());
            }
            Event::Refresh(which) => {
                self.instances[usize::from(which)].load(&self.stored).unwrap();
            }
            Event::Distrust(which) => self.instances[usize::from(which)].distrust(),
            Event::Seal(which) => {
                let sealer = &self.instances[usize::from(which)];
                self.texts.push(sealer.seal("p", number.as_bytes(), &self.entropy).unwrap());
            }
            Event::Open(which) => {
                for text in &self.texts {
                    self.opened(&self.instances[usize::from(which)], text);
                }
            }
            Event::Reseal(which) => self.reseal(which),
            Event::Erase => {
                // By then no instance trusts a list from before the retirement.
                let used: Vec<bool> = self.stored.iter().map(|key| self.is_under(key)).collect();
                let mut used = used.into_iter();
                self.stored.retain(|key| used.next() == Some(true) || key.retired_at.is_none());
                self.instances.iter().for_each(Sealer::distrust);
            }
        }
    }

    fn reseal(&mut self, which: bool) {
        let sealer = self.instances[usize::from(which)].clone();
        sealer.load(&self.stored).unwrap();
        for at in 0..self.texts.len() {
            if !sealer.is_current(&self.texts[at]) {
                let plain = self.opened(&sealer, &self.texts[at]);
                self.texts[at] = sealer.seal("p", &plain, &self.entropy).unwrap();
            }
        }
        let newest = active(&self.stored).map(|key| key.id.clone());
        let used: Vec<bool> = self.stored.iter().map(|key| self.is_under(key)).collect();
        for (key, used) in self.stored.iter_mut().zip(used) {
            if !used && Some(&key.id) != newest.as_ref() {
                key.retired_at = Some(NOW);
            }
        }
    }
}

proptest! {
    #[test]
    fn whatever_happens_no_text_is_lost(events in prop::collection::vec(event(), 0..40)) {
        let mut site = Installation::new();
        for event in &events {
            site.apply(event);
            for (number, text) in site.texts.iter().enumerate() {
                let plain = site.opened(&sealer(), text);
                prop_assert_eq!(plain, number.to_string().into_bytes());
            }
        }
        site.apply(&Event::Rotate);
        site.apply(&Event::Reseal(false));
        let newest = active(&site.stored).map(|key| key.id.clone());
        prop_assert!(site.texts.iter().all(|text| site.instances[0].is_current(text)));
        prop_assert!(site.stored.iter().all(|key| key.retired_at.is_some() || Some(&key.id) == newest.as_ref()));
    }

    #[test]
    fn a_text_opens_for_its_own_purpose_and_master_key_only(
        count in 0_usize..4,
        purpose in "[a-z/]{0,20}",
        other in "[a-z/]{0,20}",
        plaintext in prop::collection::vec(any::<u8>(), 0..100),
    ) {
        prop_assume!(purpose != other);
        let (keys, sealer) = keys_of(count);
        let text = sealer.seal(&purpose, &plaintext, &Seeded::new(3)).unwrap();
        prop_assert_eq!(sealer.open(&purpose, &text).unwrap(), plaintext);
        prop_assert!(matches!(sealer.open(&other, &text), Err(KeyError::SealBroken)));
        let restarted = Sealer::new(&master());
        restarted.load(&keys).unwrap();
        prop_assert!(restarted.open(&purpose, &text).is_ok());
    }

    #[test]
    fn one_bit_changed_breaks_a_text(at in any::<prop::sample::Index>()) {
        use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
        let (_, sealer) = keys_of(1);
        let text = sealer.seal("p", b"some text", &Seeded::new(3)).unwrap();
        let (name, encoded) = text.rsplit_once('.').unwrap();
        let mut bytes = URL_SAFE_NO_PAD.decode(encoded).unwrap();
        let bit = at.index(bytes.len() * 8);
        bytes[bit / 8] ^= 1 << (bit % 8);
        let changed = format!("{name}.{}", URL_SAFE_NO_PAD.encode(&bytes));
        prop_assert!(matches!(sealer.open("p", &changed), Err(KeyError::SealBroken)));
    }
}
