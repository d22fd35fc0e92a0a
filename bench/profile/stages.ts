import type { Call } from "./cpu-profile.ts";

/** Which functions are the work of a stage: by the beginning of the file, and maybe by name. */
export interface StageRule {
  readonly stage: string;
  readonly file: string;
  readonly names?: readonly string[];
}

/** What V8 shows in brackets, and what has no rule. */
export const idleStage = "idle";
export const collectorStage = "garbage collection";
export const otherStage = "other";

const reserved = new Map([
  ["(idle)", idleStage],
  ["(garbage collector)", collectorStage],
]);

const sockets: readonly StageRule[] = [
  { stage: idleStage, file: "base/net/wait-readable" },
  { stage: "receive", file: "base/net/receive-batch" },
  { stage: "receive", file: "base/net/", names: ["receive"] },
  { stage: "send", file: "base/net/send-batch" },
  { stage: "send", file: "base/net/", names: ["push", "flush"] },
];

/** `sync` is the wait for the disk within the commit; the thread uses no processor meanwhile. */
export const serverStages: readonly StageRule[] = [
  ...sockets,
  { stage: "encode", file: "protocol/dhcp/encode-packet" },
  { stage: "encode", file: "protocol/dhcp/reply-template" },
  { stage: "admit", file: "server/overload/" },
  { stage: "decode", file: "protocol/dhcp/packet" },
  { stage: "decode", file: "protocol/dhcp/option-list" },
  { stage: "decode", file: "server/dhcp/loop/edge/listener", names: ["#decode"] },
  { stage: "classify", file: "server/config/" },
  { stage: "classify", file: "server/dhcp/policy/" },
  { stage: "classify", file: "server/dhcp/exchange/network" },
  { stage: "encode", file: "server/dhcp/reply/" },
  { stage: "sync", file: "server/lease/store/edge/node-disk", names: ["sync"] },
  { stage: "commit", file: "server/lease/store/edge/node-disk" },
  { stage: "commit", file: "server/lease/store/edge/lease-file-store" },
  { stage: "commit", file: "server/lease/format/lease-file" },
  { stage: "commit", file: "server/lease/store/lease-journal" },
  { stage: "commit", file: "server/lease/store/journal-file" },
  { stage: "commit", file: "server/lease/format/lease-writer" },
  { stage: "commit", file: "server/lease/store/lease-rewrite" },
  { stage: "sync", file: "server/lease/store/edge/sync-thread" },
  { stage: "commit", file: "server/dhcp/loop/commit-pipeline", names: ["append", "#commit"] },
  { stage: "encode", file: "server/dhcp/loop/held-replies", names: ["hold"] },
  { stage: "send", file: "server/dhcp/loop/held-replies", names: ["release"] },
  { stage: "log", file: "server/process/log-" },
  { stage: "log", file: "server/dhcp/exchange/log-lines" },
  { stage: "decide", file: "server/dhcp/", names: ["respond", "expire", "pingTimedOut"] },
];

export const simulatorStages: readonly StageRule[] = [
  ...sockets,
  { stage: "encode", file: "protocol/dhcp/encode-packet" },
  { stage: "decode", file: "protocol/dhcp/" },
  { stage: "device", file: "simulator/device/" },
  { stage: "relay", file: "simulator/relay/" },
  { stage: "schedule", file: "simulator/load/" },
  { stage: "schedule", file: "base/timer-wheel" },
  { stage: "record", file: "simulator/measure/recorder" },
  { stage: "record", file: "simulator/measure/safety-checker" },
  { stage: "record", file: "simulator/measure/time-series" },
  { stage: "record", file: "base/histogram" },
];

/**
 * Microseconds by stage. A function belongs to the first rule that names it, else to the stage of its
 * caller: a stage pays for the library code that it calls.
 */
export function timeByStage(tree: Call, rules: readonly StageRule[]): ReadonlyMap<string, number> {
  const times = new Map<string, number>();
  eachCall(tree, rules, (call, stage) => {
    times.set(stage, (times.get(stage) ?? 0) + call.selfMicros);
  });
  return times;
}

/** Every call of the tree with its stage, callers first. */
export function eachCall(
  tree: Call,
  rules: readonly StageRule[],
  visit: (call: Call, stage: string) => void,
): void {
  const descend = (call: Call, inherited: string): void => {
    const stage = stageOf(call, rules) ?? inherited;
    visit(call, stage);
    for (const child of call.children) descend(child, stage);
  };
  descend(tree, otherStage);
}

export function stageOf({ name, file }: Call, rules: readonly StageRule[]): string | undefined {
  const known = reserved.get(name);
  if (known !== undefined) return known;
  return rules.find((rule) => file.startsWith(rule.file) && rule.names?.includes(name) !== false)
    ?.stage;
}
