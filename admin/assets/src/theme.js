// Sets light or dark before the page is painted: the choice of the reader, else that of the system.
const system = matchMedia("(prefers-color-scheme: dark)");

function apply() {
  let chosen = null;
  try {
    chosen = localStorage.getItem("waywiser-theme");
  } catch {
    // Storage may be closed to us; the system's choice is good enough.
  }
  const theme = chosen === "dark" || chosen === "light" ? chosen : system.matches ? "dark" : "light";
  document.documentElement.setAttribute("data-bs-theme", theme);
}

apply();
system.addEventListener("change", apply);
