// Logs in at a provider of others that speaks SAML 2.0 (saml-provider.py) in Chromium: gives
// it our metadata, sets it in the settings, tries it, comes in by it, and looks at each screen
// on the way with axe.
//   node saml.mjs --base http://localhost:7373 --link http://localhost:7373/link/… [--out out]
// The server runs with --dial-allow 127.0.0.1. Exit 3 where pysaml2 or xmlsec1 is missing.
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";

const { values: opt } = parseArgs({ options: { base: { type: "string" }, link: { type: "string" }, out: { type: "string", default: "out" },
  chromium: { type: "string", default: process.env.CHROMIUM || "/usr/bin/chromium" } } });
try {
  execFileSync("/usr/bin/python3", ["-c", "import saml2"], { stdio: "ignore" });
  execFileSync("xmlsec1", ["--version"], { stdio: "ignore" });
} catch {
  console.log("NOT RUN: login by SAML (needs Debian's python3-pysaml2 and xmlsec1)");
  process.exit(3);
}
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
mkdirSync(opt.out, { recursive: true });
const problems = [];
const browser = await chromium.launch({ executablePath: opt.chromium, args: ["--no-sandbox", "--disable-background-networking", "--no-first-run"] });
let provider;

async function somebody(more = {}) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, reducedMotion: "reduce", ...more });
  const page = await context.newPage();
  page.on("pageerror", (e) => problems.push("script: " + e.message));
  if (more.javaScriptEnabled !== false) await page.addInitScript(() => window.addEventListener("securitypolicyviolation", (e) => console.error(`CSP refused ${e.violatedDirective} ${e.blockedURI}`)));
  page.on("console", (m) => m.type() === "error" && m.text().startsWith("CSP") && problems.push(m.text()));
  return page;
}

// look takes the picture of a screen in both widths and themes, and asks axe.
async function look(page, name) {
  for (const [width, height] of [[1440, 900], [390, 844], [320, 700]]) {
    for (const colorScheme of ["light", "dark"]) {
      await page.setViewportSize({ width, height });
      await page.emulateMedia({ colorScheme });
      await page.screenshot({ path: join(opt.out, `${name}-${width}-${colorScheme}.png`), fullPage: true });
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      if (wide > 0) problems.push(`${name} ${width}: scrolls sideways by ${wide} px`);
      await page.evaluate(axe);
      const { violations } = await page.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
      for (const v of violations) problems.push(`${name} ${width} ${colorScheme}: axe ${v.impact} ${v.id}: ${v.nodes[0].target.join(" ")}`);
    }
  }
  await page.setViewportSize({ width: 1440, height: 900 });
  await page.emulateMedia({ colorScheme: "light" });
}

async function there(page, login) {
  await page.waitForURL(issuer + "/**");
  await page.fill("[name=login]", login);
  await page.fill("[name=password]", login + "s password there");
  await page.click("button");
}
let issuer;

try {
  const admin = await somebody();
  await admin.goto(opt.link);
  await admin.click("button[value=skip]");
  await admin.goto(opt.base + "/settings/login");
  await admin.click("form[action='/settings/login/saml'] button[value=key]");
  await admin.waitForSelector(".flash");
  await look(admin, "saml-settings-empty");
  const sp = join(mkdtempSync(join(tmpdir(), "saml-")), "sp.xml"); // as the provider's administrator would take it
  writeFileSync(sp, await (await admin.request.get(opt.base + "/login/saml/metadata")).text());
  provider = spawn("/usr/bin/python3", [new URL("saml-provider.py", import.meta.url).pathname, "--sp", sp], { stdio: ["pipe", "pipe", "inherit"] });
  const said = JSON.parse(await new Promise((done) => provider.stdout.once("data", (line) => done(String(line)))));
  issuer = new URL(said.metadata).origin;
  await admin.fill("#saml-provider", "Shibboleth");
  await admin.fill("#saml-address", issuer + "/nowhere");
  await admin.fill("#saml-domains", "example.org");
  await admin.selectOption("#saml-vouches", "yes");
  await admin.selectOption("#saml-make", "viewer");
  await admin.click("button:has-text('Look at the metadata and save')");
  await admin.waitForSelector("#saml-address-problem");
  await look(admin, "saml-settings-wrong");
  await admin.fill("#saml-address", said.metadata);
  await admin.click("button:has-text('Look at the metadata and save')");
  await admin.waitForSelector(".flash");
  await look(admin, "saml-settings");

  // Again by a file, as a browser sends it.
  const file = join(mkdtempSync(join(tmpdir(), "saml-")), "idp.xml");
  writeFileSync(file, await (await admin.request.get(said.metadata)).text());
  await admin.click("summary:has-text('Change the settings')");
  await admin.fill("#saml-address", "");
  await admin.setInputFiles("#saml-metadata", file);
  await admin.click("button:has-text('Look at the metadata and save')");
  await admin.waitForSelector(".flash");

  await admin.click("form:has(input[value=saml]) button:has-text('Try it')");
  await admin.waitForSelector(`a[href^="${issuer}"]`);
  await look(admin, "saml-try");
  await admin.click(`a[href^="${issuer}"]`);
  await there(admin, "maeve");
  await admin.waitForURL(opt.base + "/login/saml/return");
  const trial = await admin.locator("#main").innerText();
  for (const want of ["It works", "would make an account", "00u1", "maeve@example.org"]) if (!trial.includes(want)) problems.push(`the trial does not say ${want}`);
  await look(admin, "saml-tried");
  await admin.click("text=Try it again");
  await admin.click(`a[href^="${issuer}"]`);
  await admin.waitForURL(opt.base + "/login/saml/return"); // the provider knows her
  await admin.goto(opt.base + "/settings/login");
  await admin.click("form[action='/settings/login/saml'] button[value=key]");
  await admin.waitForSelector(".flash");
  await look(admin, "saml-keys");

  const maeve = await somebody();
  await maeve.goto(opt.base + "/login?next=/account");
  await look(maeve, "saml-login");
  await maeve.click("text=Log in with Shibboleth");
  await there(maeve, "maeve");
  await maeve.waitForURL(opt.base + "/account");
  const account = await maeve.locator("#main").innerText();
  for (const want of ["Maeve Doyle", "viewer", "by identity provider", "Your login there opens this account"]) if (!account.includes(want)) problems.push(`the account does not say ${want}`);

  const aoife = await somebody(); // her address is of another domain
  await aoife.goto(opt.base + "/login");
  await aoife.click("text=Log in with Shibboleth");
  await there(aoife, "aoife");
  await aoife.waitForSelector("[role=alert]");
  await look(aoife, "saml-login-refused");

  const plain = await somebody({ javaScriptEnabled: false }); // each page that goes on by itself has a button
  await plain.goto(opt.base + "/login?next=/account");
  await plain.click("text=Log in with Shibboleth");
  await there(plain, "maeve");
  await plain.click("button:has-text('Back')");
  await plain.waitForURL(opt.base + "/login/saml/acs");
  await plain.screenshot({ path: join(opt.out, "saml-landing.png") });
  await plain.click("button:has-text('Go on')");
  await plain.waitForURL(opt.base + "/account");
} catch (err) {
  problems.push(String(err));
}
await browser.close();
provider?.stdin.end();
for (const p of problems) console.error("  ! " + p);
console.log(problems.length ? `${problems.length} problems in the login by SAML` : "login by SAML: as it should be");
process.exit(problems.length ? 1 : 0);
