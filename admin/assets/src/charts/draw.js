// Makes, redraws and resizes the ECharts instances of elements that say data-chart="kind".
import { BarChart, CustomChart, GraphChart, LineChart, SankeyChart, ScatterChart } from "echarts/charts";
import { AriaComponent, GridComponent, TooltipComponent } from "echarts/components";
import { getInstanceByDom, init, use } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";
import { brush } from "./brush.js";
import { palette } from "./palette.js";
import { say } from "../words.js";

use([
  ...[BarChart, CustomChart, GraphChart, LineChart, SankeyChart, ScatterChart],
  ...[AriaComponent, GridComponent, TooltipComponent, CanvasRenderer],
]);

const still = matchMedia("(prefers-reduced-motion: reduce)");

const sizes = new ResizeObserver((entries) => {
  for (const { target, contentRect: room } of entries) {
    if (room.width && room.height) getInstanceByDom(target)?.resize(); // a graph without room cannot be laid out
  }
});

// What is taken from the page is drawn no more.
document.addEventListener("htmx:beforeCleanupElement", ({ target }) => {
  if (!target.dataset?.chart) return;
  sizes.unobserve(target);
  getInstanceByDom(target)?.dispose();
});

export function draw(part, kinds) {
  for (const element of part.querySelectorAll("[data-chart]")) {
    getInstanceByDom(element)?.dispose();
    element.replaceChildren();
    try {
      drawOne(element, kinds);
    } catch (error) {
      console.error(error);
      getInstanceByDom(element)?.dispose();
      const told = Object.assign(document.createElement("span"), { className: "fine" });
      told.textContent = say("The picture cannot be drawn; the table says the same.");
      element.replaceChildren(told);
    }
  }
}

function drawOne(element, kinds) {
  const data = JSON.parse(element.dataset.values);
  const chart = init(element);
  const option = kinds[element.dataset.chart](data, palette(), element.clientWidth, element.clientHeight);
  const printed = document.documentElement.hasAttribute("data-printing");
  for (const series of option.series) series.animationDuration = still.matches || printed ? 0 : 350;
  chart.setOption({
    aria: { enabled: true, label: { description: element.getAttribute("aria-label") ?? "" } },
    ...option,
  });
  if (printed) chart.getZr().flush(); // paper does not wait for the next frame
  chart.on("click", ({ data: item }) => {
    if (item?.link) window.location.assign(item.link);
  });
  if (element.dataset.chart === "trend") brush(chart, element, data.parts);
  sizes.observe(element);
}
