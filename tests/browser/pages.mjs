// The HTML reports in a real browser: they open without errors and load nothing, can be read by assistive technology in light and in
// dark (axe-core: names, contrast, structure), filters and keyboard work, and commands can be copied.
//
//   node pages.mjs CHROMIUM DIRECTORY     where DIRECTORY holds report.html, compare.html, continuity.html and race.html
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";
import puppeteer from "puppeteer-core";

const [chromium, directory] = process.argv.slice(2);
const axe = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const browser = await puppeteer.launch({ executablePath: chromium, args: ["--no-sandbox", "--disable-gpu"] });

async function open(name, scheme) {
  const page = await browser.newPage();
  const wrong = [];
  page.on("pageerror", (e) => wrong.push(String(e)));
  page.on("console", (m) => m.type() === "error" && wrong.push(m.text()));
  page.on("request", (r) => r.url().startsWith("file:") || wrong.push(`asks for ${r.url()}`));
  await page.setViewport({ width: 1200, height: 900 });
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
  await page.goto(pathToFileURL(path.join(directory, name)).href);
  return { page, wrong };
}

try {
  for (const name of ["report.html", "compare.html", "continuity.html", "race.html"]) {
    for (const scheme of ["light", "dark"]) {
      const { page, wrong } = await open(name, scheme);
      await page.screenshot({ path: path.join(directory, `${name}.${scheme}.png`) });
      await page.evaluate(() => document.querySelectorAll("details").forEach((d) => (d.open = true)));
      await page.addScriptTag({ path: axe });
      const { violations } = await page.evaluate(() => axe.run());
      const told = violations.map((v) => `${v.id}: ${v.help}: ${v.nodes.slice(0, 3).map((n) => n.html.slice(0, 120)).join(" | ")}`);
      assert.deepEqual(told, [], `${name}, ${scheme}`);
      assert.deepEqual(wrong, [], `${name}, ${scheme}`);
      await page.close();
      console.log(`ok   ${name}, ${scheme}: no errors, nothing loaded, nothing that axe finds`);
    }
  }

  const { page } = await open("report.html", "light");
  const visible = () => page.$$eval("tr[data-verdict]", (rows) => rows.filter((r) => !r.hidden).map((r) => ({ ...r.dataset })));
  const all = await visible();
  assert.ok(all.length > 200, `${all.length} rules`);
  await page.keyboard.press("/");
  await page.keyboard.type("UPR-001");
  assert.ok((await visible()).length >= 1 && (await visible()).length < 20, "the search narrows the list");
  assert.match(await page.$eval("#shown", (e) => e.textContent), /of \d+ rules/);
  await page.$eval("#search", (e) => { e.value = ""; e.dispatchEvent(new Event("input")); });
  await page.select("#level", "SHOULD");
  assert.ok((await visible()).length > 0 && (await visible()).every((r) => r.level === "SHOULD"));
  await page.select("#level", "");
  await page.focus("input[value=pass]");
  await page.keyboard.press("Space");
  assert.ok((await visible()).length > 0 && (await visible()).every((r) => r.verdict !== "pass"), "the keyboard unchecks");
  console.log("ok   filters and keyboard");

  assert.ok((await page.$$("article.card")).length >= 1 && (await page.$$("article.card svg")).length >= 1);
  const label = await page.$eval("button[data-copy]", (b) => { b.click(); return b.getAttribute("aria-label"); });
  await page.waitForFunction(() => document.querySelector("button[data-copy]").textContent === "Copied");
  assert.match(label, /Copy the command/);
  console.log("ok   a command is copied");

  const { page: race } = await open("race.html", "light");
  const rows = await race.$$eval("article.card svg", (drawn) => drawn.map((d) => d.querySelectorAll("rect").length));
  assert.ok(rows.length >= 1 && rows.every((n) => n >= 2), `requests drawn for each finding: ${rows}`);
  console.log("ok   a race is drawn");
} finally {
  await browser.close();
}
