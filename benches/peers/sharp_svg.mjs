// The product card by sharp (libvips): an SVG of what is the row's own, laid over kept pixels of background, shadow, photo
// and badge.

import { AREA, laidOver } from "./base.mjs";
import * as card from "./card.mjs";

const sharp = card.library("sharp");

const width = await card.measurer();

/** A line of Inter whose box, `height` high, starts at `top` of the card. */
function line(text, left, top, height, size, weight, color, more = "") {
  const baseline = Math.round(top + height / 2 + ((0.96875 - 0.2412) / 2) * size);
  return `<text x="${left - AREA.left}" y="${baseline - AREA.top}" font-size="${size}" font-weight="${weight}" fill="${color}"${more}>${card.escaped(text)}</text>`;
}

function pill(left, top, width, height, color) {
  return `<rect x="${left - AREA.left}" y="${top - AREA.top}" width="${width}" height="${height}" rx="${height / 2}" fill="${color}"/>`;
}

function overlay(row) {
  const { size, lines } = card.nameLines(row.name, (text) => width(text, 700));
  const hug = width(card.price(row), 700) * 40 + 56;
  const call = 620 + hug + 24;
  const stars = [0, 1, 2, 3, 4].map((number) => {
    const points = card.starPoints(620 - AREA.left + number * 40, 362 - AREA.top);
    return `<polygon points="${points.join(" ")}" fill="${number < card.stars(row) ? "#fbbf24" : "#475569"}"/>`;
  });
  return card.svg(
    AREA.width,
    AREA.height,
    `<g font-family="${card.FAMILY}">
    ${line(row.brand.toUpperCase(), 620, 96, 28.8, 24, 400, "#93c5fd", ' letter-spacing="3"')}
    ${lines.map((text, number) => line(text, 620, 136 + number * size * 1.1, size * 1.1, size, 700, "white")).join("")}
    ${line(card.greeting(row), 620, 300, 36, 30, 400, "#e2e8f0")}
    ${stars.join("")}
    ${pill(620, 440, hug, 72, "#f97316")}${line(card.price(row), 648, 440, 72, 40, 700, "white")}
    ${pill(call, 446, width("Shop now", 600) * 28 + 64, 60, "white")}${line("Shop now", call + 32, 446, 60, 28, 600, "#0f172a")}
    </g>`,
  );
}

sharp.concurrency(1);

async function draw(row, path, form) {
  const drawing = await sharp(overlay(row)).raw().toBuffer();
  const image = await laidOver(row, drawing, { isPremultiplied: false });
  await card.encode(image, form).toFile(path);
}

card.run(draw, { atOnce: 6 });
