// A round scale for shares, from nothing to just above the highest.
export function scale(highest) {
  const most = Math.min(1, Math.max(0.01, highest));
  const interval = [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.25].find((one) => most / one <= 4) ?? 0.25;
  return { interval, top: Math.min(1, Math.ceil(most / interval - 1e-9) * interval) };
}
