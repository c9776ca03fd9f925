/** Numbers as people read them. */

/** As "640 ns", "3.1 us", "27 ms". */
export function formatNs(ns: number): string {
  if (ns < 1000) return `${ns.toPrecision(3).replace(/\.0+$/, "")} ns`;
  if (ns < 1e6) return `${digits(ns / 1e3)} us`;
  return ns < 1e9 ? `${digits(ns / 1e6)} ms` : `${digits(ns / 1e9)} s`;
}

/** As "64 B", "1 KiB", "16 MiB". */
export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  return bytes < 2 ** 20 ? `${Number((bytes / 1024).toFixed(1))} KiB` : `${bytes / 2 ** 20} MiB`;
}

/** As "5.1x", "0.08x", "31x". */
export function formatRatio(ratio: number): string {
  if (ratio >= 100) return `${Math.round(ratio)}x`;
  return `${ratio >= 10 ? ratio.toFixed(1) : ratio >= 0.1 ? ratio.toFixed(2) : ratio.toFixed(3)}x`;
}

function digits(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
