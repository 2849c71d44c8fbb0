// Shows moments in the reader's own language and time zone; the page carries them in UTC.
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });
const day = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const short = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const shapes = { exact, clock, day, short };

export function times(part) {
  for (const element of part.querySelectorAll("time[data-shape]")) {
    const moment = new Date(element.dateTime);
    if (Number.isNaN(moment.getTime())) continue;
    element.textContent = (shapes[element.dataset.shape] ?? short).format(moment);
    element.title = exact.format(moment);
  }
}
