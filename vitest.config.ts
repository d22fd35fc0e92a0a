import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

// CI reads the numbers from this file; the terminal keeps the usual report.
const summaryFile = process.env["PROVLAB_TEST_SUMMARY"];

// Tests that measure time or memory, or flood.
const alone = [
  "{base,server,simulator,bench}/**/{memory,scale}.test.ts",
  "test/faults/{overload,hostile,tftp-hostile}.test.ts",
  "test/loopback/{capacity,prov-run,prov-run-boot}.test.ts",
  "test/interop/{perfdhcp,tftp-clients}.test.ts",
];

// Whole drills one after the other: `npm run test:drills`. Every test run has one drill of its own besides.
const drills = ["test/interop/{own-drills,peer-drills,nemesis}.test.ts"];
const playsDrills = process.env["PROVLAB_TEST_DRILLS"] !== undefined;

// Half a minute or longer each. Where nothing is known of earlier runs, files begin by their size; then one of these
// would begin last, and run alone.
const longFiles = [
  "test/tutorial.test.ts",
  "test/faults/kill.test.ts",
  "test/interop/differential-generated.test.ts",
  "test/interop/drill.test.ts",
  "test/interop/kea-pair.test.ts",
  "test/interop/serve-pair.test.ts",
  "test/loopback/agents.test.ts",
  "test/loopback/segments.test.ts",
  "test/simulation/simulation.test.ts",
];

class LongFilesFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isLong = ({ moduleId }: TestSpecification): boolean =>
      longFiles.some((file) => moduleId.endsWith(`/${file}`));
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}

// Three projects, one after the other. `unit` is beside the source and fast: pure enough that files
// share a process. `system` crosses folders (test/): virtual time, peers in network namespaces of their
// own, runs on ports of their own; it waits more than it computes, so three files run side by side.
// `alone` has the machine for itself, one file after the other.
export default defineConfig({
  test: {
    sequence: { sequencer: LongFilesFirst },
    reporters: summaryFile === undefined ? ["default"] : ["default", "json"],
    ...(summaryFile === undefined ? {} : { outputFile: { json: summaryFile } }),
    projects: [
      ...(playsDrills
        ? [
            {
              test: {
                name: "drills",
                include: drills,
                testTimeout: 120_000,
                hookTimeout: 120_000,
                fileParallelism: false,
              },
            },
          ]
        : []),
      {
        test: {
          name: "unit",
          sequence: { groupOrder: 0 },
          include: [
            "{protocol,base,server,simulator,scenarios,reports,lab,cli,bench}/**/*.test.ts",
            "test/tidy.test.ts",
          ],
          exclude: alone,
          testTimeout: 30_000,
          isolate: false,
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: "system",
          sequence: { groupOrder: 1 },
          include: ["test/**/*.test.ts"],
          exclude: ["test/tidy.test.ts", ...alone, ...drills],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          maxWorkers: 3,
        },
      },
      {
        test: {
          name: "alone",
          sequence: { groupOrder: 2 },
          include: alone,
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
