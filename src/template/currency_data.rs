//! Currency patterns and symbols of 60-odd locales: data only, read by [`super::currency`].
//!
//! Derived from Unicode CLDR 47.0.0 (`cldr-numbers-full`, `cldr-core`), Copyright © 1991-2025 Unicode, Inc.,
//! Unicode License V3 (`LICENSE-UNICODE`, <https://www.unicode.org/license.txt>). Currencies in use today; a symbol equal to the
//! code is left out, and so is one equal to English's.

/// One locale: its tag, its pattern (`¤` symbol, `#` number; a negative form after `;`), and symbols that
/// differ from [`ENGLISH`]'s, as `CODE=symbol` parted by spaces.
pub(super) type Locale = (&'static str, &'static str, &'static str);

/// Codes of the currencies in use.
pub(super) const CODES: &str = "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF \
    CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL \
    HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD \
    MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG \
    QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SYP SZL THB TJS TMT TND TOP TRY TTD TWD \
    TZS UAH UGX USD UYU UZS VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG";

/// Currencies without two minor digits.
pub(super) const DIGITS: &[(u8, &str)] = &[
    (
        0,
        "AFN ALL BIF CLP DJF GNF IQD IRR ISK JPY KMF KPW KRW LAK LBP MGA MMK PYG RSD RWF SOS SYP UGX VND VUV XAF XOF \
    XPF YER",
    ),
    (3, "BHD JOD KWD LYD OMR TND"),
];

/// Symbols in English (United States).
pub(super) const ENGLISH: &str = "AUD=A$ BRL=R$ CAD=CA$ CNY=CN¥ EUR=€ GBP=£ HKD=HK$ ILS=₪ INR=₹ JPY=¥ KRW=₩ MXN=MX$ NZD=NZ$ PHP=₱ TWD=NT$ \
    USD=$ VND=₫ XAF=FCFA XCD=EC$ XCG=Cg. XOF=F\u{202f}CFA XPF=CFPF";

/// In the order of their tags.
pub(super) const LOCALES: &[Locale] = &[
    ("af", "¤#", "CAD=CAD JPY=JP¥ MXN=MXN PHP=PHP THB=฿ USD=USD ZAR=R"),
    (
        "ar",
        "\u{200f}#\u{a0}¤;\u{200f}-#\u{a0}¤",
        "AED=د.إ.\u{200f} AUD=AU$ BHD=د.ب.\u{200f} DZD=د.ج.\u{200f} EGP=ج.م.\u{200f} GBP=UK£ IQD=د.ع.\u{200f} \
        IRR=ر.إ. JOD=د.أ.\u{200f} JPY=JP¥ KWD=د.ك.\u{200f} LBP=ل.ل.\u{200f} LYD=د.ل.\u{200f} MAD=د.م.\u{200f} \
        MRU=أ.م. OMR=ر.ع.\u{200f} PHP=PHP QAR=ر.ق.\u{200f} SAR=ر.س.\u{200f} SDG=ج.س. SYP=ل.س.\u{200f} THB=฿ \
        TND=د.ت.\u{200f} USD=US$ YER=ر.ي.\u{200f}",
    ),
    (
        "bg",
        "#\u{a0}¤",
        "AUD=AUD BGN=лв. BRL=BRL CAD=CAD CNY=CNY GBP=GBP HKD=HKD ILS=ILS INR=INR JPY=JPY KRW=KRW MXN=MXN NZD=NZD \
        PHP=PHP TWD=TWD USD=щ.д. VND=VND XCD=XCD",
    ),
    ("bn", "#¤", "BDT=৳ JPY=JP¥ PHP=PHP THB=฿ USD=US$"),
    ("ca", "#\u{a0}¤", "AUD=AU$ BRL=BRL CAD=CAD CNY=CNY MXN=MXN PHP=PHP THB=฿ USD=USD XCD=XCD"),
    ("cs", "#\u{a0}¤", "AUD=AU$ CZK=Kč ILS=ILS INR=INR JPY=JP¥ PHP=PHP USD=US$ VND=VND"),
    ("da", "#\u{a0}¤", "AUD=AU$ DKK=kr. JPY=JP¥ PHP=PHP THB=฿ USD=US$"),
    ("de", "#\u{a0}¤", "AUD=AU$ PHP=PHP THB=฿"),
    ("de-AT", "¤\u{a0}#", "AUD=AU$ PHP=PHP THB=฿"),
    ("de-CH", "¤\u{a0}#;¤-#", "AUD=AU$ EUR=EUR PHP=PHP THB=฿"),
    ("el", "#\u{a0}¤", "JPY=JP¥ PHP=PHP THB=฿"),
    ("en", "¤#", ""),
    ("en-001", "¤#", "JPY=JP¥ USD=US$"),
    (
        "en-AU",
        "¤#",
        "AUD=$ BRL=BRL CAD=CAD CNY=CNY EUR=EUR GBP=GBP HKD=HKD ILS=ILS INR=INR JPY=JPY KRW=KRW MXN=MXN NZD=NZD \
        PHP=PHP SCR=Rs TWD=TWD USD=USD VND=VND XAF=XAF XCD=XCD XOF=XOF XPF=CFP",
    ),
    ("en-CA", "¤#", "CAD=$ JPY=JP¥ USD=US$"),
    ("en-IN", "¤#", "JPY=JP¥"),
    ("en-NZ", "¤#", "JPY=JP¥ NZD=$ USD=US$"),
    ("en-SG", "¤#", "JPY=JP¥ SGD=$ USD=US$"),
    ("en-ZA", "¤#", "JPY=JP¥ USD=US$ ZAR=R"),
    (
        "es",
        "#\u{a0}¤",
        "AUD=AUD BRL=BRL CAD=CAD CNY=CNY GBP=GBP HKD=HKD ILS=ILS INR=INR JPY=JPY KRW=KRW MXN=MXN NZD=NZD PHP=PHP \
        THB=฿ TWD=TWD USD=US$ XAF=XAF XCD=XCD XOF=XOF",
    ),
    (
        "es-419",
        "¤#",
        "AUD=AUD BRL=BRL CAD=CAD CNY=CNY EUR=EUR GBP=GBP HKD=HKD ILS=ILS INR=INR JPY=JPY KRW=KRW MXN=MXN NZD=NZD \
        PHP=PHP TWD=TWD USD=USD VND=VND XAF=XAF XCD=XCD XOF=XOF",
    ),
    (
        "es-AR",
        "¤\u{a0}#",
        "ARS=$ AUD=AUD BRL=BRL CAD=CAD CNY=CNY EUR=EUR GBP=GBP HKD=HKD ILS=ILS INR=INR JPY=JPY KRW=KRW MXN=MXN \
        NZD=NZD PHP=PHP TWD=TWD USD=US$ VND=VND XAF=XAF XCD=XCD XOF=XOF",
    ),
    (
        "es-CL",
        "¤#;¤-#",
        "AUD=AUD BRL=BRL CAD=CAD CLP=$ CNY=CNY EUR=EUR GBP=GBP HKD=HKD ILS=ILS INR=INR JPY=JPY KRW=KRW MXN=MXN \
        NZD=NZD PHP=PHP TWD=TWD USD=US$ VND=VND XAF=XAF XCD=XCD XOF=XOF",
    ),
    (
        "es-CO",
        "¤\u{a0}#",
        "AUD=AUD BRL=BRL CAD=CAD CNY=CNY COP=$ EUR=EUR GBP=GBP HKD=HKD ILS=ILS INR=INR JPY=JPY KRW=KRW MXN=MXN \
        NZD=NZD PHP=PHP TWD=TWD USD=US$ VND=VND XAF=XAF XCD=XCD XOF=XOF",
    ),
    (
        "es-MX",
        "¤#",
        "AUD=AUD BRL=BRL CAD=CAD CNY=CNY EUR=EUR GBP=GBP HKD=HKD ILS=ILS INR=INR JPY=JPY KRW=KRW MRU=UM MXN=$ \
        NZD=NZD PHP=PHP TWD=TWD USD=USD VND=VND XAF=XAF XCD=XCD XOF=XOF",
    ),
    (
        "es-US",
        "¤#",
        "AUD=AUD BRL=BRL CAD=CAD CNY=CNY EUR=EUR GBP=GBP HKD=HKD ILS=ILS INR=INR KRW=KRW MXN=MXN NZD=NZD PHP=PHP \
        TWD=TWD VND=VND XAF=XAF XCD=XCD XOF=XOF",
    ),
    ("et", "#\u{a0}¤", "AUD=AU$ PHP=PHP THB=฿"),
    (
        "fa",
        "\u{200e}¤#",
        "AFN=؋ CAD=$CA CNY=¥CN HKD=$HK IRR=ریال MXN=$MX NZD=$NZ PHP=PHP THB=฿ XCD=$EC XOF=فرانک\u{202f}CFA",
    ),
    (
        "fi",
        "#\u{a0}¤",
        "AUD=AUD BRL=BRL CAD=CAD CNY=CNY HKD=HKD ILS=ILS INR=INR KRW=KRW MXN=MXN NZD=NZD PHP=PHP TWD=TWD VND=VND \
        XCD=XCD XPF=XPF",
    ),
    ("fil", "¤#", "THB=฿"),
    (
        "fr",
        "#\u{a0}¤",
        "ARS=$AR AUD=$AU BMD=$BM BND=$BN BZD=$BZ CAD=$CA CLP=$CL CNY=CNY COP=$CO FJD=$FJ FKP=£FK GBP=£GB GIP=£GI \
        HKD=HKD JPY=JPY LBP=£LB MXN=$MX NAD=$NA NZD=$NZ PHP=PHP SBD=$SB SGD=$SG SRD=$SR TTD=$TT TWD=TWD USD=$US \
        UYU=$UY WST=$WS XCD=XCD XPF=FCFP",
    ),
    (
        "fr-CA",
        "#\u{a0}¤",
        "AUD=$\u{a0}AU CAD=$ HKD=$\u{a0}HK ILS=ILS INR=INR KRW=KRW MXN=MXN NZD=$\u{a0}NZ PHP=PHP SGD=$\u{a0}SG \
        TWD=TWD USD=$\u{a0}US VND=VND XAF=XAF XCD=XCD XOF=XOF XPF=XPF",
    ),
    ("he", "\u{200f}#\u{a0}\u{200f}¤;\u{200f}-#\u{a0}\u{200f}¤", "CNY=\u{200e}CN¥\u{200e} PHP=PHP THB=฿"),
    ("hi", "¤#", "JPY=JP¥ PHP=PHP THB=฿"),
    (
        "hr",
        "#\u{a0}¤",
        "AUD=AUD BRL=BRL CAD=CAD CNY=CNY GBP=GBP HKD=HKD ILS=ILS INR=INR JPY=JPY KRW=KRW MXN=MXN NZD=NZD PHP=PHP \
        TWD=TWD USD=USD VND=VND XCD=XCD XPF=XPF",
    ),
    (
        "hu",
        "#\u{a0}¤",
        "AUD=AUD BRL=BRL CAD=CAD CNY=CNY EUR=EUR GBP=GBP HKD=HKD HUF=Ft ILS=ILS INR=INR KRW=KRW MXN=MXN NZD=NZD \
        PHP=PHP TWD=TWD USD=USD VND=VND XCD=XCD",
    ),
    ("id", "¤#", "AUD=AU$ IDR=Rp INR=Rs JPY=JP¥ PHP=PHP THB=฿ USD=US$"),
    (
        "is",
        "#\u{a0}¤",
        "AUD=AUD BRL=BRL CAD=CAD EUR=EUR GBP=GBP INR=INR ISK=kr. JPY=JP¥ KRW=KRW MXN=MXN NZD=NZD PHP=PHP TWD=TWD \
        USD=USD VND=VND",
    ),
    ("it", "#\u{a0}¤", "BRL=BRL HKD=HKD INR=INR JPY=JPY KRW=KRW MXN=MXN THB=฿ TWD=TWD USD=USD VND=VND"),
    ("it-CH", "¤\u{a0}#;¤-#", "BRL=BRL HKD=HKD INR=INR JPY=JPY KRW=KRW MXN=MXN THB=฿ TWD=TWD USD=USD VND=VND"),
    ("ja", "¤#", "CNY=元 JPY=￥ PHP=PHP"),
    ("ko", "¤#", "AUD=AU$ JPY=JP¥ PHP=PHP USD=US$"),
    (
        "lt",
        "#\u{a0}¤",
        "AUD=AUD BRL=BRL CAD=CAD CNY=CNY GBP=GBP HKD=HKD ILS=ILS INR=INR JPY=JPY KRW=KRW MXN=MXN NZD=NZD PHP=PHP \
        TWD=TWD USD=USD VND=VND XAF=XAF XCD=XCD XOF=XOF XPF=XPF",
    ),
    ("lv", "#\u{a0}¤", "AUD=AU$ PHP=PHP THB=฿"),
    ("mr", "¤#", "JPY=JP¥ PHP=PHP THB=฿"),
    ("ms", "¤#", "CAD=CAD JPY=JP¥ MXN=MXN MYR=RM PHP=PHP USD=USD"),
    (
        "nb",
        "#\u{a0}¤;-#\u{a0}¤",
        "AUD=AUD BRL=BRL CAD=CAD CNY=CNY HKD=HKD ILS=ILS INR=INR JPY=JPY KRW=KRW MXN=MXN NOK=kr NZD=NZD PHP=PHP \
        TWD=TWD USD=USD VND=VND XAF=XAF XCD=XCD XPF=XPF",
    ),
    ("nl", "¤\u{a0}#;¤\u{a0}-#", "AUD=AU$ CAD=C$ FJD=FJ$ JPY=JP¥ PHP=PHP SBD=SI$ THB=฿ USD=US$ XPF=XPF"),
    (
        "nn",
        "#\u{a0}¤;-#\u{a0}¤",
        "AUD=AUD BRL=BRL CAD=CAD CNY=CNY GBP=GBP HKD=HKD ILS=ILS INR=INR JPY=JPY KRW=KRW MXN=MXN NOK=kr NZD=NZD \
        PHP=PHP TWD=TWD USD=USD VND=VND XAF=XAF XCD=XCD XPF=XPF",
    ),
    (
        "pl",
        "#\u{a0}¤",
        "AUD=AUD CAD=CAD CNY=CNY GBP=GBP HKD=HKD ILS=ILS INR=INR JPY=JPY KRW=KRW MXN=MXN NZD=NZD PHP=PHP PLN=zł \
        TWD=TWD USD=USD VND=VND",
    ),
    ("pt", "¤\u{a0}#", "AUD=AU$ JPY=JP¥ PHP=PHP THB=฿ USD=US$"),
    ("pt-PT", "#\u{a0}¤", "AUD=AU$ JPY=JP¥ PHP=PHP THB=฿ USD=US$"),
    (
        "ro",
        "#\u{a0}¤",
        "AUD=AUD BRL=BRL CAD=CAD CNY=CNY EUR=EUR GBP=GBP HKD=HKD ILS=ILS INR=INR JPY=JPY KRW=KRW MXN=MXN NZD=NZD \
        PHP=PHP TWD=TWD USD=USD VND=VND XCD=XCD",
    ),
    ("ru", "#\u{a0}¤", "PHP=PHP RUB=₽ THB=฿ TMT=ТМТ UAH=₴"),
    (
        "sk",
        "#\u{a0}¤",
        "AUD=AUD BRL=BRL CAD=CAD CNY=CNY GBP=GBP HKD=HKD ILS=NIS INR=INR JPY=JPY KRW=KRW NZD=NZD PHP=PHP TWD=TWD \
        USD=USD VND=VND",
    ),
    ("sl", "#\u{a0}¤", "AUD=AUD BRL=BRL CAD=CAD GBP=GBP MXN=MXN NZD=NZD PHP=PHP TWD=TWD XCD=XCD"),
    ("sr", "#\u{a0}¤", "AUD=AUD BAM=КМ KRW=KRW NZD=NZD PHP=PHP USD=US$ VND=VND"),
    (
        "sv",
        "#\u{a0}¤",
        "AUD=AUD BBD=Bds$ BMD=BM$ BRL=BR$ BSD=BS$ BZD=BZ$ CNY=CNY DKK=Dkr DOP=RD$ EGP=EG£ GBP=GBP HKD=HKD INR=INR \
        ISK=Ikr JMD=JM$ JPY=JPY KRW=KRW NOK=Nkr NZD=NZD PHP=PHP SEK=kr TWD=TWD USD=US$ VND=VND",
    ),
    ("sw", "¤\u{a0}#", "JPY=JP¥ KES=Ksh PHP=PHP THB=฿ TZS=TSh USD=US$"),
    ("ta", "¤#", "PHP=PHP THB=฿"),
    ("te", "¤#", "JPY=JP¥ PHP=PHP THB=฿"),
    ("th", "¤#", "AUD=AU$ PHP=PHP THB=฿ USD=US$"),
    ("tr", "¤#", "AUD=AU$ PHP=PHP THB=฿ TRY=₺"),
    (
        "uk",
        "#\u{a0}¤",
        "AUD=AUD BRL=BRL CAD=CAD CNY=CNY EUR=EUR GBP=GBP HKD=HKD ILS=ILS INR=INR KRW=KRW MXN=MXN NZD=NZD PHP=PHP \
        TWD=TWD UAH=₴ USD=USD VND=VND XCD=XCD",
    ),
    ("ur", "¤#", "JPY=JP¥ PHP=PHP PKR=Rs THB=฿"),
    ("vi", "#\u{a0}¤", "AUD=AU$ PHP=PHP THB=฿ USD=US$"),
    ("zh", "¤#", "AUD=AU$ CNY=¥ JPY=JP¥ PHP=PHP USD=US$"),
    ("zh-Hant", "¤#", "AUD=AU$ KRW=￦ PHP=PHP TWD=$ USD=US$"),
];
