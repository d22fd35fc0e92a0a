import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type NemesisReport, runNemesis } from "../../bench/nemesis/nemesis.ts";
import { describeWithPeers } from "../interop/namespaces.testing.ts";

// Two rounds of `npm run nemesis`, as CI can afford them; a night plays hundreds.

const SEED = 7;
/** A round that is late is played again. */
const ROUND_MS_MAX = 300_000;

describeWithPeers("nemesis", ["etcd", "etcdctl", "setpriv", "ip", "ping"], nemesisTests);

function nemesisTests(): void {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "provlab-nemesis-"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  async function play(
    first: number,
    signal: AbortSignal,
  ): Promise<{ readonly report: NemesisReport; readonly said: readonly string[] }> {
    const said: string[] = [];
    const onResult = (line: string): void => void said.push(line);
    const slice = { first, rounds: 1, minutes: 2, shrinkTries: 0 };
    const report = await runNemesis({ seed: SEED, ...slice, folder, signal, onResult });
    return { report, said };
  }

  test.each([4, 2])("round %i", { timeout: ROUND_MS_MAX }, async (round) => {
    const { report, said } = await play(round, new AbortController().signal);
    const words = said.join("\n");
    expect(report, words).toEqual({ played: 1, failed: 0, nextRound: round + 1 });
    expect(words).toContain(`round ${round}, seed `);
    const rows = readFileSync(join(folder, "rounds.jsonl"), "utf8").trim().split("\n");
    expect(JSON.parse(rows.at(-1)!)).toMatchObject({ round });
    expect((JSON.parse(rows.at(-1)!) as { acknowledged: number }).acknowledged).toBeGreaterThan(
      600,
    );
    expect(existsSync(join(folder, `round-${round}`))).toBe(false);
  });

  test("a slice that is interrupted says where to go on, and leaves no round behind", async () => {
    const { report } = await play(5, AbortSignal.timeout(1500));
    expect(report).toEqual({ played: 0, failed: 0, nextRound: 5 });
    expect(readdirSync(folder).filter((name) => name.startsWith("round-"))).toEqual([]);
  });
}
