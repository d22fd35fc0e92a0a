import { expect, test } from "vitest";
import type { OrderEnd, OrderLine } from "./control-messages.ts";
import { FailBack, planFailBack } from "./fail-back.ts";
import { haProfiles } from "./heartbeat-times.ts";
import { type PairFault, PairModel, type PairModelOptions } from "./pair-model.testing.ts";

// HA-16 in virtual time, on the nodes of the pair model: node 0 is killed, comes back, and is given the
// service back by node 1, which then has to read all leases.

const times = haProfiles.fast;
const killAtMs = 2000;
const orderAtMs = 10_000;

interface Played {
  readonly model: PairModel;
  readonly end: OrderEnd;
  readonly tookMs: number;
  readonly lines: readonly OrderLine[];
  /** Longest time without a commit from the order on. */
  readonly silentMsMax: number;
}

function play(
  leasesReadAt: NonNullable<PairModelOptions["leasesReadAt"]>,
  faults: readonly PairFault[] = [],
): Played {
  const kill: PairFault = { kind: "kill", side: 0, atMs: killAtMs, forMs: 3000 };
  // Only the reading of the node that gave the service away is slow.
  const readAt = (elapsedMs: number): number =>
    model.nowMs - elapsedMs < orderAtMs ? 1000 * elapsedMs : leasesReadAt(elapsedMs);
  const model = new PairModel({ seed: 7, times, faults: [kill, ...faults], leasesReadAt: readAt });
  model.run(orderAtMs);
  const plan = planFailBack(model.status(1)!);
  if (plan.kind !== "steps") throw new Error(plan.reasons.join("; "));
  const failBack = new FailBack(plan, model.nowMs);
  const lines: OrderLine[] = [];
  for (;;) {
    const turn = failBack.turn(model.nowMs, model.status(1)!);
    lines.push(...turn.lines);
    if (turn.act === "lower-failure-flag") model.order(1, "lower-flag");
    if (turn.act === "hand-over") model.order(1, "hand-over");
    const { end } = turn;
    const tookMs = model.nowMs - orderAtMs;
    if (end !== undefined) {
      model.run(model.nowMs + 3000);
      return { model, end, tookMs, lines, silentMsMax: silentMs(model) };
    }
    if (tookMs > 600_000) throw new Error("the fail-back never ends");
    model.run(model.nowMs + 5);
  }
}

function silentMs({ commits, nowMs }: PairModel): number {
  const moments = [orderAtMs, ...commits.map(({ atMs }) => atMs), nowMs];
  const late = moments.filter((atMs) => atMs >= orderAtMs);
  return Math.max(...late.map((atMs, at) => atMs - (late[at - 1] ?? orderAtMs)));
}

test("a reading that takes a minute and a half and moves is waited for; meanwhile the other node serves", () => {
  const { model, end, tookMs, lines, silentMsMax } = play((ms) => (80_000 * ms) / 90_000);
  expect(end).toMatchObject({ kind: "done", gapMs: expect.any(Number) });
  expect(tookMs).toBeGreaterThan(90_000);
  expect([model.role(0), model.role(1)]).toEqual(["active", "standby"]);
  expect(model.problems).toEqual([]);
  expect(silentMsMax).toBeLessThan(1000);
  const progress = lines.filter((line) => line.kind === "progress");
  expect(progress.length).toBeGreaterThan(40);
  expect(progress[30]?.text).toMatch(/^prov02 is standby, .* of 80,000 leases/);
});

test("a reading that stalls is given up a minute later; it says how far it came, and the other node serves", () => {
  const { model, end, tookMs, silentMsMax } = play((ms) => Math.min(32_768, ms));
  expect(end).toMatchObject({
    kind: "stuck",
    step: expect.stringContaining("HA-16 (5)"),
    why: expect.stringContaining("has 32,768 of 80,000 leases"),
  });
  expect(Math.round((tookMs - 32_768) / 1000)).toBe(60);
  expect(model.role(0)).toBe("active");
  expect(silentMsMax).toBeLessThan(1000);
});

test("a reading that begins again and again gets nowhere, and is given up", () => {
  const { end } = play((ms) => ms % 20_000);
  expect(end).toMatchObject({ kind: "stuck", why: expect.stringContaining("not in sync") });
});

test("the node that should serve dies as it is told to: this one serves again, and says so at once", () => {
  const dies: PairFault = { kind: "kill", side: 0, atMs: orderAtMs + 30, forMs: 1e9 };
  const { model, end, tookMs, silentMsMax } = play(() => 80_000, [dies]);
  expect(end).toMatchObject({ kind: "stuck", why: expect.stringMatching(/prov02 serves again/) });
  expect(tookMs).toBeLessThan(3000);
  expect(model.role(1)).toBe("active");
  expect(silentMsMax).toBeLessThan(2000);
});
