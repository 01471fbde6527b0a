// Tells that the page was seen and which of its buttons were used. Stores nothing in the browser.
(() => {
  const { fpEvents: events, fpPage: pageSlug, fpCtx: ctx, fpViews, fpClicks } = document.body.dataset;
  const send = (path, body) => {
    const json = new Blob([JSON.stringify(body)], { type: "application/json" });
    if (!navigator.sendBeacon(path, json)) fetch(path, { method: "POST", body: json, keepalive: true });
  };
  const tell = (event, ctaId) => send(events, { event, pageSlug, ctaId, ctx });
  const seen = () => {
    if (fpViews !== undefined) tell("PAGE_VIEW");
    if (ctx) send("/v2/public/arrivals", { ctx });
  };
  if (document.prerendering) document.addEventListener("prerenderingchange", seen, { once: true });
  else seen();
  if (fpClicks === undefined) return;
  document.addEventListener("click", (click) => {
    const cta = click.target.closest("[data-fp-cta]");
    if (cta) tell("CTA_CLICK", cta.dataset.fpCta);
  });
})();
