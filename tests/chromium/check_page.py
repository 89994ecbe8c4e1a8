#!/usr/bin/env python3
"""Uses the page of `gravure check --report` in headless Chromium: filters, search, the buttons of kinds, pictures.

Usage: tests/chromium/check_page.py     (needs target/release/gravure and chromium)
"""

import pathlib
import re
import shutil
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
CARD = ROOT / "examples/product-card"

ROWS = """id,first_name,product_id,brand,name,price,image
good,Ann,1,Daybird,Boots,9,images/1.webp
gone,Ann,2,Daybird,Boots,9,images/none.webp
cheap,Ann,3,Daybird,Boots,cheap,images/1.webp
glyphs,Ann,4,Daybird,漢字,9,images/1.webp
"""

PROBE = """
  const said = [];
  const say = (what, is) => said.push(`${is ? "ok" : "FAILED"}: ${what}`);
  const set = (id, value) => {
    one(id).value = value;
    one(id).dispatchEvent(new Event(id === "#search" ? "input" : "change"));
  };
  const rows = () => document.querySelectorAll("#rows tr").length;
  say("all findings are listed", rows() === findings.length && rows() > 3);
  say("the worst come first", one("#rows .badge").textContent === "error");
  set("#severity", "error");
  say("errors alone", rows() === 2 && !one("#show-all").hidden);
  set("#search", "gone");
  say("a key is found", rows() === 1);
  set("#search", "zzz");
  say("nothing is found", rows() === 0 && !one("#none").hidden);
  document.querySelector("[data-kind='0']").click();
  say("a kind's button shows that kind", rows() >= 1 && filters.kind.value !== "");
  one("#search").value = "";
  one(".bar").reset();
  filter();
  say("show all", rows() === findings.length);
  one(".picture").click();
  say("a picture opens", dialog.open && document.querySelectorAll(".pictures svg").length > 0);
  const result = document.createElement("pre");
  result.id = "said";
  result.textContent = said.join("\\n");
  document.body.append(result);
})();"""


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        shutil.copytree(CARD, folder / "card")
        (folder / "card/rows.csv").write_text(ROWS, encoding="utf-8")
        page = folder / "page.html"
        command = [ROOT / "target/release/gravure", "check", "template.yaml", "--data", "rows.csv", "--report", page]
        subprocess.run(command, cwd=folder / "card", stdout=subprocess.DEVNULL, check=False)
        text = page.read_text(encoding="utf-8")
        assert text.count("  show();\n})();") == 1, "the script of the page ends otherwise now"
        page.write_text(text.replace("})();\n</script>", PROBE.lstrip("\n") + "\n</script>"), encoding="utf-8")
        chromium = ["chromium", "--no-sandbox", "--headless", "--disable-gpu", "--dump-dom", page.as_uri()]
        dom = subprocess.run(chromium, capture_output=True, text=True, check=True).stdout
        said = re.search(r'<pre id="said">([^<]*)', dom)
        assert said, "the script of the page failed"
        print(said[1])
        assert "FAILED" not in said[1]


main()
