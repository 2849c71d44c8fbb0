// Texts in the language of the page: it brings what is not English. `%(name)s` stands for a value.
const texts = JSON.parse(document.getElementById("texts")?.textContent ?? "{}");

export function say(text, values = {}) {
  return (texts[text] ?? text).replace(/%\((\w+)\)s/g, (_, name) => values[name]);
}

/** What is counted, in words. */
export function counted(unit) {
  const units = { runs: say("runs"), customers: say("customers"), accounts: say("accounts"), visits: say("visits") };
  return units[unit] ?? unit;
}
