// Passkeys: a form with data-passkey asks the browser for one, puts its answer
// into the form and sends that as any other. Where a browser has none, the form
// stays hidden, and the page's other ways work without it.
(() => {
  "use strict";
  const able = window.isSecureContext && window.PublicKeyCredential && navigator.credentials;
  const find = "form[data-passkey]";

  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const text = (buffer) => btoa(Array.from(new Uint8Array(buffer), (b) => String.fromCharCode(b)).join("")).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const named = (list) => (list || []).map((c) => ({ ...c, id: bytes(c.id) }));

  async function make(options) {
    const publicKey = { ...options, challenge: bytes(options.challenge), user: { ...options.user, id: bytes(options.user.id) }, excludeCredentials: named(options.excludeCredentials) };
    const c = await navigator.credentials.create({ publicKey });
    return { ...common(c), response: { clientDataJSON: text(c.response.clientDataJSON), attestationObject: text(c.response.attestationObject),
      transports: c.response.getTransports ? c.response.getTransports() : [] } };
  }

  async function show(options) {
    const publicKey = { ...options, challenge: bytes(options.challenge), allowCredentials: named(options.allowCredentials) };
    const c = await navigator.credentials.get({ publicKey });
    const response = { clientDataJSON: text(c.response.clientDataJSON), authenticatorData: text(c.response.authenticatorData), signature: text(c.response.signature) };
    if (c.response.userHandle) response.userHandle = text(c.response.userHandle);
    return { ...common(c), response };
  }

  const common = (c) => ({ id: c.id, rawId: text(c.rawId), type: c.type, authenticatorAttachment: c.authenticatorAttachment || undefined, clientExtensionResults: {} });

  function why(e) {
    switch (e.name) {
      case "NotAllowedError": return "The browser gave no passkey: it was called off, took too long, or there is none for this account here.";
      case "InvalidStateError": return "This device holds a passkey of this account already.";
      case "SecurityError": return "The browser gives no passkey at this address. Open Attesta at its own address.";
      default: return e.message || String(e);
    }
  }

  async function ask(form) {
    if (form.dataset.options) return JSON.parse(form.dataset.options);
    const answer = await fetch(form.dataset.ask, { method: "POST", headers: { Accept: "application/json" } });
    const said = await answer.json().catch(() => ({}));
    if (!answer.ok) throw new Error(said.problem || "The server answered " + answer.status + ".");
    return said;
  }

  document.addEventListener("submit", async (e) => {
    const form = e.target.closest(find);
    if (!form) return;
    e.preventDefault();
    if (form.getAttribute("aria-busy") === "true") return;
    const problem = form.querySelector(".problem"), button = form.querySelector("button");
    form.setAttribute("aria-busy", "true");
    button.setAttribute("aria-busy", "true");
    problem.hidden = true;
    try {
      const asked = await ask(form);
      const answer = await (form.dataset.passkey === "create" ? make : show)(asked.options);
      form.querySelector("[data-word]").value = asked.word;
      form.querySelector("[data-answer]").value = JSON.stringify(answer);
      form.submit();
      return;
    } catch (err) {
      problem.textContent = why(err);
      problem.hidden = false;
    }
    form.removeAttribute("aria-busy");
    button.removeAttribute("aria-busy");
    button.focus();
  });

  function reveal() {
    for (const e of document.querySelectorAll(find)) e.hidden = !able;
    for (const e of document.querySelectorAll("[data-no-passkey]")) e.hidden = !!able;
  }
  document.addEventListener("DOMContentLoaded", reveal);
  document.addEventListener("htmx:after:swap", reveal);
  window.addEventListener("pageshow", () => { // back from where it led: it can be pressed again
    for (const e of document.querySelectorAll(find + ", " + find + " button")) e.removeAttribute("aria-busy");
  });
})();
