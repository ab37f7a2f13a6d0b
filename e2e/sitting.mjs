// The first sitting of somebody new, in a real Chromium, from an empty data
// directory: first questions, scope, gaps, plan, controls that they bring, the first
// policy until it is acknowledged, the first population of changes from a real Git
// repository, and the first access review until it is closed. A picture of each step goes to out/sitting.
//
//   node sitting.mjs --base http://localhost:7373 --link http://localhost:7373/link/… [--out out]
//
// Exits 1 when a step does not lead on, 3 when there is no git.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";

const { values: opt } = parseArgs({
  options: { base: { type: "string" }, link: { type: "string" }, out: { type: "string", default: "out" }, chromium: { type: "string", default: process.env.CHROMIUM || "/usr/bin/chromium" } },
});
if (!opt.base || !opt.link) {
  console.error("usage: sitting --base URL --link ONE-TIME-LINK [--out DIR]");
  process.exit(2);
}
if (spawnSync("git", ["--version"]).status !== 0) {
  console.log("NOT RUN: the first sitting (needs git)");
  process.exit(3);
}
const base = opt.base.replace(/\/$/, "");
const out = join(opt.out, "sitting");
mkdirSync(out, { recursive: true });
const began = Date.now();

const browser = await chromium.launch({ executablePath: opt.chromium, args: ["--no-sandbox", "--disable-background-networking", "--no-first-run"] });
const page = await (await browser.newContext({ viewport: { width: 1280, height: 900 } })).newPage();
page.setDefaultTimeout(20000);
const problems = [];
let wrong = false; // a form is sent that is to be refused
page.on("console", (m) => m.type() === "error" && !(wrong && m.text().includes("422")) && problems.push(`${page.url()}: ${m.text()}`));
page.on("pageerror", (e) => problems.push(`${page.url()}: ${e.message}`));

let n = 0;
async function shot(name) {
  await page.screenshot({ path: join(out, `${String(++n).padStart(2, "0")}-${name}.png`), fullPage: true });
}
// says holds that the page says something.
async function says(...words) {
  const text = await page.innerText("main");
  for (const w of words) if (!text.includes(w)) throw new Error(`${page.url()} does not say “${w}”:\n${text.slice(0, 1500)}`);
}
// press sends the form that a button stands in, opening what it is folded into.
async function press(text) {
  const button = page.locator("main").getByRole("button", { name: text, exact: typeof text === "string", includeHidden: true }).first();
  await button.waitFor({ state: "attached" });
  const folded = button.locator("xpath=ancestor::details[not(@open)]");
  while ((await folded.count()) > 0) await folded.first().locator("> summary").click();
  await Promise.all([page.waitForEvent("load"), button.click()]);
}
async function follow(text) {
  await Promise.all([page.waitForEvent("load"), page.locator("main").getByRole("link", { name: text, exact: true }).first().click()]);
}

const repository = mkdtempSync(join(tmpdir(), "sitting-"));
try {
  // ---- a new person comes in -------------------------------------------------
  await page.goto(opt.link);
  await page.fill("#password", "a few words in a row");
  await page.click("button[value=set]");
  await page.waitForURL(base + "/");
  await says("From here to the first examination", "Answer the first questions");
  await shot("home");

  // ---- first questions ---------------------------------------------------------
  await follow("Start here");
  await page.fill("[name=q-service]", "Harbour Post");
  await page.fill("[name=q-use]", "Letters and parcels, tracked to the door");
  for (const v of ["content", "accounts", "logs"]) await page.check(`[name=q-data][value=${v}]`);
  for (const v of ["cloud", "saas", "laptops"]) await page.check(`[name=q-lives][value=${v}]`);
  await page.fill("[name=q-places]", "Northern Cloud, two sites");
  await page.check("[name=q-backups][value=beside]");
  for (const v of ["web", "api"]) await page.check(`[name=q-moves][value=${v}]`);
  await page.check("[name=q-tests][value=-unknown]");
  await page.fill("[name=q-access-staff]", "Ann (platform) - database, cloud console\nBob (support) - tickets");
  await page.fill("[name=q-access-vendors]", "Northern Cloud - hypervisor, backups");
  await page.check("[name=q-two-factors][value=no]");
  for (const v of ["uptime", "secrecy"]) await page.check(`[name=q-promises][value=${v}]`);
  await page.check("[name=q-goods][value=no]");
  await shot("questions");
  await press("Keep and see what follows");
  await says("questions are answered", "Availability", "Because you promise up-time or recovery");
  await shot("what-follows");
  await press("Take these into the inventory");
  await says("3 data sets");
  await shot("data");

  // ---- the scope, with a window, approved alone ----------------------------------
  await page.goto(base + "/questions/first/result");
  await press("Write a draft of the scope");
  await says("waits for approval", "Harbour Post");
  await shot("scope-draft");
  await page.goto(base + "/scope");
  if (await page.locator("main [name=compensation]").count()) await page.fill("main [name=compensation]", "Our adviser reads the scope in the first week of each quarter.");
  await press(/^Approve version /);
  await says("Harbour Post");
  await shot("scope");

  // ---- controls of their own, beside the library's ---------------------------------
  await page.goto(base + "/imports/controls");
  await page.setInputFiles("[name=file]", { name: "our controls.csv", mimeType: "text/csv", buffer: Buffer.from("ID,Name,Description,SOC 2,Frequency,Status\n1,Each change is looked at twice,Someone other than its author looks at each change before it is merged.,CC8.1,Daily,OK\n2,The cellar is locked,Two people have the key of the cellar with the old servers.,CC6.4,Yearly,OK\n") });
  await press("Look at the file");
  await says("2 drafts, 0 in use already, 0 wrong", "Columns that were left aside: Status");
  await shot("import-preview");
  await press("Take in 2 drafts");
  await says("2 drafts were made");
  await page.goto(base + "/controls/each-change-is-looked-at-twice");
  await shot("control");
  await press("Approve this control");
  await shot("control-approved");

  // ---- gaps and a plan -----------------------------------------------------------
  await page.goto(base + "/gaps");
  await says("criteria in scope have gaps");
  await shot("gaps");
  await page.goto(base + "/plan/make");
  await shot("plan-make");
  await press("Make tasks of what is ticked");
  await says("tasks were made");
  await shot("plan");

  // ---- the first policy -------------------------------------------------------------
  await page.goto(base + "/policies/new?template=access-control");
  for (const f of await page.locator("main input[type=text][name^='fill.']").all()) {
    if (!(await f.inputValue())) await f.fill((await f.getAttribute("name")).endsWith("organisation") ? "Harbour Post" : "head of operations");
  }
  await shot("policy-template");
  await page.locator("main button[name=do][value=adopt]").click();
  await page.waitForURL(/\/policies\/(?!new)/);
  const policy = new URL(page.url()).pathname;
  await shot("policy-draft");
  await press(/^Submit .* for approval$/);
  await shot("policy-submitted");
  if (await page.locator("main [name=compensation]").count()) {
    const d = page.locator("main [name=compensation]").first().locator("xpath=ancestor::details[not(@open)]");
    if (await d.count()) await d.first().locator("> summary").click();
    await page.fill("main [name=compensation]", "Our adviser reads each policy within a month.");
  }
  await press(/^Approve /);
  await shot("policy-approved");
  await press(/^Publish /);
  await shot("policy-published");
  await page.goto(base + "/my" + policy);
  for (const f of await page.locator("main fieldset:has(input[type=radio])").all()) await f.locator("input[type=radio]").first().check();
  await shot("policy-to-acknowledge");
  wrong = true;
  await press("I have read it and will keep to it"); // some answers are wrong, and explained
  await shot("policy-wrong-answers");
  wrong = false;
  for (const answer of ["A request that the system's owner agrees to", "When somebody else may know it", "Have someone else decide that line", "Under the own name and raising rights for the command"]) {
    await page.locator("main label", { hasText: answer }).locator("input").check();
  }
  await press("I have read it and will keep to it");
  await shot("policy-acknowledged");

  // ---- changes from a real repository ---------------------------------------------------
  const git = (...a) => execFileSync("git", ["-C", repository, "-c", "user.name=Ann Long", "-c", "user.email=ann@harbour.example", "-c", "init.defaultBranch=main", ...a]);
  const letter = (i) => {
    writeFileSync(join(repository, "letter.txt"), `letter ${i}\n`);
    git("add", ".");
    git("commit", "-q", "-m", `letter ${i}`);
  };
  git("init", "-q");
  letter(1); // before it is followed: known, and not judged
  await page.goto(base + "/settings/repositories");
  await page.fill("[name=slug]", "letters");
  await page.fill("[name=title]", "Letters");
  await page.fill("[name=path]", repository);
  await page.fill("[name=branch]", "main");
  await shot("repositories");
  await press("Follow it");
  await shot("repository");
  await page.waitForTimeout(1500); // Git's times are whole seconds: what lands within that of following is before it
  letter(2);
  letter(3);
  await press("Read it now");
  await page.goto(base + "/changes");
  await says("letter 3");
  await shot("changes");

  // ---- the first access review: who may come into Attesta itself -----------------------
  await page.goto(base + "/access-reviews/new");
  for (const box of await page.locator("main [name=kinds]").all()) await box.setChecked((await box.getAttribute("value")) === "attesta");
  await shot("access-review-new");
  await press("Look at what it holds");
  await shot("access-review-preview");
  await press(/^Begin with /);
  await shot("access-review");
  const review = page.url();
  await page.goto(base + "/access-reviews/items");
  await page.locator("main tbody th a").first().click();
  await page.waitForLoadState();
  await page.selectOption("[name=decision]", "keep");
  if (await page.locator("main [name=compensation]").count()) await page.fill("main [name=compensation]", "Our adviser looks at the list of users each quarter.");
  await press("Decide");
  await shot("access-review-decided");
  await page.goto(review);
  await press("Close the review");
  await says("closed");
  await shot("access-review-closed");

  // ---- the first population: what landed on production, frozen for an auditor ------------
  await page.goto(base + "/populations/changes-landed");
  if (await page.locator("main [name=alone]").count()) await page.fill("main [name=alone]", "Our adviser reads the definitions each quarter.");
  const approve = page.locator("main").getByRole("button", { name: /^Approve version/, includeHidden: true });
  if (await approve.count()) await press(/^Approve version/);
  await shot("population");
  await press("Extract and freeze"); // without days: as of this moment
  await says("Digest", "letter 2", "letter 3");
  await shot("population-frozen");

  await page.goto(base + "/");
  await says("of 61 criteria");
  await shot("home-after");
} catch (e) {
  problems.push(e.message);
  await shot("where-it-ended");
} finally {
  rmSync(repository, { recursive: true, force: true });
  await browser.close();
}
console.log(`the first sitting took ${Math.round((Date.now() - began) / 1000)} s, ${n} pictures in ${out}`);
for (const p of problems) console.error("  ! " + p);
process.exit(problems.length ? 1 : 0);
