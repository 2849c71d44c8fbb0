// Where runs went, position by position. What flows into a node flows out of it; nothing is left away.
import { chance, count, percent, points, rated, shortened } from "./numbers.js";
import { frame, tooltip } from "./tooltip.js";
import { counted, say } from "../words.js";

const SURE = 0.05;
const ENDS = { succeeded: "succeeded", reached: "succeeded", dropped: "dropped", failed: "failed", in_time: "in_time" };

export function sankey({ nodes, links, runs, unit = "runs", compared = false }, colours, width) {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const size = (one) => (compared ? (one.share + one.otherShare) / 2 : one.n);
  const colour = (node) =>
    compared ? apart(node) : node.kind === "end" ? colours[ENDS[node.outcome]] ?? colours.other : node.kind === "other" ? colours.other : colours.accent;
  const depth = Math.max(...nodes.map(({ position }) => position), 1);
  const what = counted(unit).replace(/^./, (first) => first.toUpperCase());
  const room = Math.max(8, Math.floor(width / (depth + 1) / 7.5));
  return {
    textStyle: { fontFamily: colours.font },
    tooltip: {
      ...frame(colours),
      formatter: ({ dataType, data }) => (dataType === "edge" ? link(data) : node(byId.get(data.name))),
    },
    series: [
      {
        type: "sankey",
        left: 4,
        right: 4,
        top: 8,
        bottom: 8,
        nodeWidth: 12,
        nodeGap: 10,
        nodeAlign: "left",
        draggable: false,
        layoutIterations: 24,
        emphasis: { focus: "adjacency" },
        lineStyle: { color: "source", opacity: 0.22, curveness: 0.5 },
        label: {
          color: colours.text,
          fontSize: colours.size(11.5),
          formatter: ({ name }) => shortened(byId.get(name).label, room),
        },
        data: nodes.filter(size).map((one) => ({
          name: one.id,
          value: size(one),
          depth: one.position,
          link: one.link,
          itemStyle: { color: colour(one), borderWidth: 0 },
          label: one.position === depth ? { position: "left" } : {},
        })),
        links: links.filter(size).map((one) => ({
          ...one,
          value: size(one),
          lineStyle: compared ? { color: apart(one), opacity: 0.4 } : {},
        })),
      },
    ],
  };

  // Which group is here more often, where chance alone hardly makes so much among all that is drawn.
  function apart({ difference: { value, p_adjusted: p } }) {
    if (p === null || p >= SURE) return colours.other;
    return value > 0 ? colours.accent : colours.second;
  }

  function groups(one) {
    const { value, low, high, p_adjusted: p } = one.difference;
    const rows = [
      [say("Segment"), `${count(one.n)} (${percent(one.share)})`],
      [say("Compared"), `${count(one.others)} (${percent(one.otherShare)})`],
      [say("Difference"), say("%(difference)s points (%(low)s to %(high)s)", { difference: points(value), low: points(low), high: points(high) })],
    ];
    if (p !== null) rows.push([say("By chance (p, corrected)"), chance(p)]);
    return rows;
  }

  function node(one) {
    const rows = compared
      ? groups(one)
      : [[what, say("%(n)s of %(all)s", { n: count(one.n), all: count(runs) })], [say("Share"), rated(one.rate)]];
    if (one.repeats) rows.push([say("Repeats held"), count(one.repeats)]);
    if (one.returns) rows.push([say("Were here before"), count(one.returns)]);
    return tooltip(one.label, rows, colours);
  }

  function link(one) {
    const from = byId.get(one.source);
    const rows = compared
      ? groups(one)
      : [[what, count(one.n)], [say("Of those at %(place)s", { place: byId.get(one.of).label }), rated(one.of_source)]];
    return tooltip(`${from.label} → ${byId.get(one.target).label}`, rows, colours);
  }
}
