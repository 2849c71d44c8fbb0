// Small pictures as PNG files. Where one is asked for again and again, what is unfolded or has the focus stays so.
import { pngButton, RATIO, sheetOf } from "../charts/sheet.js";

const [WIDTH, HEIGHT] = [480, 80];
let left = null; // how a part was left that is asked for anew

export function smallPictures(part) {
  for (const picture of part.querySelectorAll("[data-small-picture]")) offer(picture);
  if (left && part.id === left.id) restore(left);
}

document.addEventListener("htmx:beforeSwap", ({ detail: { target } }) => {
  const numbers = target.querySelector("[data-small-picture] details");
  if (!numbers || !target.id) return;
  const top = numbers.querySelector(".numbers").scrollTop;
  const focused = target.contains(document.activeElement) ? document.activeElement.id : "";
  left = { id: target.id, details: numbers.id, isOpen: numbers.open, top, focused };
});

function restore({ details, isOpen, top, focused }) {
  left = null;
  const numbers = document.getElementById(details);
  if (!numbers) return;
  numbers.open = isOpen;
  numbers.querySelector(".numbers").scrollTop = top;
  if (document.activeElement === document.body && focused) document.getElementById(focused)?.focus({ preventScroll: true });
}

function offer(picture) {
  const csv = picture.querySelector(".card-tools a");
  const title = [document.querySelector("h1")?.textContent.trim(), picture.dataset.smallPicture].filter(Boolean).join(": ");
  const button = pngButton(title, csv.querySelector(".icon"), () => drawn(picture, title));
  button.id = csv.id.replace("-csv", "-png");
  csv.after(button);
}

function drawn(picture, title) {
  const svg = picture.querySelector("svg");
  return sheetOf(picture, title, WIDTH, (sheet, colours) => {
    sheet.write(svg.getAttribute("aria-label"), 13, { colour: colours.muted });
    sheet.picture({ canvas: canvasOf(svg), width: WIDTH, height: HEIGHT });
  });
}

// Lines and bars alone, as wide as they are on the page whatever the size of the picture.
function canvasOf(svg) {
  const canvas = Object.assign(document.createElement("canvas"), { width: WIDTH * RATIO, height: HEIGHT * RATIO });
  const context = canvas.getContext("2d");
  const { width, height } = svg.viewBox.baseVal;
  const [x, y] = [WIDTH / width, HEIGHT / height];
  context.scale(RATIO, RATIO);
  for (const shape of svg.children) {
    const { fill, stroke, strokeWidth, strokeDasharray, opacity } = getComputedStyle(shape);
    const path = new Path2D();
    for (const point of shape.points ?? []) path.lineTo(point.x * x, point.y * y);
    if (shape.localName === "rect") {
      const [left, top, wide, tall] = ["x", "y", "width", "height"].map((name) => shape[name].baseVal.value);
      path.rect(left * x, top * y, wide * x, tall * y);
    }
    context.globalAlpha = Number(opacity);
    context.lineWidth = Number.parseFloat(strokeWidth);
    context.setLineDash(strokeDasharray === "none" ? [] : strokeDasharray.split(/[ ,]+/).map(Number.parseFloat));
    [context.fillStyle, context.strokeStyle] = [fill, stroke];
    if (fill !== "none") context.fill(path);
    if (stroke !== "none") context.stroke(path);
  }
  return canvas;
}
