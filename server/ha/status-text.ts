import { catchUpText } from "./catch-up.ts";
import type { LinkReport } from "./ha-node.ts";
import { apartText, areApart } from "./lease-time.ts";
import type { NodeStatus, PairStatus } from "./pair-status.ts";

const widthMax = 80;

/**
 * The output of `prov status`, at most 80 columns wide: what crm_mon and /proc/drbd show in the guide's
 * procedures (OPS-8, OPS-11). Ends with a newline.
 */
export function pairStatusText(status: PairStatus): string {
  const { nodes, seenBy, epoch, leader, failureInProgress, storeAnswers } = status;
  const holder = storeAnswers ? (leader ?? "nobody") : "unknown: the store does not answer";
  const lines = [
    `Seen by:  ${seenBy}`,
    `Leader:   ${holder}${storeAnswers ? `, epoch ${epoch}` : ""}`,
    `Failure:  ${failureInProgress ? "IN PROGRESS; there is no way back before `prov failback`" : "none in progress"}`,
    "",
    row("Node", "Role", "Sync", "Revision", "Can serve"),
    ...nodes.map(nodeRow),
    "",
    ...status.links.map(linkLine),
    ...catchUpLines(nodes),
    ...filesLines(nodes),
    ...clockLines(status),
    ...failedActions(nodes),
  ];
  return `${lines.flatMap(folded).join("\n")}\n`;
}

function row(name: string, role: string, sync: string, revision: string, able: string): string {
  const shown = name.length > 30 ? `${name.slice(0, 29)}~` : name;
  const cells = [shown.padEnd(31), role.padEnd(10), sync.padEnd(10), revision.padStart(14)];
  return `${cells.join("")}  ${able}`.trimEnd();
}

function nodeRow({ node, role, isInSync, revision, isAble }: NodeStatus): string {
  const isServing = role === "active";
  return row(
    node,
    role,
    isInSync ? "UpToDate" : "Outdated",
    String(revision),
    isServing ? "serves" : isAble ? "yes" : "no",
  );
}

function linkLine({ state, roundTripMs }: LinkReport, link: number): string {
  const time = roundTripMs === undefined ? "" : `, round trip ${roundTripMs.toFixed(1)} ms`;
  return `Link ${link}:   ${state}${time}`;
}

/** No lines while nothing bulky is under way. */
function catchUpLines(nodes: readonly NodeStatus[]): string[] {
  return nodes.flatMap(({ node, catchUp }) =>
    catchUp === undefined ? [] : [`Catch-up: ${node} has ${catchUpText(catchUp)}`],
  );
}

/** No lines while each node has all files, or nothing is mirrored. */
function filesLines(nodes: readonly NodeStatus[]): string[] {
  return nodes
    .filter(({ role, filesInStep }) => role === "standby" && !filesInStep)
    .map(({ node }) => `Files:    ${node} has not all of them yet`);
}

/** No lines while the clocks agree, as they should. */
function clockLines({ nodes, clockApartMs, leaseTimeAheadMs }: PairStatus): string[] {
  const lines: string[] = [];
  if (clockApartMs !== undefined && areApart(clockApartMs)) {
    lines.push(
      `Clock:    that of ${nodes[1].node} is ${apartText(clockApartMs)} this node's (TIME-8)`,
    );
  }
  if (areApart(leaseTimeAheadMs)) {
    lines.push(`Leases:   end by a time that is ${apartText(leaseTimeAheadMs)} this node's clock`);
  }
  return lines;
}

/** Empty when there are none, as in crm_mon. */
function failedActions(nodes: readonly NodeStatus[]): string[] {
  const lines = nodes.flatMap(({ node, troubles }) =>
    troubles.map((text) => `    ${node}: ${text}`),
  );
  return lines.length === 0 ? [] : ["", "Failed actions:", ...lines];
}

/** Breaks a long line: names may not fit. */
function folded(line: string): string[] {
  const lines: string[] = [];
  let rest = line;
  while (rest.length > widthMax) {
    const space = rest.lastIndexOf(" ", widthMax);
    const end = space > widthMax / 2 ? space : widthMax;
    lines.push(rest.slice(0, end));
    rest = `      ${rest.slice(end).trimStart()}`;
  }
  return [...lines, rest];
}
