// How success goes with time: a line with the band of its interval, and bars as far as a rate may yet rise. Where that
// is farther than the interval reaches there is no line, so that nobody takes the undecided for a fall. The rates of
// another period are a dashed line beside it.
import { count, percent, rated } from "./numbers.js";
import { scale } from "./scale.js";
import { frame, tooltip } from "./tooltip.js";
import { counted, say } from "../words.js";

const ENDS = [
  ["succeeded", say("Succeeded")],
  ["in_time", say("Still in time")],
  ["failed", say("Failed")],
  ["dropped", say("Dropped")],
];

export function trend({ parts, unit, before }, colours, width) {
  const settled = (part) => part.entered > 0 && part.rate.at_most <= part.rate.high;
  // What may yet rise does not set the scale: a week that has just begun may rise to everything.
  const shown = parts.some(settled) ? parts.filter(settled) : parts;
  const highest = [...shown.map(({ rate }) => rate.high ?? 0), ...before.map(({ rate }) => rate.value ?? 0)];
  const { top, interval } = scale(Math.max(...highest));
  const plain = { type: "line", silent: true, symbol: "none", lineStyle: { opacity: 0 }, tooltip: { show: false } };
  const band = (of) => parts.map((part) => (settled(part) ? of(part.rate) : null));
  return {
    textStyle: { fontFamily: colours.font },
    grid: { left: 4, right: 14, top: 14, bottom: 24, containLabel: true },
    tooltip: {
      ...frame(colours),
      trigger: "axis",
      axisPointer: { type: "shadow", shadowStyle: { color: colours.line, opacity: 0.35 } },
      formatter: ([{ dataIndex }]) => told(parts[dataIndex], before[dataIndex], unit, colours),
    },
    xAxis: {
      type: "category",
      data: parts.map(({ short }, index) => `${short}\u0000${index}`),
      axisTick: { show: false },
      axisLine: { lineStyle: { color: colours.line } },
      axisLabel: {
        color: colours.muted,
        fontSize: colours.size(11),
        hideOverlap: true,
        formatter: (name) => name.split("\u0000")[0],
      },
    },
    yAxis: {
      type: "value",
      min: 0,
      max: top,
      interval,
      axisLabel: { color: colours.muted, fontSize: colours.size(11), formatter: percent },
      splitLine: { lineStyle: { color: colours.line } },
    },
    series: [
      { ...plain, stack: "band", data: band(({ low }) => low) },
      {
        ...plain,
        stack: "band",
        areaStyle: { color: colours.soft, opacity: 0.35 },
        data: band(({ low, high }) => high - low),
      },
      {
        type: "bar",
        stack: "may",
        silent: true,
        barMaxWidth: 18,
        itemStyle: { color: "transparent" },
        data: parts.map((part) => (part.immature ? part.rate.at_least : null)),
      },
      {
        type: "bar",
        stack: "may",
        barMaxWidth: 18,
        itemStyle: { color: colours.in_time, opacity: 0.45, borderRadius: [3, 3, 0, 0] },
        data: parts.map((part) =>
          part.immature
            ? { value: Math.min(part.rate.at_most, top) - Math.min(part.rate.at_least, top), link: part.link }
            : null,
        ),
      },
      {
        type: "line",
        z: 3,
        silent: true,
        symbol: "none",
        lineStyle: { color: colours.second, width: 2, type: "dashed" },
        data: before.map(({ rate }) => rate.value),
      },
      {
        type: "line",
        z: 4,
        lineStyle: { color: colours.accent, width: 2 },
        symbol: "circle",
        symbolSize: parts.length > (width < 500 ? 31 : 62) ? 4 : 7,
        showAllSymbol: true,
        data: parts.map((part) =>
          settled(part) ? { value: part.rate.value, link: part.link, itemStyle: mark(part, colours, "accent") } : null,
        ),
      },
      {
        type: "scatter",
        z: 4,
        symbol: "diamond",
        symbolSize: 8,
        data: parts.map((part) =>
          part.entered && !settled(part)
            ? { value: Math.min(part.rate.value, top), link: part.link, itemStyle: mark(part, colours, "in_time") }
            : null,
        ),
      },
    ],
  };
}

// Hollow: too small a sample to rely on.
function mark({ small }, colours, colour) {
  return { color: small ? colours.surface : colours[colour], borderColor: colours[colour], borderWidth: 1.5 };
}

function told(part, other, unit, colours) {
  const rows = [[say("Began (%(unit)s)", { unit: counted(unit) }), count(part.entered)]];
  if (part.entered) {
    rows.push([part.immature ? say("Succeeded so far") : say("Succeeded"), rated(part.rate)]);
    if (part.immature) rows.push([say("May yet rise to"), percent(part.rate.at_most), "in_time"]);
    for (const [key, label] of ENDS) if (part.outcomes[key]) rows.push([label, count(part.outcomes[key]), key]);
  }
  if (other?.entered) rows.push([other.name, rated(other.rate), "second"]);
  const flags = [part.partial && say("part of it only"), part.small && part.entered && say("small sample")].filter(Boolean);
  return tooltip(flags.length ? `${part.name} (${flags.join(", ")})` : part.name, rows, colours);
}
