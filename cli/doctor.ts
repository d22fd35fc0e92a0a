import { doctorText } from "../lab/doctor/doctor-text.ts";
import { examine } from "../lab/doctor/edge/examine.ts";
import { existingFolder } from "../lab/doctor/edge/machine.ts";
import type { DoctorResult } from "../lab/doctor/finding.ts";
import { LabError } from "../lab/machine/lab-error.ts";
import { exitStatus } from "./options/exit-status.ts";
import { paintFor } from "./options/report-options.ts";
import { Subcommand } from "./options/subcommand.ts";
import { usageErrorFor } from "./options/usage-error.ts";

interface DoctorOptions {
  readonly json?: true;
}

/** `prov doctor`: measures what bounds a run on this machine, and says what to change. */
export async function runDoctor(args: readonly string[]): Promise<number> {
  return new Subcommand("prov doctor")
    .description("measure in 20 s what bounds a run on this machine, and say what to change")
    .argument("[folder]", "on the disk to measure; for the results of prov run", "runs")
    .option("--json", "as JSON (provlab/doctor@1)")
    .addHelpText("after", statuses)
    .runs(async (folder: string, { json }: DoctorOptions) => {
      const result = await examineAt(folder);
      process.stdout.write(
        json
          ? `${JSON.stringify(result, undefined, 2)}\n`
          : doctorText(result, paintFor(process.stdout)),
      );
      return exitStatus.pass;
    })
    .examples("prov doctor runs", "prov doctor /var/lib/dhcp", "prov doctor --json > machine.json")
    .run(args);
}

const statuses = `
Syncs 3 MB to a file without a name in the folder, and keeps two processors busy
for 3 s.

Exit status: 0 whatever was found, for a slow machine is no failure; 2 when the
folder cannot be written to.`;

/** A folder that does not exist yet is on the disk of the one above it. */
function examineAt(folder: string): Promise<DoctorResult> {
  const existing = existingFolder(folder);
  if (process.stderr.isTTY) process.stderr.write(`measuring for about 15 s in ${existing}\n`);
  return examine(existing).catch(usageErrorFor(LabError));
}
