import { once } from "node:events";
import { createServer } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { describeUnless } from "./describe-unless.testing.ts";
import { freeUdpPorts } from "./free-ports.ts";
import { lockInterface } from "./interface-lock.ts";
import { listDescriptorsIn, openDescriptorList } from "./kernel/descriptor-list.ts";
import { libcMissingReason } from "./kernel/libc.ts";
import { openUdpSocket } from "./udp-socket.ts";

const freePort = async (): Promise<number> =>
  (await freeUdpPorts({ first: 31_500, count: 1, rows: 500 }))!;

function taken(device: string, port: number) {
  const lock = lockInterface(device, port);
  if (lock.kind !== "taken") throw new Error(`${device} is ${lock.kind}`);
  return lock;
}

describeUnless(libcMissingReason(), "the lock of an interface", () => {
  test("one socket has it, beside the port's own sockets, until it gives it up", async () => {
    const port = await freePort();
    const socket = await openUdpSocket({ address: 0, port, sharesPort: true });
    onTestFinished(() => socket.close());
    const lock = taken("lo", port);
    expect(lockInterface("lo", port)).toEqual({ kind: "held" });
    const beside = await openUdpSocket({ address: 0, port, sharesPort: true });
    beside.close();
    lock.release();
    taken("lo", port).release();
  });

  test("a name that every user may take is not the lock", async () => {
    const port = await freePort();
    const named = createServer().listen(`\0provlab-dhcp-${port}-lo`);
    onTestFinished(() => void named.close());
    await once(named, "listening");
    taken("lo", port).release();
  });

  test("one that cannot be locked says why", () => {
    expect(lockInterface("nowhere0", 31_499)).toEqual({
      kind: "unavailable",
      reason: expect.stringContaining("nowhere0"),
    });
  });

  test("what it gives up is not closed again when its thread ends", async () => {
    const list = openDescriptorList();
    listDescriptorsIn(list);
    taken("lo", await freePort()).release();
    expect(new Int32Array(list).some((fd) => fd !== 0)).toBe(false);
  });
});
