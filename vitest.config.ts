import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

// CI reads the numbers from this file; the terminal keeps the usual report.
const summaryFile = process.env["PROVLAB_TEST_SUMMARY"];

// Where nothing is known of earlier runs, files begin by their size; then one of these, which take long, would
// begin last, and run alone.
const longFiles = [
  "server/lease/store/lease-crash.test.ts",
  "server/trace/replay.test.ts",
  "test/system/coordinator.test.ts",
  "test/system/soak.test.ts",
  "test/faults/kill.test.ts",
  "test/faults/lease-file.test.ts",
  "test/interop/agents.test.ts",
  "test/interop/differential-generated.test.ts",
  "test/interop/dhcpd-command.test.ts",
  "test/alone/drill.test.ts",
  "test/interop/kea-pair.test.ts",
  "test/interop/serve-pair.test.ts",
  "test/loopback/prov-run-boot.test.ts",
  "test/system/prov-run-faulty.test.ts",
  "test/loopback/prov-run.test.ts",
  "test/system/segments.test.ts",
  "test/simulation/simulation.test.ts",
  "test/system/long-simulations.test.ts",
  "test/alone/tutorial.test.ts",
];

class LongFilesFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isLong = ({ moduleId }: TestSpecification): boolean =>
      longFiles.some((file) => moduleId.endsWith(`/${file}`));
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}

// What is waited for comes, however busy the machine is; what has not come by then hangs.
const patience = {
  testTimeout: 300_000,
  hookTimeout: 300_000,
  expect: { poll: { timeout: 50_000, interval: 20 } },
};

// A file's place decides when it runs; CONTRIBUTING.md has the table. Files of `unit` share a process, which
// they leave as they found it.
export default defineConfig({
  test: {
    sequence: { sequencer: LongFilesFirst },
    reporters: summaryFile === undefined ? ["default"] : ["default", "json"],
    ...(summaryFile === undefined ? {} : { outputFile: { json: summaryFile } }),
    projects: [
      {
        test: {
          ...patience,
          name: "unit",
          include: [
            "{protocol,base,server,simulator,scenarios,reports,lab,cli,bench}/**/*.test.ts",
            "test/*.test.ts",
            "test/simulation/*.test.ts",
          ],
          isolate: false,
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          ...patience,
          name: "loopback",
          include: ["test/loopback/*.test.ts"],
          maxWorkers: 4,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          ...patience,
          name: "system",
          include: ["test/{system,interop,faults}/*.test.ts"],
          maxWorkers: 3,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          ...patience,
          name: "alone",
          include: ["test/alone/*.test.ts"],
          fileParallelism: false,
          sequence: { groupOrder: 3 },
        },
      },
      {
        test: {
          ...patience,
          name: "drills",
          include: ["test/drills/*.test.ts"],
          fileParallelism: false,
          sequence: { groupOrder: 4 },
        },
      },
    ],
  },
});
