import { chmodSync, readFileSync } from "node:fs";
import { expect, onTestFinished, test } from "vitest";
import { freePorts } from "../ports.testing.ts";
import { DhcpdFolder } from "./dhcpd-command.testing.ts";
import { sendDiscovers } from "./discovers.testing.ts";

test("a command that cannot be started does not stop those after it, and is counted", async () => {
  const lab = new DhcpdFolder();
  onTestFinished(() => lab.close());
  lab.write("ran", "");
  lab.write("note", '#!/bin/sh\necho ran >> "$1"\n');
  chmodSync(lab.path("note"), 0o755);
  lab.write(
    "dhcpd.conf",
    `local-address 127.0.0.1; ping-check false;
execute(""); execute("${lab.path("note")}", "${lab.path("ran")}");
subnet 127.64.0.0 netmask 255.255.255.0 { range 127.64.0.10 127.64.0.20; }\n`,
  );
  lab.write("dhcpd.leases", "");
  const port = await freePorts();
  const files = ["-cf", "dhcpd.conf", "-lf", "dhcpd.leases", "--no-pid", "-p", `${port}`];
  const server = await lab.dhcpd(["-f", "-d", "--allow-execute", ...files]);
  onTestFinished(sendDiscovers(port));
  await expect.poll(() => readFileSync(lab.path("ran"), "latin1")).toMatch(/ran\nran/);
  expect(server.said()).toMatch(/^execute: .* cannot be run: /m);
  await server.stop("SIGTERM");
  expect(server.said()).toMatch(/ commands-failed=[1-9]/);
});
