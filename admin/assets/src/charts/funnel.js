// A column for each step: how many reached it, split into those who went on and those who ended there.
import { count, percent, rated, shortened } from "./numbers.js";
import { frame, tooltip } from "./tooltip.js";
import { counted, say } from "../words.js";

const PARTS = [
  ["went_on", say("Went on"), "accent"],
  ["succeeded", say("Succeeded"), "succeeded"],
  ["in_time", say("Still in time here"), "in_time"],
  ["failed", say("Failed here"), "failed"],
  ["dropped", say("Dropped here"), "dropped"],
];

export function funnel({ steps, unit }, colours, width) {
  const series = PARTS.map(([key, , colour]) => ({
    name: key,
    type: "bar",
    stack: "reached",
    barMaxWidth: 120,
    barCategoryGap: width < 500 ? "18%" : "32%",
    itemStyle: {
      color: colours[colour],
      borderColor: colours.surface,
      borderWidth: 0.75,
      borderRadius: 2,
    },
    emphasis: { focus: "none", itemStyle: { opacity: 0.85 } },
    data: steps.map((step) => ({ value: step[key], link: step.links[key] })),
  }));
  return {
    textStyle: { fontFamily: colours.font },
    grid: { left: 4, right: 4, top: 34, bottom: width < 500 ? 54 : 34, containLabel: false },
    tooltip: {
      ...frame(colours),
      trigger: "axis",
      axisPointer: { type: "shadow", shadowStyle: { color: colours.line, opacity: 0.35 } },
      formatter: ([{ dataIndex }]) => told(steps[dataIndex], unit, colours),
    },
    xAxis: {
      type: "category",
      data: steps.map(({ name }) => name),
      axisTick: { show: false },
      axisLine: { lineStyle: { color: colours.line } },
      axisLabel: {
        color: colours.muted,
        interval: 0,
        fontSize: colours.size(12),
        rotate: width < 500 ? 35 : 0,
        formatter: (name) => shortened(name, width < 500 ? 11 : Math.max(8, Math.floor(width / steps.length / 7.5))),
      },
    },
    yAxis: { type: "value", show: false, max: steps[0]?.progressed || 1 },
    series: [...series, marks(steps, colours, width)],
  };
}

// The share of all at the top of each column, above the line of its interval.
function marks(steps, colours, width) {
  const entered = steps[0]?.progressed ?? 0;
  return {
    type: "custom",
    silent: true,
    z: 5,
    tooltip: { show: false },
    data: steps.map(({ rate }, index) => [index, rate.low * entered, rate.high * entered, rate.value]),
    renderItem: (_, api) => {
      const [x, low] = api.coord([api.value(0), api.value(1)]);
      const [, high] = api.coord([api.value(0), api.value(2)]);
      const isSeen = low - high >= 3;
      const line = (x1, y1, x2, y2) => ({
        type: "line",
        shape: { x1, y1, x2, y2 },
        style: { stroke: colours.text, lineWidth: 1.25, opacity: 0.6 },
      });
      const label = {
        type: "text",
        style: {
          text: percent(api.value(3)),
          x,
          y: high - 7,
          align: "center",
          verticalAlign: "bottom",
          fill: colours.text,
          font: `600 ${colours.size(width < 500 ? 11 : 13)}px ${colours.font}`,
        },
      };
      const lines = [line(x, low, x, high), line(x - 5, low, x + 5, low), line(x - 5, high, x + 5, high)];
      return { type: "group", children: isSeen ? [label, ...lines] : [label] };
    },
  };
}

function told(step, unit, colours) {
  const reached = say("Reached, in order (%(unit)s)", { unit: counted(unit) });
  const rows = [[reached, count(step.progressed)], [say("Of all who entered"), rated(step.rate)]];
  for (const [key, label, colour] of PARTS) {
    if (step[key]) rows.push([label, count(step[key]), colour]);
  }
  return tooltip(step.name, rows, colours);
}
