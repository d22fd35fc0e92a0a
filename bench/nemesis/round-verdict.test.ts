import { describe, expect, test } from "vitest";
import type { FailoverResult, RoleChange } from "../../reports/result/failover-result.ts";
import type { RunResult } from "../../reports/result/run-result.ts";
import { sampleResult } from "../../reports/result/sample-result.testing.ts";
import type { Fault } from "./fault-schedule.ts";
import { phaseNames } from "./nemesis-scenario.ts";
import { type RoundFindings, roundFindings } from "./round-verdict.ts";

const faults: readonly Fault[] = [
  { verb: "kill", value: "a", atMs: 1000, forMs: 2000 },
  { verb: "failback", value: true, atMs: 2000, forMs: undefined },
];

const CALM_MS = 20_000;
const role = (atMs: number, node: "a" | "b", name: string, epoch: number): RoleChange => ({
  ...{ atMs, node, role: name, epoch },
});
const handedOver = [
  ...[role(0, "a", "active", 1), role(0, "b", "standby", 1), role(3000, "a", "down", 1)],
  ...[role(3400, "b", "active", 2), role(5000, "a", "standby", 2)],
];
const everywhere =
  "all 300 leases in the lease file; the other node's: all 300 leases in the lease file; all 300 leases in etcd";

function findings(
  roles: readonly RoleChange[],
  changes: Partial<RunResult> = {},
  audit = everywhere,
): RoundFindings {
  const sample = sampleResult();
  const failover: FailoverResult = {
    ...{ nodes: [], source: "executed", events: [], roles, lost: 0 },
    acknowledged: { binMs: 10, servers: [] },
  };
  const calm = { ...sample.phases[0], name: phaseNames.calm, startedAtMs: CALM_MS };
  const safety = { ...sample.safety, audit };
  return roundFindings({ ...sample, phases: [calm], failover, safety, ...changes }, faults);
}

const nothing: RoundFindings = { unsafe: [], late: [] };
const unsafe = (...words: readonly string[]): RoundFindings => ({ ...nothing, unsafe: words });
const late = (...words: readonly string[]): RoundFindings => ({ ...nothing, late: words });

describe("what a round has found", () => {
  test("nothing, when the service moved in order", () => {
    expect(findings(handedOver)).toEqual(nothing);
  });

  test("an order that was refused is none of it; a fault that was not played is", () => {
    const refused = "Event failback-2 failed: refused: the other node is not heard";
    const unplayed = "Event kill-1 failed: prov-a was not ready within 60 s";
    expect(findings(handedOver, { verdict: "invalid", reasons: [refused] })).toEqual(nothing);
    expect(findings(handedOver, { verdict: "invalid", reasons: [refused, unplayed] })).toEqual(
      unsafe(unplayed),
    );
  });

  test("what is unsafe, apart from what was late", () => {
    const lost = "Unsafe: 1 acknowledged leases lost.";
    const waits = "Threshold failed: failover.devicesUnserved == 0, but it was 2.";
    const unbound = "Phase settle reached its time limit before every device was bound.";
    const fail = (...reasons: readonly string[]) =>
      findings(handedOver, { verdict: "fail", reasons });
    expect(fail(lost)).toEqual(unsafe(lost));
    expect(fail(unbound, waits)).toEqual(late(unbound, waits));
  });

  test("a generator that was the limit is late, too", () => {
    const slow = "Sends were late.";
    const generator = { ...sampleResult().generator, problems: [slow] };
    const changes = { verdict: "invalid", reasons: [slow], generator } as const;
    expect(findings(handedOver, changes)).toEqual(late(slow));
  });

  test("an epoch that both nodes were active under", () => {
    const both = [...handedOver, role(9000, "a", "active", 2), role(9500, "a", "standby", 2)];
    expect(findings(both)).toEqual(unsafe("Both nodes were active under epoch 2."));
  });

  test("nobody, or both, serving when all is healed", () => {
    expect(findings([...handedOver, role(9000, "b", "failed", 2)])).toEqual(
      late("0 nodes serve when all is healed: a is standby, b is failed."),
    );
    expect(findings([...handedOver, role(9000, "a", "active", 3)])).toEqual(
      late("2 nodes serve when all is healed: a is active, b is active."),
    );
  });

  test("a move after that; hearing of a newer epoch is no move", () => {
    expect(findings([...handedOver, role(CALM_MS + 900, "a", "claiming", 2)])).toEqual(
      late("Node a became claiming although all had been healed for long."),
    );
    expect(findings([...handedOver, role(CALM_MS + 900, "a", "standby", 3)])).toEqual(nothing);
  });

  test("a lease that one place lacks, or a place that was not looked at", () => {
    for (const audit of [
      everywhere.replace("all 300 leases in etcd", "1 of 300 leases not in etcd"),
      everywhere.replace("; all 300 leases in etcd", ""),
      everywhere.replace("node's: all 300 leases in", "node's: 2 of 300 leases not in"),
    ]) {
      expect(findings(handedOver, {}, audit)).toEqual(
        unsafe(`Not every lease is everywhere: ${audit}.`),
      );
    }
  });

  test("a run that did not come so far", () => {
    expect(findings(handedOver, { phases: [] })).toEqual(
      late("The run did not come to its calm phase."),
    );
    const { failover: _, ...without } = sampleResult({ verdict: "fail", reasons: ["It ended."] });
    expect(roundFindings(without, faults).unsafe).toContain(
      "The run has no history of a failover.",
    );
  });
});
