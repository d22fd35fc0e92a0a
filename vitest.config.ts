import { defineConfig } from "vitest/config";

// Two projects: `unit` is beside the source and fast; `system` crosses folders (test/), and uses
// sockets, processes and network namespaces, so its files run one after the other.
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
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
