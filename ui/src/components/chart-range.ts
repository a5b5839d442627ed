/** A share of the values that must lie under the axis, and how far above them it ends at most. */
const SHARE = 0.95;
const BEYOND = 1.5;
/** A greatest value that stands out this much would press everything else flat. */
const STANDS_OUT = 3;
/** So few values have no usual range. */
const FEW = 20;
const ROOM = 1.1;

/** Where the y axis ends: above the greatest value, unless that is a spike that would press everything else flat. */
export function axisEnd(values: readonly (number | null | undefined)[]): number {
  const known = values.filter((value): value is number => value !== null && value !== undefined).toSorted((a, b) => a - b);
  const most = known.at(-1) ?? 0;
  if (most <= 0) return 1;
  const usual = known[Math.floor((known.length - 1) * SHARE)] ?? most;
  if (known.length < FEW || usual <= 0 || most < usual * STANDS_OUT) return most * ROOM;
  return usual * BEYOND;
}
