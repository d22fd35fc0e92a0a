import { once } from "node:events";
import { afterEach, expect, test } from "vitest";
import { parseIpv4 } from "../../protocol/ipv4.ts";
import { ServerLab } from "../faults/server.testing.ts";
import { freePorts } from "../ports.testing.ts";

/** Its loop turns once a second without a signal, and at once with one. */
const stopMsMax = 500;
const stops = 4;
const labs: ServerLab[] = [];

afterEach(async () => {
  for (const lab of labs.splice(0)) await lab.close();
});

for (const backend of ["auto", "dgram"]) {
  test(`an idle server (${backend}) ends at once by SIGTERM`, async () => {
    const lab = new ServerLab({ name: "stop", port: await freePorts() });
    labs.push(lab);
    const [network, low, high] = ["127.64.0.0", "127.64.0.1", "127.64.0.9"].map(
      (text) => parseIpv4(text)!,
    );
    lab.configure([{ network: network!, prefixLength: 24, low: low!, high: high! }]);
    const wrapper = ["env", `PROVLAB_SOCKET=${backend}`];
    const tookMs: number[] = [];
    for (let stop = 0; stop < stops; stop += 1) {
      const server = await lab.start({ leaseFile: lab.leaseFile, wrapper });
      const ended = once(server, "exit");
      const startMs = performance.now();
      server.kill("SIGTERM");
      const [status] = await ended;
      expect(status).toBe(0);
      tookMs.push(performance.now() - startMs);
    }
    // The machine may be busy at one of them, not at all of them.
    expect(Math.min(...tookMs)).toBeLessThan(stopMsMax);
  });
}
