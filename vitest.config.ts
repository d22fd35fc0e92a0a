import { defineConfig } from "vitest/config";

// CI reads the numbers from this file; the terminal keeps the usual report.
const summaryFile = process.env["PROVLAB_TEST_SUMMARY"];

// Tests that measure time, flood, or sit on fixed ports of the loopback network.
const alone = [
  "test/{faults,loopback}/**/*.test.ts",
  "test/tutorial.test.ts",
  "test/interop/{perfdhcp,dhcpd-target,kea-target,boot-target}.test.ts",
];

// Three projects, one after the other. `unit` is beside the source and fast. `system` crosses folders
// (test/): virtual time, and peers in network namespaces of their own, so two files run side by side.
// `alone` has the machine for itself, one file after the other.
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
          exclude: ["test/tidy.test.ts", ...alone],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          maxWorkers: 2,
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
