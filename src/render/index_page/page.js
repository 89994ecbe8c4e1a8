// The contact sheet's filters and its large view. Without this script every picture is still there and a link.
(() => {
  "use strict";
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const one = (selector) => document.querySelector(selector);
  document.documentElement.classList.add("js");

  const figures = all("figure");
  const items = [...figures, ...all(".failures tbody tr")].map((node) => ({
    node,
    key: node.dataset.key.toLowerCase(),
    size: node.dataset.size,
    states: node.dataset.state.split(" "),
  }));
  const search = one("#search");
  const size = one("#size");
  const state = one("#state");

  const filter = () => {
    const words = search.value.trim().toLowerCase();
    for (const item of items) {
      item.node.hidden = !(
        item.key.includes(words) &&
        (!size.value || item.size === size.value) &&
        (!state.value || item.states.includes(state.value))
      );
    }
    for (const section of all("section, .failures")) {
      section.hidden = !section.querySelector("figure:not([hidden]), tbody tr:not([hidden])");
    }
    const shown = figures.filter((figure) => !figure.hidden).length;
    one("#shown").value = `${shown.toLocaleString("en")} of ${figures.length.toLocaleString("en")} pictures`;
  };
  search.addEventListener("input", filter);
  for (const select of [size, state]) select.addEventListener("change", filter);
  filter();

  const view = one("dialog");
  const picture = one(".stage img");
  let current = null;
  const show = (figure) => {
    current = figure;
    const link = figure.querySelector("a");
    picture.src = link.href;
    const key = document.createElement("b");
    key.textContent = figure.dataset.key;
    const open = document.createElement("a");
    open.href = link.href;
    open.target = "_blank";
    open.textContent = "open";
    one(".about p").replaceChildren(key, ` · ${figure.dataset.about} · `, open);
    one(".about ul").replaceChildren(...all(".warnings li", figure).map((line) => line.cloneNode(true)));
    if (!view.open) view.showModal();
  };
  const step = (by) => {
    const shown = figures.filter((figure) => !figure.hidden);
    const next = shown[shown.indexOf(current) + by];
    if (next) show(next);
  };
  document.addEventListener("click", (event) => {
    const link = event.target.closest("figure a");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    show(link.closest("figure"));
  });
  one(".stage").addEventListener("click", () => view.close());
  one(".close").addEventListener("click", () => view.close());
  one(".back").addEventListener("click", () => step(-1));
  one(".next").addEventListener("click", () => step(1));
  view.addEventListener("keydown", (event) => {
    if (event.key === "ArrowLeft") step(-1);
    if (event.key === "ArrowRight") step(1);
  });
  view.addEventListener("close", () => {
    picture.removeAttribute("src");
    current?.scrollIntoView({ block: "nearest" });
  });
})();
