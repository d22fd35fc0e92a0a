import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Prng } from "../../base/prng.ts";
import { MirrorPair } from "../../server/mirror/mirror-pair.testing.ts";

// The mirror of the standby node is killed again and again while it fetches. At no moment is a file that
// could be served a part of one, nor is one missing; and in the end everything is there.

const built = resolve(import.meta.dirname, "../../dist/server/mirror/edge/mirror-service.js");
const lifeMsMax = 60_000;
/** Ends by itself when nobody is at the other end of its input, or after a minute. */
const program = `
import { startMirror } from ${JSON.stringify(pathToFileURL(built).href)};
const say = (message) => process.stdout.write(message + "\\n");
const logger = { error: say, warn: say, info: say, debug: say };
await startMirror({ ...JSON.parse(process.argv[1]), isActive: () => false, logger });
say("started");
process.stdin.resume().on("end", () => process.exit());
setTimeout(() => process.exit(), ${lifeMsMax});
`;

const files = 1000;
const kills = 4;
const seed = Number(process.env["PROVLAB_SEED"] ?? 5);

let pair: MirrorPair;

beforeAll(async () => {
  pair = await MirrorPair.make();
});

afterAll(async () => {
  await pair.close();
});

const pathOf = (number: number): string => `d${number % 7}/cm-${number}.cfg`;
const contentOf = (number: number, node: number): string =>
  `file ${number} of node ${node}\n`.repeat(1 + (number % 400));

/** How many files are the master's by now; none may be anything but the old one or the new one. */
function checkFiles(): number {
  const found = pair.contentOf(1);
  let fetched = 0;
  for (let number = 0; number < files; number += 1) {
    const content = found[pathOf(number)];
    const isNew = content === contentOf(number, 0);
    if (!isNew && content !== contentOf(number, 1)) {
      throw new Error(`${pathOf(number)} is neither: ${content?.length} characters`);
    }
    if (isNew) fetched += 1;
  }
  return fetched;
}

test(`kill -9 in the middle leaves whole files only (seed ${seed})`, async () => {
  const random = new Prng(seed, 0);
  for (let number = 0; number < files; number += 1) {
    pair.write(0, pathOf(number), contentOf(number, 0));
    pair.write(1, pathOf(number), contentOf(number, 1));
  }
  pair.isActive[0] = true;
  const master = await pair.start(0);
  const counts: number[] = [];
  for (let kill = 0; kill < kills; kill += 1) {
    const servedBefore = master.counts().served;
    // The first time for longer, so that a batch of files is in place for certain.
    const wanted = servedBefore + (kill === 0 ? 200 : 20 + random.nextBelow(100));
    const standby = spawn(
      process.execPath,
      ["--input-type=module", "-e", program, JSON.stringify(pair.planOf(1))],
      { stdio: ["pipe", "ignore", "inherit"] },
    );
    const ended = once(standby, "exit");
    while (master.counts().served < wanted && standby.exitCode === null) {
      await new Promise((done) => setTimeout(done, 1 + random.nextBelow(5)));
    }
    standby.kill("SIGKILL");
    await ended;
    counts.push(checkFiles());
  }
  expect(counts).toEqual([...counts].sort((a, b) => a - b));
  expect(counts.at(-1)).toBeGreaterThan(0);
  expect(counts.at(-1)).toBeLessThan(files);
  await pair.start(1);
  await pair.untilInStep(1);
  expect(checkFiles()).toBe(files);
  expect(readdirSync(join(pair.rootOf(1), ".provlab-incoming/root"))).toEqual([]);
});
