import type { CatchUp } from "../../protocol/heartbeat/packet.ts";

/** What of it is under way, in words: `12,288 of 80,000 leases, 40 of 5,000 files`. */
export function catchUpText({
  leasesRead,
  leasesInAll,
  filesFetched,
  filesInAll,
}: CatchUp): string {
  const parts = [
    [leasesRead, leasesInAll, "leases"],
    [filesFetched, filesInAll, "files"],
  ] as const;
  return parts
    .filter(([, inAll]) => inAll > 0)
    .map(([done, inAll, what]) => `${withCommas(done)} of ${withCommas(inAll)} ${what}`)
    .join(", ");
}

const withCommas = (count: number): string => count.toLocaleString("en-US");
