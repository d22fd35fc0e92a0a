import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
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

  test("has no word that systemd does not know, nor has the drop-in", async () => {
    expect(await analyze("verify", unit())).toEqual({ status: 0, output: "" });
    const dropIn = readFileSync(lab.path("prov.service.d/floating-address.conf"), "utf8");
    writeFileSync(unit(), `${readFileSync(unit(), "utf8")}\n${dropIn}`);
    expect(await analyze("verify", unit())).toEqual({ status: 0, output: "" });
  });

  test("gives the service little that it does not need", async () => {
    const threshold = `--threshold=${exposureTenthsMax}`;
    const judged = await analyze("security", "--offline=yes", threshold, unit());
    expect(judged.status, judged.output).toBe(0);
  });
});
