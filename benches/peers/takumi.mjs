// The product card by takumi: background, finished photos, stars and badge are images in its cache, the rest are nodes of
// its tree. sharp encodes: faster than takumi itself.

import { readFileSync } from "node:fs";

import * as card from "./card.mjs";

const { Renderer } = card.library("@takumi-rs/core");
const sharp = card.library("sharp");

const pixels = { raw: { ...card.SIZE, channels: 4 } };
const renderer = new Renderer({ cacheMaxBytes: 512 << 20 });

const box = (style, ...children) => ({ type: "container", style, children });
const text = (words, style) => ({ type: "text", text: words, style });
const image = (src, left, top, width, height) => ({ type: "image", src, style: at(left, top, { width, height }) });
const at = (left, top, style) => ({ position: "absolute", left, top, ...style });
const page = (...children) => box({ ...card.SIZE, position: "relative", fontFamily: card.FAMILY }, ...children);
const pill = (height, padding, color, words, font) =>
  box(
    { display: "flex", alignItems: "center", height, padding: `0 ${padding}px`, borderRadius: height / 2, backgroundColor: color },
    text(words, font),
  );

/** Nodes drawn once, as an image that the renderer keeps. */
async function drawn(src, width, height, ...children) {
  const root = box({ width, height, position: "relative", fontFamily: card.FAMILY }, ...children);
  return { src, data: await renderer.render(root, { width, height, format: "png" }) };
}

const ground = () =>
  drawn(
    "ground",
    card.SIZE.width,
    card.SIZE.height,
    box(at(0, 0, { ...card.SIZE, backgroundImage: "linear-gradient(135deg, #0f172a, #1e3a8a)" })),
    box(at(64, 64, { width: 500, height: 500, borderRadius: 32, boxShadow: "0 16px 48px rgba(0, 0, 0, 0.45)" })),
  );

const badge = () =>
  drawn(
    "badge",
    120,
    120,
    box(
      {
        display: "flex",
        alignItems: "center",
        justifyContent: "center",
        width: 120,
        height: 120,
        borderRadius: 60,
        backgroundColor: "#dc2626",
        transform: "rotate(-12deg)",
      },
      text("NEW", { fontSize: 34, fontWeight: 700, letterSpacing: 1, color: "white" }),
    ),
  );

const stars = card.kept((filled) => ({ src: `stars ${filled}`, data: card.starsSvg(filled) }));

const photo = card.kept(async (path) => {
  const image = await card.photo(path);
  return { src: path, data: await image.png({ compressionLevel: 0 }).toBuffer() };
});

sharp.concurrency(1);
for (const { path } of card.FONTS) {
  await renderer.registerFont(readFileSync(path));
}
const width = await card.measurer();
const [background, sticker] = [await ground(), await badge()];

async function draw(row, path, form) {
  const { size, lines } = card.nameLines(row.name, (words) => width(words, 700));
  const shot = await photo(card.photoPath(row));
  const rating = stars(card.stars(row));
  const root = page(
    image(background.src, 0, 0, card.SIZE.width, card.SIZE.height),
    image(shot.src, 64, 64, 500, 500),
    text(row.brand.toUpperCase(), at(620, 96, { fontSize: 24, lineHeight: 1.2, letterSpacing: 3, color: "#93c5fd" })),
    ...lines.map((line, number) =>
      text(line, at(620, 136 + number * size * 1.1, { fontSize: size, fontWeight: 700, lineHeight: 1.1, color: "white", whiteSpace: "nowrap" })),
    ),
    text(card.greeting(row), at(620, 300, { fontSize: 30, lineHeight: 1.2, color: "#e2e8f0", whiteSpace: "nowrap" })),
    image(rating.src, 620, 362, 192, 32),
    box(
      at(620, 440, { display: "flex", alignItems: "center", columnGap: 24 }),
      pill(72, 28, "#f97316", card.price(row), { fontSize: 40, fontWeight: 700, color: "white" }),
      pill(60, 32, "white", "Shop now", { fontSize: 28, fontWeight: 600, color: "#0f172a" }),
    ),
    ...(card.isNew(row) ? [image(sticker.src, 488, 20, 120, 120)] : []),
  );
  const images = [background, shot, rating, sticker];
  const drawing = await renderer.render(root, { ...card.SIZE, format: "raw", images });
  await card.encode(sharp(drawing, pixels), form).toFile(path);
}

card.run(draw, { atOnce: 6 });
