import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { NetworkLab } from "../../namespaces.testing.ts";
import { duel, type Verdict } from "./duel.testing.ts";
import { FrozenDhcpd } from "./frozen-dhcpd.testing.ts";
import { pairOf } from "./generate.testing.ts";
import { configText, type Pair } from "./pair.testing.ts";
import { shrink } from "./shrink.testing.ts";

/** Of `npm run test:system`. */
export const usualPairs = 400;

/** dhcpd starts and ends wait for the kernel: some overlap. */
const lanesMax = 4;
/** Enough to work with; the rest of a campaign would mostly be the same again. */
const findingsMax = 14;

export interface Finding {
  readonly pair: Pair;
  readonly text: string;
}

export interface CampaignResult {
  readonly pairs: number;
  readonly replies: number;
  /** Times that each difference of the table was met. */
  readonly explained: Readonly<Record<string, number>>;
  readonly findings: readonly Finding[];
}

/** Plays the pairs of `seeds` to both servers; pairs that differ are shrunk. */
export async function campaign(
  seeds: readonly number[],
  make: (seed: number) => Pair = pairOf,
): Promise<CampaignResult> {
  const lab = new NetworkLab();
  const directory = mkdtempSync("/dev/shm/provlab-differential-");
  const waiting = [...seeds];
  const result = {
    pairs: 0,
    replies: 0,
    explained: {} as Record<string, number>,
    findings: [] as Finding[],
  };
  const note = (verdict: Verdict): void => {
    result.pairs += 1;
    if (verdict.kind !== "same") return;
    result.replies += verdict.replies;
    for (const name of verdict.explained) {
      result.explained[name] = (result.explained[name] ?? 0) + 1;
    }
  };
  const work = async (lane: number): Promise<void> => {
    const dhcpd = new FrozenDhcpd(lab, `frozen${lane}`, join(directory, String(lane)));
    try {
      for (;;) {
        const seed = waiting.shift();
        if (seed === undefined || result.findings.length >= findingsMax) return;
        const pair = make(seed);
        const verdict = await duel(pair, dhcpd);
        note(verdict);
        if (verdict.kind !== "same") result.findings.push(await finding(pair, verdict, dhcpd));
      }
    } catch (error) {
      waiting.length = 0;
      throw error;
    } finally {
      await dhcpd.stop();
      dhcpd.cable.wire.close();
    }
  };
  try {
    const lanes = Array.from({ length: lanesMax }, (_, lane) => work(lane));
    // All have to be at their end before their namespaces go.
    const ends = await Promise.allSettled(lanes);
    for (const end of ends) if (end.status === "rejected") throw end.reason;
    return result;
  } finally {
    await lab.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

async function finding(pair: Pair, first: Verdict, dhcpd: FrozenDhcpd): Promise<Finding> {
  const isAlike = (verdict: Verdict): boolean =>
    verdict.kind === first.kind && complaintOf(verdict) === complaintOf(first);
  const smallest = await shrink(pair, async (candidate) => isAlike(await duel(candidate, dhcpd)));
  const verdict = await duel(smallest, dhcpd);
  const text = verdict.kind === "same" ? "not the same way again" : verdict.text;
  return { pair: smallest, text };
}

/** The first complaint about the configuration without its place; undefined when there is none. */
function complaintOf(verdict: Verdict): string | undefined {
  if (verdict.kind === "same") return undefined;
  return /dhcpd\.conf line \d+: (.*)/.exec(verdict.text)?.[1];
}

/** A finding for the reader: the configuration, the packets, and what is different. */
export function findingText({ pair, text }: Finding): string {
  return [
    `seed ${pair.seed}`,
    configText(pair.configuration),
    ...pair.leases.map((lease) => `lease ${JSON.stringify(lease)}`),
    ...pair.moves.map((move, at) => `${at + 1}. ${JSON.stringify(move)}`),
    text,
  ].join("\n");
}
