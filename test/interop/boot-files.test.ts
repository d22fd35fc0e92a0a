import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { describeUnless } from "../../base/net/describe-unless.testing.ts";
import { bootFileNames, bootFilesOf } from "../../scenarios/servers/boot-files.ts";

const missing =
  spawnSync("python3", ["-c", "import zipfile"]).status === 0 ? undefined : "no python3";

describeUnless(missing, "Python's zipfile", () => {
  test("finds the image and the settings in the archive of a meter, undamaged", () => {
    const folder = mkdtempSync(join(tmpdir(), "provlab-zip-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const files = bootFilesOf({ seed: 1, meterImageBytes: 70_000 });
    const archive = join(folder, bootFileNames.meter);
    writeFileSync(archive, files.find(({ name }) => name === bootFileNames.meter)!.bytes);
    const program =
      "import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); " +
      "print(z.testzip(), [(i.filename, i.file_size, i.compress_type, i.date_time, " +
      "oct(i.external_attr >> 16)) for i in z.infolist()])";
    const read = spawnSync("python3", ["-c", program, archive], { encoding: "utf8" });
    expect(read.stderr).toBe("");
    const rest = "0, (1980, 1, 1, 0, 0, 0), '0o100644'";
    expect(read.stdout).toMatch(/^None \[\('settings.ini', \d+, /);
    expect(read.stdout).toContain(`, ${rest}), ('image.bin', 70000, ${rest})]`);
  });
});
