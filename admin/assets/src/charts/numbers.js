// Numbers as the reader's language writes them.
import { say } from "../words.js";

const whole = new Intl.NumberFormat();
const round = (x) => whole.format(Math.round(x * 10) / 10);
const formatted = (digits) =>
  new Intl.NumberFormat(undefined, { style: "percent", minimumFractionDigits: digits, maximumFractionDigits: digits });
const plain = formatted(0);
const fine = formatted(1);

export const count = (n) => whole.format(n);
export const percent = (x) => (x === 0 || x === 1 || (x >= 0.0995 && x <= 0.9) ? plain : fine).format(x);

const signed = new Intl.NumberFormat(undefined, { signDisplay: "exceptZero", minimumFractionDigits: 1, maximumFractionDigits: 1 });

/** A difference of two shares in percentage points. */
export const points = (share) => (share === null ? "–" : signed.format(share * 100));

const digits = new Intl.NumberFormat(undefined, { minimumFractionDigits: 3, maximumFractionDigits: 3 });

/** A p-value to three digits. */
export const chance = (p) => (p < 0.001 ? `< ${digits.format(0.001)}` : digits.format(p));

/** A rate with its interval. */
export const rated = ({ value, low, high }) =>
  say("%(rate)s (%(low)s to %(high)s)", { rate: percent(value), low: percent(low), high: percent(high) });

export function duration(seconds) {
  if (seconds < 90) return say("%(n)s s", { n: Math.round(seconds) });
  if (seconds < 90 * 60) return say("%(n)s min", { n: Math.round(seconds / 60) });
  if (seconds < 36 * 3600) return say("%(n)s h", { n: round(seconds / 3600) });
  return say("%(n)s days", { n: round(seconds / 86400) });
}

export function shortened(text, most) {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}
