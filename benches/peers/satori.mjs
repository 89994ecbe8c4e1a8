// The product card by satori and resvg: they draw what is the row's own, which is laid over kept pixels of background,
// shadow, photo and badge. sharp encodes.

import { readFileSync } from "node:fs";

import { AREA, laidOver } from "./base.mjs";
import * as card from "./card.mjs";

const { default: satori } = card.library("satori");
const { Resvg } = card.library("@resvg/resvg-js");
const sharp = card.library("sharp");

const fonts = card.FONTS.map(({ weight, path }) => ({ name: card.FAMILY, weight, style: "normal", data: readFileSync(path) }));
const width = await card.measurer();

const box = (style, ...children) => ({ type: "div", props: { style: { display: "flex", ...style }, children } });
const at = (left, top, style) => ({ position: "absolute", left: left - AREA.left, top: top - AREA.top, ...style });
const text = (words, style) => ({ type: "div", props: { style: { whiteSpace: "nowrap", ...style }, children: words } });
const pill = (height, padding, color, words, font) =>
  box(
    { alignItems: "center", height, padding: `0 ${padding}px`, borderRadius: height / 2, backgroundColor: color },
    text(words, font),
  );

const star = (row, number) => ({
  type: "path",
  props: { d: `M${card.starPoints(number * 40, 0).join("L")}Z`, fill: number < card.stars(row) ? "#fbbf24" : "#475569" },
});

function tree(row) {
  const { size, lines } = card.nameLines(row.name, (words) => width(words, 700));
  return box(
    { width: AREA.width, height: AREA.height, fontFamily: card.FAMILY },
    text(row.brand.toUpperCase(), at(620, 96, { fontSize: 24, lineHeight: 1.2, letterSpacing: 3, color: "#93c5fd" })),
    ...lines.map((line, number) =>
      text(line, at(620, 136 + number * size * 1.1, { fontSize: size, fontWeight: 700, lineHeight: 1.1, color: "white" })),
    ),
    text(card.greeting(row), at(620, 300, { fontSize: 30, lineHeight: 1.2, color: "#e2e8f0" })),
    { type: "svg", props: { width: 192, height: 32, style: at(620, 362), children: [0, 1, 2, 3, 4].map((number) => star(row, number)) } },
    box(
      at(620, 440, { alignItems: "center", gap: 24 }),
      pill(72, 28, "#f97316", card.price(row), { fontSize: 40, fontWeight: 700, color: "white" }),
      pill(60, 32, "white", "Shop now", { fontSize: 28, fontWeight: 600, color: "#0f172a" }),
    ),
  );
}

sharp.concurrency(1);

async function draw(row, path, form) {
  const svg = await satori(tree(row), { width: AREA.width, height: AREA.height, fonts });
  const drawing = new Resvg(svg, { font: { loadSystemFonts: false } }).render();
  const image = await laidOver(row, drawing.pixels, { isPremultiplied: true });
  await card.encode(image, form).toFile(path);
}

card.run(draw);
