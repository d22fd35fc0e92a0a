import { TARGET_VARIABLE } from "./jazzer.ts";
import { type FuzzTargetName, fuzzTargets, play } from "./targets.ts";

const { target } = await fuzzTargets[process.env[TARGET_VARIABLE] as FuzzTargetName].load();

/** What Jazzer.js calls with each input. */
export function fuzz(bytes: Buffer): void {
  play(target, bytes);
}
