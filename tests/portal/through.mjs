// One way through the portal, in a real browser on real runs: in by the one-time link, an application registered, swept, watched to its end, looked at, extended,
// downloaded, shared, and out again. Every page is pictured, light, dark and narrow. Whatever the page complains of fails it.
//
//     node tests/portal/through.mjs LINK PICTURES      LINK: what `paramo server` prints when nobody has an account
import assert from "node:assert/strict";
import fs from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(new URL("../../portal/package.json", import.meta.url));
const { chromium } = require("playwright-core");
const axe = fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const [link, pictures] = process.argv.slice(2);
const base = new URL("/", link).href;
const NAME = "ada";
const PASSWORD = "correct horse battery";
const SLOW = 30_000;
const WIDE = { width: 1280, height: 900 };
const NARROW = { width: 390, height: 844 };

const APPLICATION = `name = "decay"
description = "What is left of a sample"
[application]
command = ["awk", "BEGIN { print exp(-{rate} * {time}) }"]
[application.parameters]
rate = { type = "float", unit = "1/s", min = 0, description = "decay rate" }
time = { type = "float", unit = "s", min = 0 }
[application.outputs]
left = { regex = "(.+)", type = "float" }
`;

fs.mkdirSync(pictures, { recursive: true });
const browser = await chromium.launch({
  executablePath: "/usr/bin/chromium",
  args: ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"],
});

/** What the page complained of, and was not meant to. */
const complaints = [];
/** Answers that are part of the story. */
let allowed = () => false;

async function newPage() {
  const context = await browser.newContext({ viewport: WIDE, reducedMotion: "reduce", acceptDownloads: true });
  const page = await context.newPage();
  page.setDefaultTimeout(SLOW);
  page.on("pageerror", (error) => complaints.push(`error: ${error.message}`));
  page.on("response", (response) => {
    if (response.status() >= 400 && !allowed(response)) complaints.push(`${response.status()} ${response.request().method()} ${response.url()}`);
  });
  page.on("console", (message) => {
    // What was answered is looked at above.
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) complaints.push(message.text());
  });
  return page;
}

/** Waits until colours have changed and stay. */
const settle = (page) =>
  page.evaluate(async () => {
    const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
    await frame();
    await frame();
    const finite = document.getAnimations().filter((one) => one.effect?.getComputedTiming().endTime !== Infinity);
    await Promise.all(finite.map((one) => one.finished.catch(() => {})));
    await frame();
  });

/** What keeps people from using the page as it is now: by the rules of WCAG 2.2, A and AA, contrast of 4.5:1 among them (axe-core). */
async function obstacles(page) {
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(axe);
  return page.evaluate(async () => {
    const runOnly = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
    // The way past the navigation stands before it, outside every landmark, as it should.
    const rules = { region: { enabled: false } };
    const { violations } = await window.axe.run(document, { runOnly, rules, resultTypes: ["violations"] });
    return violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html.slice(0, 160)} ${node.failureSummary.replace(/\s+/g, " ")}`));
  });
}

async function accessible(page, name) {
  // Colours that were still changing are looked at again.
  let found = await obstacles(page);
  for (let again = 0; found.length && again < 3; again += 1) {
    await settle(page);
    found = await obstacles(page);
  }
  assert.deepEqual(found, [], `${name} is not for everybody`);
}

async function picture(page, name) {
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    await settle(page);
    await accessible(page, `${name}, ${colorScheme}`);
    await page.screenshot({ path: `${pictures}/${name}-${colorScheme}.png` });
  }
  await page.emulateMedia({ colorScheme: "light" });
  await settle(page);
  await page.setViewportSize(NARROW);
  // Charts follow the width a moment later.
  const fits = page.waitForFunction(() => document.documentElement.scrollWidth <= document.documentElement.clientWidth + 1, null, { timeout: 5000 });
  await fits.catch(() => assert.fail(`${name} is too wide for a phone`));
  await settle(page);
  await accessible(page, `${name}, narrow`);
  await page.screenshot({ path: `${pictures}/${name}-narrow.png` });
  await page.setViewportSize(WIDE);
}

const page = await newPage();

async function step(name, work) {
  try {
    await work();
    assert.deepEqual(complaints, []);
    console.log(`ok ${name}`);
  } catch (error) {
    console.error(`FAILED ${name}: ${error.message}`);
    await page.screenshot({ path: `${pictures}/failed.png` }).catch(() => {});
    await browser.close();
    process.exit(1);
  }
}

const heading = (text) => page.locator("h1", { hasText: text }).first().waitFor();
const open = (path) => page.goto(new URL(path, base).href);
const tab = (name) => page.getByRole("tab", { name }).click();

await step("see the first view after less than 300 kB", async () => {
  const taken = [];
  const note = (request) => taken.push(request.sizes());
  page.on("requestfinished", note);
  await page.goto(link, { waitUntil: "networkidle" });
  page.off("requestfinished", note);
  const bytes = (await Promise.all(taken)).reduce((sum, size) => sum + size.responseBodySize + size.responseHeadersSize, 0);
  assert.ok(taken.length > 3 && bytes < 300_000, `${taken.length} answers of ${bytes} bytes`);
  console.log(`   ${taken.length} answers, ${bytes} bytes`);
});

await step("come in by the one-time link", async () => {
  await page.goto(link);
  await page.fill("input[autocomplete=username]", NAME);
  await page.fill("input[autocomplete=name]", "Ada Lovelace");
  for (const field of await page.locator("input[type=password]").all()) await field.fill(PASSWORD);
  await picture(page, "welcome");
  await page.click("button[type=submit]");
  await heading("Overview");
  await picture(page, "overview-empty");
});

await step("log out, a wrong password, and in again by keyboard alone", async () => {
  await page.click('[aria-label^="Account of"]');
  await page.getByText("Log out").click();
  await heading("Log in");
  await picture(page, "login");
  await page.fill("[name=username]", NAME);
  await page.fill("[name=password]", "wrong password");
  allowed = (response) => response.url().endsWith("/session") && response.status() === 401;
  await page.keyboard.press("Enter");
  await page.getByText("you are not logged in").waitFor();
  await page.focus("[name=username]");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Control+A");
  await page.keyboard.type(PASSWORD);
  await page.keyboard.press("Enter");
  await heading("Overview");
  allowed = () => false;
});

await step("register an application", async () => {
  await open("applications");
  await page.getByRole("button", { name: "Register" }).first().click();
  await page.locator("dialog[open] textarea").fill(APPLICATION);
  await page.locator("dialog[open] button[type=submit]").click();
  await page.waitForURL(/applications\/default\/decay/);
  await page.getByText("decay rate").first().waitFor();
  await picture(page, "application");
  await open("applications");
  await page.getByText("What is left of a sample").first().waitFor();
  await picture(page, "applications");
});

await step("start a sweep from the form", async () => {
  await open("new?application=default%2Fdecay");
  for (const [name, from, to, count] of [["rate", "0.1", "1", "6"], ["time", "0", "4", "5"]]) {
    await page.selectOption(`[aria-label="How ${name} is chosen"]`, "range");
    await page.fill(`[aria-label="${name} from"]`, from);
    await page.fill(`[aria-label="${name} to"]`, to);
    await page.fill(`[aria-label="Number of values of ${name}"]`, count);
  }
  await page.getByText(/30/).first().waitFor();
  await picture(page, "new-study");
  await page.getByRole("button", { name: "Start study" }).click();
  await page.waitForURL(/studies\/\d+/);
});

const study = new URL(page.url()).pathname;

await step("watch it end", async () => {
  await page.getByText("finished", { exact: true }).first().waitFor();
  // The charts are asked for once a second.
  await page.locator("canvas").first().waitFor();
  await picture(page, "study-overview");
});

await step("see the heat map", async () => {
  await tab("Charts");
  await page.locator("canvas").first().waitFor();
  await page.waitForFunction(() => {
    const canvas = document.querySelector("canvas");
    const context = canvas?.getContext("2d");
    if (!context || !canvas.width) return false;
    const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
    const colours = new Set();
    for (let at = 0; at < data.length; at += 4) if (data[at + 3] === 255) colours.add((data[at] << 16) | (data[at + 1] << 8) | data[at + 2]);
    // Thirty cells of a smooth map have many colours.
    return colours.size > 12;
  });
  await picture(page, "study-heatmap");
});

await step("look at the runs, and at one of them", async () => {
  await tab("Runs");
  await page.getByText("0.1", { exact: true }).first().waitFor();
  await picture(page, "study-runs");
  await page.goto(new URL(`${study}/runs/7`, base).href);
  await page.getByText("Attempt").first().waitFor();
  await picture(page, "run");
  await page.goto(new URL(study, base).href);
  for (const name of ["Workers", "Definition"]) {
    await tab(name);
    await page.getByRole("tabpanel").first().waitFor();
    await picture(page, `study-${name.toLowerCase()}`);
  }
});

await step("extend it, and watch that end", async () => {
  await page.getByRole("button", { name: "Extend" }).click();
  const dialog = page.locator("dialog[open]");
  for (const [at, values] of [[0, "2"], [1, "1, 2"]]) {
    const axis = dialog.locator("fieldset").nth(at);
    await axis.locator("select").selectOption("values");
    await axis.locator("label.long input").fill(values);
  }
  await dialog.getByText("2 points more.").waitFor();
  await picture(page, "study-extend");
  await dialog.getByRole("button", { name: "Add 2 points" }).click();
  await page.getByText("of 32 runs").waitFor();
  await page.getByText("finished", { exact: true }).first().waitFor();
});

await step("download Parquet", async () => {
  await tab("Table");
  await page.getByText("Parquet", { exact: true }).click();
  await picture(page, "study-download");
  const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: /Download/ }).click()]);
  const bytes = fs.readFileSync(await file.path());
  assert.equal(bytes.subarray(0, 4).toString(), "PAR1");
  assert.equal(bytes.subarray(-4).toString(), "PAR1");
});

await step("share it with somebody who has no account", async () => {
  await page.getByRole("button", { name: "Share" }).click();
  await page.getByRole("button", { name: "Make a link" }).click();
  const made = page.locator("dialog[open] .made");
  await made.waitFor();
  const shared = (await made.innerHTML()).match(/https?:[^\s"<]+\/share\/[^\s"<]+/)?.[0];
  assert.ok(shared, await made.innerHTML());
  await picture(page, "study-share");
  const guest = await newPage();
  await guest.goto(shared);
  await guest.getByText("finished", { exact: true }).first().waitFor();
  const asked = await guest.request.post(new URL(`api/v1${study}/cancel`, base).href, { headers: { origin: new URL(base).origin } });
  assert.equal(asked.status(), 403);
  await guest.screenshot({ path: `${pictures}/shared-light.png` });
  await guest.context().close();
  await page.locator("dialog[open]").getByRole("button", { name: "Revoke" }).click();
  await page.getByText("There are no links to this study.").waitFor();
  await page.keyboard.press("Escape");
});

await step("see the other pages", async () => {
  for (const [path, text] of [
    ["", "Overview"],
    ["studies", "Studies"],
    ["sites", "Sites"],
    ["projects", "Projects"],
    ["projects/default", "Default"],
    ["users", "Users"],
    ["tokens", "Tokens"],
    ["audit", "Audit"],
    ["account", ""],
  ]) {
    await open(path);
    await heading(text);
    await picture(page, path.replace("/", "-") || "overview");
  }
});

await step("log out", async () => {
  await page.click('[aria-label^="Account of"]');
  await page.getByText("Log out").click();
  await heading("Log in");
  allowed = (response) => response.status() === 401;
  await page.goto(new URL(study, base).href);
  await heading("Log in");
});

await browser.close();
