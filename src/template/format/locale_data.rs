//! Languages and regions that locales may name: data only, read by [`super::locale`].
//!
//! Derived from Unicode CLDR 48.2.0 (`cldr-core`), Copyright © 1991-2025 Unicode, Inc., Unicode License V3
//! (`LICENSE-UNICODE`, <https://www.unicode.org/license.txt>).

/// Languages that CLDR has at least basic data of.
pub(super) const LANGUAGES: &str = "af ak am ar as ast az ba bal be bg bgc bho blo bn br brx bs bua ca ceb chr cs csw cv cy da de doi dsb \
    ee el en eo es et eu fa ff fi fil fo fr fy ga gaa gd gl gu ha he hi hr hsb hu hy ia id ie ig ii is it ja jv ka \
    kea kgp kk km kn ko kok ks ku kxv ky lb lij lmo lo lt lv mai mi mk ml mn mni mr ms mt my nb nds ne nl nn no nqo \
    nso oc om or pa pcm pl pms ps pt qu raj rm ro ru rw sa sah sat sc scn sd shn si sk sl so sq sr st su sv sw syr \
    szl ta te tg th ti tk tn to tr tt tyv ug uk ur uz vec vi vmw wo xh xnr yo yrl yue za zh zu";

/// Regions: ISO 3166-1, Kosovo, and those for which CLDR has no country.
pub(super) const REGIONS: &str = "001 150 419 AC AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO \
    BQ BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CP CQ CR CU CV CW CX CY CZ DE DG DJ DK DM DO DZ EA EC \
    EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU IC \
    ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC \
    MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG \
    PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TA \
    TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW";

/// What is written for a language by mistake, or was its code once, and the code that it has. Read only where the
/// word is no language itself.
pub(super) const MISTAKEN: &[(&str, &str)] = &[
    ("at", "de-AT"),
    ("by", "be"),
    ("cn", "zh"),
    ("cz", "cs"),
    ("dk", "da"),
    ("gb", "en-GB"),
    ("gr", "el"),
    ("il", "he"),
    ("in", "id"),
    ("iw", "he"),
    ("jp", "ja"),
    ("jw", "jv"),
    ("kr", "ko"),
    ("kz", "kk"),
    ("mo", "ro"),
    ("mx", "es-MX"),
    ("nz", "en-NZ"),
    ("rs", "sr"),
    ("se", "sv"),
    ("sh", "sr-Latn"),
    ("tl", "fil"),
    ("tw", "zh-TW"),
    ("ua", "uk"),
    ("us", "en-US"),
    ("vn", "vi"),
];

/// Regions that are written by mistake, or were codes once.
pub(super) const MISTAKEN_REGIONS: &[(&str, &str)] =
    &[("EN", "GB"), ("JA", "JP"), ("KO", "KR"), ("CS", "CZ"), ("SU", "RU"), ("UK", "GB"), ("ZH", "CN")];
