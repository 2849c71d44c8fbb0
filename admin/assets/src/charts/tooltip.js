// Tooltips are built from elements, never from text as HTML: names come from events and may be hostile.
export function tooltip(title, rows, colours) {
  const box = document.createElement("div");
  box.className = "chart-tooltip";
  const head = document.createElement("strong");
  head.textContent = title;
  box.append(head);
  for (const [label, value, colour] of rows) {
    const row = document.createElement("div");
    if (colour) {
      const dot = document.createElement("i");
      dot.style.backgroundColor = colours[colour] ?? colour;
      row.append(dot);
    }
    const name = document.createElement("span");
    name.textContent = label;
    const number = document.createElement("b");
    number.textContent = value;
    row.append(name, number);
    box.append(row);
  }
  return box;
}

export const frame = (colours) => ({
  backgroundColor: colours.surface,
  borderColor: colours.line,
  textStyle: { color: colours.text, fontFamily: colours.font, fontSize: colours.size(13) },
  confine: true,
  transitionDuration: 0,
});
