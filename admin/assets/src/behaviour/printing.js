// Before a page is printed: tables are unfolded, and paper is light whatever the screen is. Afterwards all is as before.
export function printing() {
  const root = document.documentElement;
  let unfolded = [];
  let theme = null;

  addEventListener("beforeprint", () => {
    if (theme) return;
    theme = root.getAttribute("data-bs-theme") ?? "light";
    unfolded = [...document.querySelectorAll("details:not([open])")].filter((one) => one.querySelector("table"));
    for (const one of unfolded) one.open = true;
    look("light", true);
  });
  addEventListener("afterprint", () => {
    for (const one of unfolded) one.open = false;
    look(theme ?? "light", false);
    theme = null;
  });

  function look(as, isPrinted) {
    root.setAttribute("data-bs-theme", as);
    root.toggleAttribute("data-printing", isPrinted);
    document.dispatchEvent(new CustomEvent("waywiser:theme"));
  }
}
