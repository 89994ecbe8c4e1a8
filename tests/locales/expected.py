#!/usr/bin/env python3
"""Writes tests/locales/expected.tsv: what two independent implementations write, for the locales that gravure tests.

    tests/locales/expected.py [chromium]        # Chromium's Intl (ICU); Babel from `pip install babel`

Each line: locale, expression, what Chromium writes, what Babel writes where it can (`=`: the same as Chromium).
FORMS stands for one='one', few='few' and so on, every
category its own word. Characters that cannot be seen are written as \\u{a0}. Where gravure differs from Chromium on purpose, or because its
CLDR is newer, tests/locales/differences.tsv says so.
"""
import datetime
import decimal
import html
import json
import os
import re
import subprocess
import sys
import tempfile

import babel.dates
import babel.lists
import babel.numbers
import babel.units

FOLDER = os.path.dirname(os.path.abspath(__file__))
CHROMIUM = sys.argv[1] if len(sys.argv) > 1 else "chromium"
LOCALES = """en-US en-GB de-DE de-CH de-AT fr-FR fr-CH fr-CA es-ES es-MX it-IT nl-NL pt-BR pt-PT pl-PL sv-SE nb-NO da-DK fi-FI
tr-TR ru-RU uk-UA cs-CZ hu-HU ro-RO el-GR ja-JP zh-CN zh-TW ko-KR ar-EG he-IL hi-IN th-TH vi-VN id-ID""".split()
D = decimal.Decimal
DAY = datetime.date(2026, 3, 5)
EVENING = datetime.datetime(2026, 1, 31, 18, 5, 9)
MORNING = datetime.datetime(2026, 1, 31, 8, 5)


def number(value, options=""):
    return f"new Intl.NumberFormat(L, {{{options}}}).format({value})"


def date(options, moment="2026-03-05T00:00:00"):
    return f"new Intl.DateTimeFormat(L, {{{options}}}).format(new Date('{moment}'))"


CASES = []


def case(expression, script, in_babel=None):
    CASES.append((expression, script, in_babel))


for value, code in [("1234.5", "EUR"), ("-1234.5", "USD"), ("1234567.891", "JPY"), ("5", "CHF"), ("0.5", "GBP"), ("99", "KWD")]:
    case(f"{value} | currency('{code}')", number(value, f"style: 'currency', currency: '{code}'"),
         lambda l, v=value, c=code: babel.numbers.format_currency(D(v), c, locale=l))
case("1234.5 | currency('USD', style='narrow')", number("1234.5", "style: 'currency', currency: 'USD', currencyDisplay: 'narrowSymbol'"))
case("-1234.5 | currency('EUR', style='code')", number("-1234.5", "style: 'currency', currency: 'EUR', currencyDisplay: 'code'"))
case("-5 | currency('EUR', accounting=true)", number("-5", "style: 'currency', currency: 'EUR', currencySign: 'accounting'"),
     lambda l: babel.numbers.format_currency(D("-5"), "EUR", locale=l, format_type="accounting"))
for value in ["1234567.891", "1234.5", "-0.5", "12345"]:
    case(f"{value} | number", number(value), lambda l, v=value: babel.numbers.format_decimal(D(v), locale=l))
case("1234.5 | number(2)", number("1234.5", "minimumFractionDigits: 2, maximumFractionDigits: 2"))
case("12345.6 | number(grouping=false)", number("12345.6", "useGrouping: false"))
for value in ["0.256", "-0.5"]:
    case(f"{value} | percent(1)", number(value, "style: 'percent', minimumFractionDigits: 1, maximumFractionDigits: 1"))
for value in ["1650", "15500", "1200000", "2500000000"]:
    case(f"{value} | compact", number(value, "notation: 'compact'"))
case("1200000 | compact(length='long')", number("1200000", "notation: 'compact', compactDisplay: 'long'"))
for style in ["short", "medium", "long", "full"]:
    case(f"'2026-03-05' | date('{style}')", date(f"dateStyle: '{style}'"), lambda l, s=style: babel.dates.format_date(DAY, s, locale=l))
for style, options in [
    ("'day_month'", "day: 'numeric', month: 'long'"),
    ("'day_month', length='medium'", "day: 'numeric', month: 'short'"),
    ("'day_month', length='short'", "day: 'numeric', month: 'numeric'"),
    ("'month_year'", "year: 'numeric', month: 'long'"),
    ("'weekday'", "weekday: 'long'"),
    ("'weekday', length='medium'", "weekday: 'short'"),
    ("'month'", "month: 'long'"),
    ("'year'", "year: 'numeric'"),
    ("'weekday_day_month'", "weekday: 'long', day: 'numeric', month: 'long'"),
]:
    case(f"'2026-03-05' | date({style})", date(options))
case("'2026-01-31T18:05:09' | time", date("timeStyle: 'short'", "2026-01-31T18:05:09"), lambda l: babel.dates.format_time(EVENING.time(), "short", locale=l))
case("'2026-01-31T18:05:09' | time('medium')", date("timeStyle: 'medium'", "2026-01-31T18:05:09"), lambda l: babel.dates.format_time(EVENING.time(), "medium", locale=l))
case("'2026-01-31T08:05' | time", date("timeStyle: 'short'", "2026-01-31T08:05:00"), lambda l: babel.dates.format_time(MORNING.time(), "short", locale=l))
case("'2026-01-31T18:05' | date('medium', time='short')", date("dateStyle: 'medium', timeStyle: 'short'", "2026-01-31T18:05:00"))
for value in ["0", "1", "2", "3", "5", "11", "21", "100", "1.5", "1000000"]:
    case(f"{value} | plural(FORMS)", f"new Intl.PluralRules(L).select({value})",
         lambda l, v=value: babel.Locale.parse(l, sep="-").plural_form(D(v)))
for value in ["1", "2", "3", "4", "8", "11", "22"]:
    case(f"{value} | plural(FORMS, ordinal=true)", f"new Intl.PluralRules(L, {{type: 'ordinal'}}).select({value})",
         lambda l, v=value: babel.Locale.parse(l, sep="-").ordinal_form(D(v)))
for unit in ["kilogram", "kilometer", "liter", "celsius", "hour", "kilometer-per-hour"]:
    for value, width in [("1", "long"), ("2", "long"), ("5", "long"), ("1.5", "long"), ("1234", "short"), ("5", "narrow")]:
        case(f"{value} | unit('{unit}', length='{width}')", number(value, f"style: 'unit', unit: '{unit}', unitDisplay: '{width}'"),
             lambda l, v=value, u=unit, w=width: babel.units.format_unit(D(v), BABEL_UNITS[u], w, locale=l))
BABEL_UNITS = {"kilogram": "mass-kilogram", "kilometer": "length-kilometer", "liter": "volume-liter", "celsius": "temperature-celsius",
               "hour": "duration-hour", "kilometer-per-hour": "speed-kilometer-per-hour"}
for words in [["A", "B"], ["A", "B", "C"]]:
    for style, kind, babel_style in [("", "conjunction", "standard"), ("'or'", "disjunction", "or")]:
        case(f"{words} | list_join({style})", f"new Intl.ListFormat(L, {{type: '{kind}'}}).format({words})",
             lambda l, w=words, s=babel_style: babel.lists.format_list(w, style=s, locale=l))
for text in ["istanbul ıspanak straße μάιος", "İSTANBUL ISPANAK ΟΔΟΣ"]:
    case(f"'{text}' | upper", f"'{text}'.toLocaleUpperCase(L)")
    case(f"'{text}' | lower", f"'{text}'.toLocaleLowerCase(L)")


def escape(text):
    return re.sub(r"[\u00a0\u00ad\u061c\u2000-\u200f\u2028-\u202f\u2066-\u2069\ufeff\u0307]", lambda m: f"\\u{{{ord(m[0]):x}}}", text)


def in_chromium():
    scripts = ",\n".join(f"(L) => {script}" for _, script, _ in CASES)
    page = f"""<meta charset=utf-8><pre id=out></pre><script>
const cases = [{scripts}];
const table = Object.fromEntries({json.dumps(LOCALES)}.map(L => [L, cases.map(f => f(L))]));
document.getElementById('out').textContent = JSON.stringify(table).replace(/[\\u0080-\\uffff]/g, c => '\\\\u' + c.charCodeAt(0).toString(16).padStart(4, '0'));
</script>"""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "page.html")
        with open(path, "w", encoding="utf-8") as file:
            file.write(page)
        command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder}/profile", "--dump-dom", "file://" + path]
        shown = subprocess.run(command, capture_output=True, check=True, env={**os.environ, "TZ": "UTC"}).stdout.decode()
        version = subprocess.run([CHROMIUM, "--version"], capture_output=True, check=True).stdout.decode().split()[1]
    return json.loads(html.unescape(re.search(r"<pre id=\"?out\"?>(.*?)</pre>", shown, re.S)[1])), version


def main():
    table, version = in_chromium()
    lines = [f"# Chromium {version} (Intl), Babel {babel.__version__}; written by tests/locales/expected.py, do not edit",
             "# locale\texpression\tChromium\tBabel"]
    for locale in LOCALES:
        for (expression, _, in_babel), expected in zip(CASES, table[locale]):
            other = ""
            if in_babel:
                try:
                    other = in_babel({"zh-CN": "zh-Hans-CN", "zh-TW": "zh-Hant-TW"}.get(locale, locale).replace("-", "_"))
                except Exception:
                    try:
                        other = in_babel(locale)
                    except Exception:
                        other = ""
            other = "=" if other == expected else escape(other)
            lines.append("\t".join([locale, expression, escape(expected), other]))
    with open(os.path.join(FOLDER, "expected.tsv"), "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")


main()
