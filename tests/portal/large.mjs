// A large study in a real browser: its table is scrolled from end to end, sorted and filtered, and every chart is drawn one after the other. The page must
// stay fluid: whatever keeps it from answering for long is told by the browser itself (long tasks), and what is longer than LIMIT fails.
//
//     node tests/portal/large.mjs LINK STUDY LIMIT      LINK: what `paramo ui` prints; STUDY: its number; LIMIT: milliseconds
import assert from "node:assert/strict";
import { createRequire } from "node:module";

const require = createRequire(new URL("../../portal/package.json", import.meta.url));
const { chromium } = require("playwright-core");

const [link, study, limit] = process.argv.slice(2);
const base = new URL("/", link).href;

const browser = await chromium.launch({
  executablePath: "/usr/bin/chromium",
  args: ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"],
});
const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
const page = await context.newPage();
page.setDefaultTimeout(60_000);
const complaints = [];
page.on("pageerror", (error) => complaints.push(error.message));
page.on("response", (response) => response.status() >= 400 && complaints.push(`${response.status()} ${response.url()}`));
// The stream of events never ends.
const counts = (request) => !request.url().includes("/events");
const open = new Set();
page.on("request", (request) => counts(request) && open.add(request));
for (const end of ["requestfinished", "requestfailed"]) page.on(end, (request) => open.delete(request));
await page.addInitScript(() => {
  window.longTasks = [];
  new PerformanceObserver((list) => window.longTasks.push(...list.getEntries().map((one) => Math.round(one.duration)))).observe({ type: "longtask", buffered: true });
});

let worst = 0;

const frame = () => page.evaluate(() => new Promise((done) => requestAnimationFrame(done)));

/** Does something, waits until nothing is asked or drawn any more, and tells the longest task meanwhile. */
async function step(name, work) {
  await page.evaluate(() => (window.longTasks.length = 0));
  await work();
  // What comes may ask for more when it has been drawn.
  for (let quiet = 0; quiet < 10; quiet = open.size === 0 ? quiet + 1 : 0) await frame();
  const tasks = await page.evaluate(() => window.longTasks);
  const longest = Math.max(0, ...tasks);
  worst = Math.max(worst, longest);
  console.log(`${name}: ${tasks.length === 0 ? "no long task" : `${tasks.length} long tasks, the longest ${longest} ms`}`);
  assert.deepEqual(complaints, []);
}

const tab = (name) => page.getByRole("tab", { name }).click();
const grid = page.getByRole("grid");

try {
  await page.goto(link);
  await page.locator("h1").first().waitFor();
  await step("study page", async () => {
    await page.goto(new URL(`studies/${study}`, base).href);
    await page.locator("canvas").first().waitFor();
  });
  await step("table", async () => {
    await tab("Runs");
    await grid.locator("[role=row] [role=gridcell]").first().waitFor();
  });
  await step("table, scrolled by wheel", async () => {
    await grid.hover();
    for (let turn = 0; turn < 60; turn += 1) {
      await page.mouse.wheel(0, 700);
      await frame();
    }
  });
  await step("table, from end to end", async () => {
    for (let part = 0; part <= 20; part += 1) {
      await grid.evaluate((box, part) => (box.scrollTop = (part / 20) * box.scrollHeight), part);
      await frame();
    }
    await grid.locator("[role=row] [role=gridcell]").first().waitFor();
  });
  await step("table, sorted", async () => {
    const header = grid.getByRole("columnheader").nth(3).getByRole("button");
    for (const order of ["sort=", "sort=-"]) {
      const answered = page.waitForResponse((response) => response.url().includes(order));
      await header.click();
      await answered;
    }
  });
  await step("charts", async () => {
    await tab("Charts");
    await page.locator("canvas").first().waitFor();
  });
  const kinds = page.getByRole("radiogroup", { name: "Kind of chart" }).getByRole("radio");
  for (const kind of await kinds.allInnerTexts()) {
    await step(`charts, ${kind}`, async () => {
      await kinds.filter({ hasText: kind }).first().click();
      await page.locator("canvas, svg, .nothing").first().waitFor();
    });
  }
  await step("charts, one after the other in haste", async () => {
    const count = await kinds.count();
    for (let turn = 0; turn < 3 * count; turn += 1) await kinds.nth(turn % count).click();
  });
  await step("workers", () => tab("Workers"));
  assert.ok(worst <= Number(limit), `a task of ${worst} ms; at most ${limit} ms are fluid`);
} catch (error) {
  console.error(`FAILED ${error.message}`);
  process.exitCode = 1;
}
await browser.close();
