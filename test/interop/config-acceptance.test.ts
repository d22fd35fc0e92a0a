import { writeFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { acceptance } from "../../server/config/acceptance.testing.ts";
import { errorsOf } from "../../server/config/config.testing.ts";
import { describeWithPeers, NetworkLab } from "./namespaces.testing.ts";

describeWithPeers("prov dhcpd takes the files that ISC dhcpd takes", ["dhcpd"], () => {
  let lab: NetworkLab;
  let namespace: string;

  beforeAll(() => {
    lab = new NetworkLab();
    // Without a network, a host name in a file is looked up in vain at once.
    namespace = lab.addNamespace("parse");
    writeFileSync(lab.path("dhcpd.leases"), "");
  });

  afterAll(async () => {
    await lab.close();
  });

  const snippets = Object.entries(acceptance).flatMap(([verdict, texts]) =>
    texts.map((text) => [verdict, text] as const),
  );

  test.each(snippets)("%s: %s", async (verdict, text) => {
    writeFileSync(lab.path("dhcpd.conf"), text, "latin1");
    const { status, output } = await lab.run(namespace, "dhcpd", [
      ...["-4", "-t", "-cf", lab.path("dhcpd.conf"), "-lf", lab.path("dhcpd.leases")],
      ...["-pf", lab.path("dhcpd.pid")],
    ]);
    // "refused": dhcpd takes it; this server says by name that it does not serve it.
    // One of the wrong ones ends it by a signal instead of by its own decision.
    expect(status === 0, output).toBe(verdict !== "wrong");
    expect(errorsOf(text).length > 0).toBe(verdict !== "accepted");
  });
});
