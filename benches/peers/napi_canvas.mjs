// The product card by @napi-rs/canvas, which is Skia: background with shadow, finished photos and badge kept as canvases.
// sharp encodes: faster than the canvas's own JPEG, and a tenth of the time of its PNG, which takes no level.

import * as card from "./card.mjs";

const { createCanvas, GlobalFonts, loadImage } = card.library("@napi-rs/canvas");
const sharp = card.library("sharp");

const pixels = { raw: { ...card.SIZE, channels: 4 } };
const font = (weight, size) => `${weight} ${size}px Inter`;

/** The baseline of a line of Inter whose box, `height` high, starts at `top`. */
const baseline = (top, height, size) => Math.round(top + height / 2 + ((0.96875 - 0.2412) / 2) * size);

function ground() {
  const canvas = createCanvas(card.SIZE.width, card.SIZE.height);
  const context = canvas.getContext("2d");
  const { width, height } = card.SIZE;
  const reach = (width + height) / 4;
  const gradient = context.createLinearGradient(width / 2 - reach, height / 2 - reach, width / 2 + reach, height / 2 + reach);
  gradient.addColorStop(0, "#0f172a");
  gradient.addColorStop(1, "#1e3a8a");
  context.fillStyle = gradient;
  context.fillRect(0, 0, width, height);
  context.shadowColor = "rgba(0, 0, 0, 0.45)";
  context.shadowOffsetY = 16;
  context.shadowBlur = 48;
  context.fillStyle = "black";
  context.beginPath();
  context.roundRect(64, 64, 500, 500, 32);
  context.fill();
  return canvas;
}

const photo = card.kept(async (path) => {
  const image = await loadImage(path);
  const canvas = createCanvas(500, 500);
  const context = canvas.getContext("2d");
  const side = Math.min(image.width, image.height);
  context.beginPath();
  context.roundRect(0, 0, 500, 500, 32);
  context.clip();
  context.imageSmoothingQuality = "high";
  context.drawImage(image, (image.width - side) / 2, (image.height - side) / 2, side, side, 0, 0, 500, 500);
  return canvas;
});

function badge() {
  const canvas = createCanvas(120, 120);
  const context = canvas.getContext("2d");
  context.fillStyle = "#dc2626";
  context.arc(60, 60, 60, 0, 2 * Math.PI);
  context.fill();
  context.translate(60, 60);
  context.rotate((-12 * Math.PI) / 180);
  context.font = font(700, 34);
  context.letterSpacing = "1px";
  context.fillStyle = "white";
  context.fillText("NEW", -context.measureText("NEW").width / 2, baseline(-60, 120, 34));
  return canvas;
}

function pill(context, x, y, width, height, color) {
  context.fillStyle = color;
  context.beginPath();
  context.roundRect(x, y, width, height, height / 2);
  context.fill();
}

sharp.concurrency(1);
for (const { path } of card.FONTS) {
  GlobalFonts.registerFromPath(path, "Inter");
}
const canvas = createCanvas(card.SIZE.width, card.SIZE.height);
const context = canvas.getContext("2d");
const [background, sticker] = [ground(), badge()];
const write = (text, x, y, weight, size, color) => {
  context.font = font(weight, size);
  context.fillStyle = color;
  context.fillText(text, x, y);
  return context.measureText(text).width;
};
const width = card.kept((text) => {
  context.font = font(700, 100);
  return context.measureText(text).width / 100;
});

async function draw(row, path, form) {
  const shot = await photo(card.photoPath(row));
  context.drawImage(background, 0, 0);
  context.drawImage(shot, 64, 64);
  context.letterSpacing = "3px";
  write(row.brand.toUpperCase(), 620, baseline(96, 28.8, 24), 400, 24, "#93c5fd");
  context.letterSpacing = "0px";
  const { size, lines } = card.nameLines(row.name, width);
  lines.forEach((line, number) => write(line, 620, baseline(136 + number * size * 1.1, size * 1.1, size), 700, size, "white"));
  write(card.greeting(row), 620, baseline(300, 36, 30), 400, 30, "#e2e8f0");
  for (let number = 0; number < 5; number += 1) {
    context.fillStyle = number < card.stars(row) ? "#fbbf24" : "#475569";
    context.beginPath();
    card.starPoints(620 + number * 40, 362).forEach(([x, y]) => context.lineTo(x, y));
    context.fill();
  }
  const hug = width(card.price(row)) * 40 + 56;
  pill(context, 620, 440, hug, 72, "#f97316");
  write(card.price(row), 648, baseline(440, 72, 40), 700, 40, "white");
  context.font = font(600, 28);
  pill(context, 620 + hug + 24, 446, context.measureText("Shop now").width + 64, 60, "white");
  write("Shop now", 620 + hug + 24 + 32, baseline(446, 60, 28), 600, 28, "#0f172a");
  if (card.isNew(row)) {
    context.drawImage(sticker, 488, 20);
  }
  await card.encode(sharp(canvas.data(), pixels), form).toFile(path);
}

card.run(draw);
