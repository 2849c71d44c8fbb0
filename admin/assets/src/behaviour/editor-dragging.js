// Steps take another place by dragging their handle. The server moves them, as it does for the arrow buttons.
export function dragging() {
  let dragged = null; // the step under way
  let place = -1; // before which of all steps it would be put

  document.addEventListener("dragstart", (event) => {
    const handle = event.target.closest?.("[data-drag]");
    if (!handle) return;
    dragged = handle.closest("[data-step]");
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", "");
    event.dataTransfer.setDragImage(dragged, 24, 24);
    dragged.classList.add("is-dragged");
  });
  document.addEventListener("dragover", (event) => {
    if (!dragged) return;
    const steps = siblings(dragged);
    unmark(steps);
    place = -1;
    if (!dragged.form?.contains(event.target)) return;
    event.preventDefault();
    place = steps.filter((step) => middle(step) < event.clientY).length;
    if (isElsewhere(steps.indexOf(dragged), place)) mark(steps, place);
  });
  document.addEventListener("drop", (event) => {
    if (!dragged || place < 0) return;
    event.preventDefault();
    const from = siblings(dragged).indexOf(dragged);
    if (isElsewhere(from, place)) move(dragged.form, from, place > from ? place - 1 : place);
  });
  document.addEventListener("dragend", () => {
    if (!dragged) return;
    unmark(siblings(dragged));
    dragged.classList.remove("is-dragged");
    dragged = null;
  });
}

function siblings(step) {
  return [...(step.form?.querySelectorAll("[data-step]") ?? [])];
}

function middle(step) {
  const { top, height } = step.getBoundingClientRect();
  return top + height / 2;
}

// Right before and right behind itself is where it stands.
function isElsewhere(from, place) {
  return place !== from && place !== from + 1;
}

function mark(steps, place) {
  if (place < steps.length) steps[place].classList.add("is-drop-before");
  else steps[steps.length - 1].classList.add("is-drop-after");
}

function unmark(steps) {
  for (const step of steps) step.classList.remove("is-drop-before", "is-drop-after");
}

function move(form, from, to) {
  const button = document.createElement("button");
  Object.assign(button, { name: "do", value: `steps.${from}:to-${to}`, hidden: true });
  form.append(button);
  button.click(); // htmx knows by a click which button it is
  button.remove();
}
