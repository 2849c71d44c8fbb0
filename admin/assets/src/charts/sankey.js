// Where runs went, position by position. What flows into a node flows out of it; nothing is left away.
import { count, percent, shortened } from "./numbers.js";
import { frame, tooltip } from "./tooltip.js";

const ENDS = { succeeded: "succeeded", dropped: "dropped", failed: "failed", in_time: "in_time" };

export function sankey({ nodes, links, runs }, colours, width) {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const colour = (node) =>
    node.kind === "end" ? colours[ENDS[node.outcome]] ?? colours.other : node.kind === "other" ? colours.other : colours.accent;
  const depth = Math.max(...nodes.map(({ position }) => position), 1);
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
          fontSize: 11.5,
          formatter: ({ name }) => shortened(byId.get(name).label, room),
        },
        data: nodes.map((one) => ({
          name: one.id,
          value: one.n,
          depth: one.position,
          itemStyle: { color: colour(one), borderWidth: 0 },
          label: one.position === depth ? { position: "left" } : {},
        })),
        links: links.map(({ source, target, n }) => ({ source, target, value: n })),
      },
    ],
  };

  function node(one) {
    const rows = [["Runs", `${count(one.n)} of ${count(runs)}`], ["Share", percent(one.n / runs)]];
    for (const [label, n] of one.members ?? []) rows.push([label, count(n)]);
    return tooltip(one.label, rows, colours);
  }

  function link({ source, target, value }) {
    const from = byId.get(source);
    const rows = [["Runs", count(value)], [`Of those at ${from.label}`, percent(value / from.n)]];
    return tooltip(`${from.label} → ${byId.get(target).label}`, rows, colours);
  }
}
