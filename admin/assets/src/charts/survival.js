// Which share had come by when: a staircase for each group, with the band of its interval.
import { duration, percent, rated } from "./numbers.js";
import { scale } from "./scale.js";
import { frame, tooltip } from "./tooltip.js";
import { say } from "../words.js";

const DASHES = ["solid", "dashed", "dotted", [8, 3, 2, 3], [2, 5]];

export function survival({ curves }, colours) {
  const end = Math.max(...curves.map(({ points }) => shown(points)));
  const { top, interval } = scale(Math.max(...curves.flatMap(({ points }) => points.map(({ high }) => high))));
  return {
    textStyle: { fontFamily: colours.font },
    grid: { left: 4, right: 20, top: 14, bottom: 24, containLabel: true },
    tooltip: {
      ...frame(colours),
      trigger: "axis",
      axisPointer: { type: "line", lineStyle: { color: colours.muted } },
      formatter: ([{ axisValue: seconds }]) =>
        tooltip(say("Within %(time)s", { time: duration(seconds) }), curves.map((one) => told(one, seconds)), colours),
    },
    xAxis: {
      type: "value",
      min: 0,
      max: end,
      interval: step(end),
      axisTick: { show: false },
      splitLine: { show: false },
      axisLine: { lineStyle: { color: colours.line } },
      axisLabel: { color: colours.muted, fontSize: colours.size(11), hideOverlap: true, showMaxLabel: false, formatter: duration },
    },
    yAxis: {
      type: "value",
      min: 0,
      max: top,
      interval,
      axisLabel: { color: colours.muted, fontSize: colours.size(11), formatter: percent },
      splitLine: { lineStyle: { color: colours.line } },
    },
    series: curves.flatMap((curve, index) => [
      band(curve, colours),
      {
        type: "line",
        name: curve.name,
        step: "end",
        symbol: "none",
        z: 4,
        lineStyle: { color: colours[curve.colour], width: 2, type: DASHES[index % DASHES.length] },
        itemStyle: { color: colours[curve.colour] },
        data: curve.points.map(({ seconds, value }) => [seconds, value]),
      },
    ]),
  };
}

function band({ points, colour }, colours) {
  const corners = (end) =>
    points.flatMap((point, at) => [
      [point.seconds, points[Math.max(at - 1, 0)][end]],
      [point.seconds, point[end]],
    ]);
  const outline = [...corners("high"), ...corners("low").reverse()];
  return {
    type: "custom",
    silent: true,
    clip: true,
    tooltip: { show: false },
    data: [[0, 0]],
    renderItem: (_, api) => ({
      type: "polygon",
      shape: { points: outline.map((corner) => api.coord(corner)) },
      style: { fill: colours[colour], opacity: 0.13 },
    }),
  };
}

// The picture ends a while after the last came: what follows is flat.
function shown(points) {
  const last = points.findLast(({ value }, at) => at > 0 && value > points[at - 1].value);
  return last ? Math.min(points.at(-1).seconds, last.seconds * 1.3) : points.at(-1).seconds;
}

// Marks of the time axis at round times.
function step(end) {
  const hours = [1, 3, 6, 12, ...[1, 2, 5, 7, 14, 30, 60, 90, 180, 365].map((days) => days * 24)];
  const round = [1, 5, 15, 60, 300, 900, ...hours.map((one) => one * 3600)];
  return round.find((one) => end / one <= 7) ?? end / 5;
}

function told({ name, points, colour }, seconds) {
  return [name, rated(points.findLast((point) => point.seconds <= seconds) ?? points[0]), colour];
}
