import { defineConfig } from "vitest/config";

// CI reads the numbers from this file; the terminal keeps the usual report.
const summaryFile = process.env["PROVLAB_TEST_SUMMARY"];

// Two projects: `unit` is beside the source and fast; `system` crosses folders (test/), and uses
// sockets, processes and network namespaces, so its files run one after the other,
// once the unit tests are done.
export default defineConfig({
  test: {
    reporters: summaryFile === undefined ? ["default"] : ["default", "json"],
    ...(summaryFile === undefined ? {} : { outputFile: { json: summaryFile } }),
    projects: [
      {
        test: {
          name: "unit",
          sequence: { groupOrder: 0 },
          include: [
            "{protocol,base,server,simulator,scenarios,reports,cli,bench}/**/*.test.ts",
            "test/tidy.test.ts",
          ],
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: "system",
          sequence: { groupOrder: 1 },
          include: ["test/**/*.test.ts"],
          exclude: ["test/tidy.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
