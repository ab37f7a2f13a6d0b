// Programs of others ask "why does CC7.1 show a deviation?": a client that is
// generated from the OpenAPI document by @hey-api/openapi-ts, and one that speaks
// the Model Context Protocol by its own SDK. Both must give the same answer, down to
// an item that fails.
//   node programs.mjs --base http://localhost:7373 --link http://localhost:7373/link/…
import { createClient as generate } from "@hey-api/openapi-ts";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";
import ts from "typescript";

const { values: opt } = parseArgs({ options: { base: { type: "string" }, link: { type: "string" }, chromium: { type: "string", default: process.env.CHROMIUM || "/usr/bin/chromium" } } });
const here = dirname(fileURLToPath(import.meta.url));
const work = mkdtempSync(join(here, "generated-"));
const problems = [];

// A token that may look, made by a person on the screen.
async function token() {
  const browser = await chromium.launch({ executablePath: opt.chromium, args: ["--no-sandbox"] });
  try {
    const page = await browser.newPage();
    await page.goto(opt.link);
    await page.fill("#password", "a few words in a row");
    await page.click("button[value=set]");
    await page.waitForURL(opt.base + "/");
    await page.goto(opt.base + "/account/tokens");
    await page.fill("#name", "reads why");
    await page.click("text=Make the token");
    return await page.inputValue("#made");
  } finally {
    await browser.close();
  }
}

// generated makes a client of the document that the server serves, checks its types,
// and loads it.
async function generated() {
  const document = join(work, "openapi.json");
  writeFileSync(document, await (await fetch(opt.base + "/api/openapi.json", { headers: { Authorization: "Bearer " + bearer } })).text());
  await generate({ input: document, output: { path: join(work, "client"), importFileExtension: ".js" }, plugins: ["@hey-api/client-fetch", "@hey-api/typescript", "@hey-api/sdk"], logs: { level: "silent", file: false } });
  const files = readdirSync(join(work, "client"), { recursive: true }).filter((f) => f.endsWith(".ts")).map((f) => join(work, "client", f));
  const program = ts.createProgram(files, { strict: true, target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext, skipLibCheck: true,
    rootDir: join(work, "client"), outDir: join(work, "js"), lib: ["lib.es2022.d.ts", "lib.dom.d.ts", "lib.dom.iterable.d.ts"] });
  const said = [...ts.getPreEmitDiagnostics(program), ...program.emit().diagnostics].filter((d) => d.category === ts.DiagnosticCategory.Error);
  for (const d of said.slice(0, 5)) problems.push("the generated client: " + ts.flattenDiagnosticMessageText(d.messageText, " "));
  const at = (f) => import(pathToFileURL(join(work, "js", f)).href);
  return [await at("sdk.gen.js"), (await at("client.gen.js")).client];
}

let bearer;
try {
  bearer = await token();
  const [sdk, client] = await generated();
  client.setConfig({ baseUrl: opt.base + "/api/v1", auth: bearer });
  const { data: byHTTP, error } = await sdk.criteriaExplain({ path: { id: "CC7.1" } });
  if (error) problems.push("the generated client is refused: " + JSON.stringify(error));
  const { error: wrong } = await sdk.criteriaExplain({ path: { id: "CC99.9" } });
  if (!wrong?.title && !wrong?.detail) problems.push("an unknown criterion is no problem: " + JSON.stringify(wrong));

  const mcp = new Client({ name: "somebody else's", version: "1" });
  await mcp.connect(new StreamableHTTPClientTransport(new URL(opt.base + "/mcp"), { requestInit: { headers: { Authorization: "Bearer " + bearer } } }));
  const { tools } = await mcp.listTools();
  if (!tools.some((t) => t.name === "criteria_explain")) problems.push("no tool explains a criterion");
  const called = await mcp.callTool({ name: "criteria_explain", arguments: { id: "CC7.1" } });
  const byTool = JSON.parse(called.content[0].text);
  await mcp.close();

  if (byHTTP?.status !== "deviation") problems.push("CC7.1 shows " + byHTTP?.status + ", not a deviation");
  if (byHTTP?.why !== byTool.why) problems.push(`two answers: ${byHTTP?.why} / ${byTool.why}`);
  const text = JSON.stringify(byHTTP);
  if (!/"F-\d+"/.test(text) && !/"item/.test(text)) problems.push("no item that fails is named: " + text.slice(0, 400));
  console.log(`programs: CC7.1 is ${byHTTP?.status}: ${byHTTP?.why}`);
} catch (e) {
  problems.push(e.stack || String(e));
} finally {
  rmSync(work, { recursive: true, force: true });
}
for (const p of problems) console.error("  ! " + p);
process.exit(problems.length ? 1 : 0);
