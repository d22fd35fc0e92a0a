import { expect, test } from "vitest";
import { loadConfig } from "./load-config.ts";

const subnet = "subnet 10.0.0.0 netmask 255.255.255.0 { }\n";

test("DHCP-2: each file of a configuration is read once", () => {
  const files: Readonly<Record<string, string>> = {
    "dhcpd.conf": `${subnet}include "hosts.conf";`,
    "hosts.conf": "host a { hardware ethernet 02:00:00:00:00:01; }",
  };
  const read: string[] = [];
  const config = loadConfig("dhcpd.conf", undefined, (file) => {
    read.push(file);
    return files[file];
  });
  expect(config.hosts.byName("a")).toBeDefined();
  expect(read).toEqual(["dhcpd.conf", "hosts.conf"]);
});

test("DHCP-4 (b): a host that was added to the file is known at the next start", () => {
  const started = (text: string) => loadConfig("dhcpd.conf", undefined, () => text);
  const host = "host new { hardware ethernet 02:00:00:00:00:02; }";
  expect(started(subnet).hosts.byName("new")).toBeUndefined();
  expect(started(subnet + host).hosts.byName("new")).toBeDefined();
});
