// A text field with suggestions from the server: arrows move, Enter takes, Escape closes, typing searches.
// data-suggest is the address to ask, data-asks what else is asked with which fields of the form; aria-controls names the list; each option carries data-value.
export function combobox(part) {
  for (const field of part.querySelectorAll("input[role='combobox']:not([data-ready])")) {
    const list = document.getElementById(field.getAttribute("aria-controls"));
    if (!list) continue;
    field.dataset.ready = "";
    equip(field, list);
  }
}

function equip(field, list) {
  let active = -1;
  let timer = 0;
  let asked = 0;
  const options = () => [...list.querySelectorAll("[role='option']")];

  const close = () => {
    list.hidden = true;
    active = -1;
    field.setAttribute("aria-expanded", "false");
    field.removeAttribute("aria-activedescendant");
  };

  const ask = async () => {
    const mine = ++asked;
    const url = new URL(field.dataset.suggest, window.location.href);
    url.searchParams.set("q", field.value);
    for (const [what, other] of Object.entries(JSON.parse(field.dataset.asks ?? "{}"))) {
      url.searchParams.set(what, field.form?.elements.namedItem(other)?.value ?? "");
    }
    const response = await fetch(url, { headers: { "HX-Request": "true" } }).catch(() => null);
    if (mine !== asked || !response?.ok || document.activeElement !== field) return;
    list.innerHTML = await response.text();
    active = -1;
    list.hidden = options().length === 0;
    field.setAttribute("aria-expanded", String(!list.hidden));
  };

  const mark = (index) => {
    const all = options();
    if (all.length === 0) return;
    active = (index + all.length) % all.length;
    all.forEach((option, i) => {
      option.id = `${list.id}-${i}`;
      option.setAttribute("aria-selected", String(i === active));
    });
    all[active].scrollIntoView({ block: "nearest" });
    field.setAttribute("aria-activedescendant", all[active].id);
  };

  const take = (option) => {
    field.value = option.dataset.value;
    close();
    field.dispatchEvent(new Event("change", { bubbles: true }));
  };

  const later = () => {
    clearTimeout(timer);
    timer = setTimeout(ask, 180);
  };

  field.addEventListener("input", later);
  field.addEventListener("focus", later);
  field.addEventListener("blur", () => setTimeout(close, 120));
  field.addEventListener("keydown", (event) => {
    if (event.altKey) return;
    if (event.key === "Escape") close();
    else if (event.key === "Enter" && !list.hidden && active >= 0) {
      event.preventDefault();
      take(options()[active]);
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (list.hidden) ask();
      else mark(active + (event.key === "ArrowDown" ? 1 : -1));
    }
  });
  list.addEventListener("mousedown", (event) => {
    const option = event.target.closest("[role='option']");
    if (!option) return;
    event.preventDefault();
    take(option);
  });
}
