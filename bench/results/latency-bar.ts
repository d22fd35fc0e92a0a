/** The tail of a distribution, ms. */
export interface Tail {
  readonly p99: number;
  readonly p999: number;
}

/** By how much a Discover's percentiles may be above those of syncs alone on the same disk. */
const aboveMsMax: Tail = { p99: 1, p999: 3 };

/** Judges one round against the disk, with both sides. */
export function againstDisk(discover: Tail, syncs: Tail): string {
  return (["p99", "p999"] as const)
    .map((percentile) => {
      const aboveMs = discover[percentile] - syncs[percentile];
      const most = aboveMsMax[percentile];
      return (
        `${percentile === "p99" ? "p99" : "p99.9"} ${discover[percentile].toFixed(2)} ms beside ` +
        `${syncs[percentile].toFixed(2)} ms: ${aboveMs <= most ? "met" : "missed"} ` +
        `(${aboveMs < 0 ? "−" : "+"}${Math.abs(aboveMs).toFixed(2)}, at most +${most})`
      );
    })
    .join(", ");
}
