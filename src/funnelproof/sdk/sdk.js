// Keeps the ctx that a tracked link brought, and sends conversions so that each counts once.
// What is served is sdk.v1.js, which `./dev sdk` makes of this file. docs/howto/the-sdk.md tells how it is used.
(() => {
  const tag = document.currentScript ?? document.querySelector("script[src*='/_fp/sdk.']");
  if (!tag?.src || window.funnelproof) return;
  const { origin } = new URL(tag.src);
  const { searchParams, pathname } = new URL(location);
  // The pages of all handles of an installation share one origin; each handle keeps its own.
  const NAME = "funnelproof" + (origin === location.origin ? pathname.split("/")[1] : "");
  const LONGEST_WAIT_SECONDS = 128;
  const MOST_KEPT = 20;

  // What a ctx says (docs/ctx.md); false if it is none or has expired. The times of a test are those of its run's own
  // clock: NaN is neither older nor newer than anything, and has not expired.
  const open = (ctx) => {
    try {
      const bytes = atob(ctx.slice(5).replace(/-/g, "+").replace(/_/g, "/"));
      const number = (from, to) => (from < to ? number(from, to - 1) * 256 + bytes.charCodeAt(to - 1) : 0);
      const isTest = number(0, 1) % 16 === 2;
      const issued = isTest ? NaN : number(8, 14);
      const isOurs = ctx[4] === "." && ctx.length <= 256 && number(0, 1) >> 4 === 1;
      return isOurs && !(Date.now() >= issued + number(14, 18) * 1000) && { issued, isDenied: number(1, 2) % 16 === 2 };
    } catch {
      return false;
    }
  };

  const arriving = searchParams.get("ctx");
  const came = open(arriving);
  const cameDenied = came.isDenied || searchParams.get("fp_consent") === "denied";
  // Asked each time: the page may write its visitor's choice to the tag later.
  const isDenied = () => cameDenied || tag.dataset.consent === "denied";

  // Memory is all there is where storage is denied, blocked or full.
  let memory = { queue: {} };
  let isBlocked = false;
  const recall = () => {
    try {
      if (!isBlocked && !isDenied()) memory = { queue: {}, ...JSON.parse(localStorage.getItem(NAME) ?? JSON.stringify(memory)) };
    } catch {}
    return memory;
  };
  const keep = (change) => {
    change(recall());
    try {
      if (isDenied()) localStorage.removeItem(NAME);
      else localStorage.setItem(NAME, JSON.stringify(memory));
    } catch {
      isBlocked = true;
    }
  };

  const ctx = () => (open(recall().ctx) ? memory.ctx : null);

  const ask = async (path, body) => {
    try {
      const signal = AbortSignal.timeout?.(10000);
      const answer = await fetch(origin + path, { method: "POST", body, keepalive: true, credentials: "omit", signal });
      const told = await answer.json().catch(() => ({}));
      const { ok, status, headers } = answer;
      const isFinal = ok ? told.status : status < 500 && status !== 429 && !told.retryable;
      return { ok, isFinal, told: ok ? told : { error: `http_${status}`, ...told }, wait: +headers.get("retry-after") || 0 };
    } catch {
      return { wait: 0 };
    }
  };

  const refusal = (told) => Object.assign(new Error(told.message ?? told.error), told);
  const CONVERSIONS = "/v2/public/conversions";
  const unsent = {};

  const deliver = async (body, key) => {
    for (let seconds = 1; seconds <= LONGEST_WAIT_SECONDS; seconds *= 2) {
      const { ok, isFinal, told, wait } = await ask(CONVERSIONS, body);
      if (isFinal) {
        keep(({ queue }) => delete queue[key]);
        if (ok) return told;
        throw refusal(told);
      }
      await new Promise((go) => setTimeout(go, Math.max(wait, seconds * (0.5 + Math.random())) * 1000));
    }
    throw refusal({ error: "unavailable", message: "No answer. It is sent again when the next page loads." });
  };
  const send = (body, key) => (unsent[body] ??= deliver(body, key).finally(() => delete unsent[body]));

  // What nobody catches is still no fault of the page.
  const quietly = (promise) => {
    promise.catch(() => {});
    return promise;
  };

  const record = async ({ event, value, currency, key, properties, customerKey } = {}) => {
    const own = ctx();
    if (!own) throw refusal({ error: "invalid_ctx", reason: "missing", message: "This visitor brought no usable ctx." });
    // The ctx's own tag and the event: the same on every reload, without anything kept.
    key = `${key ?? `${own.slice(-22)}.${event ?? "goal"}`}`;
    const body = JSON.stringify({ ctx: own, idempotencyKey: key, eventType: event, value, currency, properties, customerKey });
    keep(({ queue }) => {
      if (queue[key] || Object.keys(queue).length < MOST_KEPT) queue[key] = body;
    });
    return send(body, key);
  };

  const link = (address) => {
    try {
      const url = new URL(address, location);
      if (!url.protocol.startsWith("http")) return address;
      if (ctx()) url.searchParams.set("ctx", ctx());
      if (isDenied()) url.searchParams.set("fp_consent", "denied");
      return url.href;
    } catch {
      return address;
    }
  };

  const fill = (form) => {
    if (!form.matches("form[data-fp-form]") || !ctx()) return;
    let field = form.querySelector("input[name=ctx]");
    if (!field) {
      form.append((field = document.createElement("input")));
      field.type = "hidden";
      field.name = "ctx";
    }
    field.value = ctx();
  };

  const arrive = async () => {
    const own = ctx();
    if (!own || memory.arrived === own) return;
    const { isFinal } = await ask("/v2/public/arrivals", JSON.stringify({ ctx: own }));
    if (isFinal) keep((state) => (state.arrived = own));
  };

  // The newest ctx wins, also against the older one of an address that is opened again.
  const began = recall().ctx;
  const isNewest = came && !(open(began).issued > came.issued);
  const present = isNewest ? arriving : (ctx() ?? undefined);
  if (present !== began || isDenied()) keep((state) => (state.ctx = present));
  window.funnelproof = Object.freeze({ ctx, link, convert: (order) => quietly(record(order)) });
  Object.entries(memory.queue).forEach(([key, body]) => quietly(send(body, key)));

  // A page that is loaded ahead of its visitor is no arrival yet.
  if (document.prerendering) addEventListener("prerenderingchange", arrive);
  else arrive();
  addEventListener("visibilitychange", () => {
    if (document.hidden) Object.keys(unsent).forEach((body) => navigator.sendBeacon(origin + CONVERSIONS, body));
  });
  ["click", "auxclick", "contextmenu"].forEach((kind) =>
    addEventListener(
      kind,
      ({ target }) => {
        const marked = target.closest?.("a[data-fp-link]");
        if (marked) marked.href = link(marked.href);
      },
      true,
    ),
  );
  const fillAll = () => document.querySelectorAll("form[data-fp-form]").forEach(fill);
  fillAll();
  addEventListener("DOMContentLoaded", fillAll);
  addEventListener("submit", ({ target }) => fill(target), true);
})();
