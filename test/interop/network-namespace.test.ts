import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { enterNetworkNamespace } from "../../base/net/kernel/network-namespace.ts";
import { describeWithPeers } from "./namespaces.testing.ts";
import { enterNewNamespace } from "./own-namespace.testing.ts";

describeWithPeers("entering a network namespace", [], () => {
  test("what the thread starts afterwards is there", () => {
    const name = `provlab-test-${process.pid}`;
    const ip = (...args: string[]): string => execFileSync("ip", args, { encoding: "utf8" });
    // Whatever the test does, the thread is back at home afterwards.
    const goHome = enterNewNamespace();
    try {
      ip("netns", "add", name);
      ip("-n", name, "link", "add", "far", "type", "veth", "peer", "name", "farther");
      expect(ip("-brief", "link")).not.toContain("far");
      enterNetworkNamespace(`/run/netns/${name}`);
      expect(ip("-brief", "link")).toContain("far");
    } finally {
      goHome();
      ip("netns", "delete", name);
    }
  });

  test("a file that is no namespace is refused by name", () => {
    expect(() => enterNetworkNamespace("/dev/null")).toThrow(
      /\/dev\/null cannot be entered: EINVAL/,
    );
  });
});
