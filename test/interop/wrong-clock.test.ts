import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { describeUnless } from "../../base/net/describe-unless.testing.ts";
import { libcMissingReason } from "../../base/net/kernel/libc.ts";

const library = ["x86_64-linux-gnu", "aarch64-linux-gnu"]
  .map((machine) => `/usr/lib/${machine}/faketime/libfaketimeMT.so.1`)
  .find((path) => existsSync(path));
const missing = libcMissingReason() ?? (library === undefined ? "no libfaketime" : undefined);

const compiled = (file: string): string =>
  pathToFileURL(join(import.meta.dirname, "../../dist/base", file)).href;

// Receives what it sends to itself, and tells how old that was.
const script = `
const { openUdpSocket, waitReadable } = await import("${compiled("net/udp-socket.js")}");
const { systemClock } = await import("${compiled("clock.js")}");
const socket = await openUdpSocket({ address: 0x7f000001, port: 0 });
socket.receive();
const ages = [];
for (let round = 0; round < 3; round += 1) {
  socket.push(4, socket.localAddress, socket.localPort);
  socket.flush();
  await waitReadable([socket], 1000);
  if (socket.receive() === 1) ages.push(systemClock.monotonicMs() - socket.receivedAtMs(0));
}
process.stdout.write(JSON.stringify({ ages, backend: socket.backend, year: new Date().getFullYear() }));
socket.close();
`;

describeUnless(missing, "a wall clock that is years ahead of the kernel's timestamps", () => {
  test("nothing looks older than the moment when the socket was last empty", () => {
    const text = execFileSync(process.execPath, ["--input-type=module", "-e", script], {
      encoding: "utf8",
      timeout: 20_000,
      env: {
        ...process.env,
        ...{ LD_PRELOAD: library, FAKETIME: "+20y", NO_FAKE_STAT: "1" },
        ...{ DONT_FAKE_MONOTONIC: "1", FAKETIME_DONT_FAKE_MONOTONIC: "1" },
      },
    });
    const { ages, backend, year } = JSON.parse(text) as {
      readonly ages: readonly number[];
      readonly backend: string;
      readonly year: number;
    };
    expect(backend).toBe("batch");
    expect(year).toBeGreaterThan(new Date().getFullYear() + 18);
    expect(ages).toHaveLength(3);
    for (const age of ages) expect(age).toBeLessThan(10_000);
    for (const age of ages) expect(age).toBeGreaterThanOrEqual(0);
  });
});
