//! The standard's terms for body part, view and side, of the many words and codes in files.

/// Body Part Examined (PS3.16 Annex L), the words for it that files have instead, and its codes
/// (SNOMED CT, also as it was before 2021, and SNOMED RT): the parts that radiographs are made of.
const PARTS: &[(&str, &[&str], &[&str])] = &[
    ("ABDOMEN", &["ABD"], &["818981001", "113345001", "T-D4000"]),
    ("ABDOMENPELVIS", &["ABDOMENANDPELVIS"], &["818982008", "416949008", "R-FAB57"]),
    ("ACJOINT", &["ACROMIOCLAVICULARJOINT"], &["85856004", "T-15420"]),
    ("ANKLE", &["ANKLEJOINT"], &["70258002", "T-15750"]),
    ("ARM", &["UPPERARM"], &["40983000", "T-D8200"]),
    ("BREAST", &[], &["76752008", "T-04000"]),
    ("CALCANEUS", &["HEEL"], &["80144004", "T-12770"]),
    ("CHEST", &["THORAX"], &["816094009", "51185008", "T-D3000"]),
    ("CHESTABDOMEN", &["CHESTANDABDOMEN"], &["416550000", "R-FAB55"]),
    ("CHESTABDPELVIS", &["CHESTABDOMENANDPELVIS"], &["416775004", "R-FAB56"]),
    ("CLAVICLE", &[], &["51299004", "T-12310"]),
    ("COCCYX", &[], &["64688005", "T-11BF0"]),
    ("CSPINE", &["CERVICALSPINE"], &["122494005", "T-11501"]),
    ("CTSPINE", &["CERVICOTHORACICSPINE"], &["1217257000"]),
    ("ELBOW", &["ELBOWJOINT"], &["16953009", "T-15430"]),
    ("EXTREMITY", &[], &["66019005", "T-D0300"]),
    ("FEMUR", &[], &["71341001", "T-12710"]),
    ("FIBULA", &[], &["87342007", "T-12750"]),
    ("FINGER", &[], &["7569003", "T-D8800"]),
    ("FOOT", &[], &["56459004", "T-D9700"]),
    ("FOREARM", &[], &["14975008", "T-D8500"]),
    ("HAND", &[], &["85562004", "T-D8700"]),
    ("HEAD", &[], &["69536005", "T-D1100"]),
    ("HEADNECK", &["HEADANDNECK"], &["774007", "T-D1000"]),
    ("HEART", &[], &["80891009", "T-32000"]),
    ("HIP", &["HIPJOINT"], &["29836001", "T-D2500", "24136001", "T-15710"]),
    ("HUMERUS", &[], &["85050009", "T-12410"]),
    ("JAW", &["JAWREGION"], &["661005", "T-D1213"]),
    ("KNEE", &["KNEEJOINT"], &["72696002", "T-D9200"]),
    ("LEG", &["LOWERLEG"], &["30021000", "T-D9400"]),
    ("LSPINE", &["LUMBARSPINE"], &["122496007", "T-11503"]),
    ("LSSPINE", &["LUMBOSACRALSPINE"], &["1217253001"]),
    ("MANDIBLE", &[], &["91609006", "T-11180"]),
    ("MAXILLA", &[], &["70925003", "T-11170"]),
    ("NECK", &[], &["45048000", "T-D1600"]),
    ("NECKCHEST", &["NECKANDCHEST"], &["417437006", "R-FAB52"]),
    ("ORBIT", &["ORBITALSTRUCTURE"], &["363654007", "T-D14AE"]),
    ("PATELLA", &[], &["64234005", "T-12730"]),
    ("PELVIS", &[], &["816092008", "12921003", "T-D6000"]),
    ("RADIUS", &[], &["62413002", "T-12420"]),
    ("RADIUSULNA", &["RADIUSANDULNA"], &["110535000", "T-12403"]),
    ("RIB", &["RIBS"], &["113197003", "T-11300"]),
    ("SCAPULA", &[], &["79601000", "T-12280"]),
    ("SCJOINT", &["STERNOCLAVICULARJOINT"], &["7844006", "T-15610"]),
    ("SELLA", &["SELLATURCICA"], &["42575006", "T-D1460"]),
    ("SHOULDER", &[], &["16982005", "T-D2220"]),
    ("SIJOINT", &["SACROILIACJOINT"], &["39723000", "T-15680"]),
    ("SINUS", &["PARANASALSINUS", "SINUSES"], &["2095001", "T-22000"]),
    ("SKULL", &[], &["89546000", "T-11100"]),
    ("SPINE", &[], &["421060004", "T-D04FF"]),
    ("SSPINE", &["SACRUM"], &["54735007", "T-11AD0"]),
    ("STERNUM", &[], &["56873002", "T-11210"]),
    ("THIGH", &[], &["68367000", "T-D9100"]),
    ("THUMB", &[], &["76505004", "T-D8810"]),
    ("TIBIA", &[], &["12611008", "T-12740"]),
    ("TIBIAFIBULA", &["TIBIAANDFIBULA"], &["110536004", "T-12701"]),
    ("TLSPINE", &["THORACOLUMBARSPINE"], &["1217256009"]),
    ("TMJ", &["TEMPOROMANDIBULARJOINT"], &["53620006", "T-15290"]),
    ("TOE", &[], &["29707007", "T-D9800"]),
    ("TSPINE", &["THORACICSPINE"], &["122495006", "T-11502"]),
    ("ULNA", &[], &["23416004", "T-12430"]),
    ("WHOLEBODY", &["ENTIREBODY"], &["38266002", "T-D0010"]),
    ("WRIST", &["WRISTJOINT"], &["74670003", "T-15460"]),
    ("ZYGOMA", &[], &["13881006", "T-11166"]),
];

/// View Position (PS3.3 C.8.1.2, C.8.11.5), words, and codes of the views (PS3.16 CID 4010 and
/// 4014).
const VIEWS: &[(&str, &[&str], &[&str])] = &[
    ("AP", &["ANTEROPOSTERIOR"], &["399348003", "R-10206"]),
    ("PA", &["POSTEROANTERIOR"], &["272479007", "R-10214", "R-40888"]),
    ("LL", &["LEFTLATERAL"], &["399173006", "R-10236"]),
    ("RL", &["RIGHTLATERAL"], &["399198007", "R-10232"]),
    ("LLD", &["LEFTLATERALDECUBITUS"], &[]),
    ("RLD", &["RIGHTLATERALDECUBITUS"], &[]),
    ("LLO", &["LEFTLATERALOBLIQUE"], &[]),
    ("RLO", &["RIGHTLATERALOBLIQUE"], &[]),
    ("LAO", &["LEFTANTERIOROBLIQUE"], &["399135007", "R-10220"]),
    ("RAO", &["RIGHTANTERIOROBLIQUE"], &["399356000", "R-40985"]),
    ("LPO", &["LEFTPOSTERIOROBLIQUE"], &["399006002", "R-10212"]),
    ("RPO", &["RIGHTPOSTERIOROBLIQUE"], &["399038007", "R-10210"]),
    ("CC", &["CRANIOCAUDAL"], &["399162004", "R-10242"]),
    ("MLO", &["MEDIOLATERALOBLIQUE"], &["399368009", "R-10226"]),
    ("ML", &["MEDIOLATERAL", "MEDIALLATERAL"], &["399260004", "R-10224"]),
    ("LM", &["LATEROMEDIAL", "LATERALMEDIAL"], &["399352003", "R-10228"]),
    ("LATERAL", &["LAT"], &["399067008", "R-102CD"]),
    ("OBLIQUE", &[], &["399182000", "R-102C1"]),
];

/// Image Laterality (PS3.3 C.8.11.1): left, right, both, unpaired; and codes of the modifiers (CID
/// 244).
const SIDES: &[(&str, &[&str], &[&str])] = &[
    ("L", &["LEFT"], &["7771000", "G-A101"]),
    ("R", &["RIGHT"], &["24028007", "G-A100"]),
    ("B", &["BOTH", "BILATERAL"], &["51440002", "G-A102"]),
    ("U", &["UNPAIRED"], &[]),
];

/// A file's statement about one attribute: a word, and the code and meaning of a sequence's item.
#[derive(Default)]
pub(super) struct Said {
    pub(super) word: Option<String>,
    pub(super) code: Option<String>,
    pub(super) meaning: Option<String>,
}

impl Said {
    pub(super) fn part(&self) -> Option<String> {
        self.term(PARTS)
    }

    pub(super) fn view(&self) -> Option<String> {
        self.term(VIEWS)
    }

    pub(super) fn side(&self) -> Option<String> {
        self.term(SIDES)
    }

    /// The standard's term for the word, or else for the code, or else for its meaning; or what was
    /// said, in capitals.
    fn term(&self, terms: &[(&'static str, &[&str], &[&str])]) -> Option<String> {
        let by_word = |word: &Option<String>| {
            let word = squeezed(word.as_ref()?);
            terms.iter().find(|(term, words, _)| *term == word || words.contains(&word.as_str()))
        };
        let code = self.code.as_ref().map(|code| code.to_ascii_uppercase());
        let by_code = || {
            terms.iter().find(|(_, _, codes)| code.as_ref().is_some_and(|c| codes.contains(&&**c)))
        };
        let known = by_word(&self.word).or_else(by_code).or_else(|| by_word(&self.meaning));
        let as_said =
            || self.word.as_ref().or(self.meaning.as_ref()).map(|said| said.to_uppercase());
        known.map(|(term, _, _)| (*term).to_owned()).or_else(as_said)
    }
}

/// A word in capitals, without spaces and punctuation: `C-Spine` becomes `CSPINE`.
fn squeezed(word: &str) -> String {
    word.chars()
        .filter(|c| !matches!(c, ' ' | '-' | '_' | '.' | ',' | '/'))
        .collect::<String>()
        .to_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(word: &str) -> Said {
        Said { word: Some(word.to_owned()), ..Said::default() }
    }

    fn coded(code: &str, meaning: &str) -> Said {
        Said { code: Some(code.to_owned()), meaning: Some(meaning.to_owned()), ..Said::default() }
    }

    #[test]
    fn words_and_codes_become_the_standards_terms() {
        for (said, expected) in [
            (word("CHEST"), "CHEST"),
            (word("Thorax"), "CHEST"),
            (word("C-Spine"), "CSPINE"),
            (word("lumbar spine"), "LSPINE"),
            (word("Knie links"), "KNIE LINKS"),
            (coded("T-D3000", "Thorax"), "CHEST"),
            (coded("816094009", "anything"), "CHEST"),
            (coded("999", "Sella turcica"), "SELLA"),
            (coded("999", "Left big toe"), "LEFT BIG TOE"),
        ] {
            assert_eq!(said.part().as_deref(), Some(expected));
        }
        assert_eq!(Said::default().part(), None);
    }

    #[test]
    fn views_and_sides_do_too() {
        assert_eq!(word("pa").view().as_deref(), Some("PA"));
        assert_eq!(coded("R-10206", "antero-posterior").view().as_deref(), Some("AP"));
        assert_eq!(word("Left Lateral").view().as_deref(), Some("LL"));
        assert_eq!(word("Swimmer's").view().as_deref(), Some("SWIMMER'S"));
        assert_eq!(
            (word("Left").side().as_deref(), word("R").side().as_deref()),
            (Some("L"), Some("R"))
        );
    }

    #[test]
    fn a_code_says_what_an_unknown_word_does_not() {
        let said = Said { word: Some("STERNUM LAT.".to_owned()), ..coded("56873002", "Sternum") };
        assert_eq!(said.part().as_deref(), Some("STERNUM"));
    }

    #[test]
    fn no_word_or_code_stands_for_two_terms() {
        for terms in [PARTS, VIEWS, SIDES] {
            let mut seen = std::collections::BTreeSet::new();
            for (term, words, codes) in terms {
                assert!(
                    std::iter::once(term)
                        .chain(*words)
                        .chain(*codes)
                        .all(|word| seen.insert(*word)),
                    "{term}"
                );
            }
        }
    }
}
