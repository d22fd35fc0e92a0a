import { describe, expect, test } from "vitest";
import { Prng } from "../../base/prng.ts";
import { AckLine } from "./ack-line.ts";
import { acknowledgedWithoutLeadership, type Claim, stretchesOf } from "./leadership.ts";
import { A, B, type MadeUpAck, serversOf } from "./made-up-run.testing.ts";

// What is read off bins, against the same read off each ACK. The seed is in each failure's message.

const SEEDS = 200;

/** In order of time: sometimes the server changes, sometimes both answer, sometimes nobody does. */
function acksOf(seed: number): MadeUpAck[] {
  const prng = new Prng(seed, 0);
  const acks: MadeUpAck[] = [];
  let atMs = 0;
  let server = A;
  while (atMs < 3000) {
    const chance = prng.nextFloat();
    if (chance < 0.01) server = server === A ? B : A;
    const other = server === A ? B : A;
    const who = chance > 0.995 ? other : server;
    acks.push([who, atMs, atMs - prng.nextFloat() * 15]);
    atMs += chance < 0.02 ? 100 * prng.nextFloat() : 6 * prng.nextFloat();
  }
  return acks;
}

describe("gaps", () => {
  test("of two bins or more are found to the ACK, with who was before and after", () => {
    for (let seed = 0; seed < SEEDS; seed += 1) {
      const acks = acksOf(seed);
      const expected = acks.slice(1).flatMap(([serverAfter, toMs], index) => {
        const [serverBefore, fromMs] = acks[index];
        return toMs - fromMs < 20 ? [] : [{ fromMs, toMs, serverBefore, serverAfter }];
      });
      const found = new AckLine(serversOf(acks))
        .gaps()
        .filter(({ fromMs, toMs }) => toMs - fromMs >= 20 && toMs < Number.POSITIVE_INFINITY);
      expect(found, `seed ${seed}`).toEqual(expected);
    }
  });

  test("counts of a range are those of its bins", () => {
    for (let seed = 0; seed < SEEDS; seed += 1) {
      const acks = acksOf(seed);
      const line = new AckLine(serversOf(acks));
      for (const server of [A, B, undefined]) {
        const expected = acks.filter(
          ([who, atMs]) => atMs >= 500 && atMs < 1500 && (server ?? who) === who,
        );
        expect(line.countIn(500, 1500, server), `seed ${seed}`).toBe(expected.length);
      }
    }
  });
});

/** The rule of stretchesOf, for each ACK by itself. */
function changesByAck(acks: readonly MadeUpAck[]): number {
  let changes = 0;
  let present: number | undefined;
  let sinceMs = 0;
  for (const [server, atMs, sentMs = 0] of acks) {
    if (server === present || (present !== undefined && sentMs <= sinceMs)) continue;
    if (present !== undefined) changes += 1;
    present = server;
    sinceMs = atMs;
  }
  return changes;
}

describe("leadership", () => {
  const claim: readonly Claim[] = [{ atMs: Number.NEGATIVE_INFINITY }];

  test("nobody is accused whom the single ACKs do not convict", () => {
    let convicted = 0;
    for (let seed = 0; seed < SEEDS; seed += 1) {
      const acks = acksOf(seed);
      const stretches = stretchesOf(serversOf(acks));
      const byAck = changesByAck(acks);
      expect(stretches.length - 1, `seed ${seed}`).toBeLessThanOrEqual(byAck);
      const unled = acknowledgedWithoutLeadership(stretches, claim, 0);
      if (byAck === 0) expect(unled, `seed ${seed}`).toBe(0);
      else convicted += unled > 0 ? 1 : 0;
    }
    expect(convicted).toBeGreaterThan(SEEDS / 2);
  });

  test("a change that lasts is always seen, whatever was under way", () => {
    for (let seed = 0; seed < SEEDS; seed += 1) {
      const prng = new Prng(seed, 1);
      const acks: MadeUpAck[] = [];
      for (let atMs = 0; atMs < 1000; atMs += 1 + 4 * prng.nextFloat()) {
        const sentMs = atMs - 20 * prng.nextFloat();
        acks.push([sentMs < 480 ? A : B, atMs, sentMs]);
      }
      const stretches = stretchesOf(serversOf(acks));
      expect(
        stretches.map(({ server }) => server),
        `seed ${seed}`,
      ).toEqual([A, B]);
      expect(acknowledgedWithoutLeadership(stretches, claim, 0)).toBeGreaterThan(100);
    }
  });
});
