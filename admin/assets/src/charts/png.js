// Pictures as PNG files: below their title what they are of and when it was computed, and the legend that stands
// beside them on the page, on the background of the theme.
import { getInstanceByDom } from "echarts/core";
import { palette } from "./palette.js";
import { say } from "../words.js";

const RATIO = 2; // pixels to one of the page, so that text is sharp where it is printed
const EDGE = 24;
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const opened = new Date();

export function offerPng(part) {
  for (const chart of part.querySelectorAll(".card [data-chart]")) {
    const card = chart.closest(".card");
    const head = card.querySelector(".card-header");
    if (head && !card.querySelector("[data-png]")) toolsOf(head).append(button(card, titleOf(head)));
  }
}

function toolsOf(head) {
  const found = head.querySelector(".card-tools");
  if (found) return found;
  const tools = document.createElement("div");
  tools.className = "card-tools";
  head.querySelector("h2, h3")?.after(tools);
  return tools.isConnected ? tools : head.appendChild(tools);
}

function button(card, title) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "btn btn-sm";
  made.dataset.png = "";
  made.setAttribute("aria-label", `PNG: ${title}`);
  const icon = card.querySelector(".card-tools .icon")?.cloneNode(true);
  const word = document.createElement("span");
  word.textContent = "PNG";
  if (icon) word.className = "ms-1";
  made.append(...(icon ? [icon, word] : [word]));
  made.addEventListener("click", () => save(card, title));
  return made;
}

function titleOf(head) {
  const page = document.querySelector("h1")?.textContent.trim() ?? "";
  const own = head.querySelector("h2, h3")?.textContent.trim() ?? "";
  return [page, own].filter(Boolean).join(": ");
}

function save(card, title) {
  drawn(card, title).toBlob((blob) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = `${title.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "-").slice(0, 80)}.png`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  });
}

// One canvas with all pictures of a card, one below the other.
function drawn(card, title) {
  const colours = palette();
  const pictures = [...card.querySelectorAll("[data-chart]")].flatMap((element) => {
    const chart = getInstanceByDom(element);
    if (!chart) return [];
    const canvas = chart.renderToCanvas({ pixelRatio: RATIO, backgroundColor: colours.surface });
    const about = (element.getAttribute("aria-label") ?? "").replace(/; the tables? below.*/, "");
    return [{ canvas, about, width: chart.getWidth(), height: chart.getHeight() }];
  });
  const width = Math.max(...pictures.map((one) => one.width));
  const sheet = new Sheet(width, colours);
  sheet.write(title, 18, { weight: 600 });
  for (const line of about()) sheet.write(line, 13, { colour: colours.muted });
  sheet.legend(legendOf(card));
  for (const one of pictures) {
    sheet.write(one.about, 13, { colour: colours.muted });
    sheet.picture(one);
  }
  return sheet.canvas();
}

// Where there is no list, the rows of a table carry the marks of what is drawn.
function legendOf(card) {
  const list = [...card.querySelectorAll(".card-body > .legend")].at(-1);
  return [...(list ? list.querySelectorAll("li") : card.querySelectorAll(".card-body tbody th:has(.dot-mark)"))];
}

function about() {
  const { about, at: computed } = document.querySelector("#main [data-about]")?.dataset ?? {};
  const at = computed ? new Date(computed) : opened;
  return [about, say("Computed %(time)s", { time: exact.format(at) })].filter(Boolean);
}

// Collects what is to be drawn from top to bottom, because a canvas must know its height first.
class Sheet {
  constructor(width, colours) {
    this.width = width;
    this.colours = colours;
    this.top = EDGE;
    this.steps = [];
    this.measure = document.createElement("canvas").getContext("2d");
  }

  font(size, weight = 400) {
    return `${weight} ${size}px ${this.colours.font}`;
  }

  write(text, size, { weight = 400, colour = this.colours.text } = {}) {
    const font = this.font(size, weight);
    for (const line of this.lines(text, font)) {
      const top = this.top;
      this.steps.push((context) => {
        context.font = font;
        context.fillStyle = colour;
        context.fillText(line, EDGE, top + size);
      });
      this.top += size * 1.45;
    }
  }

  lines(text, font) {
    this.measure.font = font;
    const found = [""];
    for (const word of text.split(/\s+/)) {
      const longer = `${found.at(-1)} ${word}`.trim();
      if (this.measure.measureText(longer).width <= this.width) found[found.length - 1] = longer;
      else found.push(word);
    }
    return found;
  }

  legend(items) {
    const font = this.font(13);
    this.measure.font = font;
    let left = 0;
    this.top += 8;
    for (const item of items) {
      const text = item.textContent.trim().replace(/\s+/g, " ");
      const room = 16 + this.measure.measureText(text).width + 18;
      if (left && left + room > this.width) {
        left = 0;
        this.top += 20;
      }
      const [x, y, mark] = [EDGE + left, this.top, item.querySelector(".dot-mark > *")];
      this.steps.push((context) => {
        if (mark) shape(context, mark, x, y + 2);
        context.font = font;
        context.fillStyle = this.colours.text;
        context.fillText(text, x + (mark ? 16 : 0), y + 11);
      });
      left += room;
    }
    this.top += items.length ? 28 : 0;
  }

  picture({ canvas, width, height }) {
    const top = this.top;
    this.steps.push((context) => context.drawImage(canvas, EDGE, top, width, height));
    this.top += height + 12;
  }

  canvas() {
    const made = document.createElement("canvas");
    made.width = (this.width + 2 * EDGE) * RATIO;
    made.height = Math.ceil(this.top + EDGE) * RATIO;
    const context = made.getContext("2d");
    context.scale(RATIO, RATIO);
    context.fillStyle = this.colours.surface;
    context.fillRect(0, 0, made.width, made.height);
    for (const step of this.steps) step(context);
    return made;
  }
}

// The marks of legends are small SVG shapes in a box of ten by ten.
function shape(context, mark, x, y) {
  const { fill, stroke } = getComputedStyle(mark);
  const path = new Path2D(mark.getAttribute("d") ?? undefined);
  if (mark.localName === "circle") path.arc(5, 5, Number(mark.getAttribute("r")), 0, 2 * Math.PI);
  if (mark.localName === "rect") path.rect(0, 0, 10, 10);
  context.save();
  context.translate(x, y);
  context.fillStyle = fill;
  context.strokeStyle = stroke;
  if (fill !== "none") context.fill(path);
  if (stroke !== "none") context.stroke(path);
  context.restore();
}
