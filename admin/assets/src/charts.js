// Draws every chart on the page and again when the theme or the page's content changes.
import htmx from "./htmx.js";
import { draw } from "./charts/draw.js";
import { beside } from "./charts/beside.js";
import { columns } from "./charts/columns.js";
import { funnel } from "./charts/funnel.js";
import { histogram } from "./charts/histogram.js";
import { identities } from "./charts/identities.js";
import { offerPng } from "./charts/png.js";
import { sankey } from "./charts/sankey.js";
import { survival } from "./charts/survival.js";
import { trend } from "./charts/trend.js";

const kinds = { beside, columns, funnel, histogram, identities, sankey, survival, trend };

function show(part) {
  draw(part, kinds);
  offerPng(part);
}

if (document.currentScript.className === "is-late") show(document.body);
htmx.onLoad(show);
document.addEventListener("waywiser:theme", () => draw(document, kinds));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => draw(document, kinds));
