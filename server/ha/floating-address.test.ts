import { execFileSync } from "node:child_process";
import { expect, onTestFinished, test } from "vitest";
import { describeUnless } from "../../base/net/describe-unless.testing.ts";
import {
  enterNewNamespace,
  ipCommand,
  namespaceMissingReason,
} from "../../base/net/namespace.testing.ts";
import { FloatingAddress } from "./floating-address.ts";

const address = 0xc000_0263;

function recording() {
  const lines: string[] = [];
  const log = (line: string): void => void lines.push(line);
  return { lines, logger: { error: log, warn: log, info: log, debug: log } };
}

function addressesOf(device: string): string {
  return execFileSync("ip", ["-4", "-o", "address", "show", "dev", device], { encoding: "utf8" });
}

describeUnless(namespaceMissingReason(), "HA-5: the floating address, in a namespace", () => {
  test("is put on, announced and taken off", async () => {
    onTestFinished(enterNewNamespace());
    ipCommand("link add one type veth peer name two");
    ipCommand("link set one up");
    ipCommand("link set two up");
    const { lines, logger } = recording();
    const floating = new FloatingAddress({ address, prefixLength: 32, device: "one" }, logger);
    floating.announce();
    await expect.poll(() => addressesOf("one")).toContain("192.0.2.99/32");
    floating.withdraw();
    await floating.settled();
    expect(addressesOf("one")).toBe("");
    expect(lines).toEqual([]);
  });

  test("what fails is told, and stops nothing", async () => {
    onTestFinished(enterNewNamespace());
    const { lines, logger } = recording();
    const floating = new FloatingAddress({ address, prefixLength: 32, device: "none" }, logger);
    floating.announce();
    floating.withdraw();
    await floating.settled();
    expect(lines[0]).toMatch(/^ip address replace 192.0.2.99\/32 dev none: .*none/);
    expect(lines.at(-1)).toMatch(/^ip address del /);
  });
});
