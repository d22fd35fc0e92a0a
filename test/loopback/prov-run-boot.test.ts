import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { describeUnless } from "../../base/net/describe-unless.testing.ts";
import { libcMissingReason } from "../../base/net/kernel/libc.ts";
import { BootRuns, street } from "./prov-run-boot.testing.ts";

// Whole boots over loopback, as a person runs them: the compiled `prov`, no root, no set-up.
// test/system/prov-run-boot.test.ts goes on with what takes longer.

const runs = new BootRuns(mkdtempSync(join(tmpdir(), "provlab-boot-")));
afterAll(() => rmSync(runs.folder, { recursive: true }));

describeUnless(libcMissingReason(), "prov run with boots", () => {
  test("brings every kind of device on line", () => runs.expectStreetOnLine(2));
});

describe("prov run with boots where it cannot be", () => {
  test("the portable socket has no addresses for devices, so it is refused with the way out", async () => {
    const path = runs.write("refused.yaml", street);
    const ran = await runs.run("dgram", [path], { PROVLAB_SOCKET: "dgram" });
    expect(ran.stderr).toContain("needs the batched socket");
    expect(ran.status).toBe(1);
  });

  test("a folder of boot files that is not there ends with status 2", async () => {
    const path = runs.write("no-files.yaml", street);
    const ran = await runs.run("no-files", [path, "--boot-files", "/nonexistent"]);
    expect(ran.stderr).toContain("--boot-files /nonexistent: cannot be read (ENOENT)");
    expect(ran.status).toBe(2);
  });
});
