import { exitStatus, runProgram, wholeNumber } from "../harness/cli-options.ts";
import { runNemesis } from "./nemesis.ts";

const usage = `npm run nemesis -- [--rounds N] [--seed N] [--first N] [--minutes N] [--shrink N] [--out FOLDER]

Plays N rounds (default 200), each on a pair of its own with its etcd and 300 devices: two to six faults at random,
overlapping, all healed in the end. Then one node serves, and everybody who asks is answered; over the whole
round no address is acknowledged to two devices, no lease lost, no address changed, nothing acknowledged without
leadership. What finds something is kept below FOLDER/findings as a scenario that plays it again; up to --shrink
rounds (default 6) are played to leave out faults that it does not need. A round that was only late is
played twice more, and fails when that finds something, too. --minutes (default 10) ends a slice: the next one
begins with the --first that is printed, and the same --seed. Exit status 0: nothing found; 99: something was.
`;

const SEED_SPAN = 1_000_000_000;

const program = {
  name: "nemesis",
  usage,
  folder: "nemesis",
  options: {
    rounds: wholeNumber({ min: 1, max: 1_000_000 }, 200),
    seed: wholeNumber({ min: 0, max: 0xffff_ffff }, Date.now() % SEED_SPAN),
    first: wholeNumber({ min: 1, max: 1_000_000 }, 1),
    minutes: wholeNumber({ min: 1, max: 2880 }, 10),
    shrink: wholeNumber({ min: 0, max: 100 }, 6),
  },
};

process.exitCode = await runProgram(program, async ({ shrink, ...options }, folder, signal) => {
  const onResult = (line: string): void => void process.stdout.write(`${line}\n`);
  onResult(`seed ${options.seed}`);
  try {
    const plan = { ...options, shrinkTries: shrink, folder, signal, onResult };
    const { played, failed, nextRound } = await runNemesis(plan);
    onResult(`${played} rounds, ${failed} of them failed`);
    if (nextRound < options.first + options.rounds) {
      const rest = options.first + options.rounds - nextRound;
      onResult(`next: --seed ${options.seed} --first ${nextRound} --rounds ${rest}`);
    }
    return failed > 0 ? exitStatus.found : exitStatus.pass;
  } catch (error) {
    process.stderr.write(`nemesis: ${(error as Error).message}\n`);
    return exitStatus.internalError;
  }
});
