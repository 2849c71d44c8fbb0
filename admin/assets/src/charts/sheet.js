// A sheet of paper for pictures as PNG files: title, what they are of and when that was computed, legend, pictures.
import { palette } from "./palette.js";
import { say } from "../words.js";

export const RATIO = 2; // pixels to one of the page, so that text is sharp where it is printed
const EDGE = 24;
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const opened = new Date();

/** A canvas with what `[data-about]` tells of pictures below their title, and with `fill` whatever else. */
export function sheetOf(told, title, width, fill) {
  const colours = palette();
  const sheet = new Sheet(width, colours);
  const { about, at } = told?.dataset ?? {};
  const computed = say("Computed %(time)s", { time: exact.format(at ? new Date(at) : opened) });
  sheet.write(title, 18, { weight: 600 });
  for (const line of [about, computed].filter(Boolean)) sheet.write(line, 13, { colour: colours.muted });
  fill(sheet, colours);
  return sheet.canvas();
}

/** Gives a canvas to whoever asked for it, as a file that is called by its title. */
function save(canvas, title) {
  canvas.toBlob((blob) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = `${title.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "-").slice(0, 80)}.png`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  });
}

/** The button that saves, which looks like that of the CSV file beside it. */
export function pngButton(title, icon, draw) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "btn btn-sm";
  made.dataset.png = "";
  made.setAttribute("aria-label", `PNG: ${title}`);
  const word = document.createElement("span");
  word.textContent = "PNG";
  if (icon) word.className = "ms-1";
  made.append(...(icon ? [icon.cloneNode(true), word] : [word]));
  made.addEventListener("click", () => save(draw(), title));
  return made;
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
