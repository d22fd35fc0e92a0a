import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { parse } from "yaml";
import { describeWithPeers, NetworkLab } from "./namespaces.testing.ts";

const root = resolve(import.meta.dirname, "../..");
/** Tenths of what systemd-analyze calls exposure: below 3.0 a service counts as well protected. */
const exposureTenthsMax = 30;

describeWithPeers("the systemd unit", ["systemd-analyze"], () => {
  let lab: NetworkLab;
  let namespace: string;
  const unit = (): string => lab.path("prov.service");

  beforeEach(() => {
    lab = new NetworkLab();
    namespace = lab.addNamespace("host");
    cpSync(`${root}/deploy/systemd`, lab.directory, { recursive: true });
    // systemd wants to find the program of a unit that it is to verify.
    const text = readFileSync(unit(), "utf8");
    const installed = text.replace("/usr/local/bin/prov ", `${root}/dist/cli/main.js `);
    expect(installed).not.toBe(text);
    writeFileSync(unit(), installed);
  });

  afterEach(async () => {
    await lab.close();
  });

  const analyze = (...args: readonly string[]) => lab.run(namespace, "systemd-analyze", args);

  test("has no word that systemd does not know, nor has a drop-in", async () => {
    expect(await analyze("verify", unit())).toEqual({ status: 0, output: "" });
    for (const name of ["pair.conf", "floating-address.conf"]) {
      const dropIn = readFileSync(lab.path(`prov.service.d/${name}`), "utf8");
      writeFileSync(unit(), `${readFileSync(unit(), "utf8")}\n${dropIn}`);
      expect(await analyze("verify", unit())).toEqual({ status: 0, output: "" });
    }
  });

  test("HA-26: lets a node of a pair write where the files of examples/pair say, and there alone", () => {
    const dropIn = readFileSync(lab.path("prov.service.d/pair.conf"), "utf8");
    const writable = /^ReadWritePaths=(.*)$/m.exec(dropIn)![1].split(" ");
    for (const node of ["prov01", "prov02"]) {
      const { dhcp, tftp, syslog, control } = parse(
        readFileSync(`${root}/examples/pair/${node}.yaml`, "utf8"),
      ) as Readonly<Record<string, Readonly<Record<string, string>>>>;
      const written = [dhcp!["leases"], tftp!["root"], syslog!["directory"]];
      const isWritable = (path: string) =>
        writable.some((place) => path === place || path.startsWith(`${place}/`));
      expect(written.filter((path) => !isWritable(path))).toEqual([]);
      // The unit's own RuntimeDirectory.
      expect(control!["socket"]).toMatch(/^\/run\/provlab\//);
    }
  });

  test("gives the service little that it does not need", async () => {
    const threshold = `--threshold=${exposureTenthsMax}`;
    const judged = await analyze("security", "--offline=yes", threshold, unit());
    expect(judged.status, judged.output).toBe(0);
  });
});
