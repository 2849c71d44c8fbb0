// How long something took: a bar for each span of time, with median and ninth decile marked by name.
import { count, duration, percent } from "./numbers.js";
import { frame, tooltip } from "./tooltip.js";
import { counted, say } from "../words.js";

export function histogram({ bars, unit, median, p90 }, colours) {
  const inside = (x, bar) => x !== null && x >= bar.from && (bar.to === null || x < bar.to);
  return {
    textStyle: { fontFamily: colours.font },
    grid: { left: 4, right: 14, top: 22, bottom: 24 },
    tooltip: {
      ...frame(colours),
      trigger: "axis",
      axisPointer: { type: "shadow", shadowStyle: { color: colours.line, opacity: 0.35 } },
      formatter: ([{ dataIndex }]) =>
        tooltip(span(bars[dataIndex]), [[say("Took so long (%(unit)s)", { unit: counted(unit) }), count(bars[dataIndex].n)]], colours),
    },
    xAxis: {
      type: "category",
      data: bars.map(({ from }) => duration(from)),
      axisTick: { show: false },
      axisLine: { lineStyle: { color: colours.line } },
      axisLabel: { color: colours.muted, fontSize: colours.size(11), hideOverlap: true },
    },
    yAxis: { type: "value", show: false },
    series: [
      {
        type: "bar",
        barCategoryGap: "12%",
        data: bars.map((bar) => ({
          value: bar.n,
          itemStyle: { color: inside(median, bar) ? colours.accent : colours.soft, borderRadius: [2, 2, 0, 0] },
          label: {
            show: inside(median, bar) || inside(p90, bar),
            position: "top",
            color: colours.muted,
            fontSize: colours.size(11),
            formatter: inside(median, bar) ? say("median") : percent(0.9),
          },
        })),
      },
    ],
  };
}

// The last bar has no end.
function span({ from, to }) {
  if (to === null) return say("%(from)s or longer", { from: duration(from) });
  return say("%(from)s to %(to)s", { from: duration(from), to: duration(to) });
}
