// The list of findings: filters, pages, and a schematic of the canvas beside each. Reads the data of the page.
(() => {
  "use strict";
  const PER_PAGE = 50;
  const SVG = "http://www.w3.org/2000/svg";
  const SHAPES = ["box", "ellipse", "photo", "rating", "line"];
  const one = (selector) => document.querySelector(selector);
  const data = JSON.parse(one("#data").textContent);
  const titles = new Map(data.kinds.map(([severity, code, title]) => [`${severity} ${code}`, title]));
  document.documentElement.classList.add("js");

  const findings = data.findings.map((f) => {
    const [severity, code, path, row, line, key, sizes, message, text, masked, places] = f;
    const plain = text.map((piece) => (Array.isArray(piece) ? piece[0] : piece)).join("");
    const kind = `${severity} ${code}`;
    const words = [key, `line ${line ?? ""}`, message, plain, data.paths[path]].join("\n").toLowerCase();
    return { severity, code, kind, path, row, line, key, sizes, message, text, masked, places, words };
  });

  const node = (name, attributes = {}, ...children) => {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  };
  const draw = (name, attributes) => {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    return made;
  };
  const isolated = (text) => node("bdi", {}, text);

  // Corners are left, top, right, bottom, or x and y of all four where a box is turned.
  const polygon = (at) => {
    const [left, top, right, bottom] = at;
    const points = at.length === 4 ? [left, top, right, top, right, bottom, left, bottom] : at;
    return points.join(" ");
  };
  const shape = ([kind, ...at], thin) => {
    const name = SHAPES[kind];
    const [left, top, right, bottom] = at;
    if (name === "ellipse" && at.length === 4) {
      const [rx, ry] = [(right - left) / 2, (bottom - top) / 2];
      return [draw("ellipse", { class: name, cx: left + rx, cy: top + ry, rx, ry, "stroke-width": thin })];
    }
    if (name === "rating" && at.length === 4) {
      const r = (bottom - top) / 2;
      const count = Math.max(1, Math.min(10, Math.round((right - left) / (r * 2.4 || 1))));
      const step = count > 1 ? (right - left - 2 * r) / (count - 1) : 0;
      const star = (i) => draw("circle", { class: "star", cx: left + r + step * i, cy: top + r, r: r * 0.8 });
      return Array.from({ length: count }, (_, i) => star(i));
    }
    const drawn = [draw("polygon", { class: name, points: polygon(at), "stroke-width": thin })];
    if (name === "photo" && at.length === 4) {
      const d = `M${left} ${top}L${right} ${bottom}M${right} ${top}L${left} ${bottom}`;
      drawn.push(draw("path", { class: "cross", d, "stroke-width": thin }));
    }
    return drawn;
  };

  let clips = 0;
  // A canvas with the box at fault on it, with what of it lies outside.
  const picture = (finding, [size, frame, at], most) => {
    const [name, width, height] = data.sizes[size];
    const xs = at.length === 4 ? [at[0], at[2]] : at.filter((_, i) => i % 2 === 0);
    const ys = at.length === 4 ? [at[1], at[3]] : at.filter((_, i) => i % 2 === 1);
    const room = (value, side) => Math.max(-side * 0.5, Math.min(side * 1.5, value));
    const left = Math.min(0, room(Math.min(...xs), width));
    const top = Math.min(0, room(Math.min(...ys), height));
    const right = Math.max(width, room(Math.max(...xs), width));
    const bottom = Math.max(height, room(Math.max(...ys), height));
    const scale = Math.min(most[0] / (right - left), most[1] / (bottom - top), 1);
    const thin = 1 / scale;
    const svg = draw("svg", {
      viewBox: `${left} ${top} ${right - left} ${bottom - top}`,
      width: Math.max(8, Math.round((right - left) * scale)),
      height: Math.max(8, Math.round((bottom - top) * scale)),
      role: "img",
      "aria-label": `${data.paths[finding.path]} on ${name}, ${width} × ${height}, schematic`,
    });
    // Only the box at fault is shown beyond the canvas.
    const canvas = { x: 0, y: 0, width, height };
    const id = `canvas-${++clips}`;
    const clip = draw("clipPath", { id });
    clip.append(draw("rect", canvas));
    const inside = draw("g", { "clip-path": `url(#${id})` });
    inside.append(draw("rect", { class: "canvas", ...canvas }));
    for (const one of data.frames[frame] ?? []) inside.append(...shape(one, thin));
    svg.append(clip, inside);
    svg.append(draw("rect", { class: "edge", width, height, "stroke-width": thin * 1.5 }));
    const guilty = { class: `guilty ${finding.severity}`, points: polygon(at), "stroke-width": thin * 2 };
    svg.append(draw("polygon", guilty));
    return svg;
  };
  const pictured = (finding) => finding.places.filter(([size]) => data.sizes[size][1] > 0);

  const excerpt = (finding) => {
    if (!finding.text.length) return [];
    const parts = finding.text.map((piece) => {
      if (!Array.isArray(piece)) return piece;
      const what = piece[1] === "cut" ? "cut off" : "no font has it";
      return node("mark", { class: piece[1], title: what }, piece[0]);
    });
    const block = node("p", { class: "excerpt", dir: "auto", tabindex: "0" }, ...parts);
    return finding.masked ? [block, node("span", { class: "masked" }, "Personal text is shown as dots.")] : [block];
  };

  const cell = (...children) => node("td", { role: "cell" }, ...children);
  const listed = (finding) => {
    const { severity, code, kind, path, row, line, key, sizes, message } = finding;
    const place = line ? `line ${line}` : row ? `row ${row}` : "the data";
    const where = [node("b", {}, place)];
    if (key) where.push(isolated(key));
    const names = sizes.map((size) => data.sizes[size][0]).join(", ");
    const about = [node("span", { class: `badge ${severity}` }, severity)];
    about.push(node("span", { class: "problem" }, titles.get(kind) ?? code));
    about.push(node("span", { class: "about" }, isolated(data.paths[path]), names ? ` · ${names}` : ""));
    const views = [];
    const places = pictured(finding);
    if (places.length) {
      const button = node("button", { type: "button", class: "picture" });
      const more = places.length > 1 ? ` + ${places.length - 1}` : "";
      button.append(picture(finding, places[0], [150, 110]));
      button.append(node("small", {}, data.sizes[places[0][0]][0] + more));
      button.addEventListener("click", () => view(finding));
      views.push(button);
    }
    const says = node("p", { class: "message" }, isolated(message));
    return node("tr", { role: "row" }, cell(...where), cell(...about), cell(says, ...excerpt(finding)), cell(...views));
  };

  const dialog = one("dialog");
  const view = (finding) => {
    const place = finding.line ? `Line ${finding.line}` : `Row ${finding.row}`;
    one("#view-title").textContent = `${place} · ${data.paths[finding.path]}`;
    one("#view-message").textContent = finding.message;
    one("#view-text").replaceChildren(...excerpt(finding));
    const figures = pictured(finding).map((place) => {
      const [name, width, height] = data.sizes[place[0]];
      const caption = node("figcaption", {}, `${name} · ${width} × ${height}`);
      return node("figure", {}, picture(finding, place, [640, 420]), caption);
    });
    one(".pictures").replaceChildren(...figures);
    dialog.showModal();
  };
  one("dialog .close").addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });

  const filters = { severity: one("#severity"), kind: one("#kind"), layer: one("#layer"), size: one("#size") };
  const search = one("#search");
  const option = (value, text) => node("option", { value }, text);
  for (const severity of new Set(data.kinds.map((kind) => kind[0]))) {
    filters.severity.append(option(severity, { error: "Errors", warning: "Warnings", note: "Notes" }[severity]));
  }
  for (const [severity, code, title] of data.kinds) filters.kind.append(option(`${severity} ${code}`, title));
  const layers = [...new Set(findings.map((finding) => finding.path))].slice(0, 500);
  for (const path of layers) filters.layer.append(option(path, data.paths[path] || "no layer"));
  data.sizes.forEach(([name], number) => filters.size.append(option(number, name)));
  for (const select of Object.values(filters)) select.hidden = select.options.length <= 2;

  const order = one("#order");
  const ranks = ["error", "warning", "note"];
  const worst = ranks.flatMap((rank) => findings.filter((finding) => finding.severity === rank));
  let found = worst;
  let page = 0;
  const count = (number) => number.toLocaleString("en");
  const show = () => {
    const pages = Math.max(1, Math.ceil(found.length / PER_PAGE));
    page = Math.max(0, Math.min(pages - 1, page));
    const part = found.slice(page * PER_PAGE, (page + 1) * PER_PAGE);
    one("#rows").replaceChildren(...part.map(listed));
    one("#shown").textContent = `${count(found.length)} of ${count(findings.length)} findings`;
    one(".list").hidden = !found.length;
    one("#none").hidden = !!found.length;
    one("#pager").hidden = pages < 2;
    one("#page").textContent = `Page ${count(page + 1)} of ${count(pages)}`;
    one("#back").disabled = page === 0;
    one("#next").disabled = page === pages - 1;
  };
  const filter = () => {
    const words = search.value.trim().toLowerCase();
    const { severity, kind, layer, size } = filters;
    found = (order.value ? findings : worst).filter(
      (finding) =>
        (!severity.value || finding.severity === severity.value) &&
        (!kind.value || finding.kind === kind.value) &&
        (!layer.value || finding.path === Number(layer.value)) &&
        (!size.value || finding.sizes.includes(Number(size.value))) &&
        (!words || finding.words.includes(words)),
    );
    const isFiltered = !!words || Object.values(filters).some((select) => select.value);
    one("#show-all").hidden = !isFiltered;
    page = 0;
    show();
  };
  search.addEventListener("input", filter);
  for (const select of [...Object.values(filters), order]) select.addEventListener("change", filter);
  one(".bar").addEventListener("submit", (event) => event.preventDefault());
  one(".bar").addEventListener("reset", () => setTimeout(filter));
  for (const button of document.querySelectorAll("[data-kind]")) {
    button.addEventListener("click", () => {
      const [severity, code] = data.kinds[Number(button.dataset.kind)];
      one(".bar").reset();
      filters.kind.value = `${severity} ${code}`;
      filter();
      one("#findings").scrollIntoView({ behavior: "smooth" });
    });
  }
  const turn = (by) => {
    page += by;
    show();
    one("#findings").scrollIntoView();
  };
  one("#back").addEventListener("click", () => turn(-1));
  one("#next").addEventListener("click", () => turn(1));
  show();
})();
