// Looks at every screen of a running Attesta in a real Chromium: light and
// dark, wide and narrow, with axe, with and without script. Takes a picture of
// each. Exits 1 when something is wrong.
//
//   node run.mjs --base http://localhost:7373 --link http://localhost:7373/link/… [--name full] [--out out] [--act]
//
// --act also presses the buttons that change something (approve, take on).
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";

const { values: opt } = parseArgs({
  options: {
    base: { type: "string" },
    link: { type: "string" },
    login: { type: "string" },
    password: { type: "string", default: "a few words in a row" },
    name: { type: "string", default: "full" },
    out: { type: "string", default: "out" },
    chromium: { type: "string", default: process.env.CHROMIUM || "/usr/bin/chromium" },
    act: { type: "boolean", default: false },
  },
});
if (!opt.base || !(opt.link || opt.login)) {
  console.error("usage: run --base URL (--link ONE-TIME-LINK | --login NAME --password PASSWORD) [--name full] [--out DIR] [--act]");
  process.exit(2);
}
const base = opt.base.replace(/\/$/, "");
const out = join(opt.out, opt.name);
mkdirSync(out, { recursive: true });
const require = createRequire(import.meta.url);
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const problems = [];
const bad = (where, what) => { problems.push(`${where}: ${what}`); console.error(`  ! ${where}: ${what}`); };
let looked = 0;

const browser = await chromium.launch({
  executablePath: opt.chromium,
  args: ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-default-apps",
    "--no-first-run", "--no-pings", "--disable-client-side-phishing-detection", "--disable-domain-reliability"],
});

// watch collects what a page must never say.
async function watch(page, where, expected = []) {
  page.on("console", (m) => {
    if (m.type() !== "error") return;
    const text = m.text();
    if (expected.some((e) => text.includes(e))) return;
    bad(where(), "console: " + text);
  });
  page.on("pageerror", (e) => bad(where(), "script: " + e.message));
  await page.addInitScript(() => {
    window.addEventListener("securitypolicyviolation", (e) => console.error(`CSP refused ${e.violatedDirective} ${e.blockedURI}`));
  });
  page.on("request", (r) => {
    if (!r.url().startsWith(base) && !r.url().startsWith("data:")) bad(where(), "asks elsewhere: " + r.url());
  });
}

async function look(page, name, width, scheme) {
  const where = `${name} ${width} ${scheme}`;
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  if (wide > 0) {
    const who = await page.evaluate(() => [...document.querySelectorAll("body *")].filter((e) => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest(".scroll"))
      .slice(0, 3).map((e) => e.tagName.toLowerCase() + "." + e.className + " “" + (e.textContent || "").trim().slice(0, 30) + "”"));
    bad(where, `scrolls sideways by ${wide} px: ${who.join("; ")}`);
  }
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
  for (const v of violations) {
    const text = `axe ${v.impact} ${v.id}: ${v.nodes.slice(0, 3).map((n) => n.target.join(" ")).join("; ")}`;
    if (v.impact === "serious" || v.impact === "critical") bad(where, text);
    else console.log(`  - ${where}: ${text}`);
  }
  looked++;
}

const sizes = [[1440, 900], [390, 844]];
const schemes = ["light", "dark"];

// tour opens every page in both themes and widths, and at 320 px.
async function tour(pages, state, { only } = {}) {
  for (const scheme of schemes) {
    for (const [width, height] of [...sizes, [320, 700]]) {
      if (width === 320 && scheme === "dark") continue;
      const context = await browser.newContext({ viewport: { width, height }, colorScheme: scheme, storageState: state });
      const page = await context.newPage();
      let now = "";
      await watch(page, () => `${now} ${width} ${scheme}`, ["status of 404", "status of 422", "status of 401", "status of 403"]);
      for (const p of pages) {
        if (only && !only.includes(p.name)) continue;
        now = p.name;
        const answer = await page.goto(base + p.path, { waitUntil: "load" });
        if (answer.status() !== (p.status || 200)) bad(now, `answers ${answer.status()}, not ${p.status || 200}`);
        if (width === 320) {
          const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
          if (wide > 0) bad(now + " 320", `scrolls sideways by ${wide} px`);
          continue;
        }
        if (width > 390 || scheme === "light") await look(page, now, width, scheme); // a dark narrow page has nothing new for axe
        await page.screenshot({ path: join(out, `${p.name}-${width}-${scheme}.png`), fullPage: true });
      }
      await context.close();
    }
  }
}


const inside = await browser.newContext({ viewport: { width: 1440, height: 900 }, colorScheme: "light" });
const page = await inside.newPage();
let at = "login";
await watch(page, () => at, ["status of 401", "status of 404", "status of 422"]);
if (opt.link) { await page.goto(opt.link); await page.fill("#password", opt.password); await page.click("button[value=set]"); await page.waitForURL(base + "/"); }
else { await page.goto(base + "/login"); await page.fill("#login", opt.login); await page.fill("#password", opt.password); await page.press("#password", "Enter"); await page.waitForURL(base + "/"); }
const state = await inside.storageState();
const pages = JSON.parse(process.env.PAGES || "[]");
await tour(pages, state);

await browser.close();
console.log(looked+" looks, "+problems.length+" problems"); process.exit(problems.length?1:0);
