// Groups side by side: of each step a column for each group, as high as the share that came, with its interval.
import { count, percent, rated, shortened } from "./numbers.js";
import { scale } from "./scale.js";
import { frame, tooltip } from "./tooltip.js";
import { say } from "../words.js";

export function beside({ steps, groups }, colours, width) {
  const { top, interval } = scale(Math.max(...groups.flatMap(({ bars }) => bars.map(({ high }) => high ?? 0))));
  return {
    textStyle: { fontFamily: colours.font },
    grid: { left: 4, right: 4, top: 14, bottom: width < 500 ? 54 : 30, containLabel: width >= 500 },
    tooltip: {
      ...frame(colours),
      trigger: "axis",
      axisPointer: { type: "shadow", shadowStyle: { color: colours.line, opacity: 0.35 } },
      formatter: ([{ dataIndex }]) => told(steps[dataIndex], groups, dataIndex, colours),
    },
    xAxis: {
      type: "category",
      data: steps.map((name, index) => `${name}\u0000${index}`),
      axisTick: { show: false },
      axisLine: { lineStyle: { color: colours.line } },
      axisLabel: {
        color: colours.muted,
        interval: 0,
        fontSize: colours.size(12),
        rotate: width < 500 ? 35 : 0,
        formatter: (name) =>
          shortened(name.split("\u0000")[0], width < 500 ? 11 : Math.max(8, Math.floor(width / steps.length / 7.5))),
      },
    },
    yAxis: {
      type: "value",
      min: 0,
      max: top,
      interval,
      axisLabel: { show: width >= 500, color: colours.muted, fontSize: colours.size(11), formatter: percent },
      splitLine: { lineStyle: { color: colours.line } },
    },
    series: [
      ...groups.map(({ name, colour, bars }) => ({
        type: "bar",
        name,
        barMaxWidth: 46,
        barGap: "8%",
        barCategoryGap: "30%",
        itemStyle: { color: colours[colour], borderRadius: [2, 2, 0, 0] },
        data: bars.map(({ value, link }) => ({ value, link })),
      })),
      ...groups.map((group, place) => whiskers(group, place, groups.length, colours)),
    ],
  };
}

// The interval stands in the middle of its column, which the picture has to find anew as it does not say where that is.
function whiskers({ bars }, place, groups, colours) {
  return {
    type: "custom",
    silent: true,
    z: 5,
    tooltip: { show: false },
    data: bars.map(({ low, high }, index) => [index, low, high]).filter(([, low]) => low !== null),
    renderItem: (_, api) => {
      const layout = api.barLayout({ count: groups, barMaxWidth: 46, barGap: "8%", barCategoryGap: "30%" })[place];
      const [x, low] = api.coord([api.value(0), api.value(1)]);
      const [, high] = api.coord([api.value(0), api.value(2)]);
      const at = x + layout.offsetCenter;
      const line = (x1, y1, x2, y2) => ({
        type: "line",
        shape: { x1, y1, x2, y2 },
        style: { stroke: colours.text, lineWidth: 1.25, opacity: 0.6 },
      });
      const ends = [low, high].map((y) => line(at - 4, y, at + 4, y));
      return { type: "group", children: low - high >= 3 ? [line(at, low, at, high), ...ends] : [] };
    },
  };
}

function told(step, groups, index, colours) {
  const rows = groups.map(({ name, colour, bars }) => {
    const { value, count: came, n } = bars[index];
    const rate = value === null ? "–" : rated(bars[index]);
    return [name, say("%(rate)s, %(n)s of %(all)s", { rate, n: count(came), all: count(n) }), colour];
  });
  return tooltip(step, rows, colours);
}
