#!/usr/bin/env python3
"""Writes src/template/format/data/*.txt from Unicode CLDR's JSON packages.

    npm pack cldr-core@48.2.0 cldr-dates-full@48.2.0 cldr-numbers-full@48.2.0 cldr-units-full@48.2.0
    # and unpack each into FOLDER/<name>/
    tests/locales/tables.py FOLDER

A locale gets a line only where it differs from the nearest relative that has one, so that the tables stay short:
`relatives` must be the same as `Locale::relatives` in src/template/format/locale.rs.
"""
import json
import os
import re
import sys

FOLDER = sys.argv[1]
OUT = os.path.join(os.path.dirname(__file__), "../../src/template/format/data")
VERSION = "48.2.0"

UNITS = """
mass-kilogram mass-gram mass-milligram mass-tonne mass-pound mass-ounce mass-stone
length-kilometer length-meter length-centimeter length-millimeter length-mile length-yard length-foot length-inch
area-square-kilometer area-square-meter area-square-centimeter area-square-foot area-hectare area-acre
volume-liter volume-deciliter volume-centiliter volume-milliliter volume-cubic-meter volume-gallon volume-pint
volume-cup volume-fluid-ounce
speed-kilometer-per-hour speed-mile-per-hour speed-meter-per-second
temperature-celsius temperature-fahrenheit
duration-second duration-minute duration-hour duration-day duration-week duration-month duration-year
digital-kilobyte digital-megabyte digital-gigabyte digital-terabyte digital-megabit digital-gigabit
power-watt power-kilowatt power-horsepower energy-kilowatt-hour energy-kilocalorie energy-kilojoule
electric-volt electric-ampere electric-milliampere frequency-hertz frequency-megahertz frequency-gigahertz
angle-degree graphics-pixel graphics-megapixel
consumption-liter-per-100-kilometer consumption-mile-per-gallon
""".split()

# Languages whose unit patterns are kept.
UNIT_LANGUAGES = """
ar bg bn ca cs da de el en es et fa fi fil fr he hi hr hu id is it ja kk ko lt lv mk ms nl no pl pt ro ru sk sl sq sr
sv sw ta te th tr uk ur uz vi zh
""".split()

EN_150 = "AT BE CH DE DK FI NL SE SI".split()
EN_US = "US PR GU VI AS MP UM PH MH BI".split()
ES_ES = "ES GQ EA IC PH".split()
USUAL_SCRIPTS = {
    ("zh", "SG"): "Hans", ("zh", "MY"): "Hans", ("sr", "BA"): "Cyrl", ("sr", "XK"): "Cyrl", ("zh", "TW"): "Hant", ("zh", "HK"): "Hant", ("zh", "MO"): "Hant", ("yue", "CN"): "Hans", ("sr", "ME"): "Latn",
    ("pa", "PK"): "Arab", ("uz", "AF"): "Arab", ("kk", "CN"): "Arab",
}


def load(package, path):
    with open(os.path.join(FOLDER, package, path), encoding="utf-8") as file:
        return json.load(file)


def split(tag):
    parts = tag.split("-")
    script = next((p for p in parts[1:] if len(p) == 4 and p.isalpha()), None)
    region = next((p for p in parts[1:] if len(p) == 2 and p.isupper() or p.isdigit()), None)
    return parts[0], script, region


def relatives(tag):
    language, script, region = split(tag)
    script = script or USUAL_SCRIPTS.get((language, region))
    tags = []
    if script and region:
        tags.append(f"{language}-{script}-{region}")
    if region:
        tags.append(f"{language}-{region}")
    if language == "en" and region in EN_150:
        tags += ["en-150", "en-001"]
    elif language == "en" and region and region not in EN_US:
        tags.append("en-001")
    elif language == "es" and region and region not in ES_ES:
        tags.append("es-419")
    elif language == "pt" and region and region != "BR":
        tags.append("pt-PT")
    if script:
        tags.append(f"{language}-{script}")
    tags.append(language)
    if language in ("nb", "nn"):
        tags.append("no")
    return tags


def escape(text):
    return re.sub(r"[\u00a0\u00ad\u061c\u2000-\u200f\u2028-\u202f\u2066-\u2069]", lambda m: f"\\u{{{ord(m[0]):x}}}", text)


def locales(package):
    """Tags with data, ancestors first, without variants."""
    tags = os.listdir(os.path.join(FOLDER, package, "main"))
    tags = [tag for tag in tags if all(len(p) <= 4 or p == tag.split("-")[0] for p in tag.split("-"))]
    depth = lambda tag: (len(relatives(tag)), tag.count("-"), tag)
    return sorted((tag for tag in tags if tag.split("-")[0] in LANGUAGES), key=depth)


def thin(values):
    """Only the entries that differ from their nearest relative's."""
    kept = {}
    for tag, value in values.items():
        near = next((kept[r] for r in relatives(tag) if r in kept and r != tag), None)
        if value != near:
            kept[tag] = value
    return dict(sorted(kept.items()))


def overlay(chain, kept, root):
    """What the entries of a chain, nearest first, say together over the root."""
    texts, symbols, narrow = list(root[0]), dict(root[1]), dict(root[2])
    for tag in reversed(chain):
        if tag in kept:
            texts = [new or old for new, old in zip(kept[tag][0], texts)]
            symbols.update(kept[tag][1])
            narrow.update(kept[tag][2])
    return texts, symbols, narrow


def write(name, lines, what):
    with open(os.path.join(OUT, name), "w", encoding="utf-8") as file:
        file.write(f"# {what}\n")
        file.write(f"# Derived from Unicode CLDR {VERSION} by tests/locales/tables.py; do not edit. Copyright © 1991-2026 Unicode, Inc.,\n")
        file.write("# Unicode License V3 (LICENSE-UNICODE, https://www.unicode.org/license.txt). \\u{a0} stands for the character.\n")
        file.writelines(line + "\n" for line in lines)


def numbers_of(tag):
    return load("cldr-numbers-full", f"main/{tag}/numbers.json")["main"][tag]["numbers"]


def bare(pattern):
    """`¤#,##0.00` as `¤#`."""
    return re.sub(r"#[#,0.]*0[0.]*|#,#0.00|#,#0", "#", pattern)


def currencies():
    data = load("cldr-core", "supplemental/currencyData.json")["supplemental"]["currencyData"]
    codes = set()
    for region in data["region"].values():
        for entry in region:
            for code, when in entry.items():
                if when.get("_tender") != "false" and when.get("_to", "9999") >= "2025":
                    codes.add(code)
    codes = sorted(codes - {"XXX"})
    digits = {code: data["fractions"].get(code, data["fractions"]["DEFAULT"])["_digits"] for code in codes}
    values = {}
    for tag in ["und"] + locales("cldr-numbers-full"):
        numbers = numbers_of(tag)
        system = numbers["defaultNumberingSystem"]
        formats = numbers[f"currencyFormats-numberSystem-{system}"]
        symbols = numbers[f"symbols-numberSystem-{system}"]
        names = load("cldr-numbers-full", f"main/{tag}/currencies.json")["main"][tag]["numbers"]["currencies"]
        symbol = {code: names.get(code, {}).get("symbol", code) for code in codes}
        narrow = {code: names.get(code, {}).get("symbol-alt-narrow", symbol[code]) for code in codes}
        texts = [bare(formats["standard"]), bare(formats.get("accounting", formats["standard"])),
                 symbols.get("currencyDecimal", ""), symbols.get("currencyGroup", "")]
        values[tag] = texts, symbol, narrow
    root, kept = values["und"], {}
    for tag, (texts, symbol, narrow) in values.items():
        base = overlay([r for r in relatives(tag) if r != tag], kept, root)
        assert all(new or not old for new, old in zip(texts, base[0])), tag
        delta = ([new if new != old else "" for new, old in zip(texts, base[0])],
                 {c: t for c, t in symbol.items() if t != base[1][c]}, {c: t for c, t in narrow.items() if t != base[2][c]})
        if any(delta[0]) or delta[1] or delta[2]:
            kept[tag] = delta
            assert overlay(relatives(tag), kept, root) == (texts, symbol, narrow), tag
    pairs = lambda map: " ".join(f"{code}=" + text.replace(" ", "\\u{20}") for code, text in map.items())
    root_symbols = {code: text for code, text in root[1].items() if text != code}
    root_narrow = {code: text for code, text in root[2].items() if text != code}
    lines = ["codes|" + " ".join(codes)]
    lines += [f"digits|{n}|" + " ".join(c for c in codes if digits[c] == n) for n in "0134" if n in digits.values()]
    lines += ["|".join(["root", *root[0], pairs(root_symbols), pairs(root_narrow)])]
    lines += ["|".join([tag, *texts, pairs(symbol), pairs(narrow)]) for tag, (texts, symbol, narrow) in sorted(kept.items())]
    write("currencies.txt", map(escape, lines),
          "tag | pattern | accounting pattern | decimal separator | group separator, where money has its own\n"
          "#     | symbols | narrow symbols: empty or left out as the nearest relative has it")


def percents():
    values = {}
    for tag in ["und"] + locales("cldr-numbers-full"):
        numbers = numbers_of(tag)
        system = numbers["defaultNumberingSystem"]
        sign = numbers[f"symbols-numberSystem-{system}"]["percentSign"]
        values[tag] = bare(numbers[f"percentFormats-numberSystem-{system}"]["standard"]).replace("%", sign)
    # The root first, for languages without a line.
    root = values.pop("und")
    kept = {tag: text for tag, text in thin(values).items() if text != root or "-" in tag}
    lines = [f"root|{root}"] + [f"{tag}|{text}" for tag, text in kept.items()]
    write("percents.txt", map(escape, lines), "tag | pattern")


def unit_patterns(entry):
    counts = {}
    for key, text in entry.items():
        match = re.fullmatch(r"unitPattern-count-(\w+)", key)
        if match:
            counts[match[1]] = text
    if len(set(counts.values())) == 1:
        return next(iter(counts.values()))
    order = ["zero", "one", "two", "few", "many", "other"]
    return "~".join(f"{name}:{counts[name]}" for name in order if name in counts)


def units():
    values = {unit: {} for unit in UNITS}
    for tag in locales("cldr-units-full"):
        if split(tag)[0] not in UNIT_LANGUAGES or split(tag)[1] in ("Dsrt", "Shaw"):
            continue
        data = load("cldr-units-full", f"main/{tag}/units.json")["main"][tag]["units"]
        for unit in UNITS:
            short, narrow, long = (unit_patterns(data[width][unit]) for width in ("short", "narrow", "long"))
            values[unit][tag] = (short, "" if narrow == short else narrow, "" if long == short else long)
    lines = []
    for unit in UNITS:
        lines.append("= " + unit.split("-", 1)[1])
        lines += ["|".join([tag, *value]) for tag, value in thin(values[unit]).items()]
    for line in lines:
        assert line.count("|") in (0, 3), line
    write("units.txt", map(escape, lines), "= unit, then: tag | short | narrow, if it differs | long, if it differs")


def text_of(pattern):
    return pattern["_value"] if isinstance(pattern, dict) else pattern


def dates():
    values = {}
    for tag in ["und"] + locales("cldr-dates-full"):
        data = load("cldr-dates-full", f"main/{tag}/ca-gregorian.json")["main"][tag]["dates"]["calendars"]["gregorian"]
        fields = data["dateTimeFormats"]["availableFormats"]
        weekday = next(fields[key] for key in ("MMMMEEEEd", "MMMEEEEd", "MMMMEd", "MMMEd") if key in fields)
        weekday = re.sub(r"(E|c)+", lambda m: 4 * m[1], re.sub(r"MMM+|LLL+", "MMMM", weekday))
        glue = data["dateTimeFormats-atTime"]["standard"]
        values[tag] = [text_of(data["dateFormats"][style]) for style in ("short", "medium", "long", "full")]
        values[tag] += [text_of(data["timeFormats"][style]) for style in ("short", "medium")]
        values[tag] += [glue[style] for style in ("short", "medium", "long", "full")]
        values[tag] += [weekday]
    root, kept = values.pop("und"), {}
    for tag, texts in values.items():
        base = list(root)
        for relative in reversed([r for r in relatives(tag) if r != tag]):
            base = [new or old for new, old in zip(kept.get(relative, [""] * len(base)), base)]
        assert all(texts) and not any("|" in text for text in texts), tag
        if texts != base:
            kept[tag] = [new if new != old else "" for new, old in zip(texts, base)]
    lines = ["|".join([tag, *texts]) for tag, texts in {"root": root, **dict(sorted(kept.items()))}.items()]
    write("dates.txt", map(escape, lines),
          "tag | dates: short | medium | long | full | times: short | medium\n"
          "#     | date and time together: short | medium | long | full | weekday, day and month\n"
          "#     empty: as the nearest relative has it; of the Gregorian calendar")


coverage = load("cldr-core", "coverageLevels.json")["coverageLevels"]
LANGUAGES = {tag.split("-")[0] for tag, level in coverage.items() if level in ("modern", "moderate", "basic")} | {"nb"}
os.makedirs(OUT, exist_ok=True)
currencies()
percents()
dates()
units()
