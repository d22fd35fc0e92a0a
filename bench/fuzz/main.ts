import {
  exitStatus,
  flag,
  listOf,
  runProgram,
  tellProgress,
  wholeNumber,
} from "../harness/cli-options.ts";
import { fuzzParsers } from "./parsers/campaign.ts";
import { keepInputs } from "./parsers/keep-inputs.ts";
import { fuzzTargetNames } from "./parsers/targets.ts";

const usage = `npm run fuzz -- [--only dhcp,tftp] [--seconds N] [--seed N] [--keep] [--out FOLDER]

Fuzzes the parsers of what comes from outside, guided by the edges of our code that an input reaches:
${fuzzTargetNames.join(", ").replace(/(.{1,100}), /g, "$1,\n")}.
The parsers take turns, for so many seconds in all (default 3600). New inputs are stored below the folder
(default runs/fuzz), where the next run goes on; inputs that show a fault are in its faults/. --keep adds
what reaches new edges to test/corpus, within its limits. The seed is printed; the clock has a say too, so
it repeats a run only roughly: an input repeats a fault. Exit status 0: nothing found; 99: something was.
`;

const program = {
  name: "fuzz",
  usage,
  folder: "fuzz",
  options: {
    only: listOf("parser", fuzzTargetNames),
    seconds: wholeNumber({ min: 0, max: 1_000_000 }, 3600),
    seed: wholeNumber({ min: 0, max: 0x7fff_ffff }, Date.now() % 1_000_000_000),
    keep: flag(),
  },
};

process.exitCode = await runProgram(program, async (options, folder, signal) => {
  const { only: names = fuzzTargetNames, seconds, seed, keep } = options;
  process.stdout.write(`seed ${seed}\n`);
  const isClean = await fuzzParsers({
    ...{ names, seconds, seed, folder, signal, onProgress: tellProgress },
    onResult: (text) => void process.stdout.write(text),
  });
  if (keep && !signal.aborted) await keepInputs(names, folder, signal, tellProgress);
  return isClean && !signal.aborted ? exitStatus.pass : exitStatus.found;
});
