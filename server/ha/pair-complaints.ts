import { apartText, areApart } from "./lease-time.ts";
import type { PairStatus } from "./pair-status.ts";

/**
 * What prevents the pair from having one node that serves and one that could at once, each as a sentence.
 * Empty when all is well. A raised failure flag is no complaint: it forbids something, but nothing is
 * wrong.
 */
export function pairComplaints(status: PairStatus): readonly string[] {
  const { nodes, leader, storeAnswers } = status;
  const complaints: string[] = [];
  if (!storeAnswers) complaints.push("The store does not answer.");
  else if (leader === undefined) complaints.push("Nobody serves.");
  for (const { node, role, isInSync, filesInStep, troubles } of nodes) {
    if (troubles.length > 0) complaints.push(`${node} has failed actions.`);
    else if (role === "dead" || role === "unknown") complaints.push(`${node} is not heard.`);
    else if (!isInSync) complaints.push(`${node} is not in sync.`);
    else if (!filesInStep) complaints.push(`${node} has not all files yet.`);
  }
  const { clockApartMs } = status;
  if (clockApartMs !== undefined && areApart(clockApartMs)) {
    const [own, peer] = nodes;
    complaints.push(`The clock of ${peer.node} is ${apartText(clockApartMs)} that of ${own.node}.`);
  }
  return complaints;
}
