// Lines of a list are marked by keyboard, looked at, changed and let go again.
import { join } from "node:path";

export async function many({ page, base, out, look, tour, state, bad, sizes }) {
  const at = "many", shot = (name, width = 1440, scheme = "light") => page.screenshot({ path: join(out, `${name}-${width}-${scheme}.png`), fullPage: true });
  const marked = () => page.locator(".pick input:checked").count();
  await page.goto(base + "/findings?state=all&sort=number");
  const boxes = page.locator(".pick input[form=bulk]");
  if ((await boxes.count()) < 3) { bad(at, "fewer than three findings can be marked"); return; }
  for (const key of ["j", "x", "j", "x"]) await page.keyboard.press(key); // from row to row
  if ((await marked()) !== 2) bad(at, `j and x mark ${await marked()} rows, not 2`);
  if (!(await page.locator("[data-marked]").innerText()).includes("2 marked")) bad(at, "how many are marked is not said");
  await page.keyboard.press("x");
  if ((await marked()) !== 1) bad(at, "x does not take a mark away");
  await boxes.nth(0).uncheck();
  await boxes.nth(0).click();
  await boxes.nth(2).click({ modifiers: ["Shift"] });
  if ((await marked()) !== 3) bad(at, "Shift and a click do not mark the rows between");
  for (const [width, height] of [...sizes, [320, 700]]) {
    await page.setViewportSize({ width, height });
    await look(page, "many-list", width, "light");
    await shot("many-list", width);
  }
  await page.setViewportSize({ width: 1440, height: 900 });
  await page.emulateMedia({ colorScheme: "dark" });
  await look(page, "many-list", 1440, "dark");
  await shot("many-list", 1440, "dark");
  await page.emulateMedia({ colorScheme: "light" });
  await page.screenshot({ path: join(out, "many-list-screen-1440-light.png") });

  // All that match, one of which is taken on already.
  await page.locator("#bulk-kind").focus();
  await page.keyboard.press("Tab"); // Preview
  await page.keyboard.press("Tab"); // Preview for all
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/bulk\/blk_/);
  const batch = new URL(page.url()).pathname;
  if (!(await page.locator("#main").innerText()).includes("nothing is changed yet")) bad(at, "the preview does not say that it is one");
  await tour([{ name: "many-preview", path: batch }], state);
  const apply = page.locator('form[action$="/apply"] button');
  await apply.focus();
  await page.keyboard.press("Enter");
  await page.waitForSelector('form[action$="/undo"] button');
  await tour([{ name: "many-result", path: batch }], state);
  await page.locator('form[action$="/undo"] button').focus();
  await page.keyboard.press("Enter");
  await page.waitForFunction((old) => location.pathname.startsWith("/bulk/") && location.pathname !== old, batch);
  if (!(await page.locator("h1").innerText()).includes("as before again")) bad(at, "the result of undoing does not say so");
  await tour([{ name: "many-undone", path: new URL(page.url()).pathname }, { name: "many-acts", path: "/bulk" }], state);

  // A question comes before the preview of an assignment.
  await page.goto(base + "/findings?state=all");
  await page.locator("[data-mark-all]").click();
  await page.selectOption("#bulk-kind", "findings.assign");
  await page.click('#bulk button[value="marked"]');
  await page.waitForSelector("#ask-owner");
  await tour([{ name: "many-ask", path: new URL(page.url()).pathname }], state);
  await page.selectOption("#ask-owner", { index: 1 });
  await page.click("text=Preview");
  await page.waitForSelector('form[action$="/apply"] button');
  await tour([{ name: "many-preview-owner", path: new URL(page.url()).pathname }], state);
  await page.goto(base + "/hosts");
  await page.locator(".pick input").first().check();
  await page.click('#bulk button[value="marked"]');
  await page.waitForSelector("#ask-environment");
  await page.click("#main .btn-primary"); // nothing is said
  await page.waitForSelector("#ask-owner-problem");
  await look(page, "many-hosts-wrong", 1440, "light");
  await shot("many-hosts-wrong");
}
