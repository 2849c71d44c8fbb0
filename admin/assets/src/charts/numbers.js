// Numbers as the reader's language writes them.
import { say } from "../words.js";

// Scripts write them as pages do (admin/formats.py), also where a digit more is a five, so that both say the same.
const written = (fewest, most, more = {}) =>
  new Intl.NumberFormat(undefined, { minimumFractionDigits: fewest, maximumFractionDigits: most, roundingMode: "halfEven", ...more });
const whole = written(0, 0);
const tenths = written(0, 1);
const plain = written(0, 0, { style: "percent" });
const fine = written(1, 1, { style: "percent" });
const signed = written(1, 1, { signDisplay: "exceptZero" });
const thousandths = written(3, 3);

export const count = (n) => whole.format(n);

/** A share; what is neither nothing nor all is written as neither. */
export function percent(share) {
  if (share > 0 && share <= 0.0005) return `<${fine.format(0.001)}`;
  if (share >= 0.9995 && share < 1) return `>${fine.format(0.999)}`;
  return (share === 0 || share === 1 || (share >= 0.0995 && share <= 0.9) ? plain : fine).format(share);
}

/** A difference of two shares in percentage points. */
export function points(share) {
  if (share === null) return "–";
  return Math.abs(share) <= 0.0005 ? "0" : signed.format(share * 100);
}

/** A p-value to three digits. */
export const chance = (p) => (p < 0.001 ? `< ${thousandths.format(0.001)}` : thousandths.format(p));

/** A rate with its interval. */
export const rated = ({ value, low, high }) =>
  say("%(rate)s (%(low)s to %(high)s)", { rate: percent(value), low: percent(low), high: percent(high) });

const some = (n) => (n >= 10 ? whole : tenths).format(n);

/** Seconds in the unit that a person would use. */
export function duration(seconds) {
  if (seconds < 90) return say("%(n)s s", { n: seconds < 1 ? 0 : whole.format(seconds) });
  if (seconds < 90 * 60) return say("%(n)s min", { n: some(seconds / 60) });
  if (seconds < 36 * 3600) return say("%(n)s h", { n: some(seconds / 3600) });
  return say("%(n)s days", { n: some(seconds / 86400) });
}

export function shortened(text, most) {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}
