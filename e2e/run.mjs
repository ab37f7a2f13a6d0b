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
import { many } from "./many.mjs";

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

// ---- the door ---------------------------------------------------------------
console.log("the door");
let pages = [{ name: "login", path: "/login" }, { name: "link-gone", path: "/link/nothing", status: 404 }];
if (opt.link) pages.push({ name: "link", path: new URL(opt.link).pathname });
await tour(pages, undefined);

const inside = await browser.newContext({ viewport: { width: 1440, height: 900 }, colorScheme: "light" });
const page = await inside.newPage();
let at = "login";
await watch(page, () => at, ["status of 401", "status of 404", "status of 422"]);
await page.goto(base + "/findings");
if (!page.url().includes("/login?next=")) bad("door", "whoever is not signed in got to " + page.url());
await page.fill("#login", "nobody");
await page.fill("#password", "wrong wrong wrong");
await page.press("#password", "Enter");
await page.waitForSelector("[role=alert]");
await page.screenshot({ path: join(out, "login-wrong-1440-light.png"), fullPage: true });
if (opt.link) {
  await page.goto(opt.link);
  await page.fill("#password", opt.password);
  await page.click("button[value=set]");
  await page.waitForURL(base + "/");
} else {
  await page.goto(base + "/login");
  await page.fill("#login", opt.login);
  await page.fill("#password", opt.password);
  await page.press("#password", "Enter");
  await page.waitForURL(base + "/");
}
const state = await inside.storageState();

// ---- what there is to see ----------------------------------------------------
const first = async (path, selector) => {
  await page.goto(base + path);
  const a = await page.$(selector);
  return a ? await a.getAttribute("href") : null;
};
const yesterday = new Date(Date.now() - 86400000).toISOString().slice(0, 10);
if (opt.act) { // an examination, set up as a new user would, so that its screens are full
  at = "engagement";
  const day = (n) => new Date(Date.now() + n * 864e5).toISOString().slice(0, 10);
  const setUp = async (title) => {
    await page.goto(base + "/engagements/new");
    await page.fill("#f-title", title);
    await page.fill("#f-from", day(120));
    await page.fill("#f-to", day(-60));
    await page.check('input[value="availability"]');
    await page.click("#main .btn-primary");
    await page.waitForSelector("#p-to"); // the wrong way round: what was typed is kept
    if ((await page.inputValue("#f-title")) !== title) bad(at, "what was typed is lost");
    await page.fill("#f-from", day(-60));
    await page.fill("#f-to", day(120));
    await page.fill("#f-firm", "Hartwell Crane LLP");
    await page.click("#main .btn-primary");
    await page.waitForURL(/\/engagements\/\d+$/);
    return new URL(page.url()).pathname;
  };
  const room = await setUp("SOC 2 type 2, first window");
  for (const [ref, text, due] of [["1.1", "Code of conduct with the date of its approval (CC1.1)", day(-3)], ["2.1", "Population of production hosts in the period, with its query (CC6.1)", day(9)]]) {
    await page.goto(base + room);
    await page.click("summary:has-text('by hand')");
    await page.fill("#f-ref", ref);
    await page.fill("#f-text", text);
    await page.fill("#f-due", due);
    await page.click("button:has-text('Add the request')");
    await page.waitForURL(/\/requests\//);
  }
  await page.fill("#f-answer", "The hosts are frozen once the window has ended.");
  await page.selectOption("#f-ours", "in_progress");
  await page.click("button:has-text('Save')");
  await page.waitForSelector(".flash");
  await page.fill("#f-message", "Which day decides membership for you?");
  await page.click("button:has-text('Send the message')");
  await page.waitForSelector("text=Which day decides");
  const list = await (await inside.request.get(base + room + "/requests.xlsx")).body(); // our own form is a list that another engagement takes in
  const other = await setUp("SOC 2 type 2, second window");
  for (const [name, file] of [["request-import", list], ["request-import-wrong", Buffer.from("Ref;Request")]]) {
    await page.goto(base + other);
    await page.setInputFiles("#f-file", { name: "list.xlsx", mimeType: "application/octet-stream", buffer: file });
    await page.click("button:has-text('Look at the list')");
    await page.waitForURL(/import$/);
    for (const [width, height] of sizes) {
      await page.setViewportSize({ width, height });
      await look(page, name, width, "light");
      await page.screenshot({ path: join(out, `${name}-${width}-light.png`), fullPage: true });
    }
    await page.setViewportSize({ width: 1440, height: 900 });
  }
}
pages = [
  { name: "home", path: "/" },
  { name: "activity", path: "/ledger?by=system&type=user." },
  { name: "activity-wrong", path: "/ledger?by=system&from=2026-12-02&to=2026-12-01", status: 422 },
  { name: "search", path: "/search?q=cc7" },
  { name: "search-none", path: "/search?q=nothing+is+called+this" },
  { name: "criteria", path: "/criteria" },
  { name: "criteria-deviation", path: "/criteria?status=deviation" },
  { name: "criterion", path: "/criteria/CC6.1" },
  { name: "criterion-out", path: "/criteria/P1.1" },
  { name: "controls", path: "/controls" },
  { name: "library", path: "/controls/library" },
  { name: "library-unused", path: "/controls/library?use=no&series=CC6" },
  { name: "library-none", path: "/controls/library?use=yes&criterion=P8.1" },
  { name: "crosswalks", path: "/crosswalks" },
  { name: "scope", path: "/scope" },
  { name: "scope-edit", path: "/scope/edit" },
  { name: "scope-edit-boundary", path: "/scope/edit?question=boundary" },
  { name: "scope-edit-commitments", path: "/scope/edit?question=commitments" },
  { name: "scope-edit-categories", path: "/scope/edit?question=categories" },
  { name: "scope-edit-examination", path: "/scope/edit?question=examination" },
  { name: "scope-edit-reason", path: "/scope/edit?question=reason" },
  { name: "evidence", path: "/evidence" },
  { name: "evidence-none", path: "/evidence?q=nothing+is+called+so&fresh=stale" },
  { name: "evidence-bad-filter", path: "/evidence?state=golden", status: 422 },
  { name: "policies", path: "/policies" },
  { name: "policies-none", path: "/policies?state=retired&q=nothing+is+called+so" },
  { name: "policies-bad-filter", path: "/policies?state=golden", status: 422 },
  { name: "policy-new", path: "/policies/new" },
  { name: "policy-adopt", path: "/policies/new?template=access-control" },
  { name: "policy-write", path: "/policies/new?way=write" },
  { name: "policy-import", path: "/policies/new?way=import" },
  { name: "my-policies", path: "/my/policies" },
  { name: "imports", path: "/imports" },
  { name: "programme", path: "/settings/programme" },
  { name: "imports-controls", path: "/imports/controls" },
  { name: "questions-first", path: "/questions/first" },
  { name: "questions-need", path: "/questions/need" },
  { name: "questions-result", path: "/questions/first/result" },
  { name: "questions-advice", path: "/questions/need/result" },
  { name: "questions-none", path: "/questions/last", status: 404 },
  { name: "data", path: "/data" },
  { name: "data-accounts", path: "/data/accounts" },
  { name: "data-new", path: "/data/new" },
  { name: "data-bad-filter", path: "/data?class=golden", status: 422 },
  { name: "gaps", path: "/gaps" },
  { name: "gaps-list", path: "/gaps/list" },
  { name: "gaps-criterion", path: "/gaps/CC6.1" },
  { name: "gaps-bad-filter", path: "/gaps?show=some", status: 422 },
  { name: "plan", path: "/plan" },
  { name: "plan-make", path: "/plan/make" },
  { name: "plan-new", path: "/plan/new" },
  { name: "readiness", path: "/readiness" },
  { name: "work", path: "/work" },
  { name: "work-bad-filter", path: "/work?kind=golden", status: 422 },
  { name: "work-waiting", path: "/work/waiting" },
  { name: "work-away", path: "/work/away" },
  { name: "calendar", path: "/calendar" },
  { name: "calendar-list", path: "/calendar?view=list" },
  { name: "calendar-bad-month", path: "/calendar?month=August", status: 422 },
  { name: "calendar-plan", path: "/calendar/plan" },
  { name: "calendar-feed", path: "/calendar/feed" },
  { name: "responsibilities", path: "/responsibilities" },
  { name: "people", path: "/people" },
  { name: "people-left", path: "/people?state=left&sort=left" },
  { name: "people-bad-filter", path: "/people?state=golden", status: 422 },
  { name: "people-chart", path: "/people/chart" },
  { name: "people-unclear", path: "/people/unclear" },
  { name: "person-new", path: "/people/new" },
  { name: "person-none", path: "/people/per_nothing", status: 404 },
  { name: "checklists", path: "/checklists" },
  { name: "people-sources", path: "/settings/people" },
  { name: "people-source-ldap", path: "/settings/people/new?kind=ldap" },
  { name: "people-source-file", path: "/settings/people/new?kind=csv" },
  { name: "assets", path: "/assets" },
  { name: "assets-lacking", path: "/assets?gap=owner" },
  { name: "assets-bad-filter", path: "/assets?state=golden", status: 422 },
  { name: "asset-new", path: "/assets/new" },
  { name: "assets-import", path: "/assets/import" },
  { name: "assets-many", path: "/assets/many" },
  { name: "flows", path: "/flows" },
  { name: "flow-new", path: "/flows/new" },
  { name: "diagrams", path: "/diagrams" },
  { name: "diagram-new", path: "/diagrams/new" },
  { name: "capacity", path: "/capacity" },
  { name: "capacity-bad-filter", path: "/capacity?measure=luck", status: 422 },
  { name: "capacity-plan", path: "/capacity/plan" },
  { name: "capacity-reviews", path: "/capacity/reviews" },
  { name: "references", path: "/references" },
  { name: "references-new", path: "/references/new" },
  { name: "references-bad-filter", path: "/references?show=maybe", status: 422 },
  { name: "references-none", path: "/references/RH-999999", status: 404 },
  { name: "endpoints", path: "/endpoints" },
  { name: "endpoints-bad-filter", path: "/endpoints?only=maybe", status: 422 },
  { name: "device-managements", path: "/device-managements" },
  { name: "device-managements-new", path: "/device-managements/new" },
  { name: "segmentation", path: "/segmentation" },
  { name: "segmentation-flows", path: "/segmentation/flows" },
  { name: "segmentation-bad-filter", path: "/segmentation/flows?verdict=maybe", status: 422 },
  { name: "segmentation-proofs", path: "/segmentation/proofs" },
  { name: "segmentation-plan", path: "/segmentation/plan" },
  { name: "firewall", path: "/firewall" },
  { name: "firewall-rules", path: "/firewall/rules" },
  { name: "firewall-justifications", path: "/firewall/justifications" },
  { name: "firewall-justification-new", path: "/firewall/justifications/new" },
  { name: "firewall-reviews", path: "/firewall/reviews" },
  { name: "firewall-import", path: "/firewall/import" },
  { name: "firewall-none", path: "/firewall/FW-999999", status: 404 },
  { name: "components", path: "/components?show=all" },
  { name: "components-inbox", path: "/components" },
  { name: "components-bad-filter", path: "/components?show=golden", status: 422 },
  { name: "components-learn", path: "/components/learn" },
  { name: "components-preview", path: "/components/learn?preview=yes&from=2020-01-01" },
  { name: "backups", path: "/backups" },
  { name: "backups-bad-filter", path: "/backups?show=golden", status: 422 },
  { name: "backup-new", path: "/backups/new" },
  { name: "backup-runs", path: "/backups/runs" },
  { name: "backups-import", path: "/backups/import" },
  { name: "threats", path: "/threats" },
  { name: "threat-new", path: "/threats/new" },
  { name: "alternates", path: "/alternates" },
  { name: "alternate-new", path: "/alternates/new" },
  { name: "own-tests", path: "/own-tests" },
  { name: "own-tests-bad-filter", path: "/own-tests?state=golden", status: 422 },
  { name: "own-test-new", path: "/own-tests/new" },
  { name: "places", path: "/places" },
  { name: "place-new", path: "/places/new" },
  { name: "premises", path: "/premises" },
  { name: "badges", path: "/badges" },
  { name: "badge-system-new", path: "/badge-systems/new" },
  { name: "badge-lists", path: "/badge-lists" },
  { name: "visitors", path: "/visitors" },
  { name: "visitors-bad-filter", path: "/visitors?state=golden", status: 422 },
  { name: "visitor-new", path: "/visitors/new" },
  { name: "sensors", path: "/sensors" },
  { name: "sensor-new", path: "/sensors/new" },
  { name: "firms", path: "/firms" },
  { name: "firm-new", path: "/firms/new" },
  { name: "reports", path: "/reports" },
  { name: "report-new", path: "/reports/new" },
  { name: "report-copies", path: "/reports/copies" },
  { name: "my-training", path: "/my/training" },
  { name: "training", path: "/training" },
  { name: "training-none", path: "/training?q=nobody+is+called+so" },
  { name: "training-bad-filter", path: "/training?state=golden", status: 422 },
  { name: "training-courses", path: "/training/courses" },
  { name: "training-course", path: "/training/courses/phishing" },
  { name: "training-elsewhere", path: "/training/elsewhere" },
  { name: "training-import", path: "/training/import" },
  { name: "concerns", path: "/concerns" },
  { name: "concerns-follow", path: "/concerns/follow" },
  { name: "concerns-received", path: "/concerns/received" },
  { name: "concerns-recipients", path: "/concerns/recipients" },
  { name: "vendors", path: "/vendors" },
  { name: "vendors-bad-filter", path: "/vendors?state=golden", status: 422 },
  { name: "vendor-new", path: "/vendors/new" },
  { name: "vendors-import", path: "/vendors/import" },
  { name: "vendor-registers", path: "/vendors/registers" },
  { name: "changes", path: "/changes" },
  { name: "changes-waiting", path: "/changes?manner=unanswered" },
  { name: "changes-bad-filter", path: "/changes?outcome=golden", status: 422 },
  { name: "deployments", path: "/changes/deployments" },
  { name: "deployments-bad-filter", path: "/changes/deployments?from=31-06-2026", status: 422 },
  { name: "changes-reconciled", path: "/changes/reconciliation" },
  { name: "changes-reconciled-wrong", path: "/changes/reconciliation?from=2026-02-01&to=2026-01-01", status: 422 },
  { name: "standard-changes", path: "/changes/standard" },
  { name: "change-ask", path: "/changes/ask" },
  { name: "environments", path: "/changes/environments" },
  { name: "repositories", path: "/settings/repositories" },
  { name: "integrity", path: "/integrity" },
  { name: "integrity-open", path: "/integrity?state=open" },
  { name: "integrity-bad-verdict", path: "/integrity?verdict=fine", status: 422 },
  { name: "integrity-changes", path: "/integrity/changes" },
  { name: "integrity-hosts", path: "/integrity/hosts" },
  { name: "integrity-tools", path: "/integrity/tools" },
  { name: "baselines", path: "/baselines" },
  { name: "baselines-bad-filter", path: "/baselines?only=golden", status: 422 },
  { name: "baselines-all", path: "/baselines/all" },
  { name: "baselines-ask", path: "/baselines/ask" },
  { name: "baselines-compare", path: "/baselines/compare" },
  { name: "baselines-none", path: "/baselines/BL-999999", status: 404 },
  { name: "integrity-none", path: "/integrity/IC-999999", status: 404 },
  { name: "targets", path: "/targets" },
  { name: "targets-bad-state", path: "/targets?state=tall", status: 422 },
  { name: "target-failures", path: "/targets/failures" },
  { name: "access-reviews", path: "/access-reviews" },
  { name: "access-review-new", path: "/access-reviews/new" },
  { name: "access-review-items", path: "/access-reviews/items" },
  { name: "access-review-bad-flag", path: "/access-reviews/items?flag=tall", status: 422 },
  { name: "access-revocations", path: "/access-reviews/revocations" },
  { name: "access-lists", path: "/access-reviews/lists" },
  { name: "access-duties", path: "/access-reviews/duties" },
  { name: "governance", path: "/governance" },
  { name: "meetings", path: "/meetings" },
  { name: "obligations", path: "/obligations" },
  { name: "board-pack", path: "/board-pack" },
  { name: "risks", path: "/risks" },
  { name: "risks-bad-filter", path: "/risks?state=golden", status: 422 },
  { name: "risk-new", path: "/risks/new" },
  { name: "risks-catalogue", path: "/risks/catalogue" },
  { name: "risk-appetite", path: "/risks/appetite" },
  { name: "risk-assessments", path: "/risk-assessments" },
  { name: "findings", path: "/findings" },
  { name: "many-none", path: "/bulk" },
  { name: "many-gone", path: "/bulk/blk_nothing", status: 404 },
  { name: "findings-all", path: "/findings?state=all&sort=number" },
  { name: "findings-none", path: "/findings?state=late&severity=low" },
  { name: "hosts", path: "/hosts" },
  { name: "standards", path: "/standards" },
  { name: "engagements", path: "/engagements" },
  { name: "timeline", path: "/timeline" },
  { name: "waivers", path: "/waivers" },
  { name: "exclusions", path: "/exclusions" },
  { name: "populations", path: "/populations" },
  { name: "compare-nothing", path: "/hosts/compare", status: 422 },
  { name: "engagement-new", path: "/engagements/new" },
  { name: "standards-none", path: "/standards?state=superseded" },
  { name: "ledger", path: "/ledger" },
  { name: "reliance", path: "/reliance" },
  { name: "reliance-people", path: "/reliance?section=people" },
  { name: "reliance-wrong", path: "/reliance?from=2026-02-01&to=2026-01-01", status: 422 },
  { name: "ledger-findings", path: "/ledger?type=finding." },
  { name: "entry-0", path: "/ledger/0" },
  { name: "health", path: "/settings/health" },
  { name: "health-passing", path: "/settings/health?outcome=pass&sort=name" },
  { name: "health-none", path: "/settings/health?q=nothing-is-called-this" },
  { name: "health-bad-filter", path: "/settings/health?outcome=waived", status: 422 },
  { name: "anchors", path: "/settings/anchors" },
  { name: "anchors-bad-filter", path: "/settings/anchors?kind=king", status: 422 },
  { name: "backups", path: "/settings/backup" },
  { name: "backups-bad-filter", path: "/settings/backup?why=king", status: 422 },
  { name: "users", path: "/settings/users" },
  { name: "users-none", path: "/settings/users?q=nobody+is+called+so" },
  { name: "users-bad-filter", path: "/settings/users?role=king", status: 422 },
  { name: "account", path: "/account" },
  { name: "tokens", path: "/account/tokens" },
  { name: "second", path: "/account/second" },
  { name: "login-settings", path: "/settings/login" },
  { name: "inbox", path: "/inbox" },
  { name: "inbox-read-too", path: "/inbox?all=1&kind=finding.opened" },
  { name: "inbox-bad-filter", path: "/inbox?kind=king", status: 422 },
  { name: "notifications", path: "/account/notifications" },
  { name: "mail", path: "/settings/mail" },
  { name: "webhooks", path: "/settings/webhooks" },
  { name: "directory", path: "/settings/directory" },
  { name: "directory-bad-filter", path: "/settings/directory?state=king", status: 422 },
  { name: "nothing", path: "/nothing-here", status: 404 },
  { name: "criteria-yesterday", path: "/criteria?at=" + yesterday + "&known=then" },
  { name: "home-yesterday", path: "/?at=" + yesterday },
  { name: "findings-yesterday", path: "/findings?at=" + yesterday },
  { name: "differences", path: "/posture/differences" },
  { name: "differences-yesterday", path: "/posture/differences?at=" + yesterday },
  { name: "differences-bad", path: "/posture/differences?at=31-06-2026", status: 422 },
  { name: "bad-date", path: "/criteria?at=31-06-2026", status: 422 },
  { name: "bad-filter", path: "/findings?severity=dreadful", status: 422 },
];
const add = (name, path) => { if (path) pages.push({ name, path }); };
if (opt.act) {
  add("timeline-engagement", "/timeline?engagement=1");
  add("timeline-criteria", "/timeline?engagement=1&by=criteria");
}
await page.goto(base + "/hosts");
const two = await page.$$eval("#main input[name=host]", (list) => list.slice(0, 2).map((e) => "host=" + e.value));
if (two.length === 2) add("compare", "/hosts/compare?" + two.join("&"));
add("criterion-worst", await first("/criteria?status=deviation", "#main table.heat th a"));
add("change", await first("/changes", "#main tbody th a"));
add("change-failing", await first("/changes?outcome=fail", "#main tbody th a"));
add("deployment", await first("/changes/deployments", "#main tbody th a"));
add("repository", await first("/settings/repositories", "#main tbody th a"));
add("control", await first("/controls?kind=automated", "#main tbody th a"));
add("control-manual", await first("/controls", "#main tbody th a"));
add("backup", await first("/settings/backup", "#main tbody th a"));
add("user", await first("/settings/users", "#main tbody th a"));
const item = await first("/evidence", "#main tbody th a");
add("evidence-item", item);
add("library-control", await first("/controls/library?use=no", "#main tbody th a"));
const crosswalk = await first("/crosswalks", "#main tbody th a");
add("crosswalk", crosswalk);
if (crosswalk) add("crosswalk-framework", crosswalk + "?from=framework");
const standard = await first("/standards", "#main tbody th a");
add("standard", standard);
if (standard) {
  add("check", await first(standard, "#main tbody th a"));
  add("standard-tier", standard + "?tier=recommended");
  add("standard-diff", standard + "/diff?from=installed");
  add("check-tailor", "/checks/linux-server/sshd-max-auth-tries/tailor");
}
const host = await first("/hosts", "#main tbody th a");
add("host", host);
if (host) add("host-yesterday", host + "?at=" + yesterday);
pages.push({ name: "hosts-sorted", path: "/hosts?sort=failing&result=failing" }, { name: "hosts-none", path: "/hosts?q=nothing-is-called-this" },
  { name: "hosts-compare-one", path: "/hosts/compare?host=x", status: 422 });
if (host) {
  add("section", await first(host, 'a[href*="/sections/"]'));
  add("section-filter", (await first(host, 'a[href*="/sections/"]')) + "?q=root");
}
if (await first("/engagements", '#main a[href="/engagements/1"]')) {
  add("engagement", "/engagements/1");
  add("engagement-late", "/engagements/1?show=late");
  add("engagement-change", "/engagements/1/change");
  add("engagement-empty", "/engagements/2");
  add("request", await first("/engagements/1?show=late", '#main a[href*="/requests/1.1"]'));
  add("request-answered", "/engagements/1/requests/2.1");
}
const finding = await first("/findings", "#main tbody td a");
add("finding", finding);
if (finding) {
  add("finding-facts", await first(finding, '.derivation a[href*="/sections/"]'));
  add("entry", await first(finding, '.derivation a[href^="/ledger/"]'));
  add("check-failing", await first(finding, '.derivation a[href^="/checks/"]'));
}
console.log(`${pages.length} screens, ${opt.name}`);
await tour(pages, state);

// ---- what they do -------------------------------------------------------------
console.log("what they do");
at = "drawer";
await page.goto(base + "/criteria");
const row = page.locator("table.heat th a", { hasText: "CC6.1" }).first();
await row.click();
await page.waitForSelector("#drawer:not([hidden]) h2");
await look(page, "drawer", 1440, "light");
await page.screenshot({ path: join(out, "drawer-1440-light.png") });
if (!(await page.evaluate(() => document.activeElement.id === "drawer"))) bad(at, "focus does not go to the drawer");
await page.keyboard.press("Escape");
if (await page.locator("#drawer").isVisible()) bad(at, "Escape does not close it");
if ((await page.evaluate(() => document.activeElement.textContent)).trim() !== "CC6.1") bad(at, "focus does not come back");
if (new URL(page.url()).pathname !== "/criteria") bad(at, "the page was left");

at = "keys";
await page.keyboard.press("?");
if (!(await page.locator("#keys").isVisible())) bad(at, "? shows no sheet");
await page.screenshot({ path: join(out, "keys-1440-light.png") });
if (await page.locator('#keys [data-keys="r"]').isVisible()) bad(at, "the sheet names a key that does nothing here");
if (!(await page.locator('#keys [data-keys="j k"]').isVisible())) bad(at, "the sheet does not name the keys of rows");
await page.keyboard.press("Escape");
await page.keyboard.press("g");
await page.keyboard.press("l");
await page.waitForURL(base + "/ledger");

at = "palette";
for (const [width, scheme] of [[1440, "light"], [390, "dark"], [320, "light"]]) {
  await page.setViewportSize({ width, height: 900 });
  await page.emulateMedia({ colorScheme: scheme });
  const find = page.locator("[data-palette]");
  await find.focus();
  await page.keyboard.press(width === 390 ? "/" : "Control+k");
  await page.waitForSelector("#palette-hits [role=option]");
  if ((await page.evaluate(() => document.activeElement.id)) !== "palette-q") bad(at, "the field has no focus");
  await page.keyboard.type("cc6.1");
  await page.waitForSelector('#palette-hits [role=option][aria-selected="true"][data-href="/criteria/CC6.1"]');
  await page.screenshot({ path: join(out, `palette-${width}-${scheme}.png`) });
  await look(page, "palette", width, scheme);
  await page.keyboard.press("Escape");
  if (await page.locator("#palette").isVisible()) bad(at, "Escape does not close it");
  if (!(await find.evaluate((e) => e === document.activeElement))) bad(at, "focus does not come back");
}
await page.setViewportSize({ width: 1440, height: 900 });
await page.emulateMedia({ colorScheme: "light" });
await page.keyboard.press("Control+k");
await page.keyboard.type("cc6");
await page.waitForSelector('#palette-hits [role=option][data-href="/criteria/CC6.2"]');
const chosen = await page.getAttribute("#palette-q", "aria-activedescendant");
await page.keyboard.press("ArrowDown");
const second = await page.getAttribute("#palette-q", "aria-activedescendant");
if (!chosen || !second || chosen === second) bad(at, "the arrows choose nothing");
const to = await page.getAttribute("#" + second, "data-href");
await page.keyboard.press("Enter");
await page.waitForURL(base + to);
await page.goto(base + "/ledger");

at = "chip";
await page.goto(base + "/findings");
const chip = page.locator(".chip", { hasText: "Closed" });
if (await chip.count()) {
  await chip.click();
  await page.waitForURL(/state=closed/);
  await page.waitForSelector('.chip[aria-current="true"]:has-text("Closed")');
  await page.goBack();
  await page.waitForURL(base + "/findings");
}

at = "period";
for (let tries = 0; ; tries++) { // going back may still be loading its page
  try {
    await page.goto(base + "/criteria");
    break;
  } catch (e) {
    if (tries === 5 || !/interrupted|ERR_ABORTED/.test(String(e))) throw e;
  }
}
await page.click("button.period");
await page.waitForSelector("#period:popover-open");
await look(page, "period", 1440, "light");
await page.screenshot({ path: join(out, "period-1440-light.png") });
await page.click("#period button[type=submit]");
await page.waitForURL(/at=/);
await page.waitForSelector(".past-bar");
await look(page, "criteria-past", 1440, "light");
await page.screenshot({ path: join(out, "criteria-past-1440-light.png"), fullPage: true });
await page.click(".sections >> text=Home");
if (!page.url().includes("at=")) bad(at, "the period is lost on the way to Home");
await page.screenshot({ path: join(out, "home-past-1440-light.png"), fullPage: true });

at = "account menu";
await page.goto(base + "/");
await page.click("button.who");
await page.waitForSelector("#account:popover-open");
await look(page, "account-menu", 1440, "light");
await page.screenshot({ path: join(out, "account-menu-1440-light.png") });
await page.click("#account button[value=dark]");
await page.waitForSelector('html[data-theme="dark"]');
await page.click("button.who");
await page.click('#account button[name=theme][value=""]');
await page.waitForSelector("html:not([data-theme])");

at = "narrow menu";
await page.setViewportSize({ width: 390, height: 844 });
await page.click(".menu-button");
await page.waitForSelector("#map:popover-open");
await look(page, "menu", 390, "light");
await page.screenshot({ path: join(out, "menu-390-light.png") });
await page.setViewportSize({ width: 1440, height: 900 });

at = "events";
const heard = page.waitForResponse((r) => r.url().includes("/events?"), { timeout: 5000 });
await page.goto(base + "/");
const stream = await heard.catch(() => null);
if (!stream || stream.status() !== 200) bad(at, "the stream of new records does not open");

at = "without script";
const plain = await browser.newContext({ viewport: { width: 1440, height: 900 }, javaScriptEnabled: false, storageState: state });
const still = await plain.newPage();
for (const p of pages) {
  const answer = await still.goto(base + p.path);
  if (answer.status() !== (p.status || 200)) bad("without script " + p.name, `answers ${answer.status()}`);
}
await still.goto(base + "/criteria");
await still.click("table.heat th a");
if (!new URL(still.url()).pathname.startsWith("/criteria/")) bad(at, "a row of the grid leads nowhere");
await plain.close();

at = "other sites";
const cross = await inside.request.post(base + "/theme", { headers: { Origin: "https://elsewhere.example", "Sec-Fetch-Site": "cross-site" }, form: { theme: "dark" }, maxRedirects: 0 });
if (cross.status() !== 403) bad(at, `a form of another site is answered ${cross.status()}, not 403`);

if (opt.act) {
  at = "take on";
  if (finding) {
    await page.goto(base + finding);
    const button = page.locator("button", { hasText: "Take it on" });
    if (await button.count()) {
      await button.click();
      await page.waitForSelector(".flash");
      await page.screenshot({ path: join(out, "finding-taken-1440-light.png"), fullPage: true });
    }
  }
  at = "many";
  if (finding) await many({ page, base, out, look, tour, state, bad, sizes });
  at = "token"; // shown once, and on a phone too
  for (const [width, height] of sizes) {
    await page.setViewportSize({ width, height });
    await page.goto(base + "/account/tokens");
    await page.fill("#name", `export at ${width}`);
    await page.click("#main .btn-primary");
    await page.waitForSelector("#made, #proof-password", { state: "visible" });
    if (await page.locator("#proof-password").count()) { // the session is older than a quarter of an hour: nothing typed is lost
      await page.fill("#proof-password", opt.password);
      await page.click("#main .btn-primary");
      await page.waitForSelector("#made", { state: "visible" });
    }
    if (!(await page.inputValue("#made")).startsWith("atta_")) bad(at, "the new token is not shown");
    await look(page, "token-made", width, "light");
    await page.screenshot({ path: join(out, `token-made-${width}-light.png`), fullPage: true });
  }
  await page.setViewportSize({ width: 1440, height: 900 });
  at = "evidence by hand";
  await page.goto(base + "/controls/board-oversight");
  const approve = page.locator("button", { hasText: "Approve this control" });
  if (await approve.count()) {
    await approve.click();
    await page.waitForSelector(".flash");
  }
  await page.goto(base + "/evidence/new?control=board-oversight");
  await look(page, "evidence-new", 1440, "light");
  await page.screenshot({ path: join(out, "evidence-new-1440-light.png"), fullPage: true });
  await page.locator("input[name=cover]").first().check();
  await page.fill("#e-title", "Minutes of the board");
  await page.fill("#e-source", "minutes of the meeting");
  for (const name of ["performed", "from"]) await page.fill("#e-" + name, new Date().toISOString().slice(0, 10));
  await page.fill("#e-to", "2001-01-01");
  await page.setInputFiles("#e-file", { name: "minutes.txt", mimeType: "text/plain", buffer: Buffer.from("The board met.") });
  await page.click("button.btn-primary");
  await page.waitForSelector("#e-to-problem");
  await look(page, "evidence-refused", 1440, "light");
  await page.screenshot({ path: join(out, "evidence-refused-1440-light.png"), fullPage: true });
  await page.fill("#e-to", new Date().toISOString().slice(0, 10));
  await page.setInputFiles("#e-file", { name: "minutes.txt", mimeType: "text/plain", buffer: Buffer.from("The board met.") });
  await page.click("button.btn-primary");
  await page.waitForURL(/\/evidence\/E-/);
  const brought = new URL(page.url()).pathname;
  await page.fill("#r-comp", "An adviser from outside looks at it each year.");
  await page.click("button[value=accepted]");
  await page.waitForSelector(".flash");
  await tour([{ name: "evidence-item", path: brought }, { name: "evidence-full", path: "/evidence" }, { name: "control-instances", path: "/controls/board-oversight" }], state);
  at = "tailor";
  if (standard) {
    await page.goto(base + "/checks/linux-server/sshd-max-auth-tries/tailor");
    await page.fill("#p-max_auth_tries", "many");
    await page.click("button[value=preview]");
    await page.waitForSelector("[role=alert]");
    await look(page, "check-tailor-wrong", 1440, "light");
    await page.screenshot({ path: join(out, "check-tailor-wrong-1440-light.png"), fullPage: true });
    await page.fill("#p-max_auth_tries", "3");
    await page.click("button[value=preview]");
    await page.waitForSelector("#h-pre");
    await look(page, "check-tailor-preview", 1440, "light");
    await page.screenshot({ path: join(out, "check-tailor-preview-1440-light.png"), fullPage: true });
  }
  at = "approve";
  if (standard) {
    await page.goto(base + standard);
    const button = page.locator("button", { hasText: "Approve version" });
    if (await button.count()) {
      await button.click();
      await page.waitForSelector(".flash");
      await page.screenshot({ path: join(out, "standard-approved-1440-light.png"), fullPage: true });
      await look(page, "standard-approved", 1440, "light");
    }
  }
  at = "passkey"; // a device of Chromium's own: added, alone, after the password, removed
  const device = await inside.newCDPSession(page);
  await device.send("WebAuthn.enable");
  const { authenticatorId } = await device.send("WebAuthn.addVirtualAuthenticator", { options: { protocol: "ctap2", transport: "internal",
    hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true } });
  const verified = (isUserVerified) => device.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified });
  const byPassword = async () => {
    await page.fill("#login", opt.login || "admin");
    await page.fill("#password", opt.password);
    await page.click('form[action="/login"] button');
    await page.waitForURL(/\/login\/code/);
  };
  const leave = async () => {
    await page.click("button.who");
    await page.click('form[action="/logout"] button');
    await page.waitForURL(/\/login/);
  };
  await page.goto(base + "/account");
  await page.fill("#passkey-name", "work laptop");
  await page.click("#passkeys button[value=begin]");
  await page.waitForSelector("form[data-passkey=create] button, #proof-password", { state: "visible" });
  if (await page.locator("#proof-password").count()) {
    await page.fill("#proof-password", opt.password);
    await page.click("#main .btn-primary >> text=It is me");
    await page.waitForSelector("form[data-passkey=create] button", { state: "visible" });
  }
  await look(page, "passkey-new", 1440, "light");
  await page.screenshot({ path: join(out, "passkey-new-1440-light.png"), fullPage: true });
  await page.click("form[data-passkey=create] button");
  await page.waitForSelector(".flash");
  const mine = await inside.storageState();
  await tour([{ name: "account-passkey", path: "/account" }], mine);
  await leave();
  await tour([{ name: "login", path: "/login" }]);
  await verified(false); // the device does not know its owner: nothing opens
  await page.click('form[action="/login/passkey"] button');
  await page.waitForSelector('form[action="/login/passkey"] .problem:not([hidden])', { timeout: 90000 });
  if (!new URL(page.url()).pathname.startsWith("/login")) bad(at, "it opens without its owner");
  await look(page, "login-passkey-none", 1440, "light");
  await page.screenshot({ path: join(out, "login-passkey-none-1440-light.png"), fullPage: true });
  await verified(true);
  await page.click('form[action="/login/passkey"] button');
  await page.waitForURL(base + "/");
  await page.goto(base + "/account");
  if (!(await page.locator("#main").innerText()).includes("by passkey")) bad(at, "the session does not say how it was opened");
  await leave();
  await byPassword();
  for (const [width, height] of [...sizes, [320, 700]]) {
    await page.setViewportSize({ width, height });
    await look(page, "login-passkey-second", width, "light");
    await page.screenshot({ path: join(out, `login-passkey-second-${width}-light.png`), fullPage: true });
  }
  await page.setViewportSize({ width: 1440, height: 900 });
  await page.click('form[action="/login/code"] button');
  await page.waitForURL(base + "/");
  await page.goto(base + "/account");
  await page.click('#passkeys button[value=remove]');
  await page.waitForSelector(".flash");
  if (!(await page.locator("#passkeys").innerText()).includes("There is none yet")) bad(at, "it is not removed");
  await device.send("WebAuthn.removeVirtualAuthenticator", { authenticatorId });
  await device.detach();
}

await browser.close();
console.log(`${looked} views looked at, pictures in ${out}`);
if (problems.length) {
  console.error(`${problems.length} problems`);
  process.exit(1);
}
