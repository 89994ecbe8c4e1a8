// The product card by headless Chromium: one browser with several pages for each process. In a page, background, photo and
// badge are layers of their own, and finished photos are kept as bitmaps.

import { writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

import * as card from "./card.mjs";

const { default: puppeteer } = card.library("puppeteer-core");

const PAGES = 8;
const FLAGS = [
  "--no-sandbox", // as root there is none
  "--allow-file-access-from-files",
  "--font-render-hinting=none", // letters where the layout has them
];

const browser = await puppeteer.launch({
  executablePath: "/usr/bin/chromium-headless-shell",
  headless: "shell",
  pipe: true,
  defaultViewport: card.SIZE,
  args: FLAGS,
});

async function open() {
  const page = await browser.newPage();
  await page.goto(new URL("chromium.html", import.meta.url).href);
  await page.evaluate(() => Promise.all([...document.fonts].map((font) => font.load())));
  return { page, session: await page.createCDPSession() };
}

const idle = await Promise.all(Array.from({ length: PAGES }, open));

async function draw(row, path, form) {
  const content = {
    photo: pathToFileURL(card.photoPath(row)).href,
    brand: row.brand,
    name: row.name,
    greeting: card.greeting(row),
    stars: card.stars(row),
    price: card.price(row),
    isNew: card.isNew(row),
  };
  const screenshot = form === "png" ? { format: "png", optimizeForSpeed: true } : { format: "jpeg", quality: 85 };
  const { page, session } = idle.pop();
  await page.evaluate((content) => fill(content), content);
  const { data } = await session.send("Page.captureScreenshot", screenshot);
  idle.push({ page, session });
  writeFileSync(path, data, "base64");
}

await card.run(draw, { atOnce: PAGES });
await browser.close();
