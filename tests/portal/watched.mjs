// A page that somebody else's test looks at while it breaks things: each line of standard input says what must come to be seen, or to be gone.
//
//     node tests/portal/watched.mjs LINK PICTURES
//
// Lines, with tabs between their words: `see PATH TEXT`, `gone PATH TEXT`. Each is answered by a line when it is so, with a picture; what is not so
// after a minute ends this with what the page showed instead.
import fs from "node:fs";
import { createRequire } from "node:module";
import readline from "node:readline";

const require = createRequire(new URL("../../portal/package.json", import.meta.url));
const { chromium } = require("playwright-core");

const [link, pictures] = process.argv.slice(2);
fs.mkdirSync(pictures, { recursive: true });
const browser = await chromium.launch({
  executablePath: "/usr/bin/chromium",
  args: ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"],
});
const page = await (await browser.newContext({ viewport: { width: 1280, height: 900 }, reducedMotion: "reduce" })).newPage();
page.setDefaultTimeout(60_000);
const complaints = [];
page.on("pageerror", (error) => complaints.push(error.message));

let number = 0;
try {
  await page.goto(link);
  await page.locator("h1").first().waitFor();
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const [word, path, text] = line.split("\t");
    const wanted = new URL(path, page.url());
    if (new URL(page.url()).pathname !== wanted.pathname) await page.goto(wanted.href);
    // The page itself has to learn of it: it is never loaded again for the same path.
    const found = page.getByText(text).first();
    await found.waitFor({ state: word === "gone" ? "hidden" : "visible" });
    number += 1;
    await page.screenshot({ path: `${pictures}/${String(number).padStart(2, "0")}.png`, fullPage: true });
    if (complaints.length > 0) throw new Error(complaints.join("\n"));
    console.log(`${word} ${text}`);
  }
} catch (error) {
  console.error(`${error.message}\nthe page shows:\n${await page.locator("body").innerText()}`);
  process.exitCode = 1;
} finally {
  await browser.close();
}
