/** Order statistics of samples. */

/** The quantile `q` (0 to 1) of numbers in rising order, interpolated between neighbours. */
export function quantileOf(sorted: readonly number[], q: number): number {
  if (sorted.length === 0) throw new RangeError("There is no quantile of no numbers.");
  const at = (sorted.length - 1) * q;
  const low = sorted[Math.floor(at)]!;
  const high = sorted[Math.ceil(at)]!;
  return low + (high - low) * (at - Math.floor(at));
}

export function sort(numbers: readonly number[]): number[] {
  return [...numbers].sort((a, b) => a - b);
}

export function medianOf(numbers: readonly number[]): number {
  return quantileOf(sort(numbers), 0.5);
}
