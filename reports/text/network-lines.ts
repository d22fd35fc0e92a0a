import type { NetworkDirectionResult, NetworkResult } from "../result/run-result.ts";
import { formatCount } from "./format.ts";

/** What the scenario's network did, in a sentence for each direction: what it is, and what to say. */
export function networkLines(network: NetworkResult): (readonly [string, string])[] {
  return [
    ["to the server", inWords(network.toServer)],
    ["to the devices", inWords(network.toDevices)],
  ];
}

function inWords(direction: NetworkDirectionResult): string {
  const counts = Object.entries(direction).filter(([, count]) => count > 0);
  return counts.length === 0
    ? "nothing happened"
    : counts.map(([what, count]: [string, number]) => `${formatCount(count)} ${what}`).join(", ");
}
