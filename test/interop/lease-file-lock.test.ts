import { writeFileSync } from "node:fs";
import { afterAll, expect, test } from "vitest";
import { prov } from "../prov-command.testing.ts";
import { describeWithPeers, NetworkLab, type Peer } from "./namespaces.testing.ts";

describeWithPeers("one lease file, servers in two network namespaces", [], () => {
  const lab = new NetworkLab();
  afterAll(() => lab.close());
  writeFileSync(
    lab.path("dhcpd.conf"),
    `local-address 127.0.0.1; ping-check false;
subnet 127.64.0.0 netmask 255.255.255.0 { range 127.64.0.10 127.64.0.20; }\n`,
  );
  writeFileSync(lab.path("dhcpd.leases"), "");

  const startServer = (namespace: string): Peer =>
    lab.start(namespace, process.execPath, [
      ...[prov, "dhcpd", "-f", "-d", "-cf", lab.path("dhcpd.conf"), "--no-pid"],
      ...["-lf", lab.path("dhcpd.leases"), "--no-warm-up"],
    ]);

  test("one serves, and the other one is refused until the first is gone, kill -9 too", async () => {
    const [here, there] = [lab.addNamespace("here"), lab.addNamespace("there")];
    const first = startServer(here);
    await first.waitFor(/Server starting service\./);
    const { status, output } = await startServer(there).ended;
    expect(output).toContain(
      `Another server, process ${first.pid}, has the lease file ${lab.path("dhcpd.leases")}`,
    );
    expect(status).toBe(1);
    await first.stop("SIGKILL");
    const second = startServer(there);
    await second.waitFor(/Server starting service\./);
    expect((await second.stop()).status).toBe(0);
  });
});
