import { expect, test } from "vitest";
import { openUdpSocket } from "../../base/net/udp-socket.ts";
import { PacketNumbers } from "./packet-numbers.ts";
import type { TraceRecorder } from "./trace-recorder.ts";
import { TracedSocket } from "./traced-socket.ts";

const loopback = 0x7f00_0001;

test("records a reply when it leaves, and none that is discarded", async () => {
  const socket = await openUdpSocket({
    address: loopback,
    port: 0,
    batchMax: 2,
    flushesWhenFull: false,
  });
  const recorded: string[] = [];
  const recorder: Pick<TraceRecorder, "reply"> = {
    reply: (_packet, { port }, bytes) => recorded.push(`${bytes} to ${port}`),
  };
  const traced = new TracedSocket(socket, recorder as TraceRecorder, new PacketNumbers());
  const push = (byte: number): void => {
    traced.slot()[0] = byte;
    traced.push(1, loopback, traced.localPort);
  };
  push(1);
  push(2);
  expect(traced.isFull).toBe(true);
  traced.discard();
  expect([traced.isFull, recorded.length]).toEqual([false, 0]);
  push(3);
  push(4);
  expect(recorded).toEqual([]);
  traced.flush();
  traced.flush();
  expect(recorded).toEqual([3, 4].map((byte) => `${byte} to ${traced.localPort}`));
  traced.close();
});
