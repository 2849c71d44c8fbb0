// The palette: Ctrl+K, or Command+K, opens it; arrows choose, Enter goes, Escape closes it.
export function palette(htmx) {
  document.addEventListener("keydown", (event) => {
    const box = document.getElementById("palette");
    if (!box) return;
    if ((event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && event.key.toLowerCase() === "k") {
      event.preventDefault();
      box.open ? box.close() : open(box, htmx);
    } else if (box.open) choose(event, box);
  });
  document.addEventListener("click", (event) => {
    const box = document.getElementById("palette");
    if (event.target.closest?.("[data-palette]")) open(box, htmx);
    else if (event.target === box) box.close(); // beside it
  });
  document.addEventListener("htmx:afterSwap", () => {
    const box = document.getElementById("palette");
    if (box?.open && box.dataset.goes) go(box);
  });
}

function open(box, htmx) {
  const field = box.querySelector("input");
  field.value = "";
  delete box.dataset.goes;
  box.showModal();
  field.focus();
  htmx.trigger(field, "search"); // what can be chosen before a letter is typed
}

function choose(event, box) {
  const links = [...box.querySelectorAll(".palette-found a")];
  const at = links.indexOf(document.activeElement);
  const isInField = document.activeElement === box.querySelector("input");
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    const next = at + (event.key === "ArrowDown" ? 1 : -1);
    (links[next] ?? (next < 0 ? box.querySelector("input") : links.at(-1)))?.focus();
  } else if (event.key === "Enter" && isInField) {
    event.preventDefault();
    go(box);
  } else delete box.dataset.goes;
}

// To the first of what was found for the letters that stand there, once that has come.
function go(box) {
  const found = box.querySelector(".palette-found");
  const isFound = found.dataset.for === box.querySelector("input").value.trim().slice(0, 200);
  isFound ? delete box.dataset.goes : (box.dataset.goes = "first");
  if (isFound) found.querySelector("a")?.click();
}
