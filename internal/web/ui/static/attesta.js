// What a page does beyond links and forms: it announces new records, opens a
// row in the drawer, and answers a few keys. Without it every screen works.
(() => {
  "use strict";
  const $ = (selector, root = document) => root.querySelector(selector);

  // ---- news ------------------------------------------------------------------
  // The server says what was recorded since this page was made. Rows never move
  // under a reader: the news is a count, and a button that shows it. Where the
  // page has nothing to read yet, the new one takes its place at once.
  let source, news = {}, mark;

  const many = (n, one, more) => n + " " + (n === 1 ? one : more);

  function announce() {
    const box = $("#live");
    if (!box) return;
    const parts = [];
    if (news.opened) parts.push(many(news.opened, "finding opened", "findings opened"));
    if (news.closed) parts.push(many(news.closed, "finding closed", "findings closed"));
    if (news.files) parts.push(many(news.files, "unexplained change of files", "unexplained changes of files"));
    if (!parts.length) parts.push(many(news.records, "new record", "new records"));
    const toast = document.createElement("div");
    toast.className = "toast";
    const text = document.createElement("span");
    text.textContent = parts.join(", ");
    const show = document.createElement("button");
    show.type = "button";
    show.textContent = "Show";
    show.addEventListener("click", refresh);
    toast.append(text, show);
    box.replaceChildren(toast);
  }

  async function refresh() {
    news = {};
    if (!window.htmx) { location.reload(); return; }
    const at = location.pathname + location.search;
    try {
      await htmx.ajax("GET", at, { target: "#page", select: "#page", swap: "outerHTML" });
    } catch { location.reload(); }
  }

  let again = 0;
  function replaceSoon() { // at most once a second
    clearTimeout(again);
    again = setTimeout(refresh, 1000);
  }

  function listen() {
    const main = $("#main[data-live]");
    const url = main && main.dataset.live;
    if (mark === url) return;
    mark = url;
    if (source) { source.close(); source = undefined; }
    if (!url || !window.EventSource) return;
    news = {};
    source = new EventSource(url);
    source.addEventListener("inbox", (e) => {
      const count = $("#bell-count"), unread = JSON.parse(e.data).unread;
      if (count) { count.textContent = unread; count.hidden = unread === ""; }
    });
    source.addEventListener("records", (e) => {
      let said;
      try { said = JSON.parse(e.data); } catch { return; }
      for (const [k, n] of Object.entries(said)) news[k] = (news[k] || 0) + n;
      if ($("#main[data-live-replace]")) replaceSoon(); else announce();
    });
    source.addEventListener("bye", () => source && source.close());
  }

  // ---- drawer ----------------------------------------------------------------
  let opener;
  function openDrawer(from) {
    const drawer = $("#drawer");
    opener = from;
    drawer.hidden = false;
    drawer.focus();
  }
  function closeDrawer() {
    const drawer = $("#drawer");
    if (!drawer || drawer.hidden) return false;
    drawer.hidden = true;
    drawer.replaceChildren();
    document.querySelectorAll("tr.selected").forEach((r) => r.classList.remove("selected"));
    if (opener && opener.isConnected) opener.focus();
    return true;
  }

  document.addEventListener("htmx:after:swap", (e) => {
    const ctx = (e.detail && e.detail.ctx) || {};
    const target = ctx.target || e.target;
    if (target && target.id === "drawer") {
      const from = ctx.sourceElement;
      document.querySelectorAll("tr.selected").forEach((r) => r.classList.remove("selected"));
      const row = from && from.closest("tr");
      if (row) row.classList.add("selected");
      openDrawer(from);
    }
    if (target && target.id === "item") { // the queue's line that is shown
      const from = ctx.sourceElement && ctx.sourceElement.closest(".queue-list a");
      if (from) { queue().forEach((a) => a.removeAttribute("aria-current")); from.setAttribute("aria-current", "true"); }
      if (target.getBoundingClientRect().top > innerHeight * .8) $("#item").scrollIntoView(); // on a narrow screen it stands below
    }
    // The page was replaced: whoever works by keyboard goes on where its content begins.
    if (document.activeElement === document.body) { const main = $("#main"); if (main) main.focus({ preventScroll: true }); }
    listen();
  });

  // A modified click on a row opens the page itself, as any link does.
  document.addEventListener("click", (e) => {
    if (e.target.closest("[data-close-drawer]")) { e.preventDefault(); closeDrawer(); }
  });

  // ---- keys ------------------------------------------------------------------
  // Each key with when it does something here. The sheet names the same keys, and
  // hides those that do nothing on this screen; a test holds the one against the other.
  // Where "g" leads stands in the sheet alone, which names what the reader may open.
  const keys = {
    "?": { when: () => true, press: () => { const sheet = $("#keys"); if (sheet) sheet.togglePopover(); } },
    "/": { when: () => true, press: openPalette },
    g: { when: () => !!$("#keys [data-go]"), press: () => { went = Date.now(); } },
    j: { when: () => rows().length > 0, press: () => step(1) },
    k: { when: () => rows().length > 0, press: () => step(-1) },
    e: { when: () => !!act(), press: () => { const a = act(); if (a.matches("a")) a.click(); else a.focus(); } },
    x: { when: () => boxes().length > 0, press: () => { const b = $(".pick input", (document.activeElement.closest("tr") || document.createElement("tr"))); if (b) { b.click(); } } },
    r: { when: () => !!news.records, press: () => { refresh(); } },
  };
  let went = 0;
  const queue = () => [...document.querySelectorAll("#main .queue-list li > a")];
  const act = () => $("#item [data-act]") || $("#item > form button");
  function rows() { return [...queue(), ...[...document.querySelectorAll("#main table tbody tr:not(.group)")].map((r) => $("th a, td a", r)).filter(Boolean)]; }
  function step(by) {
    const list = rows(), own = (a) => a.closest("tr, li");
    let i = list.findIndex((a) => own(a).contains(document.activeElement));
    if (i < 0) i = list.findIndex((a) => a.matches(".queue-list [aria-current]")) - (by > 0 ? 1 : 0); // the first key goes to the line that is shown
    list[Math.min(Math.max(i + by, 0), list.length - 1)].focus();
  }
  function place(key) { return [...document.querySelectorAll("#keys [data-go]")].find((p) => p.dataset.go === key); }

  // Single keys can be switched off; that is kept on this device (WCAG 2.1.4).
  const keysOn = () => { try { return localStorage.getItem("attesta-keys") !== "off"; } catch { return true; } };
  function sayKeys() {
    const b = $("[data-keys-switch]");
    if (!b) return;
    b.setAttribute("aria-pressed", String(keysOn()));
    b.textContent = keysOn() ? "Single keys are on" : "Single keys are off";
  }
  document.addEventListener("toggle", (e) => {
    if (e.target.id !== "keys") return;
    sayKeys();
    document.querySelectorAll("#keys [data-keys]").forEach((dt) => {
      dt.hidden = !dt.dataset.keys.split(" ").some((k) => keys[k].when());
      dt.nextElementSibling.hidden = dt.hidden;
    });
  }, true);
  document.addEventListener("click", (e) => {
    if (!e.target.closest("[data-keys-switch]")) return;
    try { localStorage.setItem("attesta-keys", keysOn() ? "off" : "on"); } catch { return; }
    sayKeys();
  });

  // ---- palette -----------------------------------------------------------------
  // A combobox over the server's search: the focus stays in the field, the chosen
  // option is named by aria-activedescendant. Without script the button is a link.
  let asking = 0, timer = 0;
  const options = () => [...document.querySelectorAll("#palette-hits [role=option]")];
  function pick(i) {
    const list = options(), field = $("#palette-q");
    list.forEach((o, n) => o.setAttribute("aria-selected", String(n === i)));
    if (list[i]) { field.setAttribute("aria-activedescendant", list[i].id); list[i].scrollIntoView({ block: "nearest" }); }
    else field.removeAttribute("aria-activedescendant");
  }
  async function look() {
    const field = $("#palette-q"), box = $("#palette-hits"), said = $("#palette-said"), mine = ++asking;
    let text;
    try {
      const r = await fetch("/search?part=1&q=" + encodeURIComponent(field.value), { headers: { "HX-Request": "true" } });
      if (r.status === 401) { location.href = "/login?next=" + encodeURIComponent(location.pathname + location.search); return; }
      if (!r.ok) throw new Error(String(r.status));
      text = await r.text();
    } catch { if (mine === asking) { box.replaceChildren(); pick(-1); field.setAttribute("aria-expanded", "false"); said.textContent = "The search does not answer just now."; } return; }
    if (mine !== asking || !box.isConnected) return; // a newer one was asked
    box.innerHTML = text;
    const n = options().length;
    field.setAttribute("aria-expanded", String(n > 0));
    said.textContent = n ? many(n, "hit", "hits") + ". Arrows choose, Enter opens." : "Nothing of that name is here, or it is not yours to see.";
    pick(n ? 0 : -1);
  }
  function openPalette() {
    const box = $("#palette"), field = $("#palette-q");
    if (!box || !box.showModal) return false;
    if (box.open) { box.close(); return true; }
    field.value = "";
    box.showModal();
    field.focus();
    look();
    return true;
  }
  document.addEventListener("input", (e) => { if (e.target.id === "palette-q") { clearTimeout(timer); timer = setTimeout(look, 80); } });
  document.addEventListener("click", (e) => {
    if (e.target.id === "palette") { e.target.close(); return; } // beside it
    if (e.target.closest("[data-palette]") && !e.ctrlKey && !e.metaKey && openPalette()) { e.preventDefault(); return; }
    const hit = e.target.closest("#palette-hits [role=option]");
    if (hit) location.href = hit.dataset.href;
  });
  document.addEventListener("keydown", (e) => {
    if ((e.ctrlKey || e.metaKey) && !e.altKey && !e.shiftKey && e.key.toLowerCase() === "k") { if (openPalette()) e.preventDefault(); return; }
    if (e.target.id !== "palette-q") return;
    const list = options(), at = list.findIndex((o) => o.getAttribute("aria-selected") === "true");
    if (e.key === "ArrowDown" && list.length) { pick((at + 1) % list.length); e.preventDefault(); }
    if (e.key === "ArrowUp" && list.length) { pick((at - 1 + list.length) % list.length); e.preventDefault(); }
    if (e.key === "Enter" && !e.isComposing && list[at]) { location.href = list[at].dataset.href; e.preventDefault(); }
  });

  document.addEventListener("keydown", (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey) return;
    if (e.target.closest("dialog")) return; // it has keys of its own
    if (e.key === "Escape") { closeDrawer(); return; }
    if (e.target.closest("input:not([type=checkbox]), select, textarea, [contenteditable]") || !keysOn()) return;
    const to = went && Date.now() - went < 1500 && place(e.key);
    went = 0;
    if (to) { location.href = to.dataset.href; return; }
    if (!Object.hasOwn(keys, e.key) || !keys[e.key].when()) return;
    keys[e.key].press();
    e.preventDefault();
  });

  // ---- marked lines --------------------------------------------------------------
  // Check boxes work by themselves; the script counts them, marks a whole page, and
  // with Shift all rows between two.
  let lastBox;
  function boxes() { return [...document.querySelectorAll(".pick input[form=bulk]")]; }
  function sayMarked() {
    const list = boxes(), n = list.filter((b) => b.checked).length, all = $("[data-mark-all]"), said = $("[data-marked]");
    list.forEach((b) => b.closest("tr").classList.toggle("marked", b.checked));
    if (!all || !said) return;
    all.hidden = !list.length;
    all.textContent = n && n === list.length ? "Mark none" : "Mark all on this page";
    const text = n ? n + " marked" : "";
    if (said.textContent !== text) said.textContent = text;
  }
  document.addEventListener("click", (e) => {
    if (e.target.closest("[data-mark-all]")) {
      const list = boxes(), to = !list.every((b) => b.checked);
      list.forEach((b) => { b.checked = to; });
      sayMarked();
      return;
    }
    const box = e.target.closest && e.target.closest(".pick input[form=bulk]");
    if (!box) return;
    const list = boxes();
    if (e.shiftKey && lastBox && list.includes(lastBox)) {
      const [from, to] = [list.indexOf(lastBox), list.indexOf(box)].sort((a, b) => a - b);
      list.slice(from, to + 1).forEach((b) => { b.checked = box.checked; });
    }
    lastBox = box;
    sayMarked();
  });
  document.addEventListener("htmx:after:swap", sayMarked);
  document.addEventListener("DOMContentLoaded", sayMarked);
  window.addEventListener("pageshow", sayMarked);

  // ---- files ------------------------------------------------------------------
  // A file that would be refused is refused before it is sent.
  document.addEventListener("change", (e) => {
    const most = e.target.dataset && e.target.dataset.maxBytes;
    if (!most || !e.target.files) return;
    const large = e.target.files[0] && e.target.files[0].size > Number(most);
    e.target.setCustomValidity(large ? "The file is larger than " + e.target.dataset.maxWords + ", the most that is taken." : "");
    if (large) e.target.reportValidity();
  });

  // ---- back from an identity provider -------------------------------------------
  const goOn = $("form[data-go-on]");
  if (goOn) goOn.submit();

  document.addEventListener("DOMContentLoaded", listen);
  window.addEventListener("pagehide", () => { if (source) source.close(); });
  window.addEventListener("pageshow", (e) => { if (e.persisted) { mark = undefined; listen(); } });
})();
