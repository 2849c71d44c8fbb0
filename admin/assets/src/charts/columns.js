// What happened over time: a column for each hour or day, its parts on top of each other or side by side.
import { count } from "./numbers.js";
import { frame, tooltip } from "./tooltip.js";

const HOUR = / \d\d:\d\d$/;

export function columns({ times, series, stacked }, colours) {
  const days = times.map((time) => time.replace(HOUR, ""));
  const byDay = days[0] !== times[0] && days.at(-1) !== days[0]; // hours of several days: name the days where they begin
  return {
    textStyle: { fontFamily: colours.font },
    grid: { left: 4, right: 14, top: 14, bottom: 24, containLabel: true },
    tooltip: {
      ...frame(colours),
      trigger: "axis",
      axisPointer: { type: "shadow", shadowStyle: { color: colours.line, opacity: 0.35 } },
      formatter: ([{ dataIndex }]) =>
        tooltip(
          times[dataIndex],
          series.map(({ name, colour, values }) => [name, count(values[dataIndex]), colour]),
          colours,
        ),
    },
    xAxis: {
      type: "category",
      data: times,
      axisTick: { show: false },
      axisLine: { lineStyle: { color: colours.line } },
      axisLabel: {
        color: colours.muted,
        fontSize: colours.size(11),
        hideOverlap: true,
        ...(byDay && {
          interval: (index) => days[index] !== days[index - 1],
          formatter: (time) => time.replace(HOUR, ""),
        }),
      },
    },
    yAxis: {
      type: "value",
      minInterval: 1,
      splitNumber: 3,
      axisLabel: { color: colours.muted, fontSize: colours.size(11), formatter: count },
      splitLine: { lineStyle: { color: colours.line } },
    },
    series: series.map(({ name, colour, values }) => ({
      type: "bar",
      name,
      stack: stacked ? "all" : undefined,
      barCategoryGap: "15%",
      data: values,
      itemStyle: { color: colours[colour] },
    })),
  };
}
