// Logs in at an OpenID provider of others (provider.mjs) in Chromium: sets it in
// the settings, comes in by it, and looks at each screen on the way with axe.
//   node oidc.mjs --base http://localhost:7373 --link http://localhost:7373/link/… [--out out]
// The server runs with --dial-allow 127.0.0.1.
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";

const { values: opt } = parseArgs({ options: { base: { type: "string" }, link: { type: "string" }, out: { type: "string", default: "out" },
  chromium: { type: "string", default: process.env.CHROMIUM || "/usr/bin/chromium" } } });
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
mkdirSync(opt.out, { recursive: true });
const problems = [];
const provider = spawn(process.execPath, [new URL("provider.mjs", import.meta.url).pathname, "--client", "attesta", "--secret", "a secret", "--redirect", opt.base + "/login/oidc/return"],
  { stdio: ["pipe", "pipe", "inherit"] });
const { issuer } = JSON.parse(await new Promise((done) => provider.stdout.once("data", (line) => done(String(line)))));
const browser = await chromium.launch({ executablePath: opt.chromium, args: ["--no-sandbox", "--disable-background-networking", "--no-first-run"] });

async function somebody(scheme = "light") {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, colorScheme: scheme, reducedMotion: "reduce" });
  const page = await context.newPage();
  page.on("pageerror", (e) => problems.push("script: " + e.message));
  await page.addInitScript(() => window.addEventListener("securitypolicyviolation", (e) => console.error(`CSP refused ${e.violatedDirective} ${e.blockedURI}`)));
  page.on("console", (m) => m.type() === "error" && m.text().startsWith("CSP") && problems.push(m.text()));
  return page;
}

// look takes the picture of a screen in both widths and themes, and asks axe.
async function look(page, name) {
  for (const [width, height] of [[1440, 900], [390, 844]]) {
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

try {
  const admin = await somebody();
  await admin.goto(opt.link);
  await admin.click("button[value=skip]");
  await admin.goto(opt.base + "/settings/login");
  await look(admin, "oidc-settings-empty");
  const fill = { provider: "Okta", issuer, client: "attesta", secret: "a secret", domains: "example" };
  for (const [name, value] of Object.entries(fill)) await admin.fill("#" + name, value);
  await admin.selectOption("#make", "viewer");
  await admin.click("button[value=set]");
  await admin.waitForSelector("#domains-problem");
  await look(admin, "oidc-settings-wrong");
  await admin.fill("#domains", "example.org");
  await admin.fill("#secret", "a secret"); // it is not held
  await admin.click("button[value=set]");
  await admin.waitForSelector(".flash");
  await look(admin, "oidc-settings");
  await admin.goto(opt.base + "/account");
  await look(admin, "oidc-account");
  await admin.click("button[value=connect]");
  await admin.waitForSelector(`a[href^="${issuer}"]`);
  await look(admin, "oidc-connect");

  const maeve = await somebody();
  await maeve.goto(opt.base + "/login?next=/account");
  await look(maeve, "oidc-login");
  await maeve.click("text=Log in with Okta");
  await maeve.waitForURL(issuer + "/**");
  await maeve.fill("[name=login]", "maeve");
  await maeve.fill("[name=password]", "maeves password there");
  await maeve.click("button");
  await maeve.waitForURL(opt.base + "/account");
  const said = await maeve.locator("#main").innerText();
  for (const want of ["Maeve Doyle", "viewer", "by identity provider", "Your login there opens this account"]) if (!said.includes(want)) problems.push(`the account does not say ${want}`);

  const aoife = await somebody(); // her address is not verified there
  await aoife.goto(opt.base + "/login");
  await aoife.click("text=Log in with Okta");
  await aoife.waitForURL(issuer + "/**");
  await aoife.fill("[name=login]", "aoife");
  await aoife.fill("[name=password]", "aoifes password there");
  await aoife.click("button");
  await aoife.waitForSelector("[role=alert]");
  await look(aoife, "oidc-login-refused");
} catch (err) {
  problems.push(String(err));
}
await browser.close();
provider.stdin.end();
for (const p of problems) console.error("  ! " + p);
console.log(problems.length ? `${problems.length} problems in the login by a provider` : "login by a provider: as it should be");
process.exit(problems.length ? 1 : 0);
