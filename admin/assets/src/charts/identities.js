// Which ids are one customer, and by what: users in the middle, what they used around them. Dashed edges join nothing.
import { count, shortened } from "./numbers.js";
import { frame, tooltip } from "./tooltip.js";
import { say } from "../words.js";

const SHAPES = { user: "circle", anonymous: "rect" };
const COLOURS = { user: "accent", anonymous: "soft" };
const STATES = { standing: say("joined"), retracted: say("taken back"), refused: say("refused: joins nothing") };
const day = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const FEW = 12;
const FARTHEST = 130; // pixels between neighbours

export function identities({ nodes, edges }, colours, width, height) {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const degree = new Map(nodes.map(({ id }) => [id, 0]));
  for (const { source, target } of edges) for (const id of [source, target]) degree.set(id, degree.get(id) + 1);
  const few = nodes.length <= FEW;
  const narrow = width <= 560;
  const wider = Math.max(0.7, Math.min(1.7, width / height)); // on a phone the picture is tall
  const colour = (node) => (node.apart ? colours.surface : colours[COLOURS[node.kind] ?? "second"]);
  return {
    textStyle: { fontFamily: colours.font },
    tooltip: {
      ...frame(colours),
      formatter: ({ dataType, data }) => (dataType === "edge" ? edge(data.told) : node(byId.get(data.id))),
    },
    series: [
      {
        type: "graph",
        layout: "none",
        roam: "move",
        left: 0,
        right: 0,
        top: 0,
        bottom: 0,
        emphasis: { focus: "adjacency", label: { show: true } },
        labelLayout: { hideOverlap: true },
        label: { show: true, position: "bottom", color: colours.text, fontSize: colours.size(11.5) },
        edgeLabel: { show: few && !narrow, color: colours.muted, fontSize: colours.size(10.5), formatter: ({ data }) => data.told.rule },
        data: fitted(placed(nodes, edges, degree, wider), width, height).map(({ id, x, y }) => {
          const one = byId.get(id);
          if (!one) return { id, name: id, x, y, symbolSize: 0, label: { show: false }, tooltip: { show: false } };
          return {
            id,
            name: id,
            x,
            y,
            symbol: SHAPES[one.kind] ?? "diamond",
            symbolSize: one.kind === "user" ? 22 : few ? 16 : narrow ? 7 : 11,
            itemStyle: { color: colour(one), borderColor: one.apart ? colours.muted : colour(one), borderWidth: 1.5 },
            label: {
              show: few || one.kind === "user",
              position: y < height / 2 && one.kind !== "user" ? "top" : "bottom", // away from the edge
              formatter: shortened(one.value, narrow ? 12 : few ? 22 : 16),
            },
          };
        }),
        links: edges.map((told) => ({
          source: told.source,
          target: told.target,
          told,
          lineStyle: {
            color: told.state === "standing" ? colours.other : colours.second,
            type: told.state === "standing" ? "solid" : "dashed",
            width: 1.5,
            opacity: 1,
            curveness: byId.get(told.source).kind === "user" && byId.get(told.target).kind === "user" ? 0.2 : 0,
          },
        })),
      },
    ],
  };

  function node(one) {
    const rows = [[say("Kind"), one.kind], [say("Links"), count(degree.get(one.id))]];
    if (one.contested) rows.push([say("Used by"), say("several people")]);
    if (one.apart) rows.push([say("Belongs to"), say("another customer")]);
    return tooltip(one.value, rows, colours);
  }

  function edge(told) {
    const ends = `${byId.get(told.source).value} – ${byId.get(told.target).value}`;
    const seen = day.format(told.at);
    const rows = [[say("Because"), told.why], [say("First seen"), seen], [say("Now"), STATES[told.state]]];
    return tooltip(ends, rows, colours);
  }
}

// Places in pixels, the picture in the middle. The library fits whatever it gets into its frame, so two corners that
// are not drawn keep it from stretching a picture of few ids.
function fitted(found, width, height) {
  const span = (values) => [Math.min(...values), Math.max(...values)];
  const [left, right] = span(found.map(({ x }) => x));
  const [top, bottom] = span(found.map(({ y }) => y));
  const scale = Math.min((width - Math.min(150, width / 3)) / (right - left || 1), (height - 70) / (bottom - top || 1), FARTHEST);
  return [
    { id: "", x: 0, y: 0 },
    { id: " ", x: width, y: height },
    ...found.map(({ id, x, y }) => ({
      id,
      x: width / 2 + (x - (left + right) / 2) * scale,
      y: height / 2 + (y - (top + bottom) / 2) * scale,
    })),
  ];
}

// Hubs stand in a row; what hangs on one stands around it in rings, and what hangs on two between them. The same ids
// always make the same picture, which a simulation would not.
function placed(nodes, edges, degree, wider) {
  const near = new Map(nodes.map(({ id }) => [id, []]));
  for (const { source, target } of edges) {
    near.get(source).push(target);
    near.get(target).push(source);
  }
  const order = [...nodes].sort((a, b) => (b.kind === "user") - (a.kind === "user") || degree.get(b.id) - degree.get(a.id));
  const hubs = order.filter((one, at) => one.kind === "user" || at === 0 || degree.get(one.id) > 2);
  const around = new Map(hubs.map(({ id }) => [id, []]));
  const between = [];
  for (const { id } of order.filter((one) => !around.has(one.id))) {
    const holders = near.get(id).filter((other) => around.has(other));
    if (holders.length > 1) between.push({ id, holders });
    else around.get(holders[0] ?? hubs[0].id).push(id);
  }
  const places = new Map();
  let left = 0;
  for (const { id } of hubs) {
    const ring = rings(around.get(id), hubs.length === 1);
    const reach = Math.max(1, ...ring.map(({ far }) => far));
    left += reach;
    places.set(id, { x: left * wider, y: 0 });
    for (const { id: one, angle, far } of ring) {
      places.set(one, { x: (left + Math.cos(angle) * far) * wider, y: Math.sin(angle) * far });
    }
    left += reach;
  }
  between.forEach(({ id, holders }, at) => {
    const x = (places.get(holders[0]).x + places.get(holders[1]).x) / 2;
    places.set(id, { x, y: -0.8 - 0.4 * at });
  });
  return [...places].map(([id, place]) => ({ id, ...place }));
}

const INNER = 10;

function rings(ids, alone) {
  const found = [];
  for (let from = 0, far = 1; from < ids.length; far += 0.75) {
    const some = ids.slice(from, from + Math.round(INNER * far));
    const first = angle(some.length, alone);
    some.forEach((id, at) => found.push({ id, far, angle: first + (2 * Math.PI * at) / some.length }));
    from += some.length;
  }
  return found;
}

// Beside other hubs nothing stands on their line; a hub alone may have one or two at its sides.
function angle(n, alone) {
  if (alone && n < 3) return 0;
  return Math.PI / 2 + (n % 4 === 0 ? Math.PI / n : 0);
}
