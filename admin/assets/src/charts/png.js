// Pictures as PNG files: below their title what they are of and when it was computed, and the legend that stands
// beside them on the page, on the background of the theme.
import { getInstanceByDom } from "echarts/core";
import { palette } from "./palette.js";
import { pngButton, RATIO, sheetOf } from "./sheet.js";

export function offerPng(part) {
  for (const chart of part.querySelectorAll(".card [data-chart]")) {
    const card = chart.closest(".card");
    const head = card.querySelector(".card-header");
    if (!head || card.querySelector("[data-png]")) continue;
    const [tools, title] = [toolsOf(head), titleOf(head)];
    tools.append(pngButton(title, tools.querySelector(".icon"), () => drawn(card, title)));
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

function titleOf(head) {
  const page = document.querySelector("h1")?.textContent.trim() ?? "";
  const own = head.querySelector("h2, h3")?.textContent.trim() ?? "";
  return [page, own].filter(Boolean).join(": ");
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
  return sheetOf(document.querySelector("#main [data-about]"), title, width, (sheet) => {
    sheet.legend(legendOf(card));
    for (const one of pictures) {
      sheet.write(one.about, 13, { colour: colours.muted });
      sheet.picture(one);
    }
  });
}

// Where there is no list, the rows of a table carry the marks of what is drawn.
function legendOf(card) {
  const list = [...card.querySelectorAll(".card-body > .legend")].at(-1);
  return [...(list ? list.querySelectorAll("li") : card.querySelectorAll(".card-body tbody th:has(.dot-mark)"))];
}
