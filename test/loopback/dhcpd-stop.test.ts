import { once } from "node:events";
import { afterEach, expect, test } from "vitest";
import { parseIpv4 } from "../../protocol/ipv4.ts";
import { ServerLab } from "../faults/server.testing.ts";

const stopMsMax = 500;
const labs: ServerLab[] = [];

afterEach(async () => {
  for (const lab of labs.splice(0)) await lab.close();
});

for (const backend of ["auto", "dgram"]) {
  test(`an idle server (${backend}) ends within ${stopMsMax} ms of SIGTERM`, async () => {
    const lab = new ServerLab({ name: "stop", port: 7367 });
    labs.push(lab);
    const [network, low, high] = ["127.64.0.0", "127.64.0.1", "127.64.0.9"].map(
      (text) => parseIpv4(text)!,
    );
    lab.configure([{ network: network!, prefixLength: 24, low: low!, high: high! }]);
    const server = await lab.start({
      leaseFile: lab.leaseFile,
      wrapper: ["env", `PROVLAB_SOCKET=${backend}`],
    });
    const ended = once(server, "exit");
    const startMs = performance.now();
    server.kill("SIGTERM");
    const [status] = await ended;
    expect(status).toBe(0);
    expect(performance.now() - startMs).toBeLessThan(stopMsMax);
  });
}
