// What the JavaScript programs of this folder share, as card.py is for those in Python: the rows, what is written on a
// card, the finished photos, and the way they are run.

import { spawn } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "../..");
const CARD = join(ROOT, "examples/product-card");
const ROWS = process.env.ROWS ?? join(CARD, "rows.csv");

// `PROGRAM FOLDER jpeg|png ROWS PROCESSES`: the rows in turns, one share for each process. The first starts the others
// before it loads a library, and draws as they do.
const [folder, form] = process.argv.slice(2);
const [limit, processes] = process.argv.slice(4).map(Number);
const share = Number(process.env.SHARE ?? 0);
if (share === 0) {
  mkdirSync(folder, { recursive: true });
  for (let other = 1; other < processes; other += 1) {
    const worker = spawn(process.execPath, process.argv.slice(1), { env: { ...process.env, SHARE: other }, stdio: "inherit" });
    worker.on("exit", (code) => {
      process.exitCode ||= code ?? 1;
    });
  }
}

/** Loads a library of package.json: run.sh installs them outside this folder. */
export const library = createRequire(join(ROOT, "target/peers/node/package.json"));

export const SIZE = { width: 1200, height: 628 };
export const FAMILY = "Inter Peer";
export const FONTS = [
  { weight: 400, path: join(CARD, "fonts/Inter-Regular.ttf") },
  { weight: 600, path: join(CARD, "fonts/Inter-SemiBold.ttf") },
  { weight: 700, path: join(CARD, "fonts/Inter-Bold.ttf") },
];

/** The first `limit` rows of the sample campaign, or of the file that ROWS names. */
function rows(limit) {
  const [names, ...lines] = readFileSync(ROWS, "utf8").trim().split(/\r?\n/).map(fields);
  return lines.slice(0, limit).map((values) => Object.fromEntries(names.map((name, at) => [name, values[at]])));
}

/** The fields of a line of CSV. */
function fields(line) {
  return [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(
    ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain,
  );
}

/** Text as XML has it. */
export function escaped(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}

export function photoPath(row) {
  return join(dirname(ROWS), row.image);
}

/** How many of the five are filled. */
export function stars(row) {
  return (row.product_id % 5) + 1;
}

export function isNew(row) {
  return row.product_id % 3 === 0;
}

/** A five-pointed star inscribed in a square. */
export function starPoints(left, top, side = 32) {
  return Array.from({ length: 10 }, (_, number) => {
    const radius = (side / 2) * (number % 2 === 0 ? 1 : 0.382);
    const angle = (Math.PI * number) / 5 - Math.PI / 2;
    return [left + side / 2 + radius * Math.cos(angle), top + side / 2 + radius * Math.sin(angle)];
  });
}

export function svg(width, height, inner) {
  return Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${inner}</svg>`);
}

/** The five stars as SVG. */
export function starsSvg(filled) {
  const star = (number) => `<polygon points="${starPoints(number * 40, 0)}" fill="${number < filled ? "#fbbf24" : "#475569"}"/>`;
  return svg(192, 32, [0, 1, 2, 3, 4].map(star).join(""));
}

export function greeting(row) {
  return row.first_name ? `Picked for you, ${row.first_name}` : "Picked for you";
}

const dollars = new Intl.NumberFormat("en-US", { style: "currency", currency: "USD" });

export function price(row) {
  return dollars.format(row.price);
}

/** `width(text, weight)`: how wide Inter is at 1 px, for libraries that do not say. HarfBuzz measures, as browsers do. */
export async function measurer() {
  const harfbuzz = await library("harfbuzzjs");
  const fonts = new Map(
    FONTS.map(({ weight, path }) => {
      const face = harfbuzz.createFace(harfbuzz.createBlob(readFileSync(path)), 0);
      return [weight, { font: harfbuzz.createFont(face), unit: face.upem }];
    }),
  );
  return kept((text, weight) => {
    const { font, unit } = fonts.get(weight);
    const buffer = harfbuzz.createBuffer();
    buffer.addText(text);
    buffer.guessSegmentProperties();
    harfbuzz.shape(font, buffer);
    const advance = buffer.json().reduce((sum, glyph) => sum + glyph.ax, 0);
    buffer.destroy();
    return advance / unit;
  });
}

/** The name's size and lines: two at most, as large as fits. `width(text)` measures at 1 px. */
export function nameLines(text, width) {
  let size = 60;
  for (; ; size -= 2) {
    const lines = [];
    for (const word of text.split(" ")) {
      const longer = lines.length > 0 ? `${lines.at(-1)} ${word}` : word;
      if (lines.length > 0 && width(longer) * size <= 516) {
        lines[lines.length - 1] = longer;
      } else {
        lines.push(word);
      }
    }
    const fits = lines.length <= 2 && lines.every((line) => width(line) * size <= 516);
    if (fits || size === 32) {
      return { size, lines: lines.slice(0, 2) };
    }
  }
}

/** A function that keeps what it gave for its last 256 kinds of arguments. */
export function kept(make) {
  const made = new Map();
  return (...given) => {
    const key = given.join("\n");
    if (!made.has(key)) {
      if (made.size === 256) {
        made.delete(made.keys().next().value);
      }
      made.set(key, make(...given));
    }
    return made.get(key);
  };
}

/** A photo as it is drawn, as a sharp image: cover-fitted into 500x500, corners rounded. */
export async function photo(path) {
  const corners = { raw: { width: 500, height: 500, channels: 1 } };
  return library("sharp")(path).flatten().resize(500, 500).joinChannel(await cornersAlpha(), corners);
}

const cornersAlpha = kept(() => {
  const rounded = library("sharp")(svg(500, 500, '<rect width="500" height="500" rx="32"/>'));
  return rounded.extractChannel("alpha").raw().toBuffer();
});

/** A sharp image's encoding: Huffman tables that are not optimised take half the time and 4% more. */
export function encode(image, form) {
  return form === "png"
    ? image.removeAlpha().png({ compressionLevel: 1 })
    : image.removeAlpha().jpeg({ quality: 85, chromaSubsampling: "4:2:0", optimizeCoding: false });
}

/** Draws this process's rows by `draw(row, path, form)`, several at once: what it awaits is done by other threads. */
export async function run(draw, { atOnce = 2 } = {}) {
  const left = rows(limit).filter((_, number) => number % processes === share).values();
  const drawOn = async () => {
    for (const row of left) {
      await draw(row, join(folder, `${row.id}.${form}`), form);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, drawOn));
}
